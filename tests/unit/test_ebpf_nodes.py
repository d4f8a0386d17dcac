"""Many nodes as one source: merging, silent nodes, names that resolve to many addresses, and how they are written."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.errors import InvalidSettings, SourceRefused, SourceUnreachable
from bot.domain.network import Connection, Window
from bot.domain.ports import EbpfSource
from bot.domain.query import Aggregate, EventQuery, Events, Measure, Operation
from bot.ebpf.remote.address import parse_address, parse_nodes
from bot.ebpf.remote.nodes import Fixed, NodesSource
from bot.ebpf.remote.resolving import Resolved
from bot.event_source import open_source
from bot.settings import load
from tests.fakes import NOW, FakeEbpf, connection
from tests.loopback.ebpf_server import EbpfServer

OPERATIONS: tuple[Operation, ...] = ("sum", "max", "min", "p50")
MINUTE = Window.last(60, NOW)
ALL = EventQuery(kind="connection", window=MINUTE)
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
