"""A source within a scope: nothing that is told beside rows speaks of those that are hidden."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.domain.counters import CounterDeltas
from bot.domain.errors import CannotAnswer
from bot.domain.network import Event, EventKind, Window
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import EVERYTHING, Aggregate, EventQuery, Events, Filter, Limits, Scope
from bot.domain.sockets import SocketQuery
from bot.domain.source_status import KindStatus, SourceStatus
from bot.ebpf.chosen import ChosenSource
from bot.ebpf.live import Listening, LiveSource
from bot.ebpf.remote.nodes import Fixed, NodesSource
from bot.ebpf.scoped import LOST, NOT_OBSERVED, OUTSIDE, scoped
from bot.ebpf.seen_sockets import INCOMPLETE
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.store import EventStore
from tests import every_kind, raw_events
from tests.fakes import NO_COUNTERS, NO_SOCKETS, NOW, QUIET, FakeEbpf, connection

MINUTE = Window.last(60, NOW)
ALL = EventQuery(kind="connection", window=MINUTE)
STORED: Sequence[Event] = (
    replace(connection("curl", pid=7), node="node-a"),
    replace(connection("nginx", pid=8), node="node-a"),
    replace(connection("curl", pid=9, ago_s=2), node="node-b"),
)


def of(**limits: frozenset[str]) -> Scope:
    return Scope(frozenset({Limits(**limits)}))  # type: ignore[arg-type]  # names only


CURL, NODE_A = of(processes=frozenset({"curl"})), of(nodes=frozenset({"node-a"}))


class Telling(FakeEbpf):
    """Tells more beside its rows than a channel may know."""

    async def events(self, query: EventQuery) -> Events:
        found = await super().events(query)
        return replace(found, coverage=replace(found.coverage, seen=3, lost=41, nodes=("node-a", "node-b")))

    async def check(self) -> Check:
        return Check("source", "warning", "no answer of node-b; 41 events lost", "see their logs")


def test_everything_is_the_source_itself() -> None:
    source = FakeEbpf()
    assert scoped(source, EVERYTHING) is source


async def test_coverage_has_no_count_and_no_node_of_what_is_hidden() -> None:
    told = (await scoped(Telling(STORED), NODE_A).events(ALL)).coverage
    assert (told.seen, told.matched, told.lost, told.nodes) == (None, 2, None, ("node-a",))
    assert told.notes == (LOST, OUTSIDE)
    everywhere = (await scoped(Telling(STORED), CURL).events(ALL)).coverage
    assert everywhere.nodes == ("node-a", "node-b")


async def test_nothing_lost_is_told_as_that() -> None:
    told = (await scoped(FakeEbpf(STORED), CURL).aggregate(Aggregate(kind="connection", window=MINUTE))).coverage
    assert (told.lost, told.notes) == (0, (OUTSIDE,))


async def test_scopes_within_scopes_never_widen() -> None:
    source = scoped(scoped(FakeEbpf(STORED), CURL), NODE_A)
    assert [event.pid for event in (await source.events(ALL)).events] == [7]
    wider = replace(ALL, filter=Filter(within=of(processes=frozenset({"*"}))))
    assert [event.pid for event in (await source.events(wider)).events] == [7]


async def test_where_nothing_can_be_seen_nobody_is_asked() -> None:
    behind = FakeEbpf(STORED)
    source = scoped(behind, CURL)
    other = Filter(within=of(processes=frozenset({"nginx"})))
    found = await source.events(replace(ALL, filter=other))
    groups = await source.aggregate(Aggregate(kind="connection", window=MINUTE, filter=other))
    assert (found.events, groups.total, behind.queries) == ((), 0, [])
    assert found.coverage == groups.coverage


def sockets(*, left_out: int = 0, notes: tuple[str, ...] = ()) -> FakeEbpf:
    own, nobodys = every_kind.SOCKET, replace(every_kind.SOCKET, process=None, pid=None, namespace=8)
    listed = (own, replace(own, process="nginx", namespace=9), nobodys)
    return FakeEbpf(open=replace(NO_SOCKETS, sockets=listed, namespaces=(7, 8, 9), left_out=left_out, notes=notes))


async def test_open_sockets_of_others_and_of_nobody_are_not_seen() -> None:
    behind = sockets()
    found = await scoped(behind, CURL).sockets(SocketQuery(holders=False))
    assert [each.process for each in found.sockets] == ["curl"]
    assert (found.left_out, found.namespaces, found.notes) == (0, (7,), (OUTSIDE,))
    assert [isinstance(asked, SocketQuery) and asked.holders for asked in behind.machine_queries] == [True]


async def test_that_sockets_are_missing_is_told_without_how_many() -> None:
    for behind in (sockets(left_out=12), sockets(notes=("processes that could not be looked at: 12",))):
        found = await scoped(behind, CURL).sockets(SocketQuery())
        assert (found.left_out, found.notes) == (0, (INCOMPLETE, OUTSIDE))


def counting(*nodes: str, left_out: int = 0) -> FakeEbpf:
    deltas = tuple(replace(every_kind.delta(retransmits=1), node=node) for node in nodes)
    return FakeEbpf(counted=replace(NO_COUNTERS, deltas=deltas, left_out=left_out, notes=("no answer of node-c",)))


async def test_counters_are_of_the_nodes_in_scope_or_of_nobody() -> None:
    behind = counting("node-a", "node-b", left_out=3)
    found = await scoped(behind, NODE_A).counters(MINUTE)
    assert [delta.node for delta in found.deltas] == ["node-a"]
    assert (found.left_out, found.notes) == (0, (NOT_OBSERVED, OUTSIDE))
    silent = await scoped(behind, of(nodes=frozenset({"node-x"}))).counters(MINUTE)
    assert silent == CounterDeltas(deltas=(), left_out=0, notes=("no counters of node-x", NOT_OBSERVED, OUTSIDE))
    for within in (CURL, Scope(frozenset()), of(nodes=frozenset({"node-a"}), processes=frozenset({"curl"}))):
        with pytest.raises(CannotAnswer, match="they are of whole network namespaces"):
            await scoped(behind, within).counters(MINUTE)


def doing() -> FakeEbpf:
    kinds: dict[EventKind, KindStatus] = {"connection": KindStatus(seen=9, lost=1, stored=8, evicted=1, size_bytes=7)}
    return FakeEbpf(STORED, state=replace(QUIET, kinds=kinds, missing={"drop": "no such function"}, notes=("9 files",)))


def many(**nodes: EbpfSource) -> EbpfSource:
    return ChosenSource(NodesSource(Fixed({name.replace("_", "-"): each for name, each in nodes.items()})), "named")


def counts(status: SourceStatus) -> list[KindStatus]:
    every = [status, *(node.status for node in status.nodes if node.status)]
    return [kind for each in every for kind in each.kinds.values()]


async def test_status_counts_nothing_and_names_no_node_outside() -> None:
    behind = many(node_a=doing(), node_b=doing())
    status = await scoped(behind, NODE_A).status()
    assert ([node.name for node in status.nodes], status.source, status.choice) == (["node-a"], "1 of 1 nodes", "named")
    assert (status.missing, status.notes) == ({"drop": "node-a: no such function"}, (OUTSIDE,))
    everywhere = await scoped(behind, CURL).status()
    assert [node.name for node in everywhere.nodes] == ["node-a", "node-b"]
    for told in (status, everywhere, await scoped(doing(), CURL).status()):
        assert set(counts(told)) == {KindStatus()}


async def test_status_of_nodes_that_only_rows_name_is_of_none_of_the_others() -> None:
    status = await scoped(many(node_a=doing(), node_b=doing()), of(nodes=frozenset({"worker-7"}))).status()
    assert (status.nodes, status.missing, status.source) == ((), {}, "0 of 0 nodes")


async def test_the_check_says_whether_and_not_what() -> None:
    check = await scoped(Telling(), CURL).check()
    assert check == Check("source", "warning", "the source is not quite well", "see their logs")
    assert (await scoped(FakeEbpf(), CURL).check()).detail == "it answers"


async def test_how_many_events_are_gone_is_not_told_within_a_scope() -> None:
    store = EventStore(KernelNames(lambda _: None, lambda _: None), max_bytes=1)
    store.add([raw for event in STORED for raw in raw_events.of(event)], now_ns=0)
    listening = Listening(raw_events.BOOT, {}, (), {})
    source = LiveSource(store, listening=lambda: listening, clock=lambda: raw_events.CLOCK)
    (told,) = (await source.events(ALL)).coverage.notes
    (hidden, _) = (await scoped(source, CURL).events(ALL)).coverage.notes
    assert told.endswith("are gone (3: memory is bounded)")
    assert hidden.endswith("are gone (memory is bounded)")
