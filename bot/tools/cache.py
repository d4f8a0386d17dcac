"""One answer for identical read-only calls that come at once or shortly after each other, whoever asks.

It wraps one `ToolHost`, and so one source: a host over a source that is scoped otherwise needs a cache of its own.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeAlias

from bot.codec import identity_of
from bot.domain.errors import ToolHostError
from bot.domain.ports import Check, ToolHost
from bot.domain.turn import ToolCall, ToolResult, ToolSpec

TTL_S = 5.0
"""Longer than a person needs to ask the same as another one; shorter than anybody needs to see whether a fix helped."""
MAX_KEPT = 64

_Asked: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Flight:
    """A call under way. `done` has its result, or None where whoever made it was cancelled."""

    now: datetime
    done: asyncio.Future[ToolResult | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


@dataclass(frozen=True, slots=True)
class _Kept:
    """`began` is when it was asked for, by a clock that no step moves; `at` the same for people."""

    result: ToolResult
    now: datetime
    began: float
    at: datetime


class CachingHost:
    """Only tools that say that they change nothing are cached; what failed is asked for anew."""

    def __init__(
        self,
        host: ToolHost,
        *,
        ttl_s: float = TTL_S,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._host = host
        self._ttl_s = ttl_s
        self._clock = clock
        self._today = today
        self._kept: dict[_Asked, _Kept] = {}
        self._flights: dict[_Asked, _Flight] = {}

    async def tools(self) -> tuple[ToolSpec, ...]:
        return await self._host.tools()

    async def check(self) -> tuple[Check, ...]:
        return await self._host.check()

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        if not await self._is_read_only(call.name):
            return await self._host.call(call, now=now)
        asked = identity_of(call)
        while True:
            if kept := self._fresh(asked, now):
                return _as_of(kept, call)
            flight = self._flights.get(asked)
            if flight is None:
                return await self._fly(asked, call, now)
            if not self._is_near(flight.now, now):
                return await self._host.call(call, now=now)
            if result := await asyncio.shield(flight.done):
                return replace(result, call=call)

    async def _fly(self, asked: _Asked, call: ToolCall, now: datetime) -> ToolResult:
        flight = self._flights[asked] = _Flight(now)
        began, at = self._clock(), self._today()
        result: ToolResult | None = None
        try:
            result = await self._host.call(call, now=now)
        finally:
            del self._flights[asked]
            flight.done.set_result(result)
        if not result.failed:
            self._keep(asked, _Kept(result, now, began, at))
        return result

    def _keep(self, asked: _Asked, kept: _Kept) -> None:
        """The newest stay, at the end."""
        living = {key: each for key, each in self._kept.items() if key != asked and self._is_young(each)}
        self._kept = dict([*living.items(), (asked, kept)][-MAX_KEPT:])

    def _fresh(self, asked: _Asked, now: datetime) -> _Kept | None:
        kept = self._kept.get(asked)
        return kept if kept and self._is_young(kept) and self._is_near(kept.now, now) else None

    def _is_young(self, kept: _Kept) -> bool:
        return self._clock() - kept.began <= self._ttl_s

    def _is_near(self, one: datetime, other: datetime) -> bool:
        """Whether windows that end there are as good as the same; a turn that is taken up again ends them long ago."""
        return abs((one - other).total_seconds()) <= self._ttl_s

    async def _is_read_only(self, name: str) -> bool:
        try:
            return any(tool.name == name and tool.read_only for tool in await self._host.tools())
        except ToolHostError:
            return False


def _as_of(kept: _Kept, call: ToolCall) -> ToolResult:
    coverage = kept.result.coverage
    if coverage is not None:
        note = f"as of {kept.at:%H:%M:%S} UTC, when the same was asked before"
        coverage = replace(coverage, notes=(*coverage.notes, note))
    return replace(kept.result, call=call, coverage=coverage)
