"""All kinds of `EbpfSource` over events of one's choice. A new one joins by one more line in `SOURCES`."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Final, TypeAlias

from bot.domain.network import Connection, Event, EventKind, Window
from bot.domain.ports import EbpfSource
from bot.domain.query import EventQuery, Filter
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

MINUTE: Final = Window.last(60, NOW)
EVERYTHING: Final = Filter()
ATTEMPTS = (
    connection("curl", "10.0.0.1:443", ago_s=5, pid=7),
    connection("nginx", "10.0.0.2:80", ago_s=1, pid=8),
    connection("curl", "[2001:db8::1]:443", ago_s=3, pid=9),
    connection("app", "", ago_s=2, pid=10),
    drop("curl", ago_s=4, pid=7),
    connection("curl", "10.0.0.1:443", ago_s=61, pid=7),
)


def asks(
    kind: EventKind = "connection", *, window: Window = MINUTE, wanted: Filter = EVERYTHING, limit: int = 100
) -> EventQuery:
    return EventQuery(kind=kind, window=window, filter=wanted, limit=limit)


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
LIKE_REFERENCE: tuple[Opener, ...] = (server, aggregator, agent_as_server)
"""Those that know what ebpf-server records, and no more."""
OUR_OWN: tuple[Opener, ...] = tuple(opener for opener in SOURCES if opener not in LIKE_REFERENCE)


def _fill(peer: EbpfServer, events: Sequence[Event]) -> None:
    for event in events:
        if isinstance(event, Connection):
            to = str(event.destination) if event.destination.address else ""
            peer.add_connection(event.process, to, at=event.time, pid=event.pid, serial=0)
        else:
            peer.add_drop(event.process, at=event.time, pid=event.pid, serial=0)
