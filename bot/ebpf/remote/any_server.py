"""Whichever of the three answers at an address: ebpf-server, its aggregator, or a netspy collector.

It learns that from the first answer, at no further request: a collector gives who can speak its own API a pointer to
that instead of events. What ebpf-server has no answer to is no such request, so that /health is asked first. Should
another take its place, that is noticed likewise.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from bot.domain.counters import CounterDeltas
from bot.domain.errors import CannotAnswer, SourceRefused
from bot.domain.network import Window
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import SourceStatus
from bot.ebpf.remote.agent_client import AgentSource, too_old
from bot.ebpf.remote.server import Answers, HttpSource
from bot.ebpf.remote.wire import ServerKind

Answer = TypeVar("Answer")

_NOT_THERE: Final = 404


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

    async def sockets(self, query: SocketQuery) -> OpenSockets:
        return await self._asked(lambda source: source.sockets(query))

    async def counters(self, window: Window) -> CounterDeltas:
        return await self._asked(lambda source: source.counters(window))

    async def status(self) -> SourceStatus:
        return await self._asked(lambda source: source.status())

    async def check(self) -> Check:
        check = await self._reference.check()
        return await self._collector.check() if self._is_collector() else check

    async def _asked(self, ask: Callable[[EbpfSource], Awaitable[Answer]]) -> Answer:
        async with self._answers.deadline():
            if not self._is_collector():
                found = await self._of_reference(ask)
                return await ask(self._collector) if found is None else found
            try:
                return await ask(self._collector)
            except SourceRefused as refusal:
                found = await self._of_reference(ask)
                if found is not None:
                    return found
                if refusal.status == _NOT_THERE:
                    raise too_old(self._answers.url) from refusal
                raise

    async def _of_reference(self, ask: Callable[[EbpfSource], Awaitable[Answer]]) -> Answer | None:
        """None where a collector answers. Raises: CannotAnswer of whoever does."""
        try:
            found = await ask(self._reference)
        except CannotAnswer:
            await self._reference.learn()
            if self._is_collector():
                return None
            return await ask(self._reference)
        return None if self._is_collector() else found

    def _is_collector(self) -> bool:
        return self._reference.kind == "collector"
