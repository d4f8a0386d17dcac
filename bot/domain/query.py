"""What a tool wants to know, as a value. Tools describe; sources execute, each as near to the data as it can."""

from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from typing import Literal, TypeAlias

from bot.domain.network import Coverage, Direction, Event, EventKind, Outcome, Window

GroupField: TypeAlias = Literal[
    "process", "pid", "uid", "source", "source_port", "destination", "address", "name", "port", "protocol",
    "direction", "role", "outcome", "errno", "reason", "location", "harmless", "interface", "state", "lookup",
    "type", "code", "rcode", "call", "began", "node", "namespace", "pod", "container", "slot",
]  # fmt: skip
"""`source`, `address` and `name` are hosts without ports: where it came from, where it went, and what DNS calls that.
`lookup` is the name that DNS was asked for, `namespace` that of the pod, `slot` the number of an `Aggregate.slot_s`."""
NumberField: TypeAlias = Literal[
    "waited_us", "duration_us", "size_bytes", "sent_bytes", "received_bytes", "transferred_bytes", "retransmits",
    "rtt_us", "latency_us", "tries",
]  # fmt: skip
"""`transferred_bytes`: sent and received."""
Operation: TypeAlias = Literal["sum", "min", "max", "p50", "p95", "p99"]
GroupKey: TypeAlias = str | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which destinations count: addresses of `network`, or those that DNS called `name` last, and a `port`."""

    network: IPv4Network | IPv6Network | None = None
    name: str | None = None
    """In small letters, without a dot at its end."""
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be seen at all: events that meet every condition. An empty one leaves its field open.

    An event without the field that a condition asks for is not seen.
    """

    processes: frozenset[str] = frozenset()
    """Names (comm), with `*` for any characters and `?` for one."""
    pids: frozenset[int] = frozenset()
    nodes: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    """Of pods; `*` and `?` as in `processes`."""
    networks: frozenset[IPv4Network | IPv6Network] = frozenset()
    """One of its ends, source or destination, lies in one of them."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What somebody may see: whatever any of these limits lets through. None: everything; empty: nothing."""

    any_of: frozenset[Limits] | None = None

    @property
    def is_everything(self) -> bool:
        return self.any_of is None


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which events count; None leaves a field open. All conditions hold at once.

    Events of a kind that does not have a field never match a condition on it.
    """

    pid: int | None = None
    process: str | None = None
    """The exact name (comm), as the kernel has it: at most 15 bytes."""
    process_pattern: str | None = None
    """The same with `*` for any characters and `?` for one."""
    uid: int | None = None
    target: Target | None = None
    protocol: str | None = None
    """In capital letters."""
    direction: Direction | None = None
    """Connections, retransmits and look-ups go out; accepted connections come in."""
    outcomes: frozenset[Outcome] | None = None
    """Connections only."""
    errno: str | None = None
    reason: str | None = None
    """Of drops and resets."""
    lookup: str | None = None
    """The name that DNS was asked for, in small letters; `*` and `?` as in `process_pattern`."""
    node: str | None = None
    namespace: str | None = None
    """Of the pod."""
    pod: str | None = None
    container: str | None = None
    failed_local_lookups: bool = False
    """False leaves out failed connects to local (unix) sockets: name service look-ups, a part of healthy life."""
    harmless: bool = True
    """False leaves out drops that are known to be harmless. Drops only."""
    within: Scope = EVERYTHING
    """What whoever asks may see at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """The newest `limit` events, newest first; ties by process, pid and destination."""

    kind: EventKind
    window: Window
    filter: Filter = field(default_factory=Filter)
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Events:
    events: tuple[Event, ...]
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure per group over the events that have the field."""

    operation: Operation
    field: NumberField


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """Counts per group, the largest first (ties by key), cut to the first `top` groups.

    Without `group_by` there is one group, with an empty key, or none when nothing matched. `by`: largest is what has
    the largest such figure, one without a figure coming last. `slot_s` cuts the window into slots of that many seconds,
    numbered from 0 at its begin, for the field `slot`, which needs it.
    """

    kind: EventKind
    window: Window
    filter: Filter = field(default_factory=Filter)
    group_by: tuple[GroupField, ...] = ()
    measures: tuple[Measure, ...] = ()
    by: Measure | None = None
    slot_s: int | None = None
    top: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """`key` is in the order of `group_by`, `values` in the order of `measures` (None: no event had the field)."""

    key: tuple[GroupKey, ...]
    count: int
    first: datetime
    last: datetime
    values: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Groups:
    """`total` counts all groups, of which `groups` may be the largest only; `coverage.matched` counts all events."""

    groups: tuple[Group, ...]
    total: int
    coverage: Coverage
