"""What a channel may see of a source: whatever is asked, it is answered from that alone, counts and notes included.

Begin at `scoped`. The sources themselves obey a query's `within`; here it is put into every query, and what they tell
beside rows loses what would speak of those that are hidden. An answer about something hidden is the same as about
something that does not exist.
"""

from dataclasses import dataclass, replace
from typing import Final

from bot.domain.counters import CounterDeltas
from bot.domain.errors import CannotAnswer, SourceUnreachable
from bot.domain.network import Coverage, Window
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import Aggregate, EventQuery, Events, Groups, Scope
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import KindStatus, NodeStatus, SourceStatus
from bot.ebpf.of_nodes import only
from bot.ebpf.remote.nodes_status import merged_status
from bot.ebpf.scopes import Texts, goes_by_nodes_only, intersection, is_nothing, nodes_of

OUTSIDE: Final = "outside this channel's scope: hidden"
LOST: Final = "some events were lost"
NOT_OBSERVED: Final = "not all network namespaces are observed"
_NOTHING: Final = "nothing that may be seen here"
_NOT_WELL: Final = "the source is not quite well"


def scoped(source: EbpfSource, scope: Scope) -> EbpfSource:
    """The source as whoever has this scope may see it; itself where that is everything."""
    if scope.is_everything:
        return source
    nodes = nodes_of(scope)
    return ScopedSource(only(source, nodes) if nodes else source, scope)


@dataclass(frozen=True, slots=True)
class ScopedSource:
    """An `EbpfSource`. Make it with `scoped`."""

    source: EbpfSource
    scope: Scope

    async def events(self, query: EventQuery) -> Events:
        within = intersection(self.scope, query.filter.within)
        if is_nothing(within):
            return Events((), _nothing(query.window))
        found = await self.source.events(replace(query, filter=replace(query.filter, within=within)))
        return replace(found, coverage=self._told(found.coverage))

    async def aggregate(self, query: Aggregate) -> Groups:
        within = intersection(self.scope, query.filter.within)
        if is_nothing(within):
            return Groups((), 0, _nothing(query.window))
        found = await self.source.aggregate(replace(query, filter=replace(query.filter, within=within)))
        return replace(found, coverage=self._told(found.coverage))

    async def sockets(self, query: SocketQuery) -> OpenSockets:
        found = await self.source.sockets(replace(query, within=intersection(self.scope, query.within)))
        return replace(found, notes=(*found.notes, OUTSIDE))

    async def counters(self, window: Window) -> CounterDeltas:
        """Raises: CannotAnswer where more than nodes is limited: a namespace counts for all who are in it."""
        nodes = nodes_of(self.scope)
        if not nodes or not goes_by_nodes_only(self.scope):
            got = f"they are of whole network namespaces, and {OUTSIDE}"
            raise CannotAnswer("the kernel's counters", got, "ask for events, or in a channel that sees whole nodes")
        found = await self.source.counters(window)
        deltas = tuple(delta for delta in found.deltas if delta.node in nodes)
        silent = ", ".join(sorted(nodes - {delta.node for delta in deltas}))
        notes = (*([f"no counters of {silent}"] if silent else []), *([NOT_OBSERVED] if found.left_out else []))
        return CounterDeltas(deltas=deltas, left_out=0, notes=(*notes, OUTSIDE))

    async def status(self) -> SourceStatus:
        status = await self.source.status()
        nodes = nodes_of(self.scope)
        if nodes is not None:
            status = _of_nodes(status, nodes)
        return replace(_uncounted(status), notes=(OUTSIDE,))

    async def check(self) -> Check:
        check = await self.source.check()
        return Check(check.part, check.state, "it answers" if check.state == "ok" else _NOT_WELL, check.remedy)

    def _told(self, coverage: Coverage) -> Coverage:
        nodes = nodes_of(self.scope)
        lost = (LOST,) if coverage.lost else ()
        return replace(
            coverage,
            seen=None,
            lost=None if coverage.lost else coverage.lost,
            nodes=tuple(name for name in coverage.nodes if nodes is None or name in nodes),
            notes=(*coverage.notes, *lost, OUTSIDE),
        )


def _nothing(window: Window) -> Coverage:
    return Coverage(source=_NOTHING, kind="server", window=window, seen=None, matched=0, notes=(OUTSIDE,))


def _of_nodes(status: SourceStatus, nodes: Texts) -> SourceStatus:
    """What is told of many nodes is told anew of these: it names them. A source of one machine is that node."""
    named = tuple(node for node in status.nodes if node.name in nodes)
    if not any(node.status or node.failure for node in status.nodes):
        return replace(status, nodes=named)
    answers = {node.name: node.status for node in named if node.status}
    failures = {node.name: SourceUnreachable("asking", node.failure) for node in named if not node.status}
    return replace(merged_status(answers, failures), choice=status.choice)


def _uncounted(status: SourceStatus) -> SourceStatus:
    """Without what is counted of all events."""
    nodes = tuple(_uncounted_node(node) for node in status.nodes)
    return replace(status, kinds=dict.fromkeys(status.kinds, KindStatus()), nodes=nodes)


def _uncounted_node(node: NodeStatus) -> NodeStatus:
    return replace(node, status=replace(_uncounted(node.status), notes=()) if node.status else None)
