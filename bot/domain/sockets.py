"""What sockets are open now, as frozen values: what events cannot show, since they tell of changes only.

A field that the kernel did not tell is None, never a guess.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from bot.domain.network import Endpoint
from bot.domain.query import EVERYTHING, Scope
from bot.domain.workload import Workload

Transport: TypeAlias = Literal["tcp", "udp"]


class SocketState(StrEnum):
    """The kernel's names. A UDP socket is connected (ESTABLISHED) or not (UNCONN)."""

    ESTABLISHED = "ESTABLISHED"
    SYN_SENT = "SYN_SENT"
    SYN_RECV = "SYN_RECV"
    FIN_WAIT1 = "FIN_WAIT1"
    FIN_WAIT2 = "FIN_WAIT2"
    TIME_WAIT = "TIME_WAIT"
    CLOSE = "CLOSE"
    CLOSE_WAIT = "CLOSE_WAIT"
    LAST_ACK = "LAST_ACK"
    LISTEN = "LISTEN"
    CLOSING = "CLOSING"
    UNCONN = "UNCONN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffers:
    """Memory of one socket: the kernel's own overhead counts too, so it exceeds the bytes that are queued."""

    receive_used_bytes: int
    receive_limit_bytes: int
    send_used_bytes: int
    send_limit_bytes: int
    drops: int
    """Packets that this socket lost since it was opened: no room (UDP), a full accept queue (listeners)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """How a TCP connection's transfer goes. Totals are since it was opened."""

    sent_bytes: int
    """Each byte once, however often it was sent."""
    received_bytes: int
    retransmitted_bytes: int
    retransmits: int
    """Segments that were sent again, in total."""
    unanswered_segments: int
    rtt_us: int | None
    rtt_deviation_us: int | None
    min_rtt_us: int | None
    congestion_window_segments: int
    segment_size_bytes: int
    peer_window_bytes: int
    """What the peer has room for at present."""
    delivery_bytes_per_s: int | None
    is_application_limited: bool
    """The delivery rate is that of an application which had no more to send."""
    busy_us: int
    """The time in which there was something to send; the next two are parts of it."""
    receiver_limited_us: int
    send_buffer_limited_us: int
    since_sent_ms: int | None
    since_received_ms: int | None

    @property
    def receiver_limited_share(self) -> float | None:
        """How much of the busy time the peer had no room; None when nothing was ever sent."""
        return self.receiver_limited_us / self.busy_us if self.busy_us else None

    @property
    def send_buffer_limited_share(self) -> float | None:
        """How much of the busy time the own send buffer was too small; None when nothing was ever sent."""
        return self.send_buffer_limited_us / self.busy_us if self.busy_us else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSocket:
    """One socket. IPv4 traffic of an IPv6 socket has IPv4 addresses, as in events."""

    protocol: Transport
    state: SocketState
    local: Endpoint
    remote: Endpoint | None
    """None for listeners and whatever is not connected."""
    namespace: int
    """The network namespace, by the number that events have."""
    uid: int | None
    inode: int | None
    """None where no process can hold it (any more): TIME_WAIT, handshakes, sockets that outlive their process."""
    cgroup: int | None = None
    """The number of the cgroup in which it was opened."""
    workload: Workload | None = None
    """Who runs in that cgroup, where anybody in particular does."""
    node: str | None = None
    pid: int | None = None
    """The process that holds it; the smallest number, where `holders` are many."""
    process: str | None = None
    holders: int | None = None
    receive_queue_bytes: int | None = None
    """Arrived and not read yet. UDP counts the kernel's overhead too."""
    send_queue_bytes: int | None = None
    """Written and not acknowledged yet (TCP), not sent yet (UDP, with overhead)."""
    backlog: int | None = None
    """Listeners: connections that wait for accept(2)."""
    backlog_limit: int | None = None
    """Listeners: one more than this fits, then whatever arrives is dropped."""
    retransmits_now: int | None = None
    """TCP: how often the oldest unanswered segment was sent again so far; also SYN and SYN-ACK."""
    window_probes_now: int | None = None
    """TCP: how often a peer without room was asked in vain."""
    buffers: Buffers | None = None
    transfer: Transfer | None = None

    @property
    def is_backlog_full(self) -> bool:
        """A listener that drops what arrives: the application does not accept, or not fast enough."""
        return self.backlog is not None and self.backlog_limit is not None and self.backlog > self.backlog_limit


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketQuery:
    """At most `limit` sockets in these states; those in TIME_WAIT are left out first.

    `holders`: also which process holds each, which costs a look at the open files of all processes; always where
    something is not `within` what may be seen.
    """

    states: frozenset[SocketState] = frozenset(SocketState)
    limit: int = 20_000
    holders: bool = True
    within: Scope = EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSockets:
    """The sockets of all namespaces that could be looked into; those in TIME_WAIT come last."""

    time: datetime
    sockets: tuple[OpenSocket, ...]
    left_out: int
    """Sockets beyond the limit."""
    namespaces: tuple[int, ...]
    """Each node numbers its own."""
    notes: tuple[str, ...] = ()
    """Sentences for people: what could not be seen."""
