"""What is asked of ebpf-server and its aggregator, how often, and what coverage says of the answer."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from ipaddress import ip_network

import pytest

from bot.domain.errors import CannotAnswer
from bot.domain.network import EventKind, Outcome, Window
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import Aggregate, EventQuery, Filter, Measure, Target
from bot.domain.sockets import SocketQuery
from bot.domain.source_status import KindStatus, NodeStatus, SourceStatus
from bot.ebpf.remote import server as asking
from bot.ebpf.remote.client import open_http_source
from tests.fakes import NOW
from tests.loopback.ebpf_aggregator import EbpfAggregator
from tests.loopback.ebpf_events import BOOTED
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.http_peer import Answer

HOUR = Window.last(3600, NOW)
LIST = EventQuery(kind="connection", window=HOUR, limit=10)
BY_PROCESS = Aggregate(kind="connection", window=HOUR, group_by=("process",))
COUNT = Aggregate(kind="connection", window=HOUR)


@pytest.fixture
def server() -> Iterator[EbpfServer]:
    with EbpfServer(now=lambda: NOW) as server:
        yield server


@pytest.fixture
def aggregator() -> Iterator[EbpfAggregator]:
    with EbpfAggregator(now=lambda: NOW) as aggregator:
        yield aggregator


@pytest.fixture
async def source(server: EbpfServer) -> AsyncIterator[EbpfSource]:
    async with open_http_source(server.url, timeout_s=60) as source:
        yield source


@pytest.fixture
async def aggregated(aggregator: EbpfAggregator) -> AsyncIterator[EbpfSource]:
    async with open_http_source(aggregator.url, timeout_s=60) as source:
        yield source


def paths(peer: EbpfServer) -> list[str]:
    return [request.path for request in peer.requests]


def limits(peer: EbpfServer) -> list[int]:
    return [int(request.query["limit"]) for request in peer.requests]


async def test_a_list_is_one_request_with_all_filters(server: EbpfServer, source: EbpfSource) -> None:
    await source.events(EventQuery(kind="drop", window=HOUR, filter=Filter(pid=7, process="a b&c"), limit=3))
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/api/events")
    assert request.query == {
        "type": "packet_drop",
        "pid": "7",
        "command": "a b&c",
        "since": "2026-11-23T13:07:00.000000Z",
        "until": "2026-11-23T14:06:59.999999999Z",
        "limit": "3",
    }


async def test_coverage_says_what_the_server_cannot_know(server: EbpfServer, source: EbpfSource) -> None:
    server.add_connection("curl", k8s_node_name="node-b")
    server.add_connection("curl", k8s_node_name="node-a")
    server.add_connection("nginx")
    coverage = (await source.events(LIST)).coverage
    assert (coverage.source, coverage.kind) == (f"ebpf-server at {server.url}", "server")
    assert (coverage.seen, coverage.matched, coverage.lost, coverage.notes) == (3, 3, None, ())
    assert coverage.nodes == ("node-a", "node-b")
    assert coverage.unknown == ("outcome", "errno", "protocol")
    drops = (await source.events(EventQuery(kind="drop", window=HOUR))).coverage
    assert drops.unknown == ("reason", "size", "location", "harmless")


async def test_what_was_seen_in_all_is_not_known_with_a_process(server: EbpfServer, source: EbpfSource) -> None:
    server.add_connection("curl")
    coverage = (await source.events(EventQuery(kind="connection", window=HOUR, filter=Filter(process="curl")))).coverage
    assert (coverage.seen, coverage.matched) == (None, 1)


async def test_matched_counts_all_and_not_the_hundred_of_the_reference(server: EbpfServer, source: EbpfSource) -> None:
    for number in range(250):
        server.add_connection("curl" if number % 2 else "nginx", ago_s=number + 1)
    found = await source.events(EventQuery(kind="connection", window=HOUR, filter=Filter(process="curl"), limit=120))
    assert (len(found.events), found.coverage.matched) == (120, 125)


async def test_counting_moves_little_however_many_events_there_are(server: EbpfServer, source: EbpfSource) -> None:
    for number in range(5000):
        server.add_connection("curl", ago_s=1 + number / 2)
    (group,) = (await source.aggregate(COUNT)).groups
    assert group.count == 5000
    assert group.first == NOW - timedelta(seconds=1 + 4999 / 2)
    assert set(limits(server)) == {asking.COUNT_PAGE}
    assert len(server.requests) < 10


async def test_first_of_a_burst_is_known_to_the_last_halving(server: EbpfServer, source: EbpfSource) -> None:
    for number in range(150):
        server.add_connection("curl", at=NOW - timedelta(seconds=2), serial=number)
    (group,) = (await source.aggregate(COUNT)).groups
    assert timedelta(0) <= NOW - timedelta(seconds=2) - group.first <= timedelta(seconds=0.01)


async def test_groups_by_what_is_never_recorded_are_counted_too(server: EbpfServer, source: EbpfSource) -> None:
    for number in range(150):
        server.add_connection("curl", ago_s=1 + number)
    groups = await source.aggregate(Aggregate(kind="connection", window=HOUR, group_by=("outcome", "errno")))
    assert [(group.key, group.count) for group in groups.groups] == [((Outcome.UNKNOWN.value, None), 150)]
    assert set(limits(server)) == {asking.COUNT_PAGE}


async def test_sizes_are_measured_where_they_are_known(server: EbpfServer, source: EbpfSource) -> None:
    server.add_drop("curl")
    server.add_drop("curl", drop_reason_code=5, skb_length=60)
    query = Aggregate(kind="drop", window=HOUR, group_by=("reason",), measures=(Measure("sum", "size_bytes"),))
    groups = await source.aggregate(query)
    assert [(group.key, group.values) for group in groups.groups] == [(("NETFILTER_DROP",), (60,)), ((None,), (None,))]


async def test_outcomes_say_nothing_of_drops(server: EbpfServer, source: EbpfSource) -> None:
    server.add_drop("curl")
    refused = Filter(outcomes=frozenset({Outcome.REFUSED}))
    assert (await source.events(EventQuery(kind="drop", window=HOUR, filter=refused))).coverage.matched == 1


async def test_outcomes_that_are_never_recorded_cost_one_small_request(server: EbpfServer, source: EbpfSource) -> None:
    for _ in range(150):
        server.add_connection("curl")
    refused = Filter(outcomes=frozenset({Outcome.REFUSED}))
    found = await source.events(EventQuery(kind="connection", window=HOUR, filter=refused))
    assert (found.events, found.coverage.seen, found.coverage.matched) == ((), 150, 0)
    assert limits(server) == [1]


async def test_groups_over_more_events_than_are_read_say_so(
    server: EbpfServer, source: EbpfSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "FETCH_LIMIT", 50)
    for number in range(120):
        server.add_connection("curl" if number < 60 else "nginx", ago_s=1 + number)
    found = await source.aggregate(BY_PROCESS)
    assert [(group.key, group.count) for group in found.groups] == [(("curl",), 50)]
    assert found.coverage.matched == 120
    note = "only the newest 50 of 120 events were read; older ones are in no row and no group"
    assert found.coverage.notes == (note,)


async def test_exactly_as_many_events_as_are_read_are_no_cut(
    server: EbpfServer, source: EbpfSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "FETCH_LIMIT", 50)
    for number in range(50):
        server.add_connection("curl", ago_s=1 + number)
    assert (await source.aggregate(BY_PROCESS)).coverage.notes == ()


@pytest.mark.parametrize(
    ("kind", "wanted", "said"),
    [
        ("dns", Filter(), "events of the kind dns: {} cannot tell: it records connections and drops only"),
        ("accept", Filter(), "events of the kind accept: {} cannot tell: it records connections and drops only"),
        ("connection", Filter(errno="EPERM"), "a filter by errno: {} cannot tell: it takes the return code as the"),
        ("connection", Filter(uid=0), "a filter by uid: {} cannot tell: it records no user ids"),
        ("connection", Filter(protocol="TCP"), "a filter by protocol: {} cannot tell: its protocols are guesses from"),
        ("connection", Filter(pod="x"), "a filter by pod: {} cannot tell: the pod in its events is the server's own"),
        ("connection", Filter(namespace="x"), "a filter by namespace: {} cannot tell: the pod in its"),
        ("connection", Filter(container="x"), "a filter by container: {} cannot tell: it records no containers"),
        (
            "connection",
            Filter(target=Target(name="db")),
            "a filter by the name of a destination: {} cannot tell: it records no",
        ),
        (
            "drop",
            Filter(target=Target(port=80)),
            "a filter by destination: {} cannot tell: its drops have no addresses",
        ),
        ("drop", Filter(direction="in"), "a filter by direction: {} cannot tell: its drops have no direction"),
        ("drop", Filter(reason="NO_SOCKET"), "a filter by reason: {} cannot tell: its drops all have the same reason"),
    ],
)
async def test_what_is_not_recorded_is_refused_and_not_answered_with_nothing(
    server: EbpfServer, source: EbpfSource, kind: EventKind, wanted: Filter, said: str
) -> None:
    server.add_connection("curl")
    server.add_drop("curl")
    told = said.format(f"ebpf-server at {server.url}")
    for asked in (
        source.events(EventQuery(kind=kind, window=HOUR, filter=wanted)),
        source.aggregate(Aggregate(kind=kind, window=HOUR, filter=wanted)),
    ):
        with pytest.raises(CannotAnswer) as refused:
            await asked
        assert str(refused.value).startswith(told)
        assert refused.value.remedy == "run netspy collect there and ask that"
    assert set(paths(server)) == {"/health"}


async def test_an_aggregator_that_cannot_answer_is_called_one(
    aggregator: EbpfAggregator, aggregated: EbpfSource
) -> None:
    for asked in (aggregated.events(EventQuery(kind="dns", window=HOUR)), aggregated.sockets(SocketQuery())):
        with pytest.raises(CannotAnswer, match=f"aggregator at {aggregator.url} cannot tell"):
            await asked
    with pytest.raises(CannotAnswer, match="the kernel's counters: aggregator at"):
        await aggregated.counters(HOUR)


@pytest.mark.parametrize(
    ("wanted", "ports"),
    [
        (Filter(process_pattern="cu*"), [443, 80]),
        (Filter(process_pattern="curl", pid=7), [443]),
        (Filter(target=Target(network=ip_network("10.0.0.0/30"))), [443, 80]),
        (Filter(target=Target(port=53)), [53]),
        (Filter(target=Target(network=ip_network("10.0.0.1"), port=443)), [443]),
        (Filter(direction="out"), [443, 80, 53]),
        (Filter(direction="in"), []),
        (Filter(lookup="x"), []),
    ],
)
async def test_filters_that_its_data_can_answer_are_finished_here(
    server: EbpfServer, source: EbpfSource, wanted: Filter, ports: list[int]
) -> None:
    for place, (process, to) in enumerate((("curl", "10.0.0.1:443"), ("curl", "10.0.0.2:80"), ("dig", "10.0.0.9:53"))):
        server.add_connection(process, to, ago_s=1 + place, pid=7 + place)
    found = await source.events(EventQuery(kind="connection", window=HOUR, filter=wanted, limit=100))
    assert [event.destination.port for event in found.events if event.destination] == ports
    counted = await source.aggregate(Aggregate(kind="connection", window=HOUR, filter=wanted))
    assert (found.coverage.matched, sum(group.count for group in counted.groups)) == (len(ports), len(ports))


async def test_slots_and_the_largest_by_a_figure_are_found_here(server: EbpfServer, source: EbpfSource) -> None:
    for place, size_bytes in enumerate((60, 1500, 70)):
        server.add_drop(
            "curl" if place % 2 else "nginx", ago_s=1 + 1500 * place, drop_reason_code=5, skb_length=size_bytes
        )
    query = Aggregate(kind="drop", window=HOUR, group_by=("process",), by=Measure("max", "size_bytes"))
    assert [(group.key, group.values) for group in (await source.aggregate(query)).groups] == [
        (("curl",), ()),
        (("nginx",), ()),
    ]
    slots = await source.aggregate(Aggregate(kind="drop", window=HOUR, group_by=("slot",), slot_s=1800))
    assert [(group.key, group.count) for group in slots.groups] == [((1,), 2), ((0,), 1)]
    count = Aggregate(kind="drop", window=HOUR, by=Measure("sum", "size_bytes"))
    assert [(group.count, group.values) for group in (await source.aggregate(count)).groups] == [(3, ())]


async def test_a_node_is_found_where_events_name_it_and_refused_where_none_does(
    server: EbpfServer, source: EbpfSource
) -> None:
    query = EventQuery(kind="connection", window=HOUR, filter=Filter(node="node-b"))
    assert (await source.events(query)).events == ()
    server.add_connection("curl")
    with pytest.raises(CannotAnswer, match=r"a filter by the node node-b: ebpf-server at .*: its events name no node"):
        await source.events(query)
    server.add_connection("curl", k8s_node_name="node-b")
    server.add_connection("curl", k8s_node_name="node-a")
    assert [event.node for event in (await source.events(query)).events] == ["node-b"]


async def test_status_tells_programs_and_the_kinds_that_it_records() -> None:
    with EbpfServer(programs=(("connection", "active"), ("packet_drop", "loaded"))) as server:
        async with open_http_source(server.url, timeout_s=60) as source:
            status = await source.status()
    assert status == SourceStatus(
        source=f"ebpf-server at {server.url}",
        kind="server",
        programs=("connection",),
        missing={"packet_drop": "loaded"},
        kinds={"connection": KindStatus(), "drop": KindStatus()},
    )


async def test_status_of_an_aggregator_names_its_nodes(aggregator: EbpfAggregator, aggregated: EbpfSource) -> None:
    aggregator.add_connection("curl", k8s_node_name="node-a")
    status = await aggregated.status()
    assert (status.source, status.kind) == (f"aggregator at {aggregator.url}", "aggregator")
    assert status.nodes == (NodeStatus(name="node-a"),)


async def test_health_is_not_asked_before_a_query(server: EbpfServer, source: EbpfSource) -> None:
    await source.events(LIST)
    assert paths(server) == ["/api/events"]


async def test_aggregator_is_known_by_its_answer_and_remembered(
    aggregator: EbpfAggregator, aggregated: EbpfSource
) -> None:
    for number in range(30):
        aggregator.add_connection("curl", ago_s=1 + number, k8s_node_name=f"node-{number % 2}")
    first = await aggregated.events(LIST)
    await aggregated.events(LIST)
    assert limits(aggregator) == [10, asking.FETCH_LIMIT, asking.FETCH_LIMIT]
    coverage = first.coverage
    assert (coverage.source, coverage.kind) == (f"aggregator at {aggregator.url}", "aggregator")
    assert (len(first.events), coverage.seen, coverage.matched) == (10, 30, 30)
    assert coverage.nodes == ("node-0", "node-1")


async def test_aggregator_with_fewer_events_than_asked_is_asked_once(
    aggregator: EbpfAggregator, aggregated: EbpfSource
) -> None:
    aggregator.add_connection("curl")
    assert (await aggregated.events(LIST)).coverage.kind == "aggregator"
    assert limits(aggregator) == [10]


async def test_window_is_applied_to_what_the_aggregator_gives(
    aggregator: EbpfAggregator, aggregated: EbpfSource
) -> None:
    for ago_s in (30, 90):
        aggregator.add_connection("curl", ago_s=ago_s)
    found = await aggregated.events(EventQuery(kind="connection", window=Window.last(60, NOW), filter=Filter(pid=100)))
    assert (len(found.events), found.coverage.matched, found.coverage.seen) == (1, 1, None)


async def test_order_across_nodes_is_by_time_and_not_since_boot(
    aggregator: EbpfAggregator, aggregated: EbpfSource
) -> None:
    for ago_s in (1, 2, 3):
        aggregator.add_connection("young", ago_s=ago_s, booted=NOW - timedelta(minutes=5))
        aggregator.add_connection("old", ago_s=10 + ago_s, booted=BOOTED - timedelta(days=300))
    found = await aggregated.events(EventQuery(kind="connection", window=HOUR, limit=3))
    assert [event.process for event in found.events] == ["young"] * 3
    assert [(NOW - event.time).seconds for event in found.events] == [1, 2, 3]


async def test_aggregator_that_may_hold_more_says_so(
    aggregator: EbpfAggregator, aggregated: EbpfSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "FETCH_LIMIT", 20)
    for number in range(30):
        aggregator.add_connection("curl", ago_s=1 + number)
    found = await aggregated.aggregate(COUNT)
    assert found.coverage.seen is None
    assert (found.coverage.matched, found.groups[0].count) == (20, 20)
    note = "the aggregator may hold more events than the 20 that were read; older ones are missing here"
    assert found.coverage.notes == (note,)


async def test_server_that_takes_the_place_of_an_aggregator_is_noticed(
    aggregator: EbpfAggregator, aggregated: EbpfSource
) -> None:
    aggregator.add_connection("curl")
    await aggregated.events(LIST)
    aggregator.fail(Answer(b'{"events":null,"count":0,"total_count":0,"query_time":"","filters":{}}'))
    assert (await aggregated.events(LIST)).coverage.kind == "server"


async def test_check_names_the_programs(server: EbpfServer, source: EbpfSource) -> None:
    check = await source.check()
    assert check == Check("source", "ok", f"ebpf-server at {server.url}: connection active, packet_drop active")
    assert paths(server) == ["/health", "/api/programs"]


@pytest.mark.parametrize(
    ("programs", "state", "told"),
    [
        ((("connection", "active"), ("packet_drop", "loaded")), "warning", "connection active, packet_drop loaded"),
        ((("connection", "loaded"),), "fault", "no eBPF program is active (connection loaded)"),
        ((), "fault", "no eBPF program is active (it names none)"),
    ],
)
async def test_check_tells_of_programs_that_do_not_run(
    programs: tuple[tuple[str, str], ...], state: str, told: str
) -> None:
    with EbpfServer(programs=programs) as server:
        async with open_http_source(server.url, timeout_s=60) as source:
            check = await source.check()
    assert (check.state, check.detail) == (state, f"ebpf-server at {server.url}: {told}")
    assert "CAP_BPF" in check.remedy


async def test_check_of_an_aggregator_names_its_nodes(aggregator: EbpfAggregator, aggregated: EbpfSource) -> None:
    assert (await aggregated.check()).state == "warning"
    aggregator.add_connection("curl", k8s_node_name="node-a")
    check = await aggregated.check()
    assert check == Check("source", "ok", f"aggregator at {aggregator.url}: events of node-a")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(b'{"status":"UP"}'), "is neither ebpf-server nor its aggregator"),
        (Answer(b"<html>"), "this is not JSON"),
    ],
)
async def test_check_finds_fault_with_anything_else(
    server: EbpfServer, source: EbpfSource, answer: Answer, told: str
) -> None:
    server.fail(answer)
    check = await source.check()
    assert check.state == "fault"
    assert told in check.detail
    assert "--server" in check.remedy
