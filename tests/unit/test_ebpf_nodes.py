"""Many nodes as one source: merging, silent nodes, names that resolve to many addresses, and how they are written."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from operator import itemgetter
from typing import Any

import pytest

from bot.domain.counters import CounterDeltas
from bot.domain.errors import CannotAnswer, InvalidSettings, SourceRefused, SourceUnreachable
from bot.domain.network import EVENT_TYPES, Connection, EventKind, Window
from bot.domain.ports import EbpfSource
from bot.domain.query import Aggregate, EventQuery, Events, Filter, Limits, Measure, Scope
from bot.domain.sockets import OpenSockets, SocketQuery, SocketState
from bot.domain.source_status import KindStatus
from bot.ebpf.remote.address import parse_address, parse_nodes
from bot.ebpf.remote.nodes import Fixed, NodesSource
from bot.ebpf.remote.resolving import Resolved
from bot.event_source import open_source
from bot.settings import load
from tests import every_kind
from tests.fakes import NOW, QUIET, FakeEbpf, connection
from tests.loopback.ebpf_server import EbpfServer

MINUTE = Window.last(60, NOW)
ALL = EventQuery(kind="connection", window=MINUTE)
EVERYTHING = Filter(failed_local_lookups=True)
DOWN = SourceUnreachable("GET http://b", "connection refused, nothing listens there", "start it")


class Silent(FakeEbpf):
    async def events(self, query: EventQuery) -> Events:
        await asyncio.Event().wait()
        raise AssertionError(query)


def of(**nodes: EbpfSource) -> NodesSource:
    return NodesSource(Fixed(nodes), deadline_s=0.05)


def attempts(process: str, *ago_s: float, waited_us: float = 100.0) -> FakeEbpf:
    return FakeEbpf([connection(process, ago_s=each, waited_us=waited_us) for each in ago_s])


async def test_rows_of_all_nodes_come_newest_first_with_their_node() -> None:
    found = await of(a=attempts("curl", 1, 5), b=attempts("nginx", 2, 4)).events(replace(ALL, limit=3))
    assert [(each.process, each.node) for each in found.events] == [("curl", "a"), ("nginx", "b"), ("nginx", "b")]
    assert (found.coverage.matched, found.coverage.seen, found.coverage.lost) == (4, 4, 0)


async def test_a_row_that_names_its_node_keeps_that_name() -> None:
    named = FakeEbpf([replace(connection(), node="worker-7")])
    (event,) = (await of(a=named).events(ALL)).events
    assert event.node == "worker-7"


def merged_by_time(found: Events) -> list[tuple[str | None, float]]:
    return [(event.node, (NOW - event.time).total_seconds()) for event in found.events]


@pytest.mark.parametrize("kind", EVENT_TYPES)
async def test_every_kind_merges_by_time(kind: EventKind) -> None:
    nameless = [replace(event, node=None) for event in every_kind.EVENTS[kind]]
    later = [replace(event, time=event.time - timedelta(seconds=0.5)) for event in nameless]
    found = await of(a=FakeEbpf(nameless), b=FakeEbpf(later)).events(replace(ALL, kind=kind, filter=EVERYTHING))
    expected = sorted(
        [("a", n + 1.0) for n in range(len(nameless))] + [("b", n + 1.5) for n in range(len(later))], key=itemgetter(1)
    )
    assert merged_by_time(found) == expected


async def test_a_node_is_asked_for_by_the_name_it_was_given() -> None:
    """Whatever its rows are called; then nobody else is asked."""
    a, b = FakeEbpf([replace(connection(), node="worker-7"), connection(ago_s=2)]), attempts("curl", 3)
    source = of(a=a, b=b)
    found = await source.events(replace(ALL, filter=Filter(node="a", pid=100)))
    assert [each.node for each in found.events] == ["worker-7", "a"]
    counted = await source.aggregate(Aggregate(kind="connection", window=MINUTE, filter=Filter(node="a")))
    assert (counted.groups[0].count, b.queries) == (2, [])
    assert a.queries[0].filter == Filter(pid=100)


async def test_a_node_is_asked_for_by_the_name_in_its_rows() -> None:
    a = FakeEbpf([replace(connection(), node="worker-7"), connection(ago_s=2)])
    found = await of(a=a, b=attempts("curl", 3)).events(replace(ALL, filter=Filter(node="worker-7")))
    assert [each.node for each in found.events] == ["worker-7"]


def on(*names: str) -> Scope:
    return Scope(frozenset({Limits(nodes=frozenset(names))}))


async def test_a_scope_that_names_nodes_asks_no_others_and_does_not_name_them_as_silent() -> None:
    """They are called what they were called to be asked, whatever their rows say."""
    a, b = FakeEbpf([replace(connection(), node="worker-7")], open=with_sockets(SocketState.LISTEN).open), Silent()
    source = of(a=a, b=b)
    found = await source.events(replace(ALL, filter=Filter(within=on("a"))))
    counted = await source.aggregate(Aggregate(kind="connection", window=MINUTE, filter=Filter(within=on("a"))))
    sockets = await source.sockets(SocketQuery(within=on("a")))
    assert (len(found.events), counted.groups[0].count, len(sockets.sockets)) == (1, 1, 1)
    assert (found.coverage.source, found.coverage.notes, b.queries, b.machine_queries) == ("1 of 1 nodes", (), [], [])


async def test_a_node_outside_the_scope_is_asked_for_as_one_that_does_not_exist() -> None:
    source = of(a=attempts("curl", 1), b=attempts("nginx", 1))
    for name in ("b", "none"):
        found = await source.events(replace(ALL, filter=Filter(node=name, within=on("a"))))
        assert (found.events, found.coverage.source) == ((), "1 of 1 nodes")


async def test_a_name_that_only_rows_have_is_looked_for_everywhere_and_silence_has_no_name() -> None:
    named = FakeEbpf([replace(connection(), node="worker-7"), connection(ago_s=2)])
    source = of(a=named, b=FakeEbpf(error=DOWN))
    found = await source.events(replace(ALL, filter=Filter(within=on("worker-7"))))
    assert [event.node for event in found.events] == ["worker-7"]
    assert found.coverage.notes == (f"no answer of another node: {DOWN.got}",)
    with pytest.raises(SourceUnreachable) as refused:
        await of(b=FakeEbpf(error=DOWN)).events(replace(ALL, filter=Filter(within=on("worker-7"))))
    assert "(another node: " in refused.value.got


async def test_of_some_nodes_alone_all_is_told_but_of_the_others_nothing() -> None:
    source = of(a=doing(), b=doing(), c=Silent(error=DOWN)).only(frozenset({"a"}))
    status, check = await source.status(), await source.check()
    assert ([node.name for node in status.nodes], check.detail) == (["a"], "1 nodes: a")


CANNOT = CannotAnswer(
    "events of the kind dns", "ebpf-server cannot tell: it records connections and drops only", "run it"
)


async def test_a_node_that_cannot_answer_is_named_while_others_answer() -> None:
    found = await of(a=FakeEbpf(error=CANNOT), b=attempts("curl", 1)).events(ALL)
    assert (len(found.events), found.coverage.source) == (1, "1 of 2 nodes")
    assert found.coverage.notes == ("a cannot answer: ebpf-server cannot tell: it records connections and drops only",)


async def test_when_all_cannot_answer_that_is_the_answer() -> None:
    source = of(a=FakeEbpf(error=CANNOT), b=FakeEbpf(error=CANNOT))
    for asked in (source.events(ALL), source.sockets(SocketQuery()), source.counters(MINUTE)):
        with pytest.raises(CannotAnswer) as refused:
            await asked
        assert (refused.value.got, refused.value.remedy) == (CANNOT.got, "run it")
    older = CannotAnswer("netspy collector at b", "this collector is older", "install")
    with pytest.raises(
        CannotAnswer, match=r"no node can answer \(a: ebpf-server cannot .*; b: this collector is older\)"
    ):
        await of(a=FakeEbpf(error=CANNOT), b=FakeEbpf(error=older)).events(ALL)


async def test_one_that_cannot_and_one_that_is_down_are_both_named() -> None:
    with pytest.raises(SourceUnreachable, match=r"none of 2 answers \(a: ebpf-server cannot .*; b: connection refused"):
        await of(a=FakeEbpf(error=CANNOT), b=FakeEbpf(error=DOWN)).events(ALL)


@pytest.mark.parametrize("b", [FakeEbpf(error=DOWN), Silent()], ids=["refuses", "is silent"])
async def test_a_node_that_does_not_answer_is_named_and_the_others_count(b: FakeEbpf) -> None:
    found = await of(a=attempts("curl", 1), b=b).events(ALL)
    assert [each.process for each in found.events] == ["curl"]
    assert found.coverage.source == "1 of 2 nodes"
    assert found.coverage.notes[0].startswith("no answer of b: ")


async def test_no_node_that_answers_is_an_error_with_every_cause() -> None:
    refused = SourceRefused("GET http://a", "HTTP 401", "")
    with pytest.raises(SourceUnreachable, match=r"none of 2 answers \(a: HTTP 401; b: connection refused"):
        await of(a=FakeEbpf(error=refused), b=FakeEbpf(error=DOWN)).events(ALL)


async def test_a_bug_of_ours_is_not_taken_for_a_silent_node() -> None:
    class Broken(FakeEbpf):
        async def events(self, query: EventQuery) -> Events:
            raise KeyError("bug")

    with pytest.raises(KeyError):
        await of(a=Broken()).events(ALL)


async def test_groups_are_added_up_and_the_largest_of_all_kept() -> None:
    source = of(a=attempts("curl", 1, 2), b=FakeEbpf([*attempts("curl", 3).stored, *attempts("nginx", 4, 5).stored]))
    asked = Aggregate(kind="connection", window=MINUTE, group_by=("process",), top=1)
    found = await source.aggregate(asked)
    (curl,) = found.groups
    assert (curl.key, curl.count, found.total) == (("curl",), 3, 2)
    assert (curl.first, curl.last) == (NOW - timedelta(seconds=3), NOW - timedelta(seconds=1))


async def test_groups_by_node_have_the_names_of_the_nodes() -> None:
    asked = Aggregate(kind="connection", window=MINUTE, group_by=("node",))
    found = await of(a=attempts("curl", 1, 2), b=attempts("curl", 3)).aggregate(asked)
    assert [(group.key, group.count) for group in found.groups] == [(("a",), 2), (("b",), 1)]


async def test_sums_and_extremes_are_exact_and_percentiles_are_said_to_be_estimated() -> None:
    measures = (
        Measure("sum", "waited_us"),
        Measure("max", "waited_us"),
        Measure("min", "waited_us"),
        Measure("p50", "waited_us"),
    )
    asked = Aggregate(kind="connection", window=MINUTE, measures=measures)
    found = await of(a=attempts("curl", 1, 2, 3, waited_us=100), b=attempts("curl", 4, waited_us=500)).aggregate(asked)
    assert list(found.groups[0].values) == [800, 500, 100, 200]
    assert "p50 of several nodes are estimated from those of each" in found.coverage.notes


async def test_the_largest_by_a_figure_are_those_of_all_nodes_together() -> None:
    one = [*attempts("curl", 1, 2, waited_us=100).stored, *attempts("nginx", 3, waited_us=250).stored]
    source = of(a=FakeEbpf(one), b=attempts("curl", 4, waited_us=200))
    asked = Aggregate(
        kind="connection",
        window=MINUTE,
        group_by=("process",),
        measures=(Measure("max", "waited_us"),),
        by=Measure("sum", "waited_us"),
        top=1,
    )
    found = await source.aggregate(asked)
    assert [(group.key, group.count, group.values) for group in found.groups] == [(("curl",), 3, (200,))]
    assert (found.total, found.coverage.notes) == (2, ())
    least = await source.aggregate(replace(asked, by=Measure("p50", "waited_us")))
    assert least.groups[0].key == ("nginx",)
    assert least.coverage.notes == ("p50 of several nodes are estimated from those of each",)


async def test_slots_of_all_nodes_are_the_same() -> None:
    asked = Aggregate(kind="connection", window=MINUTE, group_by=("slot",), slot_s=30)
    found = await of(a=attempts("curl", 1, 31), b=attempts("curl", 2, 45)).aggregate(asked)
    assert [(group.key, group.count) for group in found.groups] == [((0,), 2), ((1,), 2)]


def with_sockets(*states: SocketState, left_out: int = 0, **more: Any) -> FakeEbpf:
    sockets = tuple(replace(every_kind.SOCKET, state=state, **more) for state in states)
    return FakeEbpf(open=OpenSockets(time=NOW, sockets=sockets, left_out=left_out, namespaces=(7,), notes=("a note",)))


async def test_open_sockets_have_their_node_and_those_in_time_wait_are_left_out_first() -> None:
    wait, listen = SocketState.TIME_WAIT, SocketState.LISTEN
    source = of(a=with_sockets(listen, wait, node=None), b=with_sockets(listen, left_out=3), c=FakeEbpf(error=DOWN))
    found = await source.sockets(SocketQuery())
    assert [(each.node, each.state) for each in found.sockets] == [("a", listen), ("node-a", listen), ("a", wait)]
    assert (found.left_out, found.time) == (3, NOW)
    assert found.notes == ("no answer of c: connection refused, nothing listens there", "a note")
    cut = await source.sockets(SocketQuery(limit=2))
    assert ([each.state for each in cut.sockets], cut.left_out) == ([listen, listen], 4)


async def test_counters_have_their_node() -> None:
    def counted(**more: Any) -> FakeEbpf:
        return FakeEbpf(counted=CounterDeltas(deltas=(replace(every_kind.delta(), **more),), left_out=1))

    found = await of(a=counted(), b=counted(node="worker-7"), c=FakeEbpf(error=CANNOT)).counters(MINUTE)
    assert [(each.node, each.namespace) for each in found.deltas] == [("a", 7), ("worker-7", 7)]
    assert found.left_out == 2
    assert found.notes == ("c cannot answer: ebpf-server cannot tell: it records connections and drops only",)


def doing(**more: Any) -> FakeEbpf:
    kinds: Any = {"drop": KindStatus(seen=2, lost=1, stored=2, evicted=0, size_bytes=10)}
    return FakeEbpf(state=replace(QUIET, kinds=kinds, programs=("connect", "dns"), **more))


async def test_status_has_that_of_each_node_or_why_there_is_none() -> None:
    late = NOW + timedelta(seconds=5)
    lame = doing(since=late, missing={"drop": "no BTF"}, broken="MemoryError")
    source = of(b=FakeEbpf(error=DOWN), a=doing(), c=replace(lame, state=replace(lame.state, programs=("dns",))))
    found = await source.status()
    assert (found.source, found.kind, found.since, found.programs) == ("2 of 3 nodes", "live", late, ("dns",))
    assert (found.missing, found.broken) == ({"drop": "c: no BTF"}, "c: MemoryError")
    assert found.kinds == {"drop": KindStatus(seen=4, lost=2, stored=4, evicted=0, size_bytes=20)}
    assert [(node.name, node.status is None, node.failure) for node in found.nodes] == [
        ("a", False, ""),
        ("b", True, "connection refused, nothing listens there"),
        ("c", False, ""),
    ]
    assert found.nodes[0].status == doing().state


async def test_status_of_nodes_that_are_all_silent_is_still_one() -> None:
    found = await of(b=FakeEbpf(error=DOWN)).status()
    assert (found.source, found.programs, [node.name for node in found.nodes]) == ("0 of 1 nodes", (), ["b"])


async def test_what_one_node_cannot_say_is_not_counted_as_nothing() -> None:
    class Unsure(FakeEbpf):
        async def events(self, query: EventQuery) -> Events:
            found = await FakeEbpf.events(self, query)
            return replace(found, coverage=replace(found.coverage, lost=None, seen=None, notes=("a note",)))

    found = await of(a=Unsure([connection()]), b=attempts("curl", 2)).events(ALL)
    assert (found.coverage.lost, found.coverage.seen, found.coverage.matched) == (None, None, 2)
    assert found.coverage.notes == ("a: a note",)


async def test_the_check_names_what_is_wrong() -> None:
    class Failing(FakeEbpf):
        async def check(self) -> Any:
            raise DOWN

    well, ill = await of(a=FakeEbpf(), b=FakeEbpf()).check(), await of(a=FakeEbpf(), b=Failing()).check()
    dead = await of(b=Failing()).check()
    assert [each.state for each in (well, ill, dead)] == ["ok", "warning", "fault"]
    assert ill.detail == "1 of 2 nodes are well; b: connection refused, nothing listens there"


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("http://h:1", None),
        ("localhost:8080", None),
        ("http://h/?a=b", None),
        ("node-a=http://h:1, node-b=h2:2", {"node-a": "http://h:1", "node-b": "h2:2"}),
        ("*=http://collectors:8080", {"*": "http://collectors:8080"}),
    ],
)
def test_nodes_are_read(text: str, nodes: Mapping[str, str] | None) -> None:
    assert parse_nodes(text) == nodes


@pytest.mark.parametrize("text", ["a=http://h,a=http://i", "a=http://h,http://i", "a=ftp://h", "a=http://h b"])
def test_nodes_that_are_written_wrongly_are_refused(text: str) -> None:
    with pytest.raises(InvalidSettings):
        parse_nodes(text)


async def test_every_address_of_a_name_is_a_node_and_changes_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ["10.0.0.1", "10.0.0.2"]

    async def resolve(host: str, port: int, **_: Any) -> list[Any]:
        if not found:
            raise socket.gaierror(-2, "Name or service not known")
        both = [(socket.AF_INET, each) for each in found] + [(socket.AF_INET6, "fd00::1")]
        return [(family, socket.SOCK_STREAM, 6, "", (address, port)) for family, address in both]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    opened: list[str] = []

    @asynccontextmanager
    async def opener(url: str) -> AsyncIterator[EbpfSource]:
        opened.append(url)
        yield FakeEbpf()

    async with AsyncExitStack() as stack:
        nodes = Resolved(parse_address("http://collectors:8080"), opener, stack)
        first = await nodes.current()
        found[:] = ["10.0.0.2", "10.0.0.3"]
        second = await nodes.current()
        found.clear()
        third = await nodes.current()
    assert (list(first), list(second), list(third)) == (["10.0.0.1", "10.0.0.2"], *[["10.0.0.2", "10.0.0.3"]] * 2)
    assert opened == ["http://10.0.0.1:8080", "http://10.0.0.2:8080", "http://10.0.0.3:8080"]


async def test_a_name_that_never_resolved_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)

    def nobody(url: str) -> Any:
        raise AssertionError(url)

    async with AsyncExitStack() as stack:
        source = NodesSource(Resolved(parse_address("http://nowhere:1"), nobody, stack))
        with pytest.raises(SourceUnreachable, match="nowhere cannot be resolved"):
            await source.events(ALL)


async def test_two_servers_are_asked_over_http() -> None:
    with EbpfServer() as one, EbpfServer() as two:
        one.add_connection("curl", "10.0.0.1:443", ago_s=2)
        two.add_connection("nginx", "10.0.0.2:80", ago_s=1)
        async with open_source(load(), server=f"node-a={one.url},node-b={two.url},node-c=http://127.0.0.1:9") as source:
            window = Window.last(60, max(NOW, NOW) + timedelta(days=3650))
            found = await source.events(replace(ALL, window=Window(NOW - timedelta(days=3650), window.until)))
    assert {(each.process, each.node) for each in found.events if isinstance(each, Connection)} == {
        ("nginx", "node-b"),
        ("curl", "node-a"),
    }
    assert found.coverage.nodes == ("node-a", "node-b")
    assert found.coverage.notes[0].startswith("no answer of node-c: connection refused")


@pytest.mark.parametrize("server", ["*=http://h:1,b=http://i:1", "*=http://user:word@h:1"])
async def test_all_addresses_of_a_name_stand_alone_and_without_a_login(server: str) -> None:
    with pytest.raises(InvalidSettings):
        async with open_source(load(), server=server):
            pass
