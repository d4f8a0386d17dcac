"""How a collector does, as a value: what runs, what it holds, what it could not keep. It travels as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.network import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class KindStatus:
    """Of one kind of events, since the collector began; `seen` are those that were stored, evicted ones included.

    `complete_since`: from then on nothing has been evicted. None while nothing was.
    """

    seen: int
    lost: int
    stored: int
    evicted: int
    size_bytes: int
    complete_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`programs` are those that run, `missing` the others, each with the reason."""

    since: datetime
    programs: tuple[str, ...]
    missing: Mapping[str, str]
    kinds: Mapping[EventKind, KindStatus]
