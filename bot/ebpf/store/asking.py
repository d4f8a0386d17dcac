"""Questions to a log: the newest events, and groups with their figures. What a row means is its `Reading`'s to say.

A chunk that lies inside the window as a whole keeps what it answered, until its rows change: a question that comes
again looks only at the chunks at the window's edges, and at those that are new.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from bot.domain.network import Event
from bot.domain.query import Aggregate, EventQuery, Filter, Group, GroupField, GroupKey, Measure, NumberField, Operation
from bot.ebpf import evaluate
from bot.ebpf.store.clock import Clock, Span
from bot.ebpf.store.log import Chunk, Column
from bot.ebpf.store.reading import Reading

_TIE_NS = 1000
"""Events whose times are this near are told with the same time; their order is not that of the clock then."""

Key: TypeAlias = tuple[GroupKey, ...]


class Part(NamedTuple):
    """What one chunk has of a group; `numbers` are all of the chunk's by field, its own are those of `places`."""

    key: Key
    size: int
    first: int
    last: int
    numbers: Mapping[NumberField, Column]
    places: slice


@dataclass(slots=True)
class _Members:
    """A group as it is put together from its parts."""

    count: int
    first: int
    last: int
    parts: list[Part]

    def add(self, part: Part) -> None:
        self.count += part.size
        self.first, self.last = min(self.first, part.first), max(self.last, part.last)
        self.parts.append(part)


def count(reading: Reading, span: Span, wanted: Filter) -> int:
    """How many rows of the span match."""
    return sum(_count(reading, chunk, span, wanted) for chunk in reading.log.within(span.since, span.until))


def newest(reading: Reading, query: EventQuery, clock: Clock) -> list[Event]:
    """As many as the query's limit, newest first, in the order of `evaluate.newest`."""
    span = clock.span(query.window)
    kept: list[tuple[int, Chunk, int]] = []
    for chunk in reading.log.within(span.since, span.until):
        bar = kept[query.limit - 1][0] - _TIE_NS if len(kept) >= query.limit else span.since
        if chunk.until <= bar or not _count(reading, chunk, span, query.filter):
            continue
        places = _places(reading, chunk, Span(max(span.since, bar), span.until), query.filter)
        times = chunk["time"][places].tolist()
        kept += [(time, chunk, place) for time, place in zip(times, places.tolist(), strict=True)]
        kept.sort(key=lambda each: -each[0])
        kept = _cut(kept, query.limit)
    events = evaluate.newest(reading.event(chunk, place, clock) for _, chunk, place in kept)
    return events[: query.limit]


def groups(reading: Reading, query: Aggregate, clock: Clock) -> tuple[tuple[Group, ...], int]:
    """The largest groups, in the order of `evaluate.aggregate`, and how many there are in all."""
    span = clock.span(query.window)
    found: dict[Key, _Members] = {}
    for chunk in reading.log.within(span.since, span.until):
        for part in _parts(reading, chunk, span, query):
            if members := found.get(part.key):
                members.add(part)
            else:
                found[part.key] = _Members(part.size, part.first, part.last, [part])
    ordered = sorted(found.items(), key=lambda item: (-item[1].count, tuple(map(str, item[0]))))
    return tuple(_group(key, members, query, clock) for key, members in ordered[: query.top]), len(ordered)


def _cut(kept: list[tuple[int, Chunk, int]], limit: int) -> list[tuple[int, Chunk, int]]:
    if len(kept) <= limit:
        return kept
    bar = kept[limit - 1][0] - _TIE_NS
    return [each for place, each in enumerate(kept) if place < limit or each[0] > bar]


def _is_inside(chunk: Chunk, span: Span) -> bool:
    return span.since <= chunk.since and chunk.until < span.until


def _places(reading: Reading, chunk: Chunk, span: Span, wanted: Filter) -> Column:
    """Of the rows of the span that match."""
    mask = reading.matching(chunk, wanted)
    if not _is_inside(chunk, span):
        times = chunk["time"]
        inside = (times >= span.since) & (times < span.until)
        mask = inside if mask is None else mask & inside
    return np.arange(chunk.count) if mask is None else np.flatnonzero(mask)


def _count(reading: Reading, chunk: Chunk, span: Span, wanted: Filter) -> int:
    if not _is_inside(chunk, span):
        return len(_places(reading, chunk, span, wanted))
    return chunk.recall(("count", wanted), lambda: len(_places(reading, chunk, span, wanted)))


def _parts(reading: Reading, chunk: Chunk, span: Span, query: Aggregate) -> list[Part]:
    fields = tuple(dict.fromkeys(measure.field for measure in query.measures))
    if fields or not _is_inside(chunk, span):
        return _measured(reading, chunk, _places(reading, chunk, span, query.filter), query.group_by, fields)
    return chunk.recall(
        ("groups", query.filter, query.group_by),
        lambda: _measured(reading, chunk, _places(reading, chunk, span, query.filter), query.group_by, ()),
    )


def _measured(
    reading: Reading, chunk: Chunk, places: Column, group_by: tuple[GroupField, ...], fields: tuple[NumberField, ...]
) -> list[Part]:
    """The groups among these rows."""
    if not len(places):
        return []
    codes, keys = _codes(reading, chunk, places, group_by)
    order = np.argsort(codes, kind="stable")
    ordered, times = codes[order], chunk["time"][places][order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.append(starts[1:], len(ordered))
    firsts, lasts = np.minimum.reduceat(times, starts), np.maximum.reduceat(times, starts)
    numbers = {name: reading.numbers(chunk, name)[places][order] for name in fields}
    bounds = zip(starts.tolist(), ends.tolist(), strict=True)
    return [
        Part(keys[code], end - start, first, last, numbers, slice(start, end))
        for code, first, last, (start, end) in zip(
            ordered[starts].tolist(), firsts.tolist(), lasts.tolist(), bounds, strict=True
        )
    ]


def _codes(
    reading: Reading, chunk: Chunk, places: Column, group_by: tuple[GroupField, ...]
) -> tuple[Column, dict[int, Key]]:
    """For each row the number of its group, and the keys of the groups by number."""
    codes = np.zeros(len(places), np.int64)
    columns: list[tuple[list[GroupKey], int]] = []
    for name in group_by:
        own, values = reading.keys(chunk, name)
        codes = codes * len(values) + own[places]
        columns.append((values, len(values)))
    return codes, {code: _key(code, columns) for code in np.unique(codes).tolist()}


def _key(code: int, columns: list[tuple[list[GroupKey], int]]) -> Key:
    key: list[GroupKey] = []
    for values, size in reversed(columns):
        code, place = divmod(code, size)
        key.insert(0, values[place])
    return tuple(key)


def _group(key: Key, members: _Members, query: Aggregate, clock: Clock) -> Group:
    values = tuple(_figure(members, measure) for measure in query.measures)
    return Group(key, members.count, clock.moment(members.first), clock.moment(members.last), values)


def _figure(members: _Members, measure: Measure) -> float | None:
    values = np.concatenate([part.numbers[measure.field][part.places] for part in members.parts])
    known = values[~np.isnan(values)]
    return float(_FIGURES[measure.operation](known)) if len(known) else None


def _nearest_rank(share: float) -> Callable[[Column], float]:
    """The smallest value that at least `share` percent of all do not exceed."""
    return lambda values: float(np.percentile(values, share, method="inverted_cdf"))


_FIGURES: dict[Operation, Callable[[Column], float]] = {
    "sum": np.sum,
    "min": np.min,
    "max": np.max,
    "p50": _nearest_rank(50),
    "p95": _nearest_rank(95),
    "p99": _nearest_rank(99),
}
