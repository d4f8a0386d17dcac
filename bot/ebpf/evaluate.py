"""Filters, order and aggregation over events in memory: for every source that has to finish a query by itself. Pure."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from math import ceil
from operator import itemgetter
from typing import TypeAlias, assert_never

from bot.domain.network import Accepted, Connection, Endpoint, Event
from bot.domain.query import Aggregate, Group, GroupField, GroupKey, Measure, NumberField, Operation

_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)

_Key: TypeAlias = tuple[GroupKey, ...]
_Figures: TypeAlias = tuple[float | None, ...]
_Piece: TypeAlias = tuple[int, int, int, _Figures]
"""What one event adds to a group: how often it happened, when first and last, in microseconds; its figures."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """An event that happened `count` times, first at `first` and then once a `period`; its own time says nothing."""

    event: Event
    first: datetime
    count: int = 1
    period: timedelta = timedelta(0)


def newest(events: Iterable[Event]) -> list[Event]:
    """Newest first; ties by process, pid and destination, so that the order never wavers."""
    return sorted(events, key=newest_order)


def newest_order(event: Event) -> tuple[float, str, int, str]:
    """The sort key of `newest`."""
    return -event.time.timestamp(), event.process, event.pid or 0, _where(event)


def aggregate(events: Iterable[Event], query: Aggregate) -> tuple[Group, ...]:
    """All groups of the events, the largest first, ties by key; `query.top` is not applied."""
    return aggregate_repeated((Repeated(event, event.time) for event in events), query)


def aggregate_repeated(events: Iterable[Repeated], query: Aggregate) -> tuple[Group, ...]:
    """The same groups as if every repetition were an event of its own, without making them."""
    measures = measured(query)
    members: dict[_Key, dict[int, list[_Piece]]] = {}
    for repeated in events:
        key = tuple(None if field == "slot" else group_value(repeated.event, field) for field in query.group_by)
        figures = tuple(number_value(repeated.event, measure.field) for measure in measures)
        slots = members.setdefault(key, {})
        for slot, piece in _pieces(repeated, figures, query):
            slots.setdefault(slot, []).append(piece)
    groups = (
        _group(_in_slot(key, slot, query), pieces, measures)
        for key, slots in members.items()
        for slot, pieces in slots.items()
    )
    return in_order(groups, query)


def measured(query: Aggregate) -> tuple[Measure, ...]:
    """What is to be known of every group: its figures, and that by which groups are ordered last, if any."""
    return (*query.measures, query.by) if query.by else query.measures


def in_order(groups: Iterable[Group], query: Aggregate) -> tuple[Group, ...]:
    """Groups with the figures of `measured`, in the query's order and with its figures only."""
    if not query.by:
        return tuple(sorted(groups, key=group_order))
    ordered = sorted(
        groups, key=lambda group: (group.values[-1] is None, -(group.values[-1] or 0), *group_order(group))
    )
    return tuple(replace(group, values=group.values[:-1]) for group in ordered)


def group_order(group: Group) -> tuple[int, tuple[str, ...]]:
    """The sort key of groups by their counts."""
    return -group.count, tuple(str(part) for part in group.key)


def slot_of(moment: datetime, query: Aggregate) -> int:
    """Raises: ValueError when the query has no slots."""
    return (moment - query.window.since) // timedelta(microseconds=_slot_us(query))


def group_value(event: Event, field: GroupField) -> GroupKey:
    """The event's value of a field to group by; None where this kind of event does not have it, as of `slot`."""
    if field in _VALUES:
        return _VALUES[field](event)
    value: GroupKey = getattr(event, field, None)
    return value


def number_value(event: Event, field: NumberField) -> float | None:
    if field == "transferred_bytes":
        return _transferred(event) if isinstance(event, Connection | Accepted) else None
    value: float | None = getattr(event, field, None)
    return value


def _pieces(repeated: Repeated, figures: _Figures, query: Aggregate) -> Iterator[tuple[int, _Piece]]:
    """By the slots that it happens in; in one where the query has none."""
    at_us, left, period_us = _microseconds(repeated.first), repeated.count, repeated.period // _MICROSECOND
    if "slot" not in query.group_by:
        yield 0, (left, at_us, at_us + (left - 1) * period_us, figures)
        return
    length_us, since_us = _slot_us(query), _microseconds(query.window.since)
    while left:
        slot = (at_us - since_us) // length_us
        span_us = since_us + (slot + 1) * length_us - at_us
        count = 1 if left == 1 or period_us >= span_us else _within(span_us, period_us, left)
        yield slot, (count, at_us, at_us + (count - 1) * period_us, figures)
        at_us += count * period_us
        left -= count


def _in_slot(key: _Key, slot: int, query: Aggregate) -> _Key:
    return tuple(slot if field == "slot" else part for field, part in zip(query.group_by, key, strict=True))


def _within(span_us: int, period_us: int, most: int) -> int:
    """How many of so many repetitions come within a span that begins with the first."""
    return min(most, -(-span_us // period_us)) if period_us else most


def _slot_us(query: Aggregate) -> int:
    if not query.slot_s:
        raise ValueError("slots need a length")
    return query.slot_s * 1_000_000


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _transferred(event: Connection | Accepted) -> int | None:
    if event.sent_bytes is None or event.received_bytes is None:
        return None
    return event.sent_bytes + event.received_bytes


_VALUES: Mapping[GroupField, Callable[[Event], GroupKey]] = {
    "source": lambda event: _end(event, "source").address,
    "source_port": lambda event: _end(event, "source").port,
    "destination": lambda event: _where(event) or None,
    "address": lambda event: _end(event, "destination").address,
    "port": lambda event: _end(event, "destination").port,
    "name": lambda event: _end(event, "destination").name,
    "lookup": lambda event: getattr(event, "name", None),
    "outcome": lambda event: event.outcome.value if isinstance(event, Connection) else None,
    "namespace": lambda event: event.workload.pod_namespace if event.workload else None,
    "pod": lambda event: event.workload.pod if event.workload else None,
    "container": lambda event: event.workload.container if event.workload else None,
}
"""Fields that are not simply attributes of events."""


def _end(event: Event, which: str) -> Endpoint:
    found: Endpoint | None = getattr(event, which, None)
    return found or Endpoint()


def _where(event: Event) -> str:
    return str(event.destination) if event.destination else ""


def _group(key: _Key, pieces: Sequence[_Piece], measures: Sequence[Measure]) -> Group:
    counts, firsts, lasts, figures = zip(*pieces, strict=True)
    values = [zip(of_measure, counts, strict=True) for of_measure in zip(*figures, strict=True)]
    return Group(
        key,
        sum(counts),
        _EPOCH + min(firsts) * _MICROSECOND,
        _EPOCH + max(lasts) * _MICROSECOND,
        tuple(_figure_of(own, measure.operation) for own, measure in zip(values, measures, strict=True)),
    )


def _figure_of(values: Iterable[tuple[float | None, int]], operation: Operation) -> float | None:
    ordered = sorted((value, count) for value, count in values if value is not None)
    return _figure(operation, ordered) if ordered else None


def _figure(operation: Operation, ordered: Sequence[tuple[float, int]]) -> float:
    """A figure over (value, how often) pairs in rising order, of which there is at least one."""
    match operation:
        case "sum":
            return sum(value * count for value, count in ordered)
        case "min":
            return ordered[0][0]
        case "max":
            return ordered[-1][0]
        case "p50":
            return _percentile(ordered, 0.50)
        case "p95":
            return _percentile(ordered, 0.95)
        case "p99":
            return _percentile(ordered, 0.99)
    assert_never(operation)


def _percentile(ordered: Sequence[tuple[float, int]], share: float) -> float:
    """Nearest rank: the smallest value that at least `share` of all do not exceed."""
    ranks = list(accumulate(map(itemgetter(1), ordered)))
    rank = max(1, ceil(share * ranks[-1]))
    return ordered[bisect_left(ranks, rank)][0]
