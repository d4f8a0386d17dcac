"""The gate: what the policy lets a person do where they ask. Messages, turns at work, buttons and completion pass it.

It knows policies and who is in which channel. What is permitted then, `permitted.py` and `visible.py` see to.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TypeAlias

from bot.domain.errors import NotPermitted, PlatformError
from bot.domain.message import Author, Channel
from bot.domain.ports import Directory
from bot.policy.deciding import Decision, Refusal, decision, direct_decision
from bot.policy.permit import Permit
from bot.policy.rules import OPEN_PLATFORMS, Policy

log = logging.getLogger("netspy.conversation")

CHANNELS_KEPT_S = 60.0
"""So long a person who left a channel may still ask about it in a direct message."""
DIRECTORY_PATIENCE_S = 2.0
"""Platforms want their events acknowledged within 3 s."""
MAX_KEPT = 10_000

Directories: TypeAlias = Callable[[str], Directory | None]
"""Finds who knows a platform's channels, by the platform's name."""


class Gate:
    """`policy` is asked each time: a turn keeps what it began with, the next one has what is in force then."""

    def __init__(
        self,
        policy: Callable[[], Policy],
        directory: Directories,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = policy
        self._directory = directory
        self._clock = clock
        self._channels: dict[tuple[str, str, str], tuple[float, frozenset[str]]] = {}

    @property
    def policy(self) -> Policy:
        return self._policy()

    async def permit(self, author: Author, channel: Channel) -> Permit:
        """Raises: NotPermitted where a person may nothing at all, or nobody knows what."""
        found = await self._decide(author, channel)
        if isinstance(found, Refusal):
            where = "a direct message" if channel.direct else "asking here"
            raise NotPermitted(where, found.reason, found.remedy, rule=found.rule)
        return found

    async def _decide(self, author: Author, channel: Channel) -> Decision:
        policy = self._policy()
        if not channel.direct or channel.platform in OPEN_PLATFORMS:
            return decision(policy, author, channel)
        shared = await self._shared(author, channel) if policy.direct_messages else frozenset[str]()
        return direct_decision(policy, author, channel, shared)

    async def _shared(self, author: Author, channel: Channel) -> frozenset[str]:
        """The channels that the person shares with netspy, as they were within the last minute."""
        asked, now = (channel.platform, channel.workspace, author.id), self._clock()
        kept = self._channels.get(asked)
        if kept is None or kept[0] <= now:
            kept = (now + CHANNELS_KEPT_S, await self._ask(author, channel))
            self._keep(asked, kept, now)
        return kept[1]

    def _keep(self, asked: tuple[str, str, str], kept: tuple[float, frozenset[str]], now: float) -> None:
        if len(self._channels) >= MAX_KEPT:
            self._channels = {key: each for key, each in self._channels.items() if each[0] > now}
        if len(self._channels) < MAX_KEPT:
            self._channels[asked] = kept

    async def _ask(self, author: Author, channel: Channel) -> frozenset[str]:
        directory = self._directory(channel.platform)
        if directory is None:
            raise _unknown("nothing here knows in which channels you are")
        try:
            async with asyncio.timeout(DIRECTORY_PATIENCE_S):
                return await directory.channels(channel.workspace, author.id)
        except PlatformError as error:
            log.warning("gate.channels_unknown", extra={"platform": channel.platform, "cause": str(error)})
            raise _unknown("it can't be found out now in which channels you are") from None
        except TimeoutError:
            log.warning("gate.channels_unknown", extra={"platform": channel.platform, "cause": "no answer in time"})
            raise _unknown("it can't be found out in time in which channels you are") from None


def _unknown(got: str) -> NotPermitted:
    return NotPermitted("a direct message", got, "ask in a channel, or try again later")
