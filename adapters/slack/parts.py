"""What takes things in from Slack works with, and how a question is made of what it was given."""

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.attached import kept, left_out
from adapters.slack.calls import Calls, Gone
from adapters.slack.credentials import Identity
from adapters.slack.people import People
from adapters.slack.place import NAME, Place, is_direct
from adapters.slack.whisper import Whisper
from bot.domain.errors import PlatformError
from bot.domain.message import Addressee, Author, Channel, FileRef, Message, MessageId, ThreadKey, TurnId
from bot.domain.ports import Desk

log = logging.getLogger("netspy.slack")


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said, in plain text, and all that they attached. One of the two may be empty."""

    text: str
    files: tuple[FileRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`running` finds the turn that is at work in a channel's thread; `spawn` runs what need not be waited for."""

    calls: Calls
    me: Identity
    people: People
    desk: Desk
    whisper: Whisper
    running: Callable[[str, str], Coroutine[Any, Any, TurnId | None]]
    spawn: Callable[[Coroutine[Any, Any, None]], None]

    async def tell(self, channel: str, thread: str, user: str, text: str) -> None:
        """Say something to one person, directly where it cannot be said there; or log that it could not be said."""
        try:
            try:
                await self.whisper.text(text, channel=channel, thread=thread, user=user)
            except Gone:
                await self.whisper.directly(text, user=user, but_not_in=channel)
        except PlatformError as error:
            log.warning("slack.not_told", extra={"user": user, "cause": str(error)})

    async def tell_left_out(self, said: Said, place: Place) -> None:
        """Say which of too many files are not looked at."""
        if told := left_out(said.files):
            thread = "" if place.thread == place.message else place.thread
            await self.tell(place.channel, thread, place.user, told)

    def channel(self, channel: str) -> Channel | None:
        """None where Slack names none."""
        return Channel(NAME, self.me.team, channel, is_direct(channel)) if channel else None

    def key(self, channel: str, thread: str) -> ThreadKey:
        return ThreadKey(NAME, self.me.team, channel, thread)

    def message(
        self, place: Place, author: Author, said: Said, *, opens: bool, to: Addressee = "netspy", id_: str = ""
    ) -> Message:
        """A question that is answered at `place`; its id is the ts of the message there, unless it is another one's."""
        return Message(
            key=self.key(place.channel, place.thread),
            id=MessageId(id_ or place.message),
            author=author,
            text=said.text,
            sent_at=datetime.now(UTC),
            reply_to=place.address,
            addressee=to,
            opens=opens,
            files=kept(said.files),
            direct=place.is_direct,
        )
