"""An `EbpfSource` whose status says why it is the one. `event_source` chooses."""

from dataclasses import dataclass, replace

from bot.domain.counters import CounterDeltas
from bot.domain.network import Window
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import SourceStatus
from bot.ebpf.of_nodes import only
from bot.ebpf.scopes import Texts


@dataclass(frozen=True, slots=True)
class ChosenSource:
    """`choice` is a sentence without a full stop."""

    source: EbpfSource
    choice: str

    async def events(self, query: EventQuery) -> Events:
        return await self.source.events(query)

    async def aggregate(self, query: Aggregate) -> Groups:
        return await self.source.aggregate(query)

    async def sockets(self, query: SocketQuery) -> OpenSockets:
        return await self.source.sockets(query)

    async def counters(self, window: Window) -> CounterDeltas:
        return await self.source.counters(window)

    async def status(self) -> SourceStatus:
        return replace(await self.source.status(), choice=self.choice)

    def only(self, nodes: Texts) -> "ChosenSource":
        return replace(self, source=only(self.source, nodes))

    async def check(self) -> Check:
        return await self.source.check()
