"""Filters, order and aggregation over events in memory: for every source that has to finish a query by itself. Pure."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from math import ceil
from operator import itemgetter
from typing import assert_never

from bot.domain.network import Accepted, Connection, Endpoint, Event
from bot.domain.query import Aggregate, Group, GroupField, GroupKey, Measure, NumberField, Operation


@dataclass(frozen=True, slots=True)
class Repeated:
    """An event that happened `count` times, from `first` to `last`; the event's own time says nothing."""

    event: Event
    count: int
    first: datetime
    last: datetime


def newest(events: Iterable[Event]) -> list[Event]:
    """Newest first; ties by process, pid and destination, so that the order never wavers."""
    return sorted(events, key=newest_order)


def newest_order(event: Event) -> tuple[float, str, int, str]:
    """The sort key of `newest`."""
    return -event.time.timestamp(), event.process, event.pid or 0, _where(event)


def aggregate(events: Iterable[Event], query: Aggregate) -> tuple[Group, ...]:
    """All groups of the events, the largest first, ties by key; `query.top` is not applied."""
    return aggregate_repeated((Repeated(event, 1, event.time, event.time) for event in events), query)


def aggregate_repeated(events: Iterable[Repeated], query: Aggregate) -> tuple[Group, ...]:
    """The same groups as if every repetition were an event of its own, without making them.

    All repetitions of one lie in one slot, where the query has slots.
    """
    members: dict[tuple[GroupKey, ...], list[Repeated]] = {}
    for repeated in events:
        key = tuple(_value(repeated, field, query) for field in query.group_by)
        members.setdefault(key, []).append(repeated)
    measures = measured(query)
    return in_order([_group(key, of_key, measures) for key, of_key in members.items()], query)


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
    if not query.slot_s:
        raise ValueError("slots need a length")
    return (moment - query.window.since) // timedelta(seconds=query.slot_s)


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


def _value(repeated: Repeated, field: GroupField, query: Aggregate) -> GroupKey:
    return slot_of(repeated.first, query) if field == "slot" else group_value(repeated.event, field)


def _transferred(event: Connection | Accepted) -> int | None:
    if event.sent_bytes is None or event.received_bytes is None:
        return None
    return event.sent_bytes + event.received_bytes


_VALUES: Mapping[GroupField, Callable[[Event], GroupKey]] = {
    "source": lambda event: _end(event, "source").address,
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


def _group(key: tuple[GroupKey, ...], members: Sequence[Repeated], measures: Sequence[Measure]) -> Group:
    return Group(
        key,
        sum(member.count for member in members),
        min(member.first for member in members),
        max(member.last for member in members),
        tuple(_measure(members, wanted) for wanted in measures),
    )


def _measure(members: Iterable[Repeated], wanted: Measure) -> float | None:
    values = ((number_value(member.event, wanted.field), member.count) for member in members)
    ordered = sorted((value, count) for value, count in values if value is not None)
    return _figure(wanted.operation, ordered) if ordered else None


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
