"""How often somebody may ask: questions a minute of a person, and of a channel, counted over all replicas.

What is stored is what counts. One process takes the messages of a moment one after the other, so that none slips in
between the count and the storing of another.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from math import ceil

from bot.domain.errors import NotPermitted
from bot.domain.message import Message
from bot.domain.stores import ThreadStore
from bot.domain.turn import author_of
from bot.policy.rules import OPEN_PLATFORMS, Policy

MINUTE = timedelta(seconds=60)
LIMITS = "limits"
"""In the place of a rule: what refuses who asks too often."""


class Pace:
    def __init__(self, policy: Callable[[], Policy], clock: Callable[[], datetime]) -> None:
        self._policy = policy
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def kept(self, message: Message, store: ThreadStore) -> AsyncGenerator[None, None]:
        """Store the message inside this block. Raises: NotPermitted, StorageError."""
        policy = self._policy()
        is_limited = (policy.per_user or policy.per_channel) and message.key.platform not in OPEN_PLATFORMS
        async with self._one_at_a_time if is_limited else nullcontext():
            if is_limited:
                await self._check(message, store, policy)
            yield

    async def _check(self, message: Message, store: ThreadStore, policy: Policy) -> None:
        """An alert is no person's: it counts for its channel only."""
        since = self._clock() - MINUTE
        of_user = None if message.author.kind == "service" else policy.per_user
        if of_user:
            first = await store.nth_newest(of_user, since=since, author=author_of(message))
            await self._refuse(message, store, first, f"you asked {_questions(of_user)} within a minute already")
        if policy.per_channel:
            first = await store.nth_newest(policy.per_channel, since=since, channel=message.channel)
            asked = f"{_questions(policy.per_channel)} were asked here within a minute already"
            await self._refuse(message, store, first, asked)

    async def _refuse(self, message: Message, store: ThreadStore, first: datetime | None, got: str) -> None:
        if first is None or await store.holds(message.key, message.id):
            return
        wait_s = max(1, ceil((first + MINUTE - self._clock()).total_seconds()))
        raise NotPermitted("asking here", got, f"try again in {wait_s} s", rule=LIMITS)


def _questions(count: int) -> str:
    return "1 question" if count == 1 else f"{count:,} questions"
