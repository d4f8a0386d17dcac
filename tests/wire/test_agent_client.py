"""netspy's own client of a collector, over real sockets: what it asks, what it believes, and whom it knows."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.domain.errors import CannotAnswer, InvalidSettings, SourceMalformed, SourceRefused
from bot.domain.network import Endpoint, Event, EventKind, Outcome, Window
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import Aggregate, EventQuery, Filter, Measure
from bot.domain.workload import Workload
from bot.ebpf.evaluate import newest
from bot.ebpf.remote import client
from bot.ebpf.remote.agent_client import AgentSource
from bot.ebpf.remote.client import open_http_source
from bot.event_source import open_source
from bot.settings import load
from bot.web import serving
from tests.agent_stage import PATIENT_S, a_store, agent, asking, parts_of, parts_over, told_of
from tests.fakes import NOW, FakeEbpf, connection, drop
from tests.loopback.ebpf_server import EbpfServer

HOUR = Window.last(3600, NOW)
WORKLOAD = Workload(container_id="a" * 64, runtime="docker", pod="shop-1", nested=Workload(container="inner"))
RICH: tuple[Event, ...] = (
    replace(connection(pid=None, outcome=Outcome.REFUSED, errno="ECONNREFUSED"), uid=0, retransmits=2, node="node-a"),
    replace(connection("a\x1b[31m\u2028", "[2001:db8::1]:443", ago_s=2), waited_us=0.1, sent_bytes=1, received_bytes=2),
    replace(connection("x", "", ago_s=3), duration_us=1e9 / 3, workload=WORKLOAD),
    replace(connection(ago_s=4), destination=Endpoint("10.0.0.1"), protocol=None),
    replace(drop(ago_s=1), owner="socket", interface="eth0", source=Endpoint("10.0.0.1", 1), workload=WORKLOAD),
    replace(drop(reason=None, harmless=None, location=None, pid=None, ago_s=2), size_bytes=None),
)


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


@pytest.mark.parametrize("kind", ["connection", "drop"])
async def test_events_come_back_exactly(kind: EventKind) -> None:
    query = EventQuery(kind=kind, window=HOUR)
    expected = await FakeEbpf(RICH).events(query)
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
    assert [group.key for group in drops.groups] == [(False,), (None,)]
    assert type(drops.groups[0].key[0]) is bool


names = st.one_of(st.none(), st.text(max_size=16))
filters = st.builds(
    Filter,
    pid=st.one_of(st.none(), st.integers(-1, 2**33)),
    process=names,
    outcomes=st.one_of(st.none(), st.frozensets(st.sampled_from(Outcome))),
    failed_local_lookups=st.booleans(),
    harmless=st.booleans(),
)
windows = st.builds(
    lambda ago_us, length_us: Window(
        NOW - timedelta(microseconds=ago_us + length_us), NOW - timedelta(microseconds=ago_us)
    ),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
)


class Direct:
    """`Answers` of a collector without HTTP: what is asked becomes a query again."""

    url = "http://collector"

    def __init__(self) -> None:
        self.asked: list[EventQuery | Aggregate] = []

    @asynccontextmanager
    async def deadline(self) -> AsyncGenerator[None, None]:
        yield

    async def get(self, path: str, parameters: Any, parse: Callable[[Any], Any]) -> Any:
        from bot.codec import encode
        from bot.ebpf.agent import questions

        pairs = [(name, text) for name, value in parameters.items() for text in _listed(value)]
        read: Callable[..., EventQuery | Aggregate] = (
            questions.events if path.endswith("events") else questions.aggregate
        )
        self.asked.append(read(pairs, NOW))
        empty = await FakeEbpf().events(EventQuery(kind="drop", window=HOUR))
        return parse({**encode(empty), "groups": [], "total": 0})


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@given(kind=st.sampled_from(("connection", "drop")), wanted=filters, window=windows, limit=st.integers(1, 20_000))
def test_what_is_asked_is_what_the_collector_understands(
    kind: EventKind, wanted: Filter, window: Window, limit: int
) -> None:
    direct = Direct()
    query = EventQuery(kind=kind, window=window, filter=wanted, limit=limit)
    asyncio.run(AgentSource(direct).events(query))
    (understood,) = direct.asked
    assert isinstance(understood, EventQuery)
    assert (understood.kind, understood.window, understood.limit) == (kind, window, limit)
    assert _selects_the_same(kind, understood.filter, wanted)


def _selects_the_same(kind: EventKind, understood: Filter, wanted: Filter) -> bool:
    if kind == "drop":
        wanted = replace(wanted, outcomes=None)
    selects_nothing = wanted.outcomes == frozenset() or (wanted.pid is not None and not 0 <= wanted.pid < 2**32)
    if selects_nothing:
        return understood.pid == 0
    return understood == wanted


async def test_more_than_one_answer_holds_is_asked_for_as_much_as_one_holds() -> None:
    direct = Direct()
    await AgentSource(direct).events(EventQuery(kind="drop", window=HOUR, limit=10**6))
    await AgentSource(direct).aggregate(Aggregate(kind="drop", window=HOUR))
    events, groups = direct.asked
    assert isinstance(events, EventQuery)
    assert isinstance(groups, Aggregate)
    assert (events.limit, groups.top) == (20_000, 20_000)


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
        with pytest.raises(SourceRefused, match="this: unknown"):
            await opened.events(EventQuery(kind="connection", window=HOUR))


async def test_check_tells_what_runs_and_what_does_not() -> None:
    store = a_store(told_of(RICH))
    async with agent(parts_of(store)) as url, open_http_source(url) as source:
        check = await source.check()
    told = f"netspy collector at {url}: 2 of 3 programs, listening since 2026-11-22 14:07:00 UTC, 3 events lost"
    assert check == Check(
        "source",
        "warning",
        f"{told}; without dns: the kernel is older than 5.8",
        "what these tell is missing from answers",
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
            assert (await source.events(query)).coverage.matched == 4
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
    assert (found.coverage.matched, "hush-hush" in repr(load())) == (2, False)


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


async def test_naive_times_of_groups_are_malformed_too() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        await AgentSource(Naive()).aggregate(Aggregate(kind="drop", window=HOUR))


class Naive(Direct):
    async def get(self, path: str, parameters: Any, parse: Callable[[Any], Any]) -> Any:
        from bot.codec import encode

        whole = await FakeEbpf(RICH).aggregate(Aggregate(kind="drop", window=HOUR))
        told = encode(whole)
        told["groups"][0]["first"] = "2026-11-23T14:00:00"
        return parse(told)
