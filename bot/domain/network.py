"""What eBPF events say, as frozen values: one type per kind of event, and how far they can be trusted (`Coverage`).

Nothing here knows where events come from. A field that its source did not record is None, never a guess.
All times are aware datetimes in UTC.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final, Literal, TypeAlias

from bot.domain.workload import Workload

LOCAL_SOCKET = "(local socket)"
UNNAMED = "(unknown)"
"""A process whose name nobody knows."""


class Outcome(StrEnum):
    """What became of one connection attempt. An errno says less: who gives up by itself leaves none."""

    CONNECTED = "connected"
    REFUSED = "refused"
    UNANSWERED = "gave up, no reply"
    TIMED_OUT = "timed out"
    REJECTED = "rejected by ICMP"
    UNREACHABLE = "host unreachable"
    NO_ROUTE = "no local route"
    NO_PORTS = "ports exhausted"
    RESET = "reset after connect"
    FAILED = "failed"
    PENDING = "in progress"
    UNKNOWN = "not recorded"


CONNECTED_OUTCOMES = frozenset({Outcome.CONNECTED})
UNDECIDED_OUTCOMES = frozenset({Outcome.PENDING, Outcome.UNKNOWN})
FAILED_OUTCOMES = frozenset(Outcome) - CONNECTED_OUTCOMES - UNDECIDED_OUTCOMES


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a flow: an IP address with a port, or a local (unix) socket with its path."""

    address: str | None = None
    port: int | None = None
    path: str | None = None
    name: str | None = None
    """What was asked of DNS to learn this address, where the source saw it; the newest name of several."""

    def __str__(self) -> str:
        """`host:port`, `[v6]:port`, a bare address where there is no port, or `(local socket)`."""
        if self.address is None:
            return LOCAL_SOCKET
        if self.port is None:
            return self.address
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


Direction: TypeAlias = Literal["in", "out"]
Role: TypeAlias = Literal["client", "server"]
"""Which side of a connection this machine is, where it is known."""
Owner: TypeAlias = Literal["socket", "current"]
"""How a process is known: from the socket (certain), or as whoever ran just then (perhaps quite unrelated)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What every event says: when, and of which process. `pid` is None where nobody knows the process."""

    time: datetime
    process: str
    pid: int | None
    uid: int | None = None
    node: str | None = None
    workload: Workload | None = None
    """In whose cgroup the socket was opened; None where the event is not certainly of that socket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection(Seen):
    """One attempt to connect, joined with its outcome where the source records one."""

    direction: ClassVar[Direction] = "out"
    destination: Endpoint
    protocol: str | None
    outcome: Outcome = Outcome.UNKNOWN
    errno: str | None = None
    waited_us: float | None = None
    """From the call until the outcome was known: the handshake where it connected."""
    duration_us: float | None = None
    sent_bytes: int | None = None
    received_bytes: int | None = None
    retransmits: int | None = None
    rtt_us: float | None = None
    """Smoothed by the kernel, as of the end; as of the handshake while it is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Seen):
    """A TCP connection that came in. Its process is the one that called accept(2) first; figures are as of its end."""

    direction: ClassVar[Direction] = "in"
    source: Endpoint
    destination: Endpoint
    """The listener's side."""
    protocol: str | None = "TCP"
    errno: str | None = None
    """With which it ended."""
    duration_us: float | None = None
    sent_bytes: int | None = None
    received_bytes: int | None = None
    retransmits: int | None = None
    rtt_us: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop(Seen):
    """One skb that the kernel freed as dropped (an skb can hold many packets)."""

    reason: str | None
    location: str | None = None
    size_bytes: int | None = None
    harmless: bool | None = None
    """True for frees that belong to healthy traffic; None where the source cannot tell."""
    owner: Owner | None = None
    protocol: str | None = None
    source: Endpoint | None = None
    destination: Endpoint | None = None
    direction: Direction | None = None
    interface: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retransmit(Seen):
    """One TCP segment that was sent again, a SYN or SYN-ACK too."""

    direction: ClassVar[Direction] = "out"
    source: Endpoint
    destination: Endpoint
    """Where it was sent to."""
    protocol: str | None = "TCP"
    state: str | None = None
    """The connection's, by the kernel's names: SYN_SENT, ESTABLISHED ..."""
    role: Role | None = None
    size_bytes: int | None = None
    retransmits: int | None = None
    """Of this connection so far, this one included."""
    rtt_us: float | None = None
    errno: str | None = None
    """Why it could not even be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset(Seen):
    """One RST that was sent or received; `source` is this machine's end in both cases."""

    direction: Direction
    source: Endpoint
    destination: Endpoint
    protocol: str | None = "TCP"
    reason: str | None = None
    """The kernel's reason for sending it; only newer kernels tell."""
    state: str | None = None
    """The connection's until then; None where there was no connection."""
    role: Role | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsLookup(Seen):
    """One question over UDP, joined with its answer; `destination` is the resolver."""

    direction: ClassVar[Direction] = "out"
    destination: Endpoint
    protocol: str | None = "UDP"
    name: str | None
    """None where the question could not be read."""
    type: str | None
    """A, AAAA ...; `TYPE65` for a number without a name."""
    rcode: str | None = None
    """NOERROR, NXDOMAIN ...; None while no answer was seen, or one that could not be read: then there is a latency."""
    latency_us: float | None = None
    """Since it was first asked."""
    answers: tuple[str, ...] = ()
    """Addresses; those of a long answer may be missing."""
    tries: int = 1
    """How often it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen(Seen):
    """A TCP socket began to listen (`began`), or ended."""

    destination: Endpoint
    protocol: str | None = "TCP"
    began: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketError(Seen):
    """What no connection attempt tells: accept(2) failed, or a datagram socket learnt of an ICMP message (`icmp`)."""

    call: Literal["accept", "icmp"]
    errno: str | None
    source: Endpoint | None = None
    destination: Endpoint | None = None
    """The listener; the peer of a datagram socket."""
    protocol: str | None = None
    owner: Owner | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IcmpSent(Seen):
    """This machine answered a packet, which went from `source` to `destination`, with an ICMP error."""

    type: int
    code: int
    source: Endpoint | None = None
    destination: Endpoint | None = None
    protocol: str | None = None
    """ICMP or ICMPV6."""
    interface: str | None = None
    owner: Owner | None = None


Event: TypeAlias = Connection | Accepted | Drop | Retransmit | Reset | DnsLookup | Listen | SocketError | IcmpSent
EventKind: TypeAlias = Literal["connection", "accept", "drop", "retransmit", "reset", "dns", "listen", "error", "icmp"]
EVENT_TYPES: Final[Mapping[EventKind, type[Event]]] = {
    "connection": Connection,
    "accept": Accepted,
    "drop": Drop,
    "retransmit": Retransmit,
    "reset": Reset,
    "dns": DnsLookup,
    "listen": Listen,
    "error": SocketError,
    "icmp": IcmpSent,
}


def kinds_with(*fields: str) -> tuple[EventKind, ...]:
    """The kinds whose events have all of these fields."""
    return tuple(kind for kind, event in EVENT_TYPES.items() if all(hasattr(event, field) for field in fields))


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span [since, until)."""

    since: datetime
    until: datetime

    @classmethod
    def last(cls, duration_s: float, now: datetime) -> "Window":
        """The `duration_s` seconds that end at `now`."""
        return cls(now - timedelta(seconds=duration_s), now)

    @property
    def duration_s(self) -> float:
        return (self.until - self.since).total_seconds()


SourceKind: TypeAlias = Literal["server", "aggregator", "live", "recording", "foreign"]
"""foreign: another MCP server, whose answer rests on no events; `window` then ends when it was asked."""
UnknownField: TypeAlias = Literal[
    "outcome", "errno", "protocol", "reason", "size", "location", "harmless", "node", "window"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What an answer rests on. Counts are events of the asked kind inside `window`.

    `seen` counts before filters, `matched` after them, `shown` what the tables hold. None is "not known".
    """

    source: str
    kind: SourceKind
    window: Window
    seen: int | None
    matched: int
    shown: int = 0
    lost: int | None = None
    nodes: tuple[str, ...] = ()
    unknown: tuple[UnknownField, ...] = ()
    """Fields that this source cannot know, whatever its events say."""
    notes: tuple[str, ...] = ()
    """Sentences for people: what was left out, guessed or cut."""
    command: str = ""
    """The command that reproduces the table without a language model."""


def coverage_of_all(coverages: Iterable[Coverage | None]) -> Coverage | None:
    """One coverage for several calls: the first one's, with the rows of all, and the commands that reproduce them."""
    known = [coverage for coverage in coverages if coverage]
    if not known:
        return None
    shown = sum(coverage.shown for coverage in known)
    return replace(known[0], shown=shown, command=" ; ".join(coverage.command for coverage in known))


def added(counts: Iterable[int | None]) -> int | None:
    """The sum of several answers' counts; None when one is not known."""
    known = list(counts)
    return None if None in known else sum(count or 0 for count in known)
