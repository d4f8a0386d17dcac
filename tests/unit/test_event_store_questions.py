"""Property: the event store answers every question as `matching` and `evaluate` do over all events that it tells."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_address, ip_network
from socket import AF_INET, AF_INET6, AF_UNIX
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.network import EVENT_TYPES, Event, EventKind, Outcome, Window
from bot.domain.query import Aggregate, EventQuery, Filter, GroupField, Measure, NumberField, Operation, Target
from bot.domain.workload import Workload
from bot.ebpf import evaluate
from bot.ebpf.collector import layout
from bot.ebpf.matching import matches
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.store import EventStore
from tests.dns_messages import AAAA, A, message, name, record
from tests.raw_events import BOOT, CLOCK, attempt, raw

MICROSECOND, SECOND = 1_000, 1_000_000_000
WORKLOADS = {7: Workload(pod="web-0", pod_namespace="shop", container="nginx"), 8: Workload(unit="nginx.service")}
NAMES = KernelNames({2: "NOT_SPECIFIED", 3: "NO_SOCKET"}.get, lambda at: f"f+{at}", WORKLOADS.get, {2: "TCP_STATE"}.get)
EVER = Window(BOOT - timedelta(days=1), BOOT + timedelta(days=1))
EVERYTHING = Filter(failed_local_lookups=True)
ADDRESSES = ("10.0.0.1", "10.2.0.14", "2001:db8::1", "0.0.0.0")
HOSTS = (name(b"db", b"internal"), name(b"DB", b"Internal"), name(b"www", b"example", b"test"), name())


def times(least: int, most: int) -> st.SearchStrategy[int]:
    """In nanoseconds: what is finer is not told."""
    return st.integers(least, most).map(lambda number: number * MICROSECOND)


FIELDS = st.fixed_dictionaries(
    {
        "pid": st.integers(0, 2),
        "uid": st.sampled_from([0, 33]),
        "comm": st.sampled_from([b"", b"curl", b"nginx"]),
        "cgroup": st.sampled_from([0, 7, 8]),
        "proto": st.sampled_from([0, 1, 6, 17, 58]),
        "socktype": st.integers(1, 2),
        "flags": st.integers(0, 255),
        "ret": st.sampled_from([0, -111, -115]),
        "elapsed_ns": times(0, 3),
        "oldstate": st.sampled_from([1, 5]),
        "newstate": st.sampled_from([0, 1, 2, 7, 10, 12]),
        **{size: st.integers(0, 3) for size in ("tx_bytes", "rx_bytes", "srtt_us", "retransmits", "len", "payload")},
        "reason": st.integers(-1, 3),
        "location": st.integers(1, 2),
        "icmp_type": st.sampled_from([3, 8]),
        "icmp_code": st.integers(0, 1),
        "ifname": st.sampled_from([b"", b"eth0"]),
        "tcp_flags": st.integers(0, 2),
        "sock": st.integers(0, 2),
        "sport": st.sampled_from([53, 40000]),
        "dport": st.sampled_from([0, 53, 443]),
    }
)


@st.composite
def dns_messages(draw: st.DrawFn) -> bytes:
    answers = [record(A, b"\x0a\x02\0\x0e"), record(AAAA, ip_address("2001:db8::1").packed), record(A, b"\x0a\0\0\1")]
    host, number = draw(st.sampled_from(HOSTS)), draw(st.integers(1, 2))
    chosen = draw(st.lists(st.sampled_from(answers), max_size=2))
    return draw(st.sampled_from([message(host, *chosen, number=number), b""]))


@st.composite
def events(draw: st.DrawFn) -> tuple[int, bytes]:
    at, kind = draw(times(0, 4000)), draw(st.integers(1, len(layout.KINDS)))
    fields: dict[str, Any] = draw(FIELDS)
    family = draw(st.sampled_from([AF_INET, AF_INET6, AF_UNIX]))
    for end in ("saddr", "daddr"):
        fields[end] = ip_address(draw(st.sampled_from(ADDRESSES))).packed
    fields["attempt"] = draw(st.sampled_from([0, attempt(SECOND), attempt(SECOND + MICROSECOND)]))
    tail = draw(dns_messages()) if kind in (layout.DNS_QUERY, layout.DNS_REPLY) else b""
    return at, raw(kind, SECOND + at * 1000, family=family, tail_len=len(tail), **fields) + tail


TARGETS = st.builds(
    Target,
    network=st.sampled_from([None, None, ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]),
    name=st.sampled_from([None, None, "db.internal"]),
    port=st.sampled_from([None, None, 53, 443]),
)
CONDITIONS: Mapping[str, st.SearchStrategy[Any]] = {
    "pid": st.integers(0, 2),
    "process": st.sampled_from(["curl", "(unknown)"]),
    "process_pattern": st.sampled_from(["c*", "?url", "*"]),
    "uid": st.sampled_from([0, 33]),
    "target": TARGETS,
    "protocol": st.sampled_from(["TCP", "UDP", "ICMP"]),
    "direction": st.sampled_from(["in", "out"]),
    "outcomes": st.sampled_from([frozenset({Outcome.CONNECTED}), frozenset({Outcome.REFUSED, Outcome.PENDING})]),
    "errno": st.sampled_from(["ECONNREFUSED", "EINPROGRESS"]),
    "reason": st.sampled_from(["NO_SOCKET", "TCP_STATE"]),
    "lookup": st.sampled_from(["db.*", "*", "www.example.test"]),
    "node": st.sampled_from(["node-a", "node-b"]),
    "namespace": st.just("shop"),
    "pod": st.just("web-0"),
    "container": st.just("nginx"),
    "failed_local_lookups": st.booleans(),
    "harmless": st.booleans(),
}
FILTERS = st.lists(
    st.sampled_from(sorted(CONDITIONS)).flatmap(lambda field: st.tuples(st.just(field), CONDITIONS[field])), max_size=2
).map(lambda chosen: Filter(**dict(chosen)))
MEASURES = st.builds(Measure, st.sampled_from(get_args(Operation)), st.sampled_from(get_args(NumberField)))
WINDOWS = st.integers(0, 4_000_000).map(lambda us: Window(BOOT + timedelta(seconds=1, microseconds=us), EVER.until))


@st.composite
def questions(draw: st.DrawFn) -> Aggregate:
    return Aggregate(
        kind=draw(st.sampled_from(sorted(EVENT_TYPES))),
        window=draw(st.one_of(st.just(EVER), WINDOWS)),
        filter=draw(FILTERS),
        group_by=tuple(draw(st.lists(st.sampled_from(get_args(GroupField)), unique=True, max_size=3))),
        measures=tuple(draw(st.lists(MEASURES, max_size=2))),
        by=draw(st.none() | MEASURES),
        slot_s=draw(st.sampled_from([1, 7])),
    )


def a_store(told: Sequence[bytes], *, batch_size: int) -> EventStore:
    store = EventStore(NAMES, node="node-a", max_age_s=1e10)
    for begin in range(0, len(told), batch_size):
        store.add(told[begin : begin + batch_size], now_ns=0)
    return store


def everything(store: EventStore, kind: EventKind) -> tuple[Event, ...]:
    return store.events(EventQuery(kind=kind, window=EVER, filter=EVERYTHING, limit=10**6), CLOCK).events


@settings(max_examples=400, deadline=None)
@given(st.lists(events(), min_size=1, max_size=40), questions(), st.integers(1, 9), st.sampled_from([1, 3, 100]))
def test_every_question_is_answered_as_over_all_events(
    told: list[tuple[int, bytes]], asked: Aggregate, limit: int, size: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.ebpf.store.log.CHUNK_ROWS", 100 // size)
        store = a_store([each for _, each in sorted(told, key=lambda event: event[0])], batch_size=size)
        listed = EventQuery(kind=asked.kind, window=asked.window, filter=asked.filter, limit=limit)
        found, groups = store.events(listed, CLOCK), store.aggregate(asked, CLOCK)
        again = store.aggregate(asked, CLOCK)
        inside = [each for each in everything(store, asked.kind) if asked.window.since <= each.time]
    matching = [each for each in inside if matches(each, asked.filter)]
    assert (found.seen, found.matched, groups.matched) == (len(inside), len(matching), len(matching))
    assert list(found.events) == evaluate.newest(matching)[:limit]
    assert groups.groups == again.groups == evaluate.aggregate(matching, asked)
    assert groups.total == len(groups.groups)
