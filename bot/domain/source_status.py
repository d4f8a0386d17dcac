"""How a source of events does, as frozen values: what runs, what it holds, what it could not keep. They go as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.network import EventKind, SourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class KindStatus:
    """Of one kind of events; None is not known. `seen` are those that were stored, evicted ones included.

    `complete_since`: from then on nothing has been evicted. None while nothing was.
    """

    seen: int | None = None
    lost: int | None = None
    stored: int | None = None
    evicted: int | None = None
    size_bytes: int | None = None
    complete_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """`programs` are those that run, `missing` the others, each with the reason. `kinds` are those that it tells of."""

    source: str
    """Which it is, in words."""
    kind: SourceKind
    since: datetime | None = None
    """From when on it has events."""
    until: datetime | None = None
    """Of a recording: when it ended."""
    programs: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    broken: str = ""
    """Why it has stopped listening, when it has."""
    kinds: Mapping[EventKind, KindStatus] = field(default_factory=dict)
    nodes: tuple["NodeStatus", ...] = ()
    """Where it is many."""
    choice: str = ""
    """A sentence: why this one was chosen, and what keeps a better one from being it."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """`failure`: why there is no status."""

    name: str
    status: SourceStatus | None = None
    failure: str = ""
