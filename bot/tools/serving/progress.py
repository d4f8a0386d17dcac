"""What a call tells while it runs: each question to the source, and that it still runs. `outside` calls it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.domain.counters import CounterDeltas
from bot.domain.network import EventKind, Window
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import SourceStatus
from bot.tables.units import human_count

BEAT_S = 5.0
"""Clients that give up on what is silent wait 10 s or longer."""


@dataclass(slots=True)
class Progress:
    """Numbers what is said; `tell` carries it to the client, with its number."""

    tell: Callable[[int, str], Awaitable[None]]
    said: int = field(default=0, init=False)

    async def say(self, message: str) -> None:
        self.said += 1
        await self.tell(self.said, message)


@dataclass(frozen=True, slots=True)
class ToldSource:
    """A source whose every question is told."""

    source: EbpfSource
    progress: Progress

    async def events(self, query: EventQuery) -> Events:
        await self._asks(query.kind)
        found = await self.source.events(query)
        await self._answered(query.kind, found.coverage.matched)
        return found

    async def aggregate(self, query: Aggregate) -> Groups:
        await self._asks(query.kind)
        found = await self.source.aggregate(query)
        await self._answered(query.kind, found.coverage.matched)
        return found

    async def sockets(self, query: SocketQuery) -> OpenSockets:
        await self.progress.say("asking the source for open sockets")
        return await self.source.sockets(query)

    async def counters(self, window: Window) -> CounterDeltas:
        await self.progress.say("asking the source for counters")
        return await self.source.counters(window)

    async def status(self) -> SourceStatus:
        return await self.source.status()

    async def check(self) -> Check:
        return await self.source.check()

    async def _asks(self, kind: EventKind) -> None:
        await self.progress.say(f"asking the source for {kind} events")

    async def _answered(self, kind: EventKind, matched: int) -> None:
        await self.progress.say(f"{human_count(matched)} {kind} events matched")


@asynccontextmanager
async def still_running(progress: Progress, what: str, *, beat_s: float = BEAT_S) -> AsyncGenerator[None, None]:
    """Says every `beat_s` seconds that the work inside this block goes on."""

    async def beat() -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        while True:
            await asyncio.sleep(beat_s)
            await progress.say(f"{what} runs since {clock() - began:.0f} s")

    beating = asyncio.create_task(beat(), name="progress of a call")
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
