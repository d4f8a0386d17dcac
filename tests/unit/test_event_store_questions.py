"""Property: the event store answers every question as `matching` and `evaluate` do over all events that it tells."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network
from random import Random
from socket import AF_INET, AF_INET6, AF_UNIX
from typing import Any, get_args

import pytest

from bot.domain.network import EVENT_TYPES, DnsLookup, Endpoint, Event, EventKind, Outcome, Window
from bot.domain.query import (
    EVERYTHING as ANYTHING,
)
from bot.domain.query import (
    Aggregate,
    EventQuery,
    Filter,
    GroupField,
    Limits,
    Measure,
    NumberField,
    Operation,
    Scope,
    Target,
)
from bot.domain.workload import Workload
from bot.ebpf import evaluate
from bot.ebpf.collector import layout
from bot.ebpf.matching import matches
from bot.ebpf.recording.kernel_events import KINDS
from bot.ebpf.scopes import sees
from bot.ebpf.seen_names import renamed, told_names
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.store import EventStore
from tests.dns_messages import AAAA, A, message, name, record
from tests.raw_events import BOOT, CLOCK, LISTEN, attempt, raw

MICROSECOND, SECOND = 1_000, 1_000_000_000
WORKLOADS = {7: Workload(pod="web-0", pod_namespace="shop", container="nginx"), 8: Workload(unit="nginx.service")}
NAMES = KernelNames({2: "NOT_SPECIFIED", 3: "NO_SOCKET"}.get, lambda at: f"f+{at}", WORKLOADS.get, {2: "TCP_STATE"}.get)
EVER = Window(BOOT - timedelta(days=1), BOOT + timedelta(days=1))
EVERYTHING = Filter(failed_local_lookups=True)
ADDRESSES = ("10.0.0.1", "10.2.0.14", "2001:db8::1", "0.0.0.0")
PACKED = tuple(ip_address(address).packed for address in ADDRESSES)
HOSTS = (name(b"db", b"internal"), name(b"DB", b"Internal"), name(b"www", b"example", b"test"), name())


KERNEL_KINDS: Mapping[EventKind, list[int]] = {
    kind: [layout.KINDS.index(name) + 1 for name in names] for kind, names in KINDS.items()
}
FIELDS: Mapping[str, Sequence[Any]] = {
    "family": (AF_INET, AF_INET, AF_INET6, AF_UNIX),
    "pid": (0, 1, 2),
    "uid": (0, 33),
    "comm": (b"", b"curl", b"nginx"),
    "cgroup": (0, 7, 8),
    "proto": (0, 1, 6, 17, 58),
    "socktype": (1, 2),
    "flags": range(256),
    "ret": (0, -111, -115),
    "elapsed_ns": range(0, 4000, 1000),
    "oldstate": (1, 5),
    "newstate": (0, 1, 2, 7, 10, 12),
    **dict.fromkeys(("tx_bytes", "rx_bytes", "srtt_us", "retransmits", "len", "payload"), range(4)),
    "reason": (-1, 0, 2, 3),
    "location": (1, 2),
    "icmp_type": (3, 8),
    "icmp_code": (0, 1),
    "ifname": (b"", b"eth0"),
    "tcp_flags": range(3),
    "sock": (0, 1, 2),
    "attempt": (0, 0, *(attempt(5 * SECOND + number * MICROSECOND) for number in range(9))),
    "sport": (53, 40000),
    "dport": (0, 53, 443),
    "saddr": PACKED,
    "daddr": PACKED,
}
ANSWERS = (record(A, b"\x0a\x02\0\x0e"), record(AAAA, ip_address("2001:db8::1").packed), record(A, b"\x0a\0\0\1"))
TARGETS = (
    Target(),
    Target(network=ip_network("10.0.0.0/8")),
    Target(network=ip_network("2001:db8::/32"), port=443),
    Target(name="db.internal"),
    Target(port=53),
)
CONDITIONS: Mapping[str, Sequence[Any]] = {
    "pid": (0, 1, 2),
    "process": ("curl", "(unknown)"),
    "process_pattern": ("c*", "?url", "*"),
    "uid": (0, 33),
    "target": TARGETS,
    "protocol": ("TCP", "UDP", "ICMP", "UNIX"),
    "direction": ("in", "out"),
    "outcomes": (frozenset({Outcome.CONNECTED, Outcome.UNKNOWN}), frozenset({Outcome.REFUSED, Outcome.PENDING})),
    "errno": ("ECONNREFUSED", "EINPROGRESS"),
    "reason": ("NO_SOCKET", "TCP_STATE"),
    "lookup": ("db.*", "*", "www.example.test"),
    "node": ("node-a", "node-b"),
    "namespace": ("shop",),
    "pod": ("web-0",),
    "container": ("nginx",),
    "failed_local_lookups": (True, False),
    "harmless": (True, False),
}
LIMITS: Mapping[str, Sequence[Any]] = {
    "processes": ("curl", "ng*", "*", "(unknown)"),
    "pids": (0, 1, 2),
    "nodes": ("node-a", "node-b"),
    "namespaces": ("shop", "s*", "?"),
    "networks": tuple(map(ip_network, ("10.0.0.0/8", "::ffff:10.2.0.0/112", "2001:db8::/32", "0.0.0.0/0", "::/0"))),
}
OPERATIONS, NUMBERS, GROUPS = get_args(Operation), get_args(NumberField), get_args(GroupField)


def some_events(chance: Random, kind: EventKind) -> list[bytes]:
    """Mostly of this kind; and look-ups, from which names are learnt. What is finer than a microsecond is not told."""
    ages = sorted(chance.sample(range(4_000_000), 80))
    kinds = [*KERNEL_KINDS[kind] * 3, *KERNEL_KINDS["dns"], *KERNEL_KINDS["accept"]]
    return [an_event(chance, chance.choice(kinds), SECOND + age * MICROSECOND) for age in ages]


def an_event(chance: Random, kind: int, at_ns: int) -> bytes:
    fields = {name: chance.choice(values) for name, values in FIELDS.items()}
    if kind not in (layout.DNS_QUERY, layout.DNS_REPLY):
        return raw(kind, at_ns, **fields)
    answers = chance.sample(ANSWERS, chance.randrange(3))
    tail = chance.choice([message(chance.choice(HOSTS), *answers, number=chance.randrange(2)), b""])
    port = chance.choice((5000, 5001, 5002))
    return raw(kind, at_ns, **{**fields, "sport": port, "dport": port, "tail_len": len(tail)}) + tail


def a_scope(chance: Random) -> Scope:
    return Scope(frozenset(some_limits(chance) for _ in range(chance.randrange(4))))


def some_limits(chance: Random) -> Limits:
    names = chance.sample(sorted(LIMITS), chance.choice((1, 1, 2)))
    return Limits(**{name: frozenset(chance.sample(LIMITS[name], chance.choice((1, 2)))) for name in names})


def a_measure(chance: Random) -> Measure:
    return Measure(chance.choice(OPERATIONS), chance.choice(NUMBERS))


def a_question(chance: Random, kind: EventKind) -> Aggregate:
    since = BOOT + timedelta(seconds=1, microseconds=chance.randrange(2_000_000))
    conditions = chance.sample(sorted(CONDITIONS), chance.choice((0, 1, 1, 2)))
    return Aggregate(
        kind=kind,
        window=chance.choice([EVER, Window(since, since + timedelta(seconds=3))]),
        filter=Filter(
            **{name: chance.choice(CONDITIONS[name]) for name in conditions},
            within=a_scope(chance) if chance.randrange(2) else ANYTHING,
        ),
        group_by=tuple(chance.sample(GROUPS, chance.randrange(4))),
        measures=tuple(a_measure(chance) for _ in range(chance.randrange(3))),
        by=chance.choice([None, a_measure(chance)]),
        slot_s=chance.choice((1, 7)),
    )


def a_store(told: Sequence[bytes], *, batch_size: int) -> EventStore:
    store = EventStore(NAMES, node="node-a", max_age_s=1e10)
    for begin in range(0, len(told), batch_size):
        store.add(told[begin : begin + batch_size], now_ns=0)
    return store


def everything(store: EventStore, kind: EventKind) -> tuple[Event, ...]:
    return store.events(EventQuery(kind=kind, window=EVER, filter=EVERYTHING, limit=10**6), CLOCK).events


@pytest.mark.parametrize("chunk_rows", [7, 8192])
@pytest.mark.parametrize("kind", EVENT_TYPES)
@pytest.mark.parametrize("seed", range(6))
def test_every_question_is_answered_as_over_all_events(kind: EventKind, chunk_rows: int, seed: int) -> None:
    chance = Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bot.ebpf.store.log.CHUNK_ROWS", chunk_rows)
        store = a_store(some_events(chance, kind), batch_size=chance.choice((1, 10, 100)))
        for _ in range(25):
            assert_answered(store, a_question(chance, kind), limit=chance.randrange(1, 30))


def assert_answered(store: EventStore, asked: Aggregate, *, limit: int) -> None:
    listed = EventQuery(kind=asked.kind, window=asked.window, filter=asked.filter, limit=limit)
    found, groups, again = store.events(listed, CLOCK), store.aggregate(asked, CLOCK), store.aggregate(asked, CLOCK)
    window = asked.window
    seen = seen_within(store, asked.kind, asked.filter.within)
    inside = [each for each in seen if window.since <= each.time < window.until]
    matching = [each for each in inside if matches(each, asked.filter)]
    assert (found.seen, found.matched, groups.matched) == (len(inside), len(matching), len(matching))
    assert list(found.events) == evaluate.newest(matching)[:limit]
    assert groups.groups == again.groups == evaluate.aggregate(matching, asked)
    assert groups.total == len(groups.groups)


def seen_within(store: EventStore, kind: EventKind, scope: Scope) -> list[Event]:
    """With the names that addresses have by the look-ups that may be seen."""
    seen = [each for each in everything(store, kind) if sees(each, scope)]
    if scope.is_everything:
        return seen
    lookups = [each for each in everything(store, "dns") if isinstance(each, DnsLookup) and sees(each, scope)]
    names = told_names(sorted(lookups, key=lambda lookup: lookup.time))
    return [renamed(each, names) for each in seen]


@pytest.mark.parametrize("by", [None, Measure("p50", "size_bytes"), Measure("sum", "rtt_us")])
def test_only_the_largest_groups_are_told_and_all_are_counted(by: Measure | None) -> None:
    store = a_store(some_events(Random(7), "retransmit"), batch_size=100)
    asked = Aggregate(kind="retransmit", window=EVER, group_by=("destination", "state"), by=by)
    every = store.aggregate(asked, CLOCK)
    assert len(every.groups) > 10
    for top in (0, 1, 3, 10, 1000):
        found = store.aggregate(replace(asked, top=top), CLOCK)
        assert (found.groups, found.total) == (every.groups[:top], every.total)


def test_slots_need_a_length() -> None:
    store = a_store(some_events(Random(7), "drop"), batch_size=100)
    with pytest.raises(ValueError, match="slots need a length"):
        store.aggregate(Aggregate(kind="drop", window=EVER, group_by=("slot",)), CLOCK)


def test_a_workload_that_is_met_later_is_told_then() -> None:
    workloads: dict[int, Workload] = {}
    store = EventStore(KernelNames(lambda _: None, lambda _: None, workloads.get), max_age_s=10**6)
    store.add([a_call(cgroup=7)], now_ns=0)
    in_pod = EventQuery(kind="connection", window=EVER, filter=Filter(pod="web-0"))
    by_pod = Aggregate(kind="connection", window=EVER, group_by=("pod",))
    in_scope = Filter(within=Scope(frozenset({Limits(namespaces=frozenset({"sh*"}))})))
    scoped = Aggregate(kind="connection", window=EVER, filter=in_scope)
    for pod, matched in ((None, 0), ("web-0", 1)):
        assert store.events(in_pod, CLOCK).matched == matched
        assert [group.key for group in store.aggregate(by_pod, CLOCK).groups] == [(pod,)]
        assert (store.aggregate(scoped, CLOCK).total, store.aggregate(scoped, CLOCK).seen) == (matched, matched)
        workloads[7] = Workload(pod="web-0", pod_namespace="shop")


@pytest.mark.parametrize(("at_us", "slot"), [(0, 0), (999_999, 0), (1_000_000, 1), (2_000_000, 2)])
def test_a_slot_begins_with_its_first_microsecond(at_us: int, slot: int) -> None:
    store = a_store([a_call(after_us=at_us)], batch_size=1)
    since = CLOCK.moment(SECOND)
    asked = Aggregate(
        kind="connection", window=Window(since, since + timedelta(seconds=9)), group_by=("slot",), slot_s=1
    )
    (found,) = store.aggregate(asked, CLOCK).groups
    assert found.key == (slot,)


def a_call(*, after_us: int = 0, **fields: Any) -> bytes:
    return raw(layout.CONNECT, SECOND + after_us * MICROSECOND, to=Endpoint("10.2.0.14", 443), **fields)


def test_what_is_true_or_false_is_told_as_that() -> None:
    store = a_store([raw(layout.TCP_LISTEN, SECOND, family=AF_INET, newstate=LISTEN)], batch_size=1)
    (found,) = store.aggregate(Aggregate(kind="listen", window=EVER, group_by=("began",)), CLOCK).groups
    assert found.key[0] is True
