"""What a tool wants to know, as a value. Tools describe; sources execute, each as near to the data as it can."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from bot.domain.network import Coverage, Event, EventKind, Outcome, Window

GroupField: TypeAlias = Literal[
    "process", "pid", "uid", "destination", "address", "port", "protocol", "outcome", "errno",
    "reason", "location", "harmless", "interface", "node",
]  # fmt: skip
NumberField: TypeAlias = Literal["waited_us", "duration_us", "size_bytes", "sent_bytes", "received_bytes"]
Operation: TypeAlias = Literal["sum", "min", "max", "p50", "p95", "p99"]
GroupKey: TypeAlias = str | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which events count; None leaves a field open. All conditions hold at once."""

    pid: int | None = None
    process: str | None = None
    """The exact name (comm), as the kernel has it: at most 15 bytes."""
    outcomes: frozenset[Outcome] | None = None
    """Connections only."""
    failed_local_lookups: bool = False
    """False leaves out failed connects to local (unix) sockets: name service look-ups, a part of healthy life."""
    harmless: bool = True
    """False leaves out drops that are known to be harmless. Drops only."""


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

    Without `group_by` there is one group, with an empty key, or none when nothing matched.
    """

    kind: EventKind
    window: Window
    filter: Filter = field(default_factory=Filter)
    group_by: tuple[GroupField, ...] = ()
    measures: tuple[Measure, ...] = ()
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
