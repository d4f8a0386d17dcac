"""Property: the virtual loop answers as if every turn had really been made, for any window, filter and grouping."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.network import (
    EVENT_TYPES,
    Accepted,
    Connection,
    DnsLookup,
    Drop,
    Endpoint,
    Event,
    EventKind,
    IcmpSent,
    Listen,
    Outcome,
    Reset,
    Retransmit,
    SocketError,
    Window,
)
from bot.domain.query import Aggregate, EventQuery, Filter, GroupField, Measure, NumberField, Operation, Target
from bot.ebpf import evaluate
from bot.ebpf.matching import matches
from bot.ebpf.recording.recorded import RecordedSource, Recording
from tests.fakes import NOW

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
LENGTH = timedelta(seconds=9, milliseconds=500)
PERIOD = timedelta(seconds=10)
HOUR = timedelta(hours=1)

times = st.integers(-3_000_000, 9_500_000).map(lambda us: BEGAN + timedelta(microseconds=us))
processes = st.sampled_from(["curl", "nginx", "nc"])
spans_us = st.none() | st.integers(0, 15_000_000).map(float)
few_bytes = st.none() | st.integers(0, 9)
endpoints = st.sampled_from(
    [Endpoint("10.0.0.1", 80), Endpoint("::1", 80), Endpoint("10.0.0.2", 9), Endpoint(path="/x")]
)
connections = st.builds(
    Connection,
    time=times,
    process=processes,
    pid=st.none() | st.integers(1, 3),
    destination=endpoints,
    protocol=st.just("TCP"),
    outcome=st.sampled_from(Outcome),
    errno=st.sampled_from([None, "ECONNREFUSED"]),
    waited_us=spans_us,
    duration_us=spans_us,
    sent_bytes=few_bytes,
)
drops = st.builds(
    Drop,
    time=times,
    process=processes,
    pid=st.integers(1, 3),
    reason=st.sampled_from([None, "NO_SOCKET"]),
    size_bytes=few_bytes,
    harmless=st.sampled_from([None, False, True]),
    destination=st.none() | endpoints,
)
who = {"time": times, "process": processes, "pid": st.none() | st.integers(1, 3)}
ends = {"source": endpoints, "destination": endpoints}
accepts = st.builds(
    Accepted,
    **who,
    **ends,
    errno=st.sampled_from([None, "ECONNRESET"]),
    duration_us=spans_us,
    sent_bytes=few_bytes,
    received_bytes=few_bytes,
    rtt_us=few_bytes,
)
lookups = st.builds(
    DnsLookup,
    **who,
    destination=endpoints,
    name=st.sampled_from(["db.lab", "web.lab"]),
    type=st.just("A"),
    rcode=st.sampled_from(["NOERROR", "NXDOMAIN"]),
    latency_us=spans_us,
    answers=st.just(("10.0.0.1",)),
)
others = (
    st.builds(Retransmit, **who, **ends, retransmits=st.integers(1, 3))
    | st.builds(Reset, **who, **ends, direction=st.sampled_from(["in", "out"]))
    | st.builds(Listen, **who, destination=endpoints, began=st.booleans())
    | st.builds(SocketError, **who, destination=endpoints, call=st.just("accept"), errno=st.just("EMFILE"))
    | st.builds(IcmpSent, **who, destination=endpoints, type=st.just(3), code=st.integers(0, 1))
)
recordings = st.builds(
    Recording,
    name=st.just("x.jsonl"),
    events=st.lists(connections | drops | accepts | lookups | others, max_size=12).map(tuple),
    began_at=st.just(BEGAN),
    ended_at=st.just(BEGAN + LENGTH),
)
edges = st.integers(-3_650_000_000, 60_000_000).map(lambda us: NOW + timedelta(microseconds=us))
near_edges = st.integers(-25_000_000, 25_000_000).map(lambda us: NOW + timedelta(microseconds=us))
windows = st.builds(Window, edges | near_edges, edges | near_edges)
filters = st.builds(
    Filter,
    pid=st.none() | st.integers(1, 3),
    process=st.none() | processes,
    outcomes=st.none() | st.frozensets(st.sampled_from(Outcome), min_size=1),
    direction=st.none() | st.sampled_from(["in", "out"]),
    target=st.none() | st.just(Target(port=80)),
    failed_local_lookups=st.booleans(),
    harmless=st.booleans(),
)
kinds = st.sampled_from(list(EVENT_TYPES))
queries = st.builds(EventQuery, kind=kinds, window=windows, filter=filters, limit=st.integers(0, 40))
measures = st.builds(Measure, st.sampled_from(get_args(Operation)), st.sampled_from(get_args(NumberField)))
aggregates = st.builds(
    Aggregate,
    kind=kinds,
    window=windows,
    filter=filters,
    group_by=st.lists(st.sampled_from(get_args(GroupField)), max_size=2, unique=True).map(tuple),
    measures=st.lists(measures, max_size=4).map(tuple),
    by=st.none() | measures,
    slot_s=st.sampled_from([1, 7, 10, 60, 600]),
    top=st.none() | st.integers(1, 3),
)


def as_known(event: Event, elapsed: timedelta) -> Event:
    """What one knows of an event of the recording that began `elapsed` ago."""
    match event:
        case Connection() if event.waited_us is not None:
            return attempt_as_known(event, elapsed, timedelta(microseconds=event.waited_us))
        case Accepted() if event.duration_us is not None and elapsed <= timedelta(microseconds=event.duration_us):
            return Accepted(
                time=event.time,
                process=event.process,
                pid=event.pid,
                source=event.source,
                destination=event.destination,
            )
        case DnsLookup() if event.latency_us is not None and elapsed <= timedelta(microseconds=event.latency_us):
            return replace(event, rcode=None, latency_us=None, answers=())
    return event


def attempt_as_known(event: Connection, elapsed: timedelta, decided: timedelta) -> Connection:
    closed = decided + timedelta(microseconds=event.duration_us or 0)
    if elapsed > closed:
        return event
    undone = replace(event, errno=None, duration_us=None, sent_bytes=None, received_bytes=None, retransmits=None)
    if elapsed > decided:
        return replace(undone, outcome=Outcome.CONNECTED)
    return replace(undone, outcome=Outcome.PENDING, waited_us=None)


def materialised(recording: Recording, query: EventQuery | Aggregate) -> Iterator[Event]:
    """Every turn of every event in the window, made one by one."""
    since, until = max(query.window.since, NOW - HOUR), query.window.until
    for event in recording.of(query.kind):
        for turn in range(-363, 9):
            time = event.time + (NOW - recording.ended_at) + turn * PERIOD
            if since <= time < until:
                yield replace(as_known(event, until - time), time=time)


slow = Connection(
    time=BEGAN,
    process="curl",
    pid=1,
    destination=Endpoint("10.0.0.1", 80),
    protocol="TCP",
    outcome=Outcome.RESET,
    waited_us=4e6,
    duration_us=4e6,
)
asked = DnsLookup(
    time=BEGAN,
    process="curl",
    pid=1,
    destination=Endpoint("10.0.0.53", 53),
    name="db.lab",
    type="A",
    rcode="NOERROR",
    latency_us=4e6,
    answers=("10.0.0.1",),
)
served = Accepted(
    time=BEGAN,
    process="nginx",
    pid=1,
    source=Endpoint("10.0.0.1", 40000),
    destination=Endpoint("10.0.0.2", 80),
    duration_us=4e6,
    sent_bytes=5,
    rtt_us=40.0,
)
lone = Recording(name="x", events=(slow,), began_at=BEGAN, ended_at=BEGAN + LENGTH)
called_before = replace(slow, time=BEGAN - timedelta(seconds=3))
overlapping = replace(lone, events=(called_before, replace(slow, time=BEGAN + timedelta(seconds=9))))


def until_after(elapsed_s: float, kind: EventKind = "connection") -> EventQuery:
    """A query that ends so long after the last turn of the only event began."""
    return EventQuery(kind=kind, window=Window(NOW - PERIOD, NOW - LENGTH + timedelta(seconds=elapsed_s)))


@settings(deadline=None)
@given(recordings, queries)
@example(lone, until_after(2))
@example(lone, until_after(6))
@example(lone, until_after(9))
@example(replace(lone, events=(asked,)), until_after(3, "dns"))
@example(replace(lone, events=(asked,)), until_after(5, "dns"))
@example(replace(lone, events=(served,)), until_after(3, "accept"))
@example(replace(lone, events=(served,)), until_after(5, "accept"))
@example(overlapping, EventQuery(kind="connection", window=Window.last(30, NOW)))
async def test_newest_events_are_those_of_a_real_loop(recording: Recording, query: EventQuery) -> None:
    seen = list(materialised(recording, query))
    wanted = [event for event in seen if matches(event, query.filter)]
    found = await RecordedSource(recording, opened_at=NOW).events(query)
    expected = sorted(wanted, key=evaluate.newest_order)[: query.limit]
    assert list(map(evaluate.newest_order, found.events)) == list(map(evaluate.newest_order, expected))
    assert all(event in wanted for event in found.events)
    assert (found.coverage.seen, found.coverage.matched) == (len(seen), len(wanted))


@settings(deadline=None)
@given(recordings, aggregates)
async def test_groups_are_those_of_a_real_loop(recording: Recording, query: Aggregate) -> None:
    seen = list(materialised(recording, query))
    wanted = [event for event in seen if matches(event, query.filter)]
    expected = evaluate.aggregate(wanted, query)
    found = await RecordedSource(recording, opened_at=NOW).aggregate(query)
    assert found.total == len(expected)
    for group, like in zip(found.groups, expected[: query.top], strict=True):
        assert replace(group, values=()) == replace(like, values=())
        assert group.values == tuple(None if value is None else pytest.approx(value) for value in like.values)
    assert (found.coverage.seen, found.coverage.matched) == (len(seen), len(wanted))
