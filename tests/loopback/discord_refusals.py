"""What Discord refuses, and the words and numbers that it does so with. Pure.

Numbers and sentences: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json-json-error-codes
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str, ...]

UNAUTHORIZED = 0
UNKNOWN_CHANNEL = 10003
UNKNOWN_MEMBER = 10007
UNKNOWN_MESSAGE = 10008
UNKNOWN_USER = 10013
UNKNOWN_EMOJI = 10014
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
UNKNOWN_COMMAND = 10063
TOO_LARGE = 40005
ALREADY_ACKNOWLEDGED = 40060
MISSING_ACCESS = 50001
NOT_IN_DIRECT = 50003
NOT_YOUR_MESSAGE = 50005
EMPTY_MESSAGE = 50006
CANNOT_MESSAGE_USER = 50007
NOT_A_TEXT_CHANNEL = 50008
MISSING_PERMISSIONS = 50013
BAD_CHANNEL_TYPE = 50024
INVALID_WEBHOOK_TOKEN = 50027
INVALID_FORM = 50035
THREAD_ARCHIVED = 50083
NO_REPLY_WITHOUT_HISTORY = 160002
THREAD_EXISTS = 160004
THREAD_LOCKED = 160005
_SAID: dict[int, tuple[int, str]] = {
    UNAUTHORIZED: (401, "401: Unauthorized"),
    UNKNOWN_CHANNEL: (404, "Unknown Channel"),
    UNKNOWN_MEMBER: (404, "Unknown Member"),
    UNKNOWN_MESSAGE: (404, "Unknown Message"),
    UNKNOWN_USER: (404, "Unknown User"),
    UNKNOWN_EMOJI: (400, "Unknown Emoji"),
    UNKNOWN_WEBHOOK: (404, "Unknown Webhook"),
    UNKNOWN_INTERACTION: (404, "Unknown interaction"),
    UNKNOWN_COMMAND: (404, "Unknown application command"),
    TOO_LARGE: (413, "Request entity too large"),
    ALREADY_ACKNOWLEDGED: (400, "Interaction has already been acknowledged."),
    MISSING_ACCESS: (403, "Missing Access"),
    NOT_IN_DIRECT: (400, "Cannot execute action on a DM channel"),
    NOT_YOUR_MESSAGE: (403, "Cannot edit a message authored by another user"),
    EMPTY_MESSAGE: (400, "Cannot send an empty message"),
    CANNOT_MESSAGE_USER: (403, "Cannot send messages to this user"),
    NOT_A_TEXT_CHANNEL: (400, "Cannot send messages in a non-text channel"),
    MISSING_PERMISSIONS: (403, "Missing Permissions"),
    BAD_CHANNEL_TYPE: (400, "Cannot execute action on this channel type"),
    INVALID_WEBHOOK_TOKEN: (401, "Invalid Webhook Token"),
    INVALID_FORM: (400, "Invalid Form Body"),
    THREAD_ARCHIVED: (400, "Thread is archived"),
    NO_REPLY_WITHOUT_HISTORY: (400, "Cannot reply without permission to read message history"),
    THREAD_EXISTS: (400, "A thread has already been created for this message"),
    THREAD_LOCKED: (400, "This thread is locked"),
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with a form, and where: https://docs.discord.com/developers/reference#error-messages."""

    path: Path
    code: str
    message: str


class Refused(Exception):
    """A call that broke one of Discord's rules."""

    def __init__(self, code: int, flaws: Iterable[Flaw] = ()) -> None:
        self.code = code
        self.status, self.message = _SAID[code]
        self.flaws = tuple(flaws)
        super().__init__(code, self.message, self.flaws)

    @property
    def answer(self) -> dict[str, Any]:
        errors = {"errors": tree(self.flaws)} if self.flaws else {}
        return {"message": self.message, "code": self.code, **errors}


def tree(flaws: Iterable[Flaw]) -> dict[str, Any]:
    """As an answer holds them: each below the fields that lead to it."""
    root: dict[str, Any] = {}
    for flaw in flaws:
        place = root
        for name in flaw.path:
            place = place.setdefault(name, {})
        place.setdefault("_errors", []).append({"code": flaw.code, "message": flaw.message})
    return root


def flawed(path: Path, code: str, message: str) -> Refused:
    """A form with one flaw."""
    return Refused(INVALID_FORM, [Flaw(path, code, message)])
