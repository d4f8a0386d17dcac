"""What eBPF events say, as frozen values: one type per kind of event, and how far they can be trusted (`Coverage`).

Nothing here knows where events come from. A field that its source did not record is None, never a guess.
All times are aware datetimes in UTC.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, TypeAlias

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

    def __str__(self) -> str:
        """`host:port`, `[v6]:port`, a bare address where there is no port, or `(local socket)`."""
        if self.address is None:
            return LOCAL_SOCKET
        if self.port is None:
            return self.address
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One attempt to connect, joined with its outcome where the source records one."""

    time: datetime
    process: str
    pid: int | None
    destination: Endpoint
    protocol: str | None
    outcome: Outcome = Outcome.UNKNOWN
    errno: str | None = None
    uid: int | None = None
    waited_us: float | None = None
    """From the call until the outcome was known: the handshake where it connected."""
    duration_us: float | None = None
    sent_bytes: int | None = None
    received_bytes: int | None = None
    retransmits: int | None = None
    node: str | None = None
    workload: Workload | None = None
    """In whose cgroup the socket was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """One skb that the kernel freed as dropped (an skb can hold many packets)."""

    time: datetime
    process: str
    pid: int | None
    reason: str | None
    location: str | None = None
    size_bytes: int | None = None
    harmless: bool | None = None
    """True for frees that belong to healthy traffic; None where the source cannot tell."""
    owner: Literal["socket", "current"] | None = None
    """How `process` is known: from the skb's socket (certain), or as whoever ran just then."""
    protocol: str | None = None
    source: Endpoint | None = None
    destination: Endpoint | None = None
    interface: str | None = None
    node: str | None = None
    workload: Workload | None = None
    """In whose cgroup the skb's socket was opened; None where `owner` is not that socket."""


Event: TypeAlias = Connection | Drop
EventKind: TypeAlias = Literal["connection", "drop"]


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
