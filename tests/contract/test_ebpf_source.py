"""What every `EbpfSource` does with the same events. A new source joins by one more line in `SOURCES`.

Outcomes and what depends on them are not asked for here: some sources never record them.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import TypeAlias

import pytest

from bot.domain.network import Connection, Drop, Event, EventKind, Outcome, Window
from bot.domain.ports import EbpfSource
from bot.domain.query import Aggregate, EventQuery, Filter
from bot.ebpf.live import Listening, LiveSource
from bot.ebpf.recording.recorded import RecordedSource, Recording
from bot.ebpf.remote.client import open_http_source
from bot.ebpf.remote.nodes import Fixed, NodesSource
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.store import EventStore
from tests import agent_stage, raw_events
from tests.fakes import NOW, FakeEbpf, connection, drop
from tests.loopback.ebpf_aggregator import EbpfAggregator
from tests.loopback.ebpf_server import EbpfServer

Opener: TypeAlias = Callable[[Sequence[Event]], AbstractAsyncContextManager[EbpfSource]]
Told: TypeAlias = tuple[datetime, str, int | None, str]

MINUTE = Window.last(60, NOW)
EVERYTHING = Filter()


@asynccontextmanager
async def fake(events: Sequence[Event]) -> AsyncIterator[EbpfSource]:
    yield FakeEbpf(events)


@asynccontextmanager
async def server(events: Sequence[Event]) -> AsyncIterator[EbpfSource]:
    with EbpfServer(now=lambda: NOW) as peer:
        _fill(peer, events)
        async with open_http_source(peer.url) as source:
            yield source


@asynccontextmanager
async def aggregator(events: Sequence[Event]) -> AsyncIterator[EbpfSource]:
    with EbpfAggregator(now=lambda: NOW) as peer:
        _fill(peer, events)
        async with open_http_source(peer.url) as source:
            yield source


@asynccontextmanager
async def recorded(events: Sequence[Event]) -> AsyncIterator[EbpfSource]:
    """A recording that is longer than any window here, so that nothing comes twice."""
    recording = Recording(
        name="events.jsonl",
        events=tuple(events),
        began_at=NOW - timedelta(hours=2),
        ended_at=NOW,
    )
    yield RecordedSource(recording, opened_at=NOW)


@asynccontextmanager
async def stored(events: Sequence[Event]) -> AsyncIterator[EbpfSource]:
    """The store of the collector, with what its kernel program would have told."""
    store = EventStore(KernelNames(lambda _: None, lambda _: None), max_age_s=86_400)
    store.add([raw for event in events for raw in raw_events.of(event)], now_ns=0)
    listening = Listening(raw_events.BOOT, {}, ("connect",), {})
    yield LiveSource(store, listening=lambda: listening, clock=lambda: raw_events.CLOCK)


@asynccontextmanager
async def agent(events: Sequence[Event]) -> AsyncIterator[EbpfSource]:
    """The same store behind its HTTP side."""
    parts = agent_stage.parts_of(agent_stage.a_store(agent_stage.told_of(events)))
    async with agent_stage.agent(parts) as url, open_http_source(url) as source:
        yield source


@asynccontextmanager
async def agent_as_server(events: Sequence[Event]) -> AsyncIterator[EbpfSource]:
    """The same for a client that knows ebpf-server only."""
    parts = agent_stage.parts_of(agent_stage.a_store(agent_stage.told_of(events)))
    async with agent_stage.agent(parts) as url, agent_stage.reference_client(url) as source:
        yield source


@asynccontextmanager
async def nodes(events: Sequence[Event]) -> AsyncIterator[EbpfSource]:
    """Three nodes, of which one has seen nothing."""
    yield NodesSource(Fixed({"a": FakeEbpf(events[::2]), "b": FakeEbpf(events[1::2]), "c": FakeEbpf()}))


SOURCES: tuple[Opener, ...] = (fake, nodes, server, aggregator, recorded, stored, agent, agent_as_server)


@pytest.fixture(params=SOURCES, ids=lambda opener: opener.__name__)
def opened(request: pytest.FixtureRequest) -> Opener:
    opener: Opener = request.param
    return opener


def _fill(peer: EbpfServer, events: Sequence[Event]) -> None:
    for event in events:
        if isinstance(event, Connection):
            to = str(event.destination) if event.destination.address else ""
            peer.add_connection(event.process, to, at=event.time, pid=event.pid, serial=0)
        else:
            peer.add_drop(event.process, at=event.time, pid=event.pid, serial=0)


def told(event: Event) -> Told:
    return event.time, event.process, event.pid, str(event.destination) if event.destination else ""


def asks(
    kind: EventKind = "connection", *, window: Window = MINUTE, wanted: Filter = EVERYTHING, limit: int = 100
) -> EventQuery:
    return EventQuery(kind=kind, window=window, filter=wanted, limit=limit)


ATTEMPTS = (
    connection("curl", "10.0.0.1:443", ago_s=5, pid=7),
    connection("nginx", "10.0.0.2:80", ago_s=1, pid=8),
    connection("curl", "[2001:db8::1]:443", ago_s=3, pid=9),
    connection("app", "", ago_s=2, pid=10),
    drop("curl", ago_s=4, pid=7),
    connection("curl", "10.0.0.1:443", ago_s=61, pid=7),
)


async def test_newest_come_first_and_only_of_the_asked_kind(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        found = await source.events(asks())
    assert [told(event) for event in found.events] == [told(ATTEMPTS[place]) for place in (1, 3, 2, 0)]
    assert (found.coverage.seen, found.coverage.matched, found.coverage.window) == (4, 4, MINUTE)


async def test_limit_comes_after_filters_and_matched_counts_all(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        found = await source.events(asks(wanted=Filter(process="curl"), limit=1))
    assert [told(event) for event in found.events] == [told(ATTEMPTS[2])]
    assert found.coverage.matched == 2


@pytest.mark.parametrize(
    ("wanted", "pids"),
    [
        (Filter(pid=8), [8]),
        (Filter(pid=8, process="curl"), []),
        (Filter(pid=0), []),
        (Filter(pid=2**32), []),
        (Filter(process=""), []),
        (Filter(process="cur"), []),
        (Filter(process="a&b;c +%"), []),
        (Filter(process="not utf-8: \udcff"), []),
    ],
)
async def test_filter_is_exact(opened: Opener, wanted: Filter, pids: list[int]) -> None:
    async with opened(ATTEMPTS) as source:
        found = await source.events(asks(wanted=wanted))
    assert [event.pid for event in found.events] == pids
    assert found.coverage.matched == len(pids)


async def test_window_holds_its_beginning_and_not_its_end(opened: Opener) -> None:
    edges = [connection(str(ago_us), ago_s=ago_us / 1e6) for ago_us in (5_000_001, 5_000_000, 3_000_001, 3_000_000)]
    window = Window(NOW - timedelta(seconds=5), NOW - timedelta(seconds=3))
    async with opened(edges) as source:
        found = await source.events(asks(window=window))
    assert [event.process for event in found.events] == ["3000001", "5000000"]
    assert found.coverage.matched == 2


async def test_events_of_one_moment_keep_their_order(opened: Opener) -> None:
    ends = (("b", "10.0.0.1:1", 1), ("a", "10.0.0.2:1", 2), ("a", "10.0.0.1:1", 2), ("a", "10.0.0.9:1", 1))
    one_moment = [connection(process, to, pid=pid) for process, to, pid in ends]
    async with opened(one_moment) as source:
        found = await source.events(asks())
    said = [(event.process, event.pid, str(event.destination)) for event in found.events]
    assert said == sorted(said)


async def test_nothing_found_is_no_error(opened: Opener) -> None:
    async with opened(()) as source:
        found = await source.events(asks("drop"))
        groups = await source.aggregate(Aggregate(kind="drop", window=MINUTE))
    assert (found.events, found.coverage.matched) == ((), 0)
    assert (groups.groups, groups.total, groups.coverage.matched) == ((), 0, 0)


async def test_drops_are_found(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        (event,) = (await source.events(asks("drop", wanted=Filter(harmless=False)))).events
    assert isinstance(event, Drop)
    assert told(event) == told(ATTEMPTS[4])


async def test_groups_count_and_know_their_first_and_last(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        query = Aggregate(kind="connection", window=MINUTE, group_by=("process",), top=2)
        found = await source.aggregate(query)
    counts = [(group.key, group.count, group.first, group.last) for group in found.groups]
    curl = (("curl",), 2, ATTEMPTS[0].time, ATTEMPTS[2].time)
    assert counts == [curl, (("app",), 1, ATTEMPTS[3].time, ATTEMPTS[3].time)]
    assert (found.total, found.coverage.matched) == (3, 4)


@pytest.mark.parametrize("count", [1, 100, 101, 1000])
async def test_plain_count_knows_its_first_and_last(opened: Opener, count: int) -> None:
    stored = [connection("curl", ago_s=59 - 57 * number / count) for number in range(count)]
    async with opened([*stored, connection("curl", ago_s=61)]) as source:
        found = await source.aggregate(Aggregate(kind="connection", window=MINUTE, filter=Filter(process="curl")))
    (group,) = found.groups
    assert (group.key, group.count, group.first, group.last) == ((), count, stored[0].time, stored[-1].time)
    assert (found.total, found.coverage.matched) == (1, count)


async def test_outcome_nobody_had_is_not_found(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        query = asks(wanted=Filter(outcomes=frozenset({Outcome.NO_PORTS})))
        found = await source.events(query)
        groups = await source.aggregate(Aggregate(kind="connection", window=MINUTE, filter=query.filter))
    assert (found.events, found.coverage.matched, found.coverage.seen) == ((), 0, 4)
    assert groups.groups == ()


async def test_check_is_one_line(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        check = await source.check()
    assert check.part == "source"
    assert "\n" not in check.detail
