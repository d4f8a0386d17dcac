"""Questions to a log: the newest events, and groups with their figures. What a row means is its `Reading`'s to say.

A chunk that lies inside the window as a whole keeps what it answered, until its rows change: a question that comes
again looks only at the chunks at the window's edges, and at those that are new.
"""

from collections.abc import Sequence

import numpy as np

from bot.domain.network import Event
from bot.domain.query import Aggregate, EventQuery, Filter, Group, GroupField
from bot.ebpf import evaluate
from bot.ebpf.store.clock import Clock, Span
from bot.ebpf.store.figures import Members
from bot.ebpf.store.grouping import Key, Parts, grouped
from bot.ebpf.store.log import Chunk, Column
from bot.ebpf.store.reading import PASSING, Reading
from bot.ebpf.store.seeing import lasts

_TIE_NS = 1000
"""Events whose times are this near are told with the same time; their order is not that of the clock then."""


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
    events = evaluate.newest(reading.event_at(chunk, place, clock) for _, chunk, place in kept)
    return events[: query.limit]


def groups(reading: Reading, query: Aggregate, clock: Clock) -> tuple[tuple[Group, ...], int]:
    """The largest groups, in the order of `evaluate.aggregate`, and how many there are in all."""
    span = clock.span(query.window)
    chunks = reading.log.within(span.since, span.until)
    parts = [found for chunk in chunks if (found := _parts(reading, chunk, span, query, clock)).keys]
    if not parts:
        return (), 0
    numbers: dict[Key, int] = {}
    of_parts = [np.array([numbers.setdefault(key, len(numbers)) for key in part.keys]) for part in parts]
    keys, every = list(numbers), np.concatenate(of_parts)
    sizes = np.bincount(every, weights=np.concatenate([part.sizes for part in parts])).astype(np.int64)
    firsts, lasts = np.full(len(sizes), np.iinfo(np.int64).max), np.zeros(len(sizes), np.int64)
    np.minimum.at(firsts, every, np.concatenate([part.firsts for part in parts]))
    np.maximum.at(lasts, every, np.concatenate([part.lasts for part in parts]))
    members = Members.of(parts, of_parts, len(keys))
    chosen = _largest(sizes, keys, members.figures(query.by) if query.by else None, query.top)
    figures = members.only(chosen).figures_of(chosen, query.measures)
    largest = [
        Group(keys[n], int(sizes[n]), clock.moment(int(firsts[n])), clock.moment(int(lasts[n])), figures[n])
        for n in chosen
    ]
    return tuple(largest), len(keys)


def _largest(sizes: Column, keys: list[Key], figures: Column | None, top: int | None) -> list[int]:
    """Numbers of the largest groups, by their figures where there are any, ties by count and key."""
    wanted = len(keys) if top is None else min(top, len(keys))
    if not wanted:
        return []
    ranks = -sizes.astype(np.float64) if figures is None else np.where(np.isnan(figures), np.inf, -figures)
    bar = np.partition(ranks, wanted - 1)[wanted - 1]
    candidates = np.flatnonzero(ranks <= bar).tolist()
    return sorted(candidates, key=lambda n: (ranks[n], -sizes[n], tuple(map(str, keys[n]))))[:wanted]


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
    if not _is_inside(chunk, span) or not _lasts(wanted):
        return len(_places(reading, chunk, span, wanted))
    return chunk.recall(("count", wanted), lambda: len(_places(reading, chunk, span, wanted)))


def _parts(reading: Reading, chunk: Chunk, span: Span, query: Aggregate, clock: Clock) -> Parts:
    def work() -> Parts:
        return grouped(reading, chunk, _places(reading, chunk, span, query.filter), query, clock)

    if query.measures or query.by or not _is_inside(chunk, span) or not _lasts(query.filter, query.group_by):
        return work()
    return chunk.recall(("groups", query.filter, query.group_by), work)


def _lasts(wanted: Filter, group_by: Sequence[GroupField] = ()) -> bool:
    """Whether an answer stays what it is as long as the rows do."""
    asks_names = wanted.target is not None and wanted.target.name is not None
    asks_places = (wanted.namespace, wanted.pod, wanted.container) != (None, None, None)
    return lasts(wanted.within) and not (asks_names or asks_places or PASSING.intersection(group_by))
