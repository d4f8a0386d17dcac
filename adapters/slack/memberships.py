"""Which channels a person and netspy are both in: all kinds but direct messages."""

import asyncio
import logging
from collections.abc import AsyncGenerator

from adapters.remembered import Remembered
from adapters.slack.calls import Calls, Gone, Refused

log = logging.getLogger("netspy.slack")

KINDS = ("public_channel", "private_channel", "mpim")
"""Each needs a scope of its own, and one that is missing would refuse them all: they are asked for one by one."""
PAGE = 200
MAX_PAGES = 50
PATIENCE_S = 2.0
"""For a rate limit: somebody waits for a direct message to be taken."""
REMEMBERED_S = 60.0
"""Ours: who leaves a channel keeps for so long what it allows."""
MAX_PEOPLE = 1000
NETSPY = ""


class Memberships:
    """A bot is told of the private channels only that it shares with a person, and of all their public ones.

    https://docs.slack.dev/reference/methods/users.conversations
    """

    def __init__(self, calls: Calls, *, team: str) -> None:
        self._calls = calls
        self._team = team
        self._of: Remembered[str, frozenset[str]] = Remembered(self._ask, for_s=REMEMBERED_S, most=MAX_PEOPLE)
        self._warned: set[str] = set()

    async def channels(self, workspace: str, person: str) -> frozenset[str]:
        """As `Directory` wants it. What a missing scope hides is not among them."""
        if workspace not in {"", self._team} or not person:
            return frozenset()
        ours, theirs = await asyncio.gather(self._of.of(NETSPY), self._of.of(person))
        return ours & theirs

    async def _ask(self, user: str) -> frozenset[str]:
        return frozenset[str]().union(*await asyncio.gather(*(self._of_kind(user, kind) for kind in KINDS)))

    async def _of_kind(self, user: str, kind: str) -> frozenset[str]:
        try:
            return frozenset([channel async for channel in self._listed(user, kind)])
        except Refused as error:
            if error.word != "missing_scope":
                raise
            self._warn(kind, error)
        except Gone as error:
            if error.word != "user_not_found":
                raise
        return frozenset()

    async def _listed(self, user: str, kind: str) -> AsyncGenerator[str, None]:
        cursor = ""
        for _ in range(MAX_PAGES):
            page = await self._calls.do(
                self._calls.client.users_conversations,
                patience_s=PATIENCE_S,
                user=user or None,
                types=kind,
                exclude_archived=True,
                limit=PAGE,
                cursor=cursor or None,
            )
            for channel in page.get("channels") or ():
                yield str(channel["id"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _warn(self, kind: str, error: Refused) -> None:
        """Once."""
        if kind not in self._warned:
            log.warning("slack.channels_unknown", extra={"kind": kind, "cause": str(error)})
        self._warned.add(kind)
