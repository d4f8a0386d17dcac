"""The event store: attempts put together from what the kernel program tells, bounds, and figures."""

import errno
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.network import Connection, Drop, Endpoint, Outcome, Window
from bot.domain.query import Aggregate, EventQuery, Filter, Measure
from bot.domain.workload import Workload
from bot.ebpf.collector import layout
from bot.ebpf.store.attempts import Attempts
from bot.ebpf.store.batch import Batch
from bot.ebpf.store.columns import MAX_OPEN
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.log import CHUNK_ROWS
from bot.ebpf.store.store import MAX_BYTES, EventStore
from tests.fakes import NOW
from tests.raw_events import CLOCK, CLOSE, ESTABLISHED, FIN_WAIT2, SYN_SENT, attempt, raw

NAMES = KernelNames({2: "NOT_SPECIFIED", 3: "NO_SOCKET"}.get, lambda location: f"function+{location:#x}")
SERVER = Endpoint("10.2.0.14", 5432)
SECOND = 1_000_000_000
REFUSED, ETIMEDOUT = errno.ECONNREFUSED, errno.ETIMEDOUT
DAY = Window(NOW - timedelta(days=1), NOW + timedelta(days=1))
EVERYTHING = Filter(failed_local_lookups=True)


def a_store(*, max_bytes: int = MAX_BYTES, max_age_s: float = 10**6) -> EventStore:
    return EventStore(NAMES, max_bytes=max_bytes, max_age_s=max_age_s)


def attempts(*told: bytes, cut: Sequence[int] = ()) -> list[Connection]:
    """What a store makes of these events, which come in batches that end at these places."""
    store = a_store()
    ends = [*sorted(cut), len(told)]
    for begin, end in zip([0, *ends], ends, strict=False):
        store.add(told[begin:end], now_ns=0)
    found = store.events(EventQuery(kind="connection", window=DAY, filter=EVERYTHING), CLOCK).events
    return [event for event in reversed(found) if isinstance(event, Connection)]


def called(at: int, *, took: int = 900, number: int = 0, **fields: Any) -> bytes:
    return raw(layout.CONNECT, at + took, to=SERVER, elapsed_ns=took, ret=-number, **fields)


def opened(at: int, *, took: int = 500, state: int = ESTABLISHED, number: int = 0, **fields: Any) -> bytes:
    identity = attempt(at + 1)
    return raw(
        layout.TCP_OPEN,
        at + 1 + took,
        to=SERVER,
        attempt=identity,
        elapsed_ns=took,
        newstate=state,
        ret=-number,
        **fields,
    )


def closed(at: int, *, after: int = 10_000, **fields: Any) -> bytes:
    return raw(layout.TCP_CLOSE, at + after, to=SERVER, attempt=attempt(at + 1), elapsed_ns=after, **fields)


def begun(at: int = SECOND, **fields: Any) -> bytes:
    """A connect(2) that sent a SYN."""
    return called(at, attempt=attempt(at + 1), **fields)


def explained(at: int, evidence: int) -> bytes:
    """A drop at the socket of an attempt that has just ended."""
    return raw(layout.DROP, at + 600, attempt=attempt(at + 1), flags=evidence, newstate=CLOSE)


T = SECOND
STORIES: dict[str, tuple[tuple[bytes, ...], Outcome, str | None, float | None]] = {
    "waits and connects": ((opened(T), begun(T)), Outcome.CONNECTED, None, 0.5),
    "waits and is refused": (
        (opened(T, state=CLOSE, number=REFUSED, flags=layout.GOT_RESET), begun(T, number=REFUSED)),
        Outcome.REFUSED,
        "ECONNREFUSED",
        0.5,
    ),
    "is refused by an ICMP message": (
        (opened(T, state=CLOSE, number=errno.ECONNREFUSED), begun(T, number=errno.ECONNREFUSED)),
        Outcome.REJECTED,
        "ECONNREFUSED",
        0.5,
    ),
    "is under way": ((begun(T, number=errno.EINPROGRESS),), Outcome.PENDING, "EINPROGRESS", None),
    "connects later": ((begun(T, number=errno.EINPROGRESS), opened(T, took=9000)), Outcome.CONNECTED, None, 9.0),
    "gives up": ((begun(T, number=errno.EINPROGRESS), opened(T, state=CLOSE)), Outcome.UNANSWERED, None, 0.5),
    "gives up where the next hop is silent": (
        (begun(T, number=errno.EINPROGRESS), opened(T, state=CLOSE, flags=layout.NEIGHBOUR_FAILED)),
        Outcome.UNREACHABLE,
        None,
        0.5,
    ),
    "gives up after an ICMP message": (
        (begun(T, number=errno.EINPROGRESS), opened(T, state=CLOSE, flags=layout.UNREACHABLE)),
        Outcome.REJECTED,
        None,
        0.5,
    ),
    "gives up, and its next hop turns out to be silent": (
        (begun(T, number=errno.EINPROGRESS), opened(T, state=CLOSE), explained(T, layout.NEIGHBOUR_FAILED)),
        Outcome.UNREACHABLE,
        None,
        0.5,
    ),
    "gives up, and finds an ICMP message": (
        (begun(T, number=errno.EINPROGRESS), opened(T, state=CLOSE), explained(T, layout.UNREACHABLE)),
        Outcome.REJECTED,
        None,
        0.5,
    ),
    "is closed, and its handshake was lost": (
        (begun(T, number=errno.EINPROGRESS), closed(T)),
        Outcome.CONNECTED,
        None,
        None,
    ),
    "is interrupted and connects": ((begun(T, number=512), opened(T, took=9000)), Outcome.CONNECTED, None, 9.0),
    "times out": (
        (opened(T, state=CLOSE, number=ETIMEDOUT, took=7 * SECOND), begun(T, number=ETIMEDOUT, took=7 * SECOND)),
        Outcome.TIMED_OUT,
        "ETIMEDOUT",
        7e6,
    ),
    "hangs, as a SYN that is sent again shows": (
        (raw(layout.TCP_RETRANSMIT, T + SECOND, to=SERVER, attempt=attempt(T + 1), newstate=SYN_SENT),),
        Outcome.PENDING,
        None,
        None,
    ),
    "has no route": ((called(T, number=errno.ENETUNREACH),), Outcome.NO_ROUTE, "ENETUNREACH", 0.9),
    "has no port": ((called(T, number=errno.EADDRNOTAVAIL),), Outcome.NO_PORTS, "EADDRNOTAVAIL", 0.9),
    "has no port, as the kernel finds out in the handshake": (
        (opened(T, state=CLOSE), begun(T, number=errno.EADDRNOTAVAIL)),
        Outcome.NO_PORTS,
        "EADDRNOTAVAIL",
        0.5,
    ),
    "is of no call that is known": ((opened(T),), Outcome.CONNECTED, None, 0.5),
    "is reset": (
        (opened(T), begun(T), raw(layout.TCP_RESET_RECEIVED, T, attempt=attempt(T + 1)), closed(T, ret=-104)),
        Outcome.RESET,
        "ECONNRESET",
        0.5,
    ),
    "asks again while it is under way": (
        (
            begun(T, number=errno.EINPROGRESS),
            called(T + 2000, attempt=attempt(T + 1), number=errno.EALREADY),
            opened(T, took=9000),
            called(T + 10_000, attempt=attempt(T + 1)),
        ),
        Outcome.CONNECTED,
        None,
        9.0,
    ),
    "asks for its failure": (
        (
            begun(T, number=errno.EINPROGRESS),
            opened(T, state=CLOSE, number=errno.EHOSTUNREACH),
            called(T + 10_000, attempt=attempt(T + 1), number=errno.EHOSTUNREACH),
        ),
        Outcome.UNREACHABLE,
        "EHOSTUNREACH",
        0.5,
    ),
    "sends to nobody, as an ICMP message tells": (
        (
            called(T, attempt=attempt(T + 900), proto=17, socktype=2),
            raw(layout.SOCK_ERROR, T + 5900, to=SERVER, attempt=attempt(T + 900), ret=-REFUSED, proto=17),
        ),
        Outcome.REFUSED,
        "ECONNREFUSED",
        5.0,
    ),
    "sends more than fits": (
        (
            called(T, attempt=attempt(T + 900), proto=17, socktype=2),
            raw(layout.SOCK_ERROR, T + 5900, to=SERVER, attempt=attempt(T + 900), ret=-errno.EMSGSIZE, proto=17),
        ),
        Outcome.UNKNOWN,
        None,
        None,
    ),
    "only notes its peer": ((called(T, proto=17, socktype=2),), Outcome.UNKNOWN, None, None),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_an_attempt_is_told_by_its_events(story: str) -> None:
    told, outcome, number, waited_us = STORIES[story]
    (found,) = attempts(*told)
    assert (found.outcome, found.errno, found.waited_us) == (outcome, number, waited_us)
    assert (found.process, found.pid, found.destination) == ("curl", 100, SERVER)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(sorted(STORIES)), min_size=1, max_size=6), st.data())
def test_it_makes_no_difference_how_events_are_cut_into_batches(stories: list[str], data: st.DataObject) -> None:
    told = [moved(each, by=place * 20 * SECOND) for place, story in enumerate(stories) for each in STORIES[story][0]]
    cut = data.draw(st.lists(st.integers(0, len(told)), max_size=5))
    assert attempts(*told, cut=cut) == attempts(*told)
    assert [found.outcome for found in attempts(*told)] == [STORIES[story][1] for story in stories]


def moved(told: bytes, *, by: int) -> bytes:
    event = layout.read(told)
    identity = event.attempt + (by << 8) if event.attempt else 0
    return layout.EVENT.pack(*event._replace(ts=event.ts + by, attempt=identity))


@pytest.mark.parametrize(("others", "outcome"), [(50, Outcome.REJECTED), (5000, Outcome.UNANSWERED)])
def test_what_failed_long_ago_is_explained_no_more(others: int, outcome: Outcome) -> None:
    """Memory is bounded."""
    store = a_store()
    store.add([begun(T, pid=1), opened(T, state=CLOSE)], now_ns=0)
    store.add([part for n in range(10, others) for part in (begun(T + n), opened(T + n, state=CLOSE))], now_ns=0)
    store.add([explained(T, layout.UNREACHABLE)], now_ns=0)
    (found,) = store.events(EventQuery(kind="connection", window=DAY, filter=Filter(pid=1)), CLOCK).events
    assert isinstance(found, Connection)
    assert found.outcome is outcome


def test_datagram_sockets_are_not_remembered_for_ever() -> None:
    log = Attempts()
    for begin in range(0, 20_000, 1000):
        calls = [called(T + n, attempt=attempt(T + n + 900), proto=17, socktype=2) for n in range(begin, begin + 1000)]
        log.add(Batch.of(calls))
    latest = raw(layout.SOCK_ERROR, 2 * T, to=SERVER, attempt=attempt(T + 19_999 + 900), ret=-REFUSED, proto=17)
    log.add(Batch.of([latest]))
    assert len(log.log) == 20_000
    assert log.remembered <= 5000


def test_connections_that_never_end_are_not_remembered_for_ever() -> None:
    log = Attempts()
    for begin in range(0, MAX_OPEN + 10_000, 10_000):
        log.add(Batch.of([opened(T + n * 10) for n in range(begin, begin + 10_000)]))
    assert log.remembered == MAX_OPEN
    first, latest = closed(T), closed(T + (MAX_OPEN // 10_000 + 1) * 100_000 - 10)
    log.add(Batch.of([first, latest]))
    assert log.remembered == MAX_OPEN - 1


def test_a_round_trip_time_is_that_of_the_handshake_until_the_end_tells_another() -> None:
    (handshaken,) = attempts(opened(T, srtt_us=300), begun(T))
    (over,) = attempts(opened(T, srtt_us=300), begun(T), closed(T, srtt_us=200))
    (failed,) = attempts(opened(T, state=CLOSE), begun(T))
    assert (handshaken.rtt_us, over.rtt_us, failed.rtt_us) == (300, 200, None)


def test_a_closed_connection_tells_its_traffic() -> None:
    done = closed(T, tx_bytes=78, rx_bytes=1001, oldstate=FIN_WAIT2, retransmits=2)
    (found,) = attempts(opened(T), begun(T), done)
    assert (found.sent_bytes, found.received_bytes, found.retransmits) == (78, 1000, 2)
    assert found.duration_us == 10.0


def test_an_end_without_a_beginning_is_no_attempt() -> None:
    assert attempts(closed(T), raw(layout.TCP_RESET_RECEIVED, T, attempt=attempt(5))) == []


def test_a_local_socket_is_told_with_its_path() -> None:
    call = raw(layout.CONNECT, T, to=Endpoint(), ret=-errno.ENOENT, tail_len=10) + b"/run/x.sock"
    (found,) = attempts(call, begun(2 * T))[:1]
    assert (found.destination, found.protocol, found.outcome) == (Endpoint(path="/run/x.sock"), "UNIX", Outcome.FAILED)


def test_ipv4_in_ipv6_is_told_as_ipv4() -> None:
    (found,) = attempts(called(T, family=10, daddr=bytes(10) + b"\xff\xff\x0a\x02\x00\x0e"))
    assert found.destination == SERVER


def of_processes(count: int, *, each: int = 1) -> list[bytes]:
    return [called(T + n, comm=f"p{n // each}".encode()) for n in range(count)]


def test_rows_of_many_chunks_are_found_newest_first() -> None:
    store = a_store()
    total = 3 * CHUNK_ROWS + 5
    store.add([called(T + n * 1000, pid=n % 7) for n in range(total)], now_ns=0)
    found = store.events(EventQuery(kind="connection", window=DAY, filter=Filter(pid=3), limit=CHUNK_ROWS), CLOCK)
    times = [event.time for event in found.events]
    assert times == sorted(times, reverse=True)
    assert len(times) == found.matched == len(range(3, total, 7)) or len(times) == CHUNK_ROWS
    assert (found.seen, found.matched) == (total, len(range(3, total, 7)))


def test_the_oldest_go_where_memory_ends_and_are_counted() -> None:
    store = a_store(max_bytes=3 * 10**6)
    for _ in range(12):
        store.add(of_processes(CHUNK_ROWS), now_ns=0)
    kept = store.kept("connection", CLOCK)
    assert kept.size_bytes <= 3 * 10**6
    assert kept.evicted > 0
    assert kept.stored + kept.evicted == 12 * CHUNK_ROWS


def test_what_is_too_old_goes_and_more_is_stored_behind_it() -> None:
    store = a_store(max_age_s=60)
    store.add([begun(T)], now_ns=T)
    store.add([], now_ns=T + 61 * SECOND)
    assert (store.kept("connection", CLOCK).stored, store.kept("connection", CLOCK).evicted) == (0, 1)
    store.add([begun(T + 61 * SECOND), opened(T + 61 * SECOND), closed(T)], now_ns=T + 62 * SECOND)
    (found,) = store.events(EventQuery(kind="connection", window=DAY), CLOCK).events
    assert found.time == CLOCK.moment(T + 61 * SECOND)


@pytest.mark.parametrize("ask", ["events", "aggregate", "kept"])
def test_what_is_too_old_goes_as_well_when_nothing_happens_and_somebody_asks(ask: str) -> None:
    store = a_store(max_age_s=60)
    store.add([begun(T)], now_ns=T)
    late = replace(CLOCK, now_ns=T + 61 * SECOND)
    asked = {
        "events": lambda: store.events(EventQuery(kind="connection", window=DAY), late).kept,
        "aggregate": lambda: store.aggregate(Aggregate(kind="connection", window=DAY), late).kept,
        "kept": lambda: store.kept("connection", late),
    }
    kept = asked[ask]()
    assert (kept.stored, kept.evicted) == (0, 1)


def test_distinct_texts_count_as_memory() -> None:
    alike, distinct = a_store(), a_store()
    alike.add(of_processes(1000, each=1000), now_ns=0)
    distinct.add(of_processes(1000), now_ns=0)
    more = distinct.kept("connection", CLOCK).size_bytes - alike.kept("connection", CLOCK).size_bytes
    assert more > 999 * 100


def test_memory_ends_for_all_kinds_together() -> None:
    store = a_store(max_bytes=3 * 10**6)
    store.add([called(T + n) for n in range(1000)], now_ns=0)
    for n in range(12):
        store.add([raw(layout.DROP, T + n, to=SERVER, location=16)] * CHUNK_ROWS, now_ns=0)
    drops, calls = store.kept("drop", CLOCK), store.kept("connection", CLOCK)
    assert drops.size_bytes + calls.size_bytes <= 3 * 10**6
    assert (calls.stored, calls.evicted, drops.stored + drops.evicted) == (1000, 0, 12 * CHUNK_ROWS)
    assert drops.evicted > 0


def connections(store: EventStore, **asked: Any) -> list[Connection]:
    found = store.events(EventQuery(kind="connection", window=DAY, filter=EVERYTHING, **asked), CLOCK).events
    return [event for event in found if isinstance(event, Connection)]


def test_of_events_in_one_microsecond_the_first_by_name_are_kept() -> None:
    store = a_store()
    store.add([called(T + n, took=0, comm=name) for n, name in enumerate([b"a", b"c", b"b"])], now_ns=0)
    assert [each.process for each in connections(store, limit=2)] == ["a", "b"]


def test_what_two_drops_prove_of_one_attempt_counts_together() -> None:
    neighbour, both = layout.NEIGHBOUR_FAILED, layout.NEIGHBOUR_FAILED | layout.UNREACHABLE
    drops = [
        raw(layout.DROP, T + 600, to=SERVER, attempt=attempt(T + 1), flags=flags) for flags in (0, neighbour, both)
    ]
    (found,) = attempts(begun(T, number=errno.EINPROGRESS), opened(T, state=CLOSE), *drops)
    assert found.outcome is Outcome.UNREACHABLE


def test_an_answer_changes_with_its_rows() -> None:
    store = a_store()
    query = Aggregate(kind="connection", window=DAY, group_by=("outcome",))
    store.add([begun(T, number=errno.EINPROGRESS)], now_ns=0)
    before = store.aggregate(query, CLOCK)
    store.add([opened(T)], now_ns=0)
    after = store.aggregate(query, CLOCK)
    assert [found.groups[0].key for found in (before, after)] == [("in progress",), ("connected",)]


def test_groups_by_two_fields_are_kept_apart() -> None:
    store = a_store()
    pairs = [(b"a", 1), (b"a", 2), (b"b", 1), (b"b", 2), (b"b", 3)]
    store.add([called(T + n, comm=name, pid=pid) for n, (name, pid) in enumerate(pairs)], now_ns=0)
    found = store.aggregate(Aggregate(kind="connection", window=DAY, group_by=("process", "pid")), CLOCK)
    assert [group.key for group in found.groups] == [("a", 1), ("a", 2), ("b", 1), ("b", 2), ("b", 3)]


def test_rows_behind_an_evicted_chunk_that_was_not_full_are_completed() -> None:
    store = a_store(max_age_s=60)
    store.add([begun(T)], now_ns=T)
    store.add([], now_ns=T + 61 * SECOND)
    later = [T + 61 * SECOND + 10 * n for n in range(CHUNK_ROWS)]
    store.add([begun(each, number=errno.EINPROGRESS) for each in later], now_ns=later[-1])
    store.add([opened(each) for each in later], now_ns=later[-1])
    query = Aggregate(kind="connection", window=DAY, group_by=("outcome",))
    assert [(group.key, group.count) for group in store.aggregate(query, CLOCK).groups] == [
        (("connected",), CHUNK_ROWS)
    ]


def test_a_chunk_stays_while_one_of_its_events_is_young_and_tells_since_when_it_is_complete() -> None:
    store = a_store(max_age_s=60)
    store.add([called(T), called(T + 50 * SECOND)], now_ns=T + 50 * SECOND)
    store.add([], now_ns=T + 70 * SECOND)
    assert (store.kept("connection", CLOCK).stored, store.kept("connection", CLOCK).complete_since) == (2, None)
    store.add([], now_ns=T + 200 * SECOND)
    assert store.kept("connection", CLOCK).complete_since == CLOCK.moment(T + 50 * SECOND + 1)


def test_attempts_that_are_evicted_are_forgotten() -> None:
    log = Attempts()
    log.add(Batch.of([begun(T, number=errno.EINPROGRESS)]))
    assert (log.remembered, log.evict(), log.remembered) == (1, 1, 0)


def test_figures_of_groups_are_those_of_their_members() -> None:
    store = a_store()
    store.add(
        [called(T + n, took=1000 * (n + 1), comm=b"ab"[n % 2 : n % 2 + 1], number=errno.EACCES) for n in range(10)],
        now_ns=0,
    )
    measures = (Measure("p50", "waited_us"), Measure("max", "waited_us"), Measure("sum", "sent_bytes"))
    query = Aggregate(kind="connection", window=DAY, group_by=("process", "errno"), measures=measures)
    found = store.aggregate(query, CLOCK)
    assert [(group.key, group.count, group.values) for group in found.groups] == [
        (("a", "EACCES"), 5, (5.0, 9.0, None)),
        (("b", "EACCES"), 5, (6.0, 10.0, None)),
    ]


@pytest.mark.parametrize(
    ("fields", "harmless"),
    [
        ({"reason": 3}, False),
        ({"reason": 2, "tcp_flags": 1}, True),
        ({"reason": 2, "tcp_flags": 2}, False),
        ({"reason": 2, "proto": 1, "icmp_type": 3}, False),
    ],
)
def test_harmless_drops_are_marked(fields: dict[str, int], *, harmless: bool) -> None:
    store = a_store()
    store.add([raw(layout.DROP, T, to=SERVER, location=16, **fields)], now_ns=0)
    (found,) = store.events(EventQuery(kind="drop", window=DAY), CLOCK).events
    assert isinstance(found, Drop)
    assert found.harmless is harmless


def test_events_are_told_with_who_runs_in_the_cgroup_of_their_socket() -> None:
    workloads = {7: Workload(container="web"), 8: Workload(unit="nginx.service")}
    store = EventStore(KernelNames(str, str, workloads.get), max_age_s=10**6)
    told = [called(T, cgroup=7), called(T, cgroup=9), raw(layout.DROP, T, cgroup=8, flags=layout.OWNED)]
    store.add([*told, raw(layout.DROP, T + 1, cgroup=8)], now_ns=0)
    attempts = store.events(EventQuery(kind="connection", window=DAY), CLOCK).events
    assert {event.workload for event in attempts} == {workloads[7], None}
    drops = store.events(EventQuery(kind="drop", window=DAY), CLOCK).events
    assert [event.workload for event in drops] == [None, workloads[8]], "of an skb without a socket nobody is known"
