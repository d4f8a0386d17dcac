"""A collector's HTTP side over real sockets: ebpf-server's API, its own, and who may ask."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from bot import codec
from bot.domain.errors import CannotAnswer, SourceUnreachable
from bot.domain.network import EVENT_TYPES, Connection, Event, EventKind, Outcome, Window
from bot.domain.ports import Check
from bot.domain.query import Aggregate, EventQuery, Events, Filter
from bot.domain.sockets import OpenSockets, SocketState
from bot.domain.source_status import SourceStatus
from bot.ebpf.agent.application import MAX_AT_ONCE
from bot.ebpf.agent.endpoints import ENDPOINTS
from bot.ebpf.live import LiveSource
from bot.ebpf.remote.probe import probe
from tests import every_kind, raw_events
from tests.agent_stage import (
    LISTENING,
    PATIENT_S,
    FakeSockets,
    a_machine,
    a_store,
    agent,
    asking,
    parts_of,
    parts_over,
    parts_with,
    reference_client,
    told_of,
)
from tests.fakes import NOW, FakeEbpf, connection, drop
from tests.loopback.ebpf_server import EbpfServer
from tests.noted_turns import NotedTurns

PATHS = [endpoint.path for endpoint in ENDPOINTS if endpoint.path != "/health"]
OF_REFERENCE = (
    "/",
    "/health",
    "/api/programs",
    "/api/events",
    "/api/events?type=connection&limit=2",
    "/api/events?type=packet_drop&pid=7&command=curl&since=2026-11-23T00:00:00Z&until=2026-11-24T00:00:00Z",
    "/api/events?command=nobody",
    "/api/connection-summary",
    "/api/packet-drop-summary?pid=7&duration_seconds=3600",
    "/api/list-connections",
    "/api/list-packet-drops",
)
ATTEMPTS = (
    connection("curl", "10.0.0.1:443", ago_s=5, pid=7),
    connection("nginx", "10.0.0.2:80", ago_s=1, pid=8, outcome=Outcome.REFUSED, errno="ECONNREFUSED"),
    connection("curl", "[2001:db8::1]:443", ago_s=3, pid=9),
    connection("app", "", ago_s=2, pid=10),
    drop("curl", ago_s=4, pid=7),
    connection("curl", "10.0.0.1:443", ago_s=61, pid=7),
)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with agent(parts_of(a_store(told_of(ATTEMPTS)))) as url, asking(url) as client:
        yield client


@pytest.fixture
def reference() -> Iterator[EbpfServer]:
    """ebpf-server with the same events."""
    with EbpfServer(now=lambda: NOW) as server:
        for event in ATTEMPTS:
            if isinstance(event, Connection):
                to = str(event.destination) if event.destination.address else ""
                server.add_connection(event.process, to, at=event.time, pid=event.pid)
            else:
                server.add_drop(event.process, at=event.time, pid=event.pid)
        yield server


def shape(value: Any) -> Any:
    """Names and types; of a list its first value stands for all."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return type(value).__name__


def lacks(ours: Any, theirs: Any, at: str = "") -> list[str]:
    """Where our answer lacks something of theirs, or has another type there."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        both = [(name, ours.get(name, "nothing"), theirs[name]) for name in theirs]
        return [lack for name, own, their in both for lack in lacks(own, their, f"{at}.{name}")]
    if isinstance(theirs, list) and isinstance(ours, list) and theirs and ours:
        return lacks(ours[0], theirs[0], f"{at}[]")
    return [] if ours == theirs else [f"{at}: {ours} instead of {theirs}"]


@pytest.mark.parametrize("asked", OF_REFERENCE)
async def test_answers_have_all_that_ebpf_servers_have(
    client: httpx.AsyncClient, reference: EbpfServer, asked: str
) -> None:
    async with asking(reference.url) as to_reference:
        theirs = (await to_reference.get(asked)).json()
    ours = await client.get(asked)
    assert ours.headers["content-type"] == "application/json"
    assert lacks(shape(ours.json()), shape(theirs)) == []


@pytest.mark.parametrize("asked", [asked for asked in OF_REFERENCE if "summary" in asked or "/api/events" in asked])
async def test_counts_and_order_are_ebpf_servers(client: httpx.AsyncClient, reference: EbpfServer, asked: str) -> None:
    async with asking(reference.url) as to_reference:
        theirs = (await to_reference.get(asked)).json()
    ours = (await client.get(asked)).json()
    for name in ("count", "total_count", "filters", "command", "pid", "duration_seconds", "query_time"):
        assert ours.get(name) == theirs.get(name)
    told = [
        [(datetime.fromisoformat(each["time"]), each["command"]) for each in answer.get("events") or []]
        for answer in (ours, theirs)
    ]
    assert told[0] == told[1]


async def test_both_kinds_come_newest_first_where_no_type_is_asked_for(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/api/events", params={"limit": "5"})).json()
    assert [each["type"] for each in answer["events"]] == [*["connection"] * 3, "packet_drop", "connection"]
    assert (answer["count"], answer["total_count"], answer["filters"]) == (5, 6, {"limit": 5})


async def test_lists_hold_the_newest_hundred_of_the_last_hour_by_pid() -> None:
    events: list[Event] = [connection(pid=1 + number % 3, ago_s=1 + number) for number in range(150)]
    events += [connection(pid=9, ago_s=3700)]
    async with agent(parts_of(a_store(told_of(events)))) as url, asking(url) as client:
        answer = (await client.get("/api/list-connections?pid=1&limit=3")).json()
    assert {pid: len(each) for pid, each in answer["events_by_pid"].items()} == {"1": 34, "2": 33, "3": 33}
    assert (answer["total_events"], answer["total_pids"]) == (100, 3)
    assert answer["query_time"] == "2026-11-23T14:07:00Z"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/health", "/api/programs", "/api/events", "/api/list-connections"])
async def test_ebpf_servers_paths_take_any_method(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path, content=b"nonsense")
    assert answer.status_code == 200
    assert answer.json()


async def test_summary_is_asked_by_body_or_by_query(client: httpx.AsyncClient) -> None:
    posted = await client.post("/api/connection-summary?pid=1", json={"command": "curl", "duration_seconds": 3600})
    queried = await client.put("/api/connection-summary?command=curl&duration_seconds=3600")
    expected = {
        "command": "curl",
        "count": 3,
        "duration_seconds": 3600,
        "pid": 0,
        "query_time": "2026-11-23T14:07:00Z",
    }
    assert posted.json() == queried.json() == expected


async def test_a_summarys_body_that_is_too_long_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/connection-summary", content=b" " * (2 << 20))).status_code == 413


async def test_failed_look_ups_and_harmless_drops_are_there_as_on_ebpf_server() -> None:
    failed = connection("app", "", outcome=Outcome.REFUSED, errno="ECONNREFUSED")
    async with agent(parts_over(FakeEbpf([failed, drop(harmless=True)]))) as url, asking(url) as client:
        answer = (await client.get("/api/events")).json()
    assert answer["total_count"] == 2


async def test_programs_say_why_some_do_not_run(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/api/programs")).json()
    assert [(each["name"], each["status"], each.get("reason")) for each in answer["programs"]] == [
        ("connect", "active", None),
        ("drop", "active", None),
        ("dns", "inactive", "the kernel is older than 5.8"),
    ]
    assert (answer["total_count"], len({each["id"] for each in answer["programs"]})) == (3, 3)


@pytest.mark.parametrize(
    ("method", "asked", "said"),
    [
        ("GET", "/api/events?limit=-1", "limit: '-1' was given. Allowed is a whole number from 0"),
        ("GET", "/api/connection-summary?duration_seconds=x", "duration_seconds: 'x' was given."),
        ("POST", "/api/packet-drop-summary", "Invalid JSON: it is empty. Send an object with any of pid, command"),
    ],
)
async def test_bad_values_are_refused_as_plain_text(
    client: httpx.AsyncClient, method: str, asked: str, said: str
) -> None:
    answer = await client.request(method, asked)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert answer.text.startswith(said)


@pytest.mark.parametrize("asked", ["/api/v1/events?limit=0", "/api/v1/aggregate?limit=0", "/api/v1/events?evil=%00"])
async def test_bad_parameters_of_the_own_api_are_problems(client: httpx.AsyncClient, asked: str) -> None:
    answer = await client.get(asked)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["status"] == 400
    assert ": " in answer.json()["detail"]


async def test_what_is_not_there_is_said_as_ebpf_server_says_it(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/event")
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")
    own = await client.post("/api/v1/events")
    assert (own.status_code, set(own.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


async def test_a_client_of_ebpf_server_is_served() -> None:
    async with agent(parts_of(a_store(told_of(ATTEMPTS)))) as url, reference_client(url) as source:
        query = EventQuery(kind="connection", window=Window.last(60, NOW), filter=Filter(process="curl"))
        found = await source.events(query)
        groups = await source.aggregate(
            Aggregate(kind="connection", window=Window.last(60, NOW), group_by=("process",))
        )
        check = await source.check()
    assert [(event.pid, str(event.destination)) for event in found.events] == [
        (9, "[2001:db8::1]:443"),
        (7, "10.0.0.1:443"),
    ]
    assert (found.coverage.matched, found.coverage.kind, found.coverage.source) == (
        2,
        "server",
        f"ebpf-server at {url}",
    )
    assert [(group.key, group.count) for group in groups.groups] == [(("curl",), 2), (("app",), 1), (("nginx",), 1)]
    assert check.state == "warning"
    assert "connect active, drop active, dns inactive" in check.detail


async def test_probe_knows_a_collector_also_where_it_wants_a_token() -> None:
    async with agent(parts_over(FakeEbpf(), token="secret")) as url:
        assert await probe(url, timeout_s=PATIENT_S) == "collector"


async def test_own_answers_are_the_values_themselves() -> None:
    source = FakeEbpf(ATTEMPTS)
    query = EventQuery(kind="connection", window=Window.last(60, NOW), filter=Filter(process="curl"), limit=1)
    async with agent(parts_over(source)) as url, asking(url) as client:
        answer = await client.get("/api/v1/events?process=curl&limit=1")
    assert source.queries == [query]
    assert answer.json() == codec.encode(await FakeEbpf(ATTEMPTS).events(query))


@pytest.mark.parametrize("kind", EVENT_TYPES)
async def test_events_of_every_kind_are_told_whole_or_line_by_line(kind: EventKind) -> None:
    expected = await FakeEbpf(every_kind.ALL).events(EventQuery(kind=kind, window=Window.last(60, NOW)))
    async with agent(parts_over(FakeEbpf(every_kind.ALL))) as url, asking(url) as client:
        whole = (await client.get(f"/api/v1/events?kind={kind}")).json()
        lines = (await client.get(f"/api/v1/events?kind={kind}", headers={"accept": "application/x-ndjson"})).text
    assert whole == codec.encode(expected)
    assert [json.loads(line) for line in lines.rstrip("\n").split("\n")] == [
        *whole["events"],
        {"coverage": whole["coverage"]},
    ]
    assert len(whole["events"]) == len(expected.events) > 0


@pytest.mark.parametrize("path", ["events", "aggregate"])
async def test_a_condition_that_a_kind_never_meets_is_refused_naming_those_that_do(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(f"/api/v1/{path}?kind=drop&outcome=refused")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    told = "outcome: no event of the kind drop can meet this condition. It is one on connection"
    assert answer.json()["detail"] == told


async def test_aggregate_counts_and_measures(client: httpx.AsyncClient) -> None:
    answer = await client.get(
        "/api/v1/aggregate?group_by=process,outcome&measures=p50:waited_us&failed_local_lookups=true&duration=2m&top=2"
    )
    said = answer.json()
    assert [(group["key"], group["count"], group["values"]) for group in said["groups"]] == [
        (["curl", "connected"], 3, [300.0]),
        (["app", "connected"], 1, [300.0]),
    ]
    assert (said["total"], said["coverage"]["matched"]) == (3, 5)


async def test_all_times_that_can_be_written_can_be_asked_for(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/events?since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z")
    assert answer.json()["coverage"]["matched"] == 5
    for path in ("/api/events", "/api/v1/aggregate"):
        answer = await client.get(f"{path}?since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z")
        assert answer.status_code == 200


async def test_open_sockets_are_listed_in_the_states_that_are_asked_for() -> None:
    listed = FakeSockets(3)
    async with agent(parts_with(a_machine(sockets=listed))) as url, asking(url) as client:
        said = (await client.get("/api/v1/sockets?state=LISTEN,CLOSE_WAIT&limit=2")).json()
        await client.get("/api/v1/sockets")
    wanted = frozenset({SocketState.LISTEN, SocketState.CLOSE_WAIT})
    assert listed.asked == [(wanted, 2), (frozenset(SocketState), 20_000)]
    assert codec.decode(OpenSockets, said) == FakeSockets(3)(states=wanted, limit=2)


async def test_twenty_thousand_open_sockets_come_in_pieces() -> None:
    async with (
        agent(parts_with(a_machine(sockets=FakeSockets(20_001)))) as url,
        asking(url) as client,
        client.stream("GET", "/api/v1/sockets") as answer,
    ):
        pieces = [piece async for piece in answer.aiter_raw()]
    assert len(pieces) >= 20
    said = codec.parse(OpenSockets, b"".join(pieces).decode())
    assert said == FakeSockets(20_001)(states=tuple(SocketState), limit=20_000)


async def test_counters_tell_what_was_counted_from_the_first_sample_before_the_window_to_its_end() -> None:
    machine = a_machine(samples=10, begun=NOW - timedelta(seconds=9))
    async with agent(parts_with(machine)) as url, asking(url) as client:
        said = (await client.get("/api/v1/counters?duration=3s")).json()
    (delta,) = said["deltas"]
    assert (said["left_out"], delta["namespace"], delta["levels"]["tcp_in_use"]) == (0, 7, 10)
    assert (delta["since"], delta["until"]) == ("2026-11-23T14:06:57Z", "2026-11-23T14:07:00Z")
    assert (delta["counters"]["listen_overflows"], delta["counters"]["retransmits"]) == (30, None)


@pytest.mark.parametrize("asked", ["/api/v1/sockets?state=open", "/api/v1/counters?limit=7"])
async def test_bad_parameters_of_sockets_and_counters_are_problems(client: httpx.AsyncClient, asked: str) -> None:
    assert (await client.get(asked)).status_code == 400


@pytest.mark.parametrize("path", ["/api/v1/sockets", "/api/v1/counters"])
async def test_a_collector_that_tells_of_events_only_says_so(path: str) -> None:
    async with agent(parts_of(a_store())) as url, asking(url) as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (501, "application/problem+json")
    assert "only its events are known here. Run netspy collect" in answer.json()["detail"]


class SlowSockets(FakeSockets):
    """Lists only once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = threading.Event()

    def __call__(self, *, states: Collection[SocketState], limit: int, with_holders: bool = True) -> OpenSockets:
        found = super().__call__(states=states, limit=limit, with_holders=with_holders)
        assert self.may_answer.wait(PATIENT_S)
        return found


async def test_sockets_are_listed_beside_the_event_loop_by_as_many_as_have_a_turn() -> None:
    listed = SlowSockets()
    parts = parts_with(a_machine(sockets=listed))
    async with agent(parts, max_wait_s=0.05) as url, asking(url) as client, asyncio.TaskGroup() as tasks:
        slow = [tasks.create_task(client.get("/api/v1/sockets")) for _ in range(MAX_AT_ONCE)]
        async with asyncio.timeout(PATIENT_S):
            while len(listed.asked) < MAX_AT_ONCE:
                await asyncio.sleep(0)
        late = [(await client.get(path)).status_code for path in ("/api/v1/sockets", "/api/v1/counters", "/health")]
        listed.may_answer.set()
        assert [(await each).status_code for each in slow] == [200] * MAX_AT_ONCE
    assert late == [503, 503, 200]


async def test_status_tells_what_runs_what_is_held_and_what_was_lost(client: httpx.AsyncClient) -> None:
    said = codec.decode(SourceStatus, (await client.get("/api/v1/status")).json())
    assert said.source == "this machine"
    assert (said.since, said.programs) == (raw_events.BOOT, ("connect", "drop"))
    assert said.missing == {"dns": "the kernel is older than 5.8"}
    assert list(said.kinds) == list(EVENT_TYPES)
    told = {kind: (each.seen, each.lost, each.stored, each.evicted) for kind, each in said.kinds.items()}
    assert {kind: each for kind, each in told.items() if any(each)} == {
        "connection": (5, 0, 5, 0),
        "drop": (1, 3, 1, 0),
    }
    assert all(said.kinds[kind].size_bytes for kind in ("connection", "drop"))


async def test_evicted_events_were_seen_too() -> None:
    store = a_store(told_of(ATTEMPTS))
    store.add([], now_ns=10 * 86_400 * 10**9)
    async with agent(parts_of(store)) as url, asking(url) as client:
        kinds = (await client.get("/api/v1/status")).json()["kinds"]
    assert {name: kinds["connection"][name] for name in ("seen", "stored", "evicted")} == {
        "seen": 5,
        "stored": 0,
        "evicted": 5,
    }
    assert kinds["connection"]["complete_since"] == "2026-11-23T14:06:59Z"


async def test_description_is_served(client: httpx.AsyncClient) -> None:
    said = (await client.get("/openapi.json")).json()
    assert (said["openapi"], said["info"]["version"]) == ("3.1.0", "1.2.3")
    assert sorted(said["paths"]) == sorted(endpoint.path for endpoint in ENDPOINTS)


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
async def test_twenty_thousand_events_come_in_pieces(accept: str) -> None:
    events = [connection(f"app-{number % 7}", pid=1 + number, ago_s=0.001 + number / 400) for number in range(20_001)]
    async with (
        agent(parts_over(FakeEbpf(events))) as url,
        asking(url, accept=accept) as client,
        client.stream("GET", "/api/v1/events?limit=20000") as answer,
    ):
        pieces = [piece async for piece in answer.aiter_raw()]
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, accept)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert len(pieces) >= 20
    told = pids(b"".join(pieces), as_lines="ndjson" in accept)
    assert told == (list(range(1, 20_001)), 20_001)


def pids(body: bytes, *, as_lines: bool) -> tuple[list[int], int]:
    """Of all events, and how many there are by their coverage."""
    if not as_lines:
        whole = json.loads(body)
        return [event["pid"] for event in whole["events"]], whole["coverage"]["matched"]
    assert body.endswith(b"\n")
    *events, last = map(json.loads, body.splitlines())
    return [event["pid"] for event in events], last["coverage"]["matched"]


async def test_twenty_thousand_events_of_ebpf_servers_api_are_one_answer() -> None:
    events = [connection(f"app-{number % 7}", pid=1 + number, ago_s=0.001 + number / 400) for number in range(20_001)]
    async with agent(parts_over(FakeEbpf(events))) as url, asking(url) as client:
        said = (await client.get("/api/events?type=connection&limit=1000000")).json()
    assert [each["pid"] for each in said["events"]] == list(range(1, 20_001))
    assert (said["count"], said["total_count"], said["filters"]["limit"]) == (20_000, 20_001, 20_000)


async def test_nothing_found_is_lines_with_coverage_only(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/events?process=nobody", headers={"accept": "application/x-ndjson"})
    (line,) = answer.text.splitlines()
    assert json.loads(line)["coverage"]["matched"] == 0


class Held(FakeEbpf):
    """Answers for the process `slow` only once it may."""

    def __init__(self) -> None:
        super().__init__(ATTEMPTS)
        self.may_answer = asyncio.Event()
        self.asked = 0

    async def events(self, query: EventQuery) -> Events:
        if query.filter.process == "slow":
            self.asked += 1
            await self.may_answer.wait()
        return await super().events(query)


async def until_asked(source: Held, count: int) -> None:
    async with asyncio.timeout(PATIENT_S):
        while source.asked < count:
            await asyncio.sleep(0)


async def test_a_slow_question_does_not_hold_others() -> None:
    source = Held()
    async with agent(parts_over(source)) as url, asking(url) as client, asyncio.TaskGroup() as tasks:
        slow = tasks.create_task(client.get("/api/v1/events?process=slow"))
        await until_asked(source, 1)
        assert (await client.get("/api/v1/events")).json()["coverage"]["matched"] == 4
        assert not slow.done()
        source.may_answer.set()
        assert (await slow).status_code == 200


async def test_only_a_few_questions_are_asked_at_once_and_health_waits_for_none() -> None:
    source = Held()
    async with agent(parts_over(source)) as url, asking(url) as client, asyncio.TaskGroup() as tasks:
        slow = [tasks.create_task(client.get("/api/v1/events?process=slow")) for _ in range(MAX_AT_ONCE)]
        await until_asked(source, MAX_AT_ONCE)
        waiting = tasks.create_task(client.get("/api/v1/events?process=slow"))
        assert (await client.get("/health")).status_code == 200
        assert (source.asked, waiting.done()) == (MAX_AT_ONCE, False)
        source.may_answer.set()
        assert [(await each).status_code for each in [*slow, waiting]] == [200] * (MAX_AT_ONCE + 1)


async def test_who_waits_too_long_for_a_turn_is_told_to_come_again() -> None:
    source = Held()
    async with (
        agent(parts_over(source), max_wait_s=0.05) as url,
        asking(url) as client,
        asyncio.TaskGroup() as tasks,
    ):
        for _ in range(MAX_AT_ONCE):
            tasks.create_task(client.get("/api/v1/events?process=slow"))
        await until_asked(source, MAX_AT_ONCE)
        answer = await client.get("/api/v1/status")
        source.may_answer.set()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "ask again" in answer.json()["detail"]


async def test_the_store_is_asked_beside_the_event_loop() -> None:
    """Whoever holds the store, even for ever, does not hold the loop."""
    store = a_store(told_of(ATTEMPTS))
    async with agent(parts_of(store)) as url, asking(url) as client, asyncio.TaskGroup() as tasks:
        with store._one_at_a_time:
            waiting = [tasks.create_task(client.get(path)) for path in ("/api/v1/status", "/api/events")]
            assert (await client.get("/health")).status_code == 200
            assert not any(task.done() for task in waiting)
        assert [(await task).status_code for task in waiting] == [200, 200]


@pytest.mark.parametrize("path", PATHS)
async def test_with_a_token_everything_but_health_needs_it(path: str) -> None:
    async with agent(parts_over(FakeEbpf(), token="secret")) as url, asking(url) as client:
        without = await client.get(path)
        wrong = await client.get(path, headers={"authorization": "Bearer secreT"})
        right = await client.get(path, headers={"authorization": "Bearer secret"})
        health = await client.get("/health")
    assert (without.status_code, without.headers["www-authenticate"]) == (401, 'Bearer realm="netspy"')
    assert (wrong.status_code, wrong.headers["www-authenticate"]) == (
        401,
        'Bearer realm="netspy", error="invalid_token"',
    )
    assert (right.status_code, health.status_code) == (200, 200)
    assert not [name for name in right.headers if name.startswith("access-control-")]


async def test_what_is_not_there_needs_a_token_too() -> None:
    async with agent(parts_over(FakeEbpf(), token="secret")) as url, asking(url) as client:
        assert (await client.get("/nowhere")).status_code == 401


@pytest.mark.parametrize("path", PATHS)
async def test_without_a_token_a_foreign_name_is_refused(path: str) -> None:
    source = FakeEbpf(ATTEMPTS)
    async with agent(parts_over(source)) as url, asking(url) as client:
        answer = await client.get(path, headers={"host": "rebound.example:8080"})
        health = await client.get("/health", headers={"host": "rebound.example:8080"})
    assert (answer.status_code, health.status_code) == (403, 200)
    assert "NETSPY_EBPF_TOKEN" in answer.text
    assert source.queries == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(SourceUnreachable("asking", "nobody there", "start it"), 502), (CannotAnswer("this", "unknown", ""), 501)],
)
async def test_a_source_that_fails_is_told_in_words(error: Any, status: int) -> None:
    async with agent(parts_over(FakeEbpf(error=error))) as url, asking(url) as client:
        answer = await client.get("/api/v1/events")
    assert (answer.status_code, answer.json()["detail"]) == (status, str(error))


async def test_coverage_of_the_store_comes_along() -> None:
    """Of a window that began before the collector did, and with what was lost."""
    since = NOW - timedelta(seconds=30)
    listening = replace(LISTENING, since=since)
    store = a_store(told_of(ATTEMPTS))
    source = LiveSource(store, listening=lambda: listening, clock=lambda: raw_events.CLOCK)
    async with agent(parts_over(source)) as url, asking(url) as client:
        coverage = (await client.get("/api/v1/events?kind=drop")).json()["coverage"]
        check = await source.check()
    assert (coverage["kind"], coverage["lost"], coverage["seen"], coverage["matched"]) == ("live", 3, 1, 1)
    assert coverage["notes"] == ["listening since 2026-11-23 14:06:30 UTC"]
    assert isinstance(check, Check)


async def test_a_question_is_noted_with_the_turn_that_its_asker_names(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "netspy.collector")
    with NotedTurns("netspy.collector") as noted:
        await client.get("/api/v1/status", headers={"X-Request-ID": "t1"})
        await client.get("/api/v1/events?limit=x", headers={"X-Request-ID": "not one"})
    assert noted.turns == ["t1", None]
    told = [(record.__dict__["path"], record.__dict__["status"]) for record in caplog.records]
    assert told == [("/api/v1/status", 200), ("/api/v1/events", 400)]
