"""Whichever of the three answers at an address: ebpf-server, its aggregator, or a netspy collector.

It learns that from the first answer, at no further request: a collector gives who can speak its own API a pointer to
that instead of events. Should another take its place, that is noticed likewise.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.domain.errors import SourceRefused
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.ebpf.remote.agent_client import AgentSource
from bot.ebpf.remote.server import Answers, HttpSource
from bot.ebpf.remote.wire import ServerKind

Answer = TypeVar("Answer")


class AnyServer:
    """An `EbpfSource`. Open it with `client.open_http_source`."""

    def __init__(self, answers: Answers, kind: ServerKind = "server") -> None:
        """`kind` is what is thought to answer there; `answers` must ask /api/events for a pointer."""
        self._answers = answers
        self._reference = HttpSource(answers, kind)
        self._collector = AgentSource(answers)

    async def events(self, query: EventQuery) -> Events:
        return await self._asked(lambda source: source.events(query))

    async def aggregate(self, query: Aggregate) -> Groups:
        return await self._asked(lambda source: source.aggregate(query))

    async def check(self) -> Check:
        check = await self._reference.check()
        return await self._collector.check() if self._is_collector() else check

    async def _asked(self, ask: Callable[[EbpfSource], Awaitable[Answer]]) -> Answer:
        async with self._answers.deadline():
            if not self._is_collector():
                found = await ask(self._reference)
                return await ask(self._collector) if self._is_collector() else found
            try:
                return await ask(self._collector)
            except SourceRefused:
                found = await ask(self._reference)
                if self._is_collector():
                    raise
                return found

    def _is_collector(self) -> bool:
        return self._reference.kind == "collector"
