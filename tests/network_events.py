"""Events of the kinds beyond `tests.fakes`, some seconds before NOW."""

from datetime import timedelta
from typing import Any, Literal

from bot.domain.counters import CounterDelta, CounterDeltas, Counters, Levels
from bot.domain.network import Accepted, DnsLookup, Endpoint, Listen, Reset, Retransmit, SocketError
from bot.domain.sockets import Buffers, OpenSocket, OpenSockets, SocketState, Transfer
from bot.domain.source_status import KindStatus, SourceStatus
from tests.fakes import NOW

HERE = Endpoint("10.0.0.1", 40000)
DB = Endpoint("10.2.0.14", 5432, name="db.internal")


def ago(seconds: float) -> dict[str, Any]:
    return {"time": NOW - timedelta(seconds=seconds)}


def accepted(process: str = "nginx", source: str = "10.0.0.9", *, ago_s: float = 1.0, **more: Any) -> Accepted:
    ends: dict[str, Any] = {"source": Endpoint(source, 50000), "destination": Endpoint("10.0.0.1", 80)}
    return Accepted(**ago(ago_s), process=process, pid=20, **ends, **more)


def retransmit(process: str = "curl", to: Endpoint = DB, *, ago_s: float = 1.0, **more: Any) -> Retransmit:
    return Retransmit(**ago(ago_s), process=process, pid=100, source=HERE, destination=to, **more)


def reset(
    process: str = "curl", direction: Literal["in", "out"] = "in", to: Endpoint = DB, *, ago_s: float = 1.0, **more: Any
) -> Reset:
    return Reset(**ago(ago_s), process=process, pid=100, direction=direction, source=HERE, destination=to, **more)


def lookup(name: str, rcode: str | None = "NOERROR", *, ago_s: float = 1.0, ms: float | None = 2.0) -> DnsLookup:
    return DnsLookup(
        **ago(ago_s),
        process="curl",
        pid=100,
        destination=Endpoint("10.0.0.53", 53),
        name=name,
        type="A",
        rcode=rcode,
        latency_us=None if ms is None else ms * 1000,
    )


def listen(process: str = "nginx", *, began: bool = True, ago_s: float = 1.0) -> Listen:
    return Listen(**ago(ago_s), process=process, pid=20, destination=Endpoint("::", 80), began=began)


def accept_failed(process: str = "rooms", errno: str = "EMFILE", *, ago_s: float = 1.0) -> SocketError:
    to = Endpoint("0.0.0.0", 8452)
    return SocketError(**ago(ago_s), process=process, pid=20, call="accept", errno=errno, destination=to)


def listener(process: str = "shop", port: int = 8453, *, backlog: int = 0, limit: int = 128) -> OpenSocket:
    local = Endpoint("0.0.0.0", port)
    return _socket(process, SocketState.LISTEN, local, None, backlog=backlog, backlog_limit=limit)


def open_connection(process: str = "curl", to: Endpoint = DB, **more: Any) -> OpenSocket:
    return _socket(process, SocketState.ESTABLISHED, HERE, to, **more)


def _socket(process: str, state: SocketState, local: Endpoint, remote: Endpoint | None, **more: Any) -> OpenSocket:
    who: dict[str, Any] = {"namespace": 4026531840, "uid": 33, "inode": 5, "pid": 20, "process": process}
    return OpenSocket(protocol="tcp", state=state, local=local, remote=remote, **{**who, **more})


def open_sockets(*sockets: OpenSocket) -> OpenSockets:
    return OpenSockets(time=NOW, sockets=sockets, left_out=0, namespaces=(4026531840,))


def counted(**counts: int) -> CounterDeltas:
    since = NOW - timedelta(seconds=60)
    delta = CounterDelta(namespace=4026531840, since=since, until=NOW, counters=Counters(**counts), levels=Levels())
    return CounterDeltas(deltas=(delta,), left_out=0)


def transfer(**more: Any) -> Transfer:
    """Of a connection that is well, but for what is said."""
    nothing = dict.fromkeys(
        (
            *("sent_bytes", "received_bytes", "retransmitted_bytes", "retransmits", "unanswered_segments"),
            *("congestion_window_segments", "segment_size_bytes", "peer_window_bytes", "busy_us"),
            *("receiver_limited_us", "send_buffer_limited_us"),
        ),
        0,
    )
    unknown = dict.fromkeys(
        ("rtt_deviation_us", "min_rtt_us", "delivery_bytes_per_s", "since_sent_ms", "since_received_ms")
    )
    return Transfer(**{**nothing, **unknown, "rtt_us": 300, "is_application_limited": False, **more})


def buffers(*, drops: int) -> Buffers:
    room = {"receive_used_bytes": 0, "receive_limit_bytes": 1, "send_used_bytes": 0, "send_limit_bytes": 1}
    return Buffers(**room, drops=drops)


STATUS = SourceStatus(
    source="this machine",
    kind="live",
    since=NOW - timedelta(hours=1),
    programs=("tcp_state_changed",),
    missing={"dns_query": "no such tracepoint"},
    kinds={"connection": KindStatus(seen=900, lost=3, stored=800, evicted=100, size_bytes=1 << 20)},
    choice="nothing answers at http://localhost:8080: this machine is listened to",
)
