"""The events of this machine, in memory: bounded by age and by bytes, asked from any thread.

What is evicted is counted; a question about a time of which events are gone already is told so by `Coverage`.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.domain.network import Event, EventKind
from bot.domain.query import Aggregate, EventQuery, Filter, Group
from bot.ebpf.store import asking
from bot.ebpf.store.address_names import SeenNames
from bot.ebpf.store.batch import Batch
from bot.ebpf.store.clock import Clock, Span
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.every_kind import every_kind
from bot.ebpf.store.keeper import Keeper
from bot.ebpf.store.lookup_names import names_within
from bot.ebpf.store.reading import Reading

MAX_BYTES = 256 << 20
MAX_AGE_S = 3600.0
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """`complete_since`: from then on nothing has been evicted. None while nothing was."""

    stored: int
    evicted: int
    size_bytes: int
    complete_since: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """`events` or `groups`, with what is true of that moment: `matched` counts after the filter.

    `seen` counts before it, but for what its scope hides.
    """

    kept: Kept
    seen: int
    matched: int
    events: tuple[Event, ...] = ()
    groups: tuple[Group, ...] = ()
    total: int = 0


class EventStore:
    def __init__(
        self,
        names: KernelNames,
        *,
        node: str | None = None,
        max_bytes: int = MAX_BYTES,
        max_age_s: float = MAX_AGE_S,
    ) -> None:
        self._keepers, self._readings = every_kind(names, node=node)
        self._evicted: dict[EventKind, int] = dict.fromkeys(self._keepers, 0)
        self._evicted_until: dict[EventKind, int] = {}
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._one_at_a_time = threading.Lock()

    def add(self, raw: Sequence[bytes], *, now_ns: int) -> None:
        """What the ring held; `now_ns` is the time since boot."""
        with self._one_at_a_time:
            if raw:
                batch = Batch.of(raw)
                for keeper in self._keepers.values():
                    keeper.add(batch)
            self._evict(now_ns)

    def events(self, query: EventQuery, clock: Clock) -> Found:
        with self._one_at_a_time:
            self._evict(clock.now_ns)
            reading, span = self._reading(query), clock.span(query.window)
            seen, matched = self._counts(reading, span, query.filter)
            return Found(
                self._kept(query.kind, clock), seen, matched, events=tuple(asking.newest(reading, query, clock))
            )

    def aggregate(self, query: Aggregate, clock: Clock) -> Found:
        with self._one_at_a_time:
            self._evict(clock.now_ns)
            reading, span = self._reading(query), clock.span(query.window)
            seen, matched = self._counts(reading, span, query.filter)
            groups, total = asking.groups(reading, query, clock)
            return Found(self._kept(query.kind, clock), seen, matched, groups=groups, total=total)

    def kept(self, kind: EventKind, clock: Clock) -> Kept:
        with self._one_at_a_time:
            self._evict(clock.now_ns)
            return self._kept(kind, clock)

    def _reading(self, query: EventQuery | Aggregate) -> Reading:
        """Within a scope with the names of the look-ups that may be seen."""
        reading, within = self._readings[query.kind], query.filter.within
        if within.is_everything:
            return reading
        return reading.naming(SeenNames(partial(names_within, self._readings["dns"], within)))

    def _kept(self, kind: EventKind, clock: Clock) -> Kept:
        log, until = self._keepers[kind].log, self._evicted_until.get(kind)
        since = None if until is None else clock.moment(until)
        return Kept(len(log), self._evicted[kind], log.size_bytes, since)

    def _counts(self, reading: Reading, span: Span, wanted: Filter) -> tuple[int, int]:
        everything = Filter(failed_local_lookups=True, within=wanted.within)
        return asking.count(reading, span, everything), asking.count(reading, span, wanted)

    def _evict(self, now_ns: int) -> None:
        """Whole chunks, the oldest first: those of which every event is too old, and what is beyond the bytes."""
        old = now_ns - int(self._max_age_s * _NS)
        for kind, keeper in self._keepers.items():
            while (oldest := keeper.log.oldest) and oldest.until < old:
                self._let_go(kind, keeper)
        while sum(keeper.log.size_bytes for keeper in self._keepers.values()) > self._max_bytes:
            kind = max(self._keepers, key=lambda kind: self._keepers[kind].log.size_bytes)
            self._let_go(kind, self._keepers[kind])

    def _let_go(self, kind: EventKind, keeper: Keeper) -> None:
        if oldest := keeper.log.oldest:
            self._evicted_until[kind] = max(oldest.until + 1, self._evicted_until.get(kind, 0))
            self._evicted[kind] += keeper.evict()
