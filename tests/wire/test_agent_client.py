"""netspy's own client of a collector, over real sockets: what it asks, what it believes, and whom it knows."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.domain.counters import CounterDeltas
from bot.domain.errors import CannotAnswer, InvalidSettings, SourceMalformed, SourceRefused
from bot.domain.network import EVENT_TYPES, EventKind, Window
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import Aggregate, EventQuery, Measure
from bot.domain.sockets import OpenSockets, SocketQuery, SocketState
from bot.domain.source_status import KindStatus
from bot.ebpf.evaluate import newest
from bot.ebpf.remote import client
from bot.ebpf.remote.client import open_http_source
from bot.ebpf.remote.wire import ServerKind
from bot.event_source import open_source
from bot.settings import load
from bot.web import serving
from tests import every_kind
from tests.agent_stage import PATIENT_S, a_store, agent, asking, parts_of, parts_over, told_of
from tests.fakes import NOW, QUIET, FakeEbpf, connection
from tests.loopback.ebpf_server import EbpfServer

HOUR = Window.last(3600, NOW)
RICH = every_kind.ALL


@dataclass
class Recorded:
    """What was asked of the HTTP side, as paths with their queries."""

    url: str
    paths: list[str]


@asynccontextmanager
async def watched(source: EbpfSource, **more: Any) -> AsyncGenerator[Recorded, None]:
    """A collector of which every request is known."""
    from bot.ebpf.agent.application import application

    app = application(parts_over(source, **more))
    asked: list[str] = []

    async def heard(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await app(scope, receive, send)

    async with serving(heard, "127.0.0.1", 0) as url:
        yield Recorded(url, asked)


@pytest.mark.parametrize("kind", EVENT_TYPES)
async def test_events_come_back_exactly(kind: EventKind) -> None:
    query = EventQuery(kind=kind, window=HOUR)
    expected = await FakeEbpf(RICH).events(query)
    assert len(expected.events) >= 2
    async with agent(parts_over(FakeEbpf(RICH))) as url, open_http_source(url) as source:
        found = await source.events(query)
    assert found.events == expected.events
    assert found.coverage == replace(expected.coverage, source=f"netspy collector at {url}")


async def test_groups_come_back_exactly() -> None:
    query = Aggregate(
        kind="connection",
        window=HOUR,
        group_by=("pid", "outcome", "errno", "port"),
        measures=(Measure("p95", "waited_us"), Measure("sum", "sent_bytes")),
    )
    expected = await FakeEbpf(RICH).aggregate(query)
    harmless = Aggregate(kind="drop", window=HOUR, group_by=("harmless",))
    async with agent(parts_over(FakeEbpf(RICH))) as url, open_http_source(url) as source:
        found = await source.aggregate(query)
        drops = await source.aggregate(harmless)
    assert (found.groups, found.total) == (expected.groups, expected.total)
    assert [group.key for group in drops.groups] == [(None,), (False,)]
    assert type(drops.groups[1].key[0]) is bool


async def test_groups_by_their_figures_and_of_slots_come_back_exactly() -> None:
    query = Aggregate(
        kind="connection",
        window=HOUR,
        group_by=("slot", "name"),
        measures=(Measure("max", "rtt_us"), Measure("max", "rtt_us")),
        by=Measure("sum", "received_bytes"),
        slot_s=2,
    )
    expected = await FakeEbpf(RICH).aggregate(query)
    async with agent(parts_over(FakeEbpf(RICH))) as url, open_http_source(url) as source:
        found = await source.aggregate(query)
    assert (found.groups, found.total) == (expected.groups, expected.total)
    assert len(found.groups) > 2


async def test_twenty_thousand_events_come_back() -> None:
    events = [connection(pid=1 + number, ago_s=0.001 + number / 400) for number in range(20_000)]
    async with agent(parts_of(a_store(told_of(events)))) as url, open_http_source(url, timeout_s=PATIENT_S) as source:
        found = await source.events(EventQuery(kind="connection", window=HOUR, limit=20_000))
    assert [event.pid for event in found.events] == [event.pid for event in newest(events)]


async def test_a_collector_is_known_by_its_first_answer_which_holds_no_events() -> None:
    source = FakeEbpf(RICH)
    query = EventQuery(kind="connection", window=HOUR)
    async with watched(source) as peer, open_http_source(peer.url) as opened:
        for _ in range(2):
            assert (await opened.events(query)).coverage.kind == "live"
    assert peer.paths == ["/api/events", "/api/v1/events", "/api/v1/events"]
    assert source.queries == [query, query]


async def test_a_collector_that_was_probed_is_asked_at_once() -> None:
    async with watched(FakeEbpf(RICH)) as peer, open_http_source(peer.url, kind="collector") as opened:
        await opened.aggregate(Aggregate(kind="drop", window=HOUR))
    assert peer.paths == ["/api/v1/aggregate"]


async def test_server_in_the_place_of_a_collector_is_noticed() -> None:
    with EbpfServer(now=lambda: NOW) as server:
        server.add_connection("curl")
        async with open_http_source(server.url, kind="collector") as opened:
            found = [await opened.events(EventQuery(kind="connection", window=HOUR)) for _ in range(2)]
    assert [each.coverage.kind for each in found] == ["server", "server"]
    assert [request.path for request in server.requests] == ["/api/v1/events", "/api/events", "/api/events"]


async def test_collector_in_the_place_of_an_aggregator_is_noticed() -> None:
    async with agent(parts_over(FakeEbpf(RICH))) as url, open_http_source(url, kind="aggregator") as opened:
        assert (await opened.events(EventQuery(kind="drop", window=HOUR))).coverage.kind == "live"


async def test_a_collector_that_refuses_stays_one() -> None:
    """Its pointer is no answer."""
    source = FakeEbpf(RICH, error=CannotAnswer("this", "unknown"))
    async with agent(parts_over(source)) as url, open_http_source(url, kind="collector") as opened:
        with pytest.raises(CannotAnswer, match=r"netspy collector at .*: this: unknown"):
            await opened.events(EventQuery(kind="connection", window=HOUR))


@pytest.mark.parametrize("kind", ["server", "collector"])
async def test_sockets_counters_and_status_come_back_exactly(kind: ServerKind) -> None:
    """Also from a collector that nobody knew to be one."""
    many = [replace(every_kind.SOCKET, state=SocketState.LISTEN), every_kind.SOCKET, every_kind.SOCKET]
    behind = FakeEbpf(
        open=OpenSockets(time=NOW, sockets=tuple(many), left_out=4, namespaces=(7, 8), notes=("a note",)),
        counted=CounterDeltas(deltas=(every_kind.delta(retransmits=3), every_kind.delta(ago_s=100)), left_out=2),
        state=replace(QUIET, missing={"dns": "why"}, kinds={"dns": KindStatus(seen=1, complete_since=NOW)}),
    )
    states = frozenset({SocketState.ESTABLISHED, SocketState.TIME_WAIT})
    query = SocketQuery(states=states, limit=1, holders=False)
    window = Window.last(60, NOW)
    async with agent(parts_over(behind)) as url, open_http_source(url, kind=kind) as opened:
        found = await opened.sockets(query), await opened.counters(window), await opened.status()
    assert behind.machine_queries == [query, window]
    assert found[0] == await behind.sockets(query)
    assert found[1] == await behind.counters(window)
    assert found[2] == replace(behind.state, source=f"netspy collector at {url}")


async def test_a_kind_that_ebpf_server_does_not_know_reaches_a_collector_that_nobody_knew() -> None:
    async with agent(parts_over(FakeEbpf(RICH))) as url, open_http_source(url) as opened:
        assert (await opened.events(EventQuery(kind="dns", window=HOUR))).coverage.matched == 3


async def test_check_tells_what_runs_and_what_does_not() -> None:
    store = a_store(told_of([connection()]))
    async with agent(parts_of(store)) as url, open_http_source(url) as source:
        check = await source.check()
    told = f"netspy collector at {url}: 2 of 3 programs, listening since 2026-11-22 14:07:00 UTC, 3 events lost"
    assert check == Check(
        "source",
        "warning",
        f"{told}; without dns: the kernel is older than 5.8",
        "what these tell is missing from answers",
        "programs-not-loaded",
    )


async def test_check_of_a_collector_that_misses_nothing_is_ok() -> None:
    async with agent(parts_over(FakeEbpf())) as url, open_http_source(url) as source:
        check = await source.check()
    assert check.state == "ok"
    assert check.detail == f"netspy collector at {url}: 1 of 1 programs, listening since 2026-11-23 14:07:00 UTC"


async def test_token_is_sent_and_without_it_the_remedy_names_the_setting() -> None:
    query = EventQuery(kind="connection", window=HOUR)
    async with agent(parts_over(FakeEbpf(RICH), token="secret")) as url:
        async with open_http_source(url, token="secret") as source:
            assert (await source.events(query)).coverage.matched == 5
            assert (await source.check()).state == "ok"
        for token in (None, "wrong"):
            async with open_http_source(url, token=token) as source:
                with pytest.raises(SourceRefused, match="401") as refused:
                    await source.events(query)
                check = await source.check()
            assert "NETSPY_EBPF_TOKEN" in refused.value.remedy
            assert check.state == "fault"
            assert "NETSPY_EBPF_TOKEN" in check.remedy


async def test_token_comes_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSPY_EBPF_TOKEN", "hush-hush")
    async with agent(parts_over(FakeEbpf(RICH), token="hush-hush")) as url, open_source(load(), server=url) as source:
        found = await source.events(EventQuery(kind="drop", window=HOUR))
    assert (found.coverage.matched, "hush-hush" in repr(load())) == (3, False)


async def test_token_is_not_sent_where_the_address_has_a_login() -> None:
    with EbpfServer() as server:
        url = server.url.replace("http://", "http://u:p@")
        async with open_http_source(url, token="secret") as source:
            await source.events(EventQuery(kind="connection", window=HOUR))
        assert server.requests[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize("token", ["", "a b", "s\xe9cret", "a\r\nX: y"])
async def test_token_that_no_header_can_hold_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(InvalidSettings, match="NETSPY_EBPF_TOKEN") as refused:
        async with open_http_source("localhost", token=token):
            pass
    assert token not in str(refused.value) or not token


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"[]", "this is not a JSON object"),
        (b"{}", "events: field required"),
        (b'{"events":[{"time":"x"}],"coverage":{}}', "events.0.time: input should be a valid datetime"),
        (b'{"events":[BAD],"coverage":COVERAGE}', "a time has no time zone"),
    ],
)
async def test_an_answer_of_another_shape_is_malformed(
    answer: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAUSES_S", ())
    body = answer.replace(b"COVERAGE", await coverage()).replace(
        b"BAD", b'{"time":"2026-11-23T14:00:00","process":"x","pid":1,"destination":{},"protocol":null}'
    )

    async def answered(_: Request) -> Response:
        return Response(body)

    app = Starlette(routes=[Route("/api/v1/events", answered), Route("/api/events", pointer)])
    async with serving(app, "127.0.0.1", 0) as url, open_http_source(url) as source:
        with pytest.raises(SourceMalformed) as malformed:
            await source.events(EventQuery(kind="connection", window=HOUR))
    assert said in malformed.value.got


async def pointer(_: Request) -> Response:
    return Response(b'{"component":"netspy collector","events":null}')


async def coverage() -> bytes:
    async with agent(parts_over(FakeEbpf())) as url, asking(url) as http:
        text = (await http.get("/api/v1/events")).text
    return text.partition('"coverage":')[2].removesuffix("}").encode()
