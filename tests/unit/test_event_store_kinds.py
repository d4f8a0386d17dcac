"""Each kind of event as the store tells it, from what the kernel program told."""

import errno
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.network import (
    EVENT_TYPES,
    Accepted,
    DnsLookup,
    Drop,
    Endpoint,
    Event,
    EventKind,
    IcmpSent,
    Listen,
    Reset,
    Retransmit,
    SocketError,
    Window,
)
from bot.domain.query import EventQuery, Filter
from bot.domain.workload import Workload
from bot.ebpf.collector import layout
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.store import EventStore
from tests.fakes import NOW
from tests.raw_events import CLOCK, ESTABLISHED, LISTEN, SYN_SENT, of, raw

SECOND = 1_000_000_000
T = SECOND
POD = Workload(pod="web-0", pod_namespace="shop", container="nginx")
NAMES = KernelNames({3: "NO_SOCKET"}.get, lambda _: None, {7: POD}.get, {2: "TCP_STATE"}.get)
HERE, THERE, RESOLVER = Endpoint("10.0.0.1", 40000), Endpoint("10.2.0.14", 5432), Endpoint("10.0.0.53", 53)
LOCAL: dict[str, Any] = {"saddr": b"\x0a\0\0\1", "sport": 40000}
DAY = Window(NOW - timedelta(days=1), NOW + timedelta(days=1))
SEEN: dict[str, Any] = {"time": CLOCK.moment(T), "process": "curl", "pid": 100, "uid": 33, "node": "node-a"}
NOBODY = {**SEEN, "process": "(unknown)", "pid": None, "uid": None}
NEW_SYN_RECV = 12


def told(kind: EventKind, *raws: bytes) -> tuple[Event, ...]:
    store = EventStore(NAMES, node="node-a", max_age_s=10**6)
    store.add(raws, now_ns=0)
    return store.events(EventQuery(kind=kind, window=DAY, filter=Filter(failed_local_lookups=True)), CLOCK).events


def at_t(kind: int, **fields: Any) -> bytes:
    return raw(kind, T, **{"to": THERE, "uid": 33, "cgroup": 7, **LOCAL, **fields})


def test_a_segment_that_was_sent_again_tells_its_connection() -> None:
    sent = {"flags": layout.OWNED | layout.OPENED, "len": 1448, "retransmits": 3, "srtt_us": 250, "ret": -errno.ENOBUFS}
    assert told("retransmit", at_t(layout.TCP_RETRANSMIT, newstate=ESTABLISHED, **sent)) == (
        Retransmit(
            **SEEN,
            workload=POD,
            source=HERE,
            destination=THERE,
            state="ESTABLISHED",
            role="client",
            size_bytes=1448,
            retransmits=3,
            rtt_us=250,
            errno="ENOBUFS",
        ),
    )


def test_a_syn_that_was_sent_again_has_no_round_trip_time_and_nobody_is_blamed_without_an_owner() -> None:
    assert told("retransmit", at_t(layout.TCP_RETRANSMIT, newstate=SYN_SENT, retransmits=1)) == (
        Retransmit(**NOBODY, source=HERE, destination=THERE, state="SYN_SENT", size_bytes=0, retransmits=1),
    )


def test_a_syn_ack_that_was_sent_again_has_no_size() -> None:
    again = at_t(layout.SYNACK_RETRANSMIT, newstate=NEW_SYN_RECV, flags=layout.OWNED | layout.ACCEPTED, retransmits=2)
    (found,) = told("retransmit", again)
    assert isinstance(found, Retransmit)
    assert (found.state, found.role, found.size_bytes, found.retransmits) == ("SYN_RECV", "server", None, 2)


def test_a_reset_that_was_received_tells_its_connection() -> None:
    received = at_t(layout.TCP_RESET_RECEIVED, sock=1, newstate=SYN_SENT, flags=layout.OWNED | layout.OPENED)
    assert told("reset", received) == (
        Reset(**SEEN, workload=POD, direction="in", source=HERE, destination=THERE, state="SYN_SENT", role="client"),
    )


def test_a_reset_without_a_socket_answers_a_packet_from_its_destination() -> None:
    packet = at_t(layout.TCP_RESET_SENT, reason=2)
    assert told("reset", packet) == (
        Reset(**NOBODY, direction="out", source=THERE, destination=HERE, reason="TCP_STATE"),
    )


def test_a_reset_of_a_socket_goes_to_its_peer() -> None:
    (found,) = told("reset", at_t(layout.TCP_RESET_SENT, sock=1, newstate=ESTABLISHED))
    assert isinstance(found, Reset)
    assert (found.source, found.destination, found.reason) == (HERE, THERE, None)


@pytest.mark.parametrize(("state", "began"), [(LISTEN, True), (7, False)])
def test_a_listener_is_told_by_its_own_address(state: int, *, began: bool) -> None:
    assert told("listen", at_t(layout.TCP_LISTEN, newstate=state, to=Endpoint("0.0.0.0"))) == (
        Listen(**SEEN, workload=POD, destination=HERE, began=began),
    )


def test_an_accept_that_failed_is_certainly_of_its_caller() -> None:
    assert told("error", at_t(layout.ACCEPT_FAILED, ret=-errno.EMFILE)) == (
        SocketError(
            **SEEN, workload=POD, call="accept", errno="EMFILE", destination=HERE, protocol="TCP", owner="socket"
        ),
    )


def test_a_datagram_socket_tells_of_an_icmp_message_also_of_one_about_the_size() -> None:
    learnt = at_t(layout.SOCK_ERROR, ret=-errno.EMSGSIZE, proto=17)
    assert told("error", learnt) == (
        SocketError(
            **{**SEEN, "uid": None},
            call="icmp",
            errno="EMSGSIZE",
            source=HERE,
            destination=THERE,
            protocol="UDP",
            owner="current",
        ),
    )


def test_an_icmp_error_tells_of_the_packet_that_it_answered() -> None:
    sent = at_t(layout.ICMP_SENT, proto=17, icmp_type=3, icmp_code=13, ifname=b"eth0", flags=layout.OWNED)
    assert told("icmp", sent) == (
        IcmpSent(
            **SEEN,
            workload=POD,
            type=3,
            code=13,
            source=HERE,
            destination=THERE,
            protocol="ICMP",
            interface="eth0",
            owner="socket",
        ),
    )


@pytest.mark.parametrize(("flags", "direction"), [(0, "out"), (layout.RECEIVED, "in")])
def test_a_drop_tells_which_way_it_went_and_of_whoever_ran_no_more_than_that(flags: int, direction: str) -> None:
    (found,) = told("drop", at_t(layout.DROP, reason=3, flags=flags))
    assert isinstance(found, Drop)
    assert (found.direction, found.owner, found.process, found.uid) == (direction, "current", "curl", None)


def test_a_reason_of_a_subsystem_keeps_its_whole_number() -> None:
    store = EventStore(KernelNames({0x30003: "OVS_METER"}.get, lambda _: None), max_age_s=10**6)
    store.add([at_t(layout.DROP, reason=0x30003)], now_ns=0)
    (found,) = store.events(EventQuery(kind="drop", window=DAY), CLOCK).events
    assert isinstance(found, Drop)
    assert found.reason == "OVS_METER"


EVERY: tuple[Event, ...] = (
    Accepted(**SEEN, source=THERE, destination=HERE, errno="ECONNRESET", duration_us=9.0, sent_bytes=1,
             received_bytes=2, retransmits=3, rtt_us=4),
    Retransmit(**SEEN, source=HERE, destination=THERE, state="ESTABLISHED", role="server", size_bytes=5,
               retransmits=1, rtt_us=7, errno="ENOBUFS"),
    Reset(**SEEN, direction="out", source=HERE, destination=THERE, state="ESTABLISHED", role="client"),
    Reset(**SEEN, direction="in", source=HERE, destination=THERE, state="SYN_SENT", role="client"),
    DnsLookup(**SEEN, destination=RESOLVER, name="db.internal", type="AAAA", rcode="NOERROR", latency_us=300.0,
              answers=("2001:db8::1", "2001:db8::2"), tries=2),
    DnsLookup(**SEEN, destination=RESOLVER, name="nowhere.internal", type="TYPE99", rcode="NXDOMAIN", latency_us=1.0),
    DnsLookup(**SEEN, destination=RESOLVER, name="db.internal", type="A"),
    DnsLookup(**SEEN, destination=RESOLVER, name="db.internal", type="A", latency_us=5.0),
    Listen(**SEEN, destination=HERE, began=True),
    SocketError(**SEEN, call="accept", errno="EMFILE", destination=HERE, protocol="TCP", owner="socket"),
    SocketError(**SEEN, call="icmp", errno="ECONNREFUSED", source=HERE, destination=THERE, protocol="UDP",
                owner="socket"),
    IcmpSent(**SEEN, type=3, code=1, source=HERE, destination=THERE, protocol="ICMP", owner="socket"),
)  # fmt: skip


@pytest.mark.parametrize("event", EVERY, ids=lambda event: type(event).__name__)
def test_what_the_kernel_tells_of_an_event_is_told_as_that_event(event: Event) -> None:
    kind = next(kind for kind, kind_type in EVENT_TYPES.items() if isinstance(event, kind_type))
    assert told(kind, *of(event)) == (event,)


def test_kinds_are_counted_each_for_itself() -> None:
    store = EventStore(NAMES, max_age_s=60)
    store.add([at_t(layout.TCP_LISTEN), at_t(layout.ICMP_SENT), at_t(layout.ICMP_SENT)], now_ns=T)
    counts = {kind: store.kept(kind, CLOCK).stored for kind in EVENT_TYPES}
    assert {kind: count for kind, count in counts.items() if count} == {"listen": 1, "icmp": 2}
    store.add([], now_ns=T + 61 * SECOND)
    gone = {kind: store.kept(kind, CLOCK).evicted for kind in EVENT_TYPES}
    assert {kind: count for kind, count in gone.items() if count} == {"listen": 1, "icmp": 2}
