"""Accepted connections: a socket's address is that of one after the other."""

import errno
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.network import Accepted, Endpoint
from bot.domain.query import EventQuery
from bot.ebpf.collector import layout
from bot.ebpf.store.accepts import Accepts
from bot.ebpf.store.batch import Batch
from bot.ebpf.store.columns import MAX_OPEN
from tests.raw_events import CLOCK, FIN_WAIT2, raw
from tests.unit.test_event_store import DAY, SECOND, a_store

T = SECOND
PEER = Endpoint("10.2.0.14", 40000)
LISTENER = {"saddr": b"\x0a\0\0\1", "sport": 443}
OWNED = layout.ACCEPTED | layout.OWNED


def came_in(at: int, *, sock: int = 1, **fields: Any) -> bytes:
    """In a softirq: nobody is known yet."""
    return raw(layout.TCP_ACCEPT, at, to=PEER, sock=sock, flags=layout.ACCEPTED, **LISTENER, pid=0, comm=b"", **fields)


def later(kind: int, at: int, *, sock: int = 1, flags: int = OWNED, **fields: Any) -> bytes:
    return raw(kind, at, to=PEER, sock=sock, flags=flags, **LISTENER, **fields)


def closed(at: int, **fields: Any) -> bytes:
    return later(layout.TCP_CLOSE, at, **{"elapsed_ns": 5000, **fields})


def accepted(*told: bytes, cut: Sequence[int] = ()) -> list[Accepted]:
    """The oldest first, of events that come in batches that end at these places."""
    store = a_store()
    ends = [*sorted(cut), len(told)]
    for begin, end in zip([0, *ends], ends, strict=False):
        store.add(told[begin:end], now_ns=0)
    found = store.events(EventQuery(kind="accept", window=DAY), CLOCK).events
    return [event for event in reversed(found) if isinstance(event, Accepted)]


def test_a_connection_that_came_in_is_told_before_anybody_serves_it() -> None:
    (found,) = accepted(came_in(T, uid=33))
    assert (found.process, found.pid, found.uid, found.duration_us) == ("(unknown)", None, None, None)
    assert (found.source, found.destination) == (PEER, Endpoint("10.0.0.1", 443))


def test_its_end_tells_figures_and_who_served_it() -> None:
    done = {"tx_bytes": 78, "rx_bytes": 1001, "oldstate": FIN_WAIT2, "retransmits": 2, "srtt_us": 90}
    (found,) = accepted(came_in(T, uid=0), closed(T + 9, ret=-errno.ECONNRESET, uid=33, **done))
    assert (found.time, found.process, found.pid, found.uid) == (CLOCK.moment(T), "curl", 100, 33)
    assert (found.sent_bytes, found.received_bytes, found.retransmits, found.rtt_us) == (78, 1000, 2, 90)
    assert (found.errno, found.duration_us) == ("ECONNRESET", 5.0)


def test_any_event_that_knows_the_owner_tells_who_serves_it_and_the_first_counts() -> None:
    first, second = (later(layout.TCP_RETRANSMIT, T + n, comm=name, pid=n) for n, name in ((1, b"one"), (2, b"two")))
    for cut in ((), (1,), (2,)):
        (found,) = accepted(came_in(T), first, second, cut=cut)
        assert (found.process, found.pid, found.duration_us) == ("one", 1, None)


@pytest.mark.parametrize(
    "other",
    [
        later(layout.TCP_RETRANSMIT, T + 1, flags=layout.ACCEPTED),
        later(layout.TCP_CLOSE, T + 1, flags=layout.OPENED | layout.OWNED),
        later(layout.SYNACK_RETRANSMIT, T + 1),
        later(layout.TCP_RETRANSMIT, T + 1, sock=2),
    ],
    ids=["of no owner", "of a client", "of a listener", "of another socket"],
)
def test_what_is_not_certainly_of_it_tells_nothing_of_it(other: bytes) -> None:
    assert accepted(came_in(T), other) == accepted(came_in(T))


def test_a_close_that_nobody_owns_ends_it_all_the_same() -> None:
    (found,) = accepted(came_in(T), closed(T + 1, flags=layout.ACCEPTED))
    assert (found.process, found.duration_us) == ("(unknown)", 5.0)


def test_an_end_without_a_beginning_is_no_connection() -> None:
    assert accepted(closed(T), later(layout.TCP_RETRANSMIT, T)) == []


CAME, WENT = "came", "went"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([CAME, WENT]), st.integers(1, 2)), min_size=1, max_size=12), st.data())
def test_one_after_the_other_has_the_address_however_events_are_cut_into_batches(
    story: list[tuple[str, int]], data: st.DataObject
) -> None:
    told = [
        came_in(T + 1000 * n, sock=sock) if what == CAME else closed(T + 1000 * n, sock=sock, tx_bytes=n)
        for n, (what, sock) in enumerate(story)
    ]
    expected = {n: None for n, (what, _) in enumerate(story) if what == CAME} | ended(story)
    cut = data.draw(st.lists(st.integers(0, len(told)), max_size=4))
    found = {
        round((each.time - CLOCK.moment(T)).total_seconds() * 1e6): each.sent_bytes for each in accepted(*told, cut=cut)
    }
    assert found == expected


def ended(story: Sequence[tuple[str, int]]) -> dict[int, int | None]:
    """By the place of its beginning, that of its end."""
    opened: dict[int, int] = {}
    ends: dict[int, int | None] = {}
    for n, (what, sock) in enumerate(story):
        if what == CAME:
            opened[sock] = n
        elif sock in opened:
            ends[opened.pop(sock)] = n
    return ends


def test_connections_that_are_evicted_are_forgotten_and_only_they() -> None:
    keeper = Accepts()
    keeper.add(Batch.of([came_in(T, sock=1), came_in(T, sock=2)]))
    assert (keeper.remembered, keeper.evict(), keeper.remembered) == (2, 2, 0)
    keeper.add(Batch.of([closed(T, sock=1), came_in(T, sock=3)]))
    assert (len(keeper.log), keeper.remembered) == (1, 1)


def test_a_later_connection_of_an_evicted_ones_socket_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.ebpf.store.log.CHUNK_ROWS", 2)
    keeper = Accepts()
    keeper.add(Batch.of([came_in(T, sock=1), came_in(T, sock=2), came_in(T + 1, sock=1)]))
    assert (keeper.evict(), keeper.remembered) == (2, 1)


def test_connections_that_never_end_are_not_remembered_for_ever() -> None:
    keeper = Accepts()
    for begin in range(0, MAX_OPEN + 10_000, 10_000):
        keeper.add(Batch.of([came_in(T + n, sock=n + 1) for n in range(begin, begin + 10_000)]))
    assert keeper.remembered == MAX_OPEN


def test_each_of_several_connections_is_of_its_own_process() -> None:
    named = [later(layout.TCP_RETRANSMIT, T + 9, sock=n, comm=b"p%d" % n, pid=n) for n in (2, 1, 3)]
    found = accepted(*(came_in(T + n * 1000, sock=n) for n in (1, 2, 3)), *named)
    assert [each.process for each in found] == ["p1", "p2", "p3"]
