"""What the kernel programs report, as frozen values: the steps of stories that `joining` puts together.

What is an event of its own is told as one of `bot.domain.network` at once. Nobody outside this package sees the others.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, TypedDict

from bot.domain.network import (
    UNNAMED,
    Drop,
    Endpoint,
    EventKind,
    IcmpSent,
    Listen,
    Reset,
    Retransmit,
    SocketError,
)
from bot.domain.workload import Workload

KINDS: Final[dict[EventKind, tuple[str, ...]]] = {
    "connection": ("connect", "tcp_open", "tcp_close", "tcp_reset_received", "sock_error"),
    "accept": ("tcp_accept", "tcp_close"),
    "drop": ("drop",),
    "retransmit": ("tcp_retransmit", "synack_retransmit"),
    "reset": ("tcp_reset_sent", "tcp_reset_received"),
    "dns": ("dns_query", "dns_reply"),
    "listen": ("tcp_listen",),
    "error": ("accept_failed", "sock_error"),
    "icmp": ("icmp_sent",),
}
"""The kernel's events that make up each kind: what is lost of these is missing there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Of whom an event tells; `uid` and `workload` only where that is certain."""

    process: str
    pid: int | None
    uid: int | None
    workload: Workload | None

    def at(self, time: datetime) -> "WhoAndWhen":
        """What every event says, for making one."""
        return WhoAndWhen(time=time, process=self.process, pid=self.pid, uid=self.uid, workload=self.workload)


class WhoAndWhen(TypedDict):
    time: datetime
    process: str
    pid: int | None
    uid: int | None
    workload: Workload | None


NOBODY: Final = Who(process=UNNAMED, pid=None, uid=None, workload=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """Who tries to connect to where, and since when. `attempt` is its identity, if it has one."""

    attempt: str | None
    began_at: datetime
    who: Who
    destination: Endpoint
    protocol: str | None
    is_stream: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureEvidence:
    """Why a handshake fails, as far as it is known."""

    got_reset: bool = False
    neighbour_failed: bool = False
    got_unreachable_message: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectReturned:
    """The end of a connect(2) call. One that does not wait returns EINPROGRESS; only the handshake knows the rest."""

    begin: Begin
    errno: str | None
    call_us: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeEnded:
    """A TCP socket left SYN_SENT, for ESTABLISHED or for CLOSE. A connect(2) that waits for it returns afterwards."""

    begin: Begin
    is_connected: bool
    errno: str | None
    handshake_us: float | None
    retransmits: int | None
    rtt_us: float | None
    evidence: FailureEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorLearnt:
    """A datagram socket was told that what it sends reaches nobody."""

    attempt: str
    errno: str | None
    after_us: float | None


@dataclass(frozen=True, slots=True)
class SynSentAgain:
    """An attempt hangs."""

    begin: Begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an established TCP connection ended, and what it came to."""

    errno: str | None
    duration_us: float | None
    sent_bytes: int | None
    received_bytes: int | None
    retransmits: int | None
    rtt_us: float | None


@dataclass(frozen=True, slots=True)
class ConnectionClosed:
    """One that was opened from here is over."""

    attempt: str
    ending: Ending


@dataclass(frozen=True, slots=True)
class ResetReceived:
    """The peer sent an RST: as its answer to the SYN, or later."""

    attempt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkbDropped:
    """A drop, with what it proves about the attempt of the socket that it belonged to."""

    drop: Drop
    attempt: str | None
    evidence: FailureEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionAccepted:
    """A TCP connection came in, while nobody had called accept(2) for it. `sock` tells its socket among live ones."""

    sock: str | None
    time: datetime
    source: Endpoint
    destination: Endpoint
    workload: Workload | None


@dataclass(frozen=True, slots=True)
class OwnerSeen:
    """Whose a connection is that came in."""

    sock: str
    who: Who


@dataclass(frozen=True, slots=True)
class AcceptedClosed:
    """A connection that came in is over."""

    sock: str
    ending: Ending
    owner_may_follow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySent:
    """A question to DNS. `place` is where it was asked, `question` what its reply repeats; None: it was unreadable."""

    place: Hashable
    question: Hashable
    time: datetime
    who: Who
    destination: Endpoint
    name: str | None
    type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyReceived:
    """`latency_us` is since the question was first asked."""

    place: Hashable
    question: Hashable
    rcode: str | None
    latency_us: float | None
    answers: tuple[str, ...]


KernelEvent: TypeAlias = (
    ConnectReturned
    | HandshakeEnded
    | ErrorLearnt
    | SynSentAgain
    | ConnectionClosed
    | ResetReceived
    | SkbDropped
    | ConnectionAccepted
    | OwnerSeen
    | AcceptedClosed
    | QuerySent
    | ReplyReceived
    | Retransmit
    | Reset
    | Listen
    | SocketError
    | IcmpSent
)
