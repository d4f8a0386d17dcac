"""The desk for alerts: each group of them gets one thread in the channel of its route, and an investigation there.

It begins threads and asks questions like anybody else; what is answered is the conversation's. Its callers are HTTP
endpoints.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, TypeAlias

from bot.alerts.asking import ARGUMENTS, Known, candidates, command_for, headline, question
from bot.domain.alerts import AlertBook, AlertGroup, AlertThread
from bot.domain.errors import InvalidArguments, PeerError, PlatformError
from bot.domain.message import Author, Channel, Message, MessageId
from bot.domain.ports import Announcer, Desk

log = logging.getLogger("netspy.alerts")

SAME_THREAD_S = 4 * 3600.0
"""A group that fires again within this time is talked about in the thread that it has."""
ALERTMANAGER = Author("alertmanager", "Alertmanager", kind="service")
ANY_RECEIVER = "*"

Taken: TypeAlias = Literal["asked", "compared", "known", "unknown"]
"""asked: an investigation began. compared: it is resolved, and what has changed is shown. known: nothing is new.
unknown: it is resolved, and nobody here has heard of it before."""


class NotNow(PeerError):
    """Another replica is just beginning the thread of this group; send the alert again."""


@dataclass(frozen=True, slots=True)
class AlertChannel:
    """A channel of a platform, by its id there."""

    platform: str
    id: str


class AlertDesk:
    """`channels` are those of receivers (`*`: of all others), `announcers` the platforms that they are on."""

    def __init__(
        self,
        desk: Desk,
        book: AlertBook,
        channels: Mapping[str, AlertChannel],
        announcers: Mapping[str, Announcer],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._desk = desk
        self._book = book
        self._channels = channels
        self._announcers = announcers
        self._clock = clock

    async def take(self, group: AlertGroup) -> Taken:
        """Returns once the question about it is stored.

        Raises: InvalidArguments for a receiver without a channel; NotNow, PlatformError and StorageError: the same may
        go through later; NotPermitted where the policy is against it.
        """
        channel = self._channel_of(group)
        thread = await self._book.open(group, at=self._clock(), within_s=SAME_THREAD_S)
        if thread is False:
            raise NotNow("an alert", "its thread is just being begun", "send it again")
        if thread is True and group.is_resolved:
            await self._book.give_up(group)
            return "unknown"
        if isinstance(thread, AlertThread) and _is_told(group, thread):
            return "known"
        begun = thread if isinstance(thread, AlertThread) else await self._begin(group, channel)
        await self._ask(group, begun)
        asked = begun.asked + (0 if group.is_resolved else 1)
        await self._book.keep(group, replace(begun, firing=group.firing, asked=asked), at=self._clock())
        return "compared" if group.is_resolved else "asked"

    def _channel_of(self, group: AlertGroup) -> AlertChannel:
        channel = self._channels.get(group.receiver) or self._channels.get(ANY_RECEIVER)
        if channel is None:
            known = ", ".join(self._channels)
            raise InvalidArguments(
                f"an alert for the receiver {group.receiver[:60]!a}", f"it has no channel; those that have: {known}",
                "name it in NETSPY_ALERT_CHANNELS",
            )  # fmt: skip
        return channel

    async def _begin(self, group: AlertGroup, channel: AlertChannel) -> AlertThread:
        try:
            announced = await self._announcer(channel).announce(channel.id, headline(group))
        except PlatformError:
            await self._book.give_up(group)
            raise
        thread = AlertThread(announced.key, announced.address)
        await self._book.keep(group, thread, at=self._clock())
        log.info("alert.thread", extra={"receiver": group.receiver, "key": announced.key})
        return thread

    def _announcer(self, channel: AlertChannel) -> Announcer:
        if found := self._announcers.get(channel.platform):
            return found
        raise PlatformError(f"a thread in {channel.platform}", "it is not served here", "set its credentials")

    async def _ask(self, group: AlertGroup, thread: AlertThread) -> None:
        now = self._clock()
        message = Message(
            key=thread.key,
            id=_id_of(group, thread),
            author=ALERTMANAGER,
            text=question(group),
            sent_at=now,
            reply_to=thread.address,
            opens=not thread.asked,
        )
        if group.is_resolved:  # the first question of a thread has the number 1
            message = replace(message, text="diff 1" if thread.asked == 1 else "diff")
        else:
            message = replace(message, command=command_for(group, await self._known(group, thread), now=now))
        await self._desk.handle(message)

    async def _known(self, group: AlertGroup, thread: AlertThread) -> Known:
        """Which of the names in the labels have been seen, within what this channel may see."""
        channel = Channel(thread.key.platform, thread.key.workspace, thread.key.channel)
        asked = [(argument, name) for argument in ARGUMENTS for name in candidates(argument, group.labels)]
        found = await asyncio.gather(
            *(self._desk.complete(argument, name, by=ALERTMANAGER, channel=channel) for argument, name in asked)
        )
        names: dict[str, set[str]] = {}
        for (argument, name), seen in zip(asked, found, strict=True):
            if name in seen:
                names.setdefault(argument, set()).add(name)
        return Known(names)


def _is_told(group: AlertGroup, thread: AlertThread) -> bool:
    """Nothing fires that was not told of: it is the same, or some of them are resolved."""
    return group.firing <= thread.firing if group.firing else not thread.firing


def _id_of(group: AlertGroup, thread: AlertThread) -> MessageId:
    """The same for the same state of the group: a notification that comes twice is answered once."""
    state = " ".join(sorted(group.firing)) or f"resolved {thread.asked}"
    return MessageId(f"alert:{sha256(f'{group.receiver} {group.key} {state}'.encode()).hexdigest()[:32]}")
