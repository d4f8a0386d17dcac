"""Questions to a log: the newest events, and groups with their figures. What a row means is its `Reading`'s to say.

A chunk that lies inside the window as a whole keeps what it answered, until its rows change: a question that comes
again looks only at the chunks at the window's edges, and at those that are new.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

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


@dataclass(frozen=True, slots=True)
class Parts:
    """What one chunk has of each group, in the order of `keys`.

    `numbers`, by field, are those of all its rows; a group's are between its places in `starts` and `ends`.
    """

    keys: list[Key]
    sizes: Column
    firsts: Column
    lasts: Column
    starts: Column
    ends: Column
    numbers: Mapping[NumberField, Column]


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
    chunks = reading.log.within(span.since, span.until)
    parts = [found for chunk in chunks if (found := _parts(reading, chunk, span, query)).keys]
    numbers: dict[Key, int] = {}
    of_parts = [np.array([numbers.setdefault(key, len(numbers)) for key in part.keys]) for part in parts]
    if not parts:
        return (), 0
    every = np.concatenate(of_parts)
    sizes = np.bincount(every, weights=np.concatenate([part.sizes for part in parts])).astype(np.int64)
    firsts, lasts = np.full(len(sizes), np.iinfo(np.int64).max), np.zeros(len(sizes), np.int64)
    np.minimum.at(firsts, every, np.concatenate([part.firsts for part in parts]))
    np.maximum.at(lasts, every, np.concatenate([part.lasts for part in parts]))
    keys = list(numbers)
    chosen = _largest(sizes, keys, query.top)
    figures = _figures(parts, of_parts, chosen, query.measures)
    largest = [
        Group(keys[n], int(sizes[n]), clock.moment(int(firsts[n])), clock.moment(int(lasts[n])), figures[n])
        for n in chosen
    ]
    return tuple(largest), len(keys)


def _largest(sizes: Column, keys: list[Key], top: int | None) -> list[int]:
    """Numbers of the largest groups, ties by key."""
    wanted = len(keys) if top is None else min(top, len(keys))
    if not wanted:
        return []
    least = np.partition(sizes, -wanted)[-wanted]
    candidates = np.flatnonzero(sizes >= least).tolist()
    return sorted(candidates, key=lambda n: (-sizes[n], tuple(map(str, keys[n]))))[:wanted]


def _figures(
    parts: Sequence[Parts], of_parts: Sequence[Column], chosen: Sequence[int], measures: Sequence[Measure]
) -> dict[int, tuple[float | None, ...]]:
    """Of the chosen groups, by their numbers."""
    pieces: dict[int, list[tuple[Parts, slice]]] = {n: [] for n in chosen}
    for part, own in zip(parts, of_parts, strict=True) if measures else ():
        for place in np.flatnonzero(np.isin(own, chosen)).tolist():
            pieces[int(own[place])].append((part, slice(int(part.starts[place]), int(part.ends[place]))))
    return {n: tuple(_figure(of_group, measure) for measure in measures) for n, of_group in pieces.items()}


def _figure(pieces: Sequence[tuple[Parts, slice]], measure: Measure) -> float | None:
    values = np.concatenate([part.numbers[measure.field][places] for part, places in pieces])
    known = values[~np.isnan(values)]
    return float(_FIGURES[measure.operation](known)) if len(known) else None


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


def _parts(reading: Reading, chunk: Chunk, span: Span, query: Aggregate) -> Parts:
    fields = tuple(dict.fromkeys(measure.field for measure in query.measures))
    if fields or not _is_inside(chunk, span):
        return _grouped(reading, chunk, _places(reading, chunk, span, query.filter), query.group_by, fields)
    return chunk.recall(
        ("groups", query.filter, query.group_by),
        lambda: _grouped(reading, chunk, _places(reading, chunk, span, query.filter), query.group_by, ()),
    )


def _grouped(
    reading: Reading, chunk: Chunk, places: Column, group_by: tuple[GroupField, ...], fields: tuple[NumberField, ...]
) -> Parts:
    """The groups among these rows."""
    codes, keys = _codes(reading, chunk, places, group_by)
    order = np.argsort(codes, kind="stable")
    ordered, times = codes[order], chunk["time"][places][order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    ends = np.append(starts[1:], len(ordered))[: len(starts)]
    return Parts(
        keys=[keys[code] for code in ordered[starts].tolist()],
        sizes=ends - starts,
        firsts=np.minimum.reduceat(times, starts) if len(starts) else times,
        lasts=np.maximum.reduceat(times, starts) if len(starts) else times,
        starts=starts,
        ends=ends,
        numbers={name: reading.numbers(chunk, name)[places][order] for name in fields},
    )


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
