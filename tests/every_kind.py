"""Events of every kind with all that they can have, some seconds before NOW; and an open socket and a counter."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from bot.domain.counters import CounterDelta, Counters, Levels
from bot.domain.network import (
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
)
from bot.domain.sockets import Buffers, OpenSocket, SocketState, Transfer
from bot.domain.workload import Workload
from tests.fakes import NOW, connection, drop

WORKLOAD: Final = Workload(
    container_id="a" * 64, runtime="docker", pod="shop-1", pod_namespace="shop", nested=Workload(container="inner")
)
HERE: Final = Endpoint("10.0.0.1", 40_000)
DB: Final = Endpoint("10.2.0.14", 5432, name="db.internal")
V6: Final = Endpoint("2001:db8::1", 443, name="six.example")


def seen(ago_s: float, **more: Any) -> dict[str, Any]:
    """All that any event can say of its moment and its process."""
    who = {"process": "curl", "pid": 100, "uid": 0, "node": "node-a", "workload": WORKLOAD}
    return {"time": NOW - timedelta(seconds=ago_s), **who, **more}


def nobody(ago_s: float) -> dict[str, Any]:
    return seen(ago_s, process="(unknown)", pid=None, uid=None, node=None, workload=None)


_CONNECTIONS: Sequence[Connection] = (
    replace(connection(pid=None, outcome=Outcome.REFUSED, errno="ECONNREFUSED"), uid=0, retransmits=2, node="node-a"),
    replace(connection("a\x1b[31m\u2028", "[2001:db8::1]:443", ago_s=2), waited_us=0.1, sent_bytes=1, received_bytes=2),
    replace(connection("x", "", ago_s=3), duration_us=1e9 / 3, workload=WORKLOAD, rtt_us=12.5),
    replace(connection(ago_s=4), destination=Endpoint("10.0.0.1"), protocol=None),
    Connection(**seen(5), destination=DB, protocol="TCP", outcome=Outcome.CONNECTED),
)
_DROPS: Sequence[Drop] = (
    replace(drop(ago_s=1), owner="socket", interface="eth0", source=HERE, workload=WORKLOAD, direction="in"),
    replace(drop(reason=None, harmless=None, location=None, pid=None, ago_s=2), size_bytes=None),
    Drop(**seen(3), reason="NETFILTER_DROP", destination=DB, source=HERE, protocol="TCP", direction="out"),
)
EVENTS: Final[Mapping[EventKind, Sequence[Event]]] = {
    "connection": _CONNECTIONS,
    "accept": (
        Accepted(
            **seen(1, process="nginx"),
            source=V6,
            destination=Endpoint("::", 80),
            errno="ETIMEDOUT",
            duration_us=1.5,
            sent_bytes=7,
            received_bytes=0,
            retransmits=1,
            rtt_us=20.25,
        ),
        Accepted(**nobody(2), source=HERE, destination=DB),
    ),
    "drop": _DROPS,
    "retransmit": (
        Retransmit(
            **seen(1), source=HERE, destination=DB, state="SYN_SENT", role="client", size_bytes=60, retransmits=3
        ),
        Retransmit(**nobody(2), source=HERE, destination=V6, role="server", rtt_us=1.25, errno="ENETUNREACH"),
    ),
    "reset": (
        Reset(**seen(1), direction="in", source=HERE, destination=DB, state="ESTABLISHED", role="client"),
        Reset(**nobody(2), direction="out", source=HERE, destination=V6, reason="NO_SOCKET"),
    ),
    "dns": (
        DnsLookup(
            **seen(1),
            destination=Endpoint("10.0.0.53", 53),
            name="db.internal",
            type="A",
            rcode="NOERROR",
            latency_us=900.5,
            answers=("10.2.0.14", "10.2.0.15"),
            tries=2,
        ),
        DnsLookup(**nobody(2), destination=V6, name=None, type=None),
        DnsLookup(**seen(3), destination=V6, name="gone.example", type="TYPE99", rcode="NXDOMAIN", latency_us=1.0),
    ),
    "listen": (
        Listen(**seen(1, process="nginx"), destination=Endpoint("::", 80), began=True),
        Listen(**nobody(2), destination=Endpoint("0.0.0.0", 80), began=False),
    ),
    "error": (
        SocketError(**seen(1), call="accept", errno="EMFILE", destination=Endpoint("::", 80), owner="current"),
        SocketError(**nobody(2), call="icmp", errno=None, source=HERE, destination=DB, protocol="UDP", owner="socket"),
    ),
    "icmp": (
        IcmpSent(**seen(1), type=3, code=3, source=DB, destination=HERE, protocol="ICMP", interface="eth0"),
        IcmpSent(**nobody(2), type=1, code=4, protocol="ICMPV6", owner="current"),
    ),
}
ALL: Final[tuple[Event, ...]] = tuple(event for events in EVENTS.values() for event in events)

SOCKET: Final = OpenSocket(
    protocol="tcp",
    state=SocketState.ESTABLISHED,
    local=HERE,
    remote=DB,
    namespace=7,
    uid=0,
    inode=12,
    cgroup=34,
    workload=WORKLOAD,
    node="node-a",
    pid=100,
    process="curl",
    holders=2,
    receive_queue_bytes=0,
    send_queue_bytes=5,
    retransmits_now=1,
    window_probes_now=0,
    buffers=Buffers(receive_used_bytes=1, receive_limit_bytes=2, send_used_bytes=3, send_limit_bytes=4, drops=5),
    transfer=Transfer(
        sent_bytes=1,
        received_bytes=2,
        retransmitted_bytes=3,
        retransmits=4,
        unanswered_segments=5,
        rtt_us=None,
        rtt_deviation_us=6,
        min_rtt_us=7,
        congestion_window_segments=8,
        segment_size_bytes=9,
        peer_window_bytes=10,
        delivery_bytes_per_s=None,
        is_application_limited=True,
        busy_us=11,
        receiver_limited_us=12,
        send_buffer_limited_us=13,
        since_sent_ms=None,
        since_received_ms=14,
    ),
)


def delta(namespace: int = 7, *, ago_s: float = 10.0, **counters: int) -> CounterDelta:
    """Of five seconds, which began `ago_s` ago."""
    since = NOW - timedelta(seconds=ago_s)
    return CounterDelta(
        namespace=namespace,
        since=since,
        until=since + timedelta(seconds=5),
        counters=Counters(**counters),
        levels=Levels(tcp_in_use=3),
    )
