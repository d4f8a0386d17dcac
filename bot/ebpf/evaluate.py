"""Filters, order and aggregation over events in memory: for every source that has to finish a query by itself. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from math import ceil
from operator import itemgetter
from typing import assert_never

from bot.domain.network import FAILED_OUTCOMES, Connection, Event
from bot.domain.query import Aggregate, Filter, Group, GroupField, GroupKey, Measure, NumberField, Operation


@dataclass(frozen=True, slots=True)
class Repeated:
    """An event that happened `count` times, from `first` to `last`; the event's own time says nothing."""

    event: Event
    count: int
    first: datetime
    last: datetime


def matches(event: Event, wanted: Filter) -> bool:
    """Whether the filter lets the event through. The window is the source's to apply."""
    if wanted.pid is not None and event.pid != wanted.pid:
        return False
    if wanted.process is not None and event.process != wanted.process:
        return False
    if isinstance(event, Connection):
        return _connection_matches(event, wanted)
    return wanted.harmless or event.harmless is not True


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
    """The same groups as if every repetition were an event of its own, without making them."""
    members: dict[tuple[GroupKey, ...], list[Repeated]] = {}
    for repeated in events:
        key = tuple(group_value(repeated.event, field) for field in query.group_by)
        members.setdefault(key, []).append(repeated)
    groups = [_group(key, of_key, query.measures) for key, of_key in members.items()]
    return tuple(sorted(groups, key=group_order))


def group_order(group: Group) -> tuple[int, tuple[str, ...]]:
    return -group.count, tuple(str(part) for part in group.key)


def group_value(event: Event, field: GroupField) -> GroupKey:
    """The event's value of a field to group by; None where this kind of event does not have it."""
    match field:
        case "destination":
            return str(event.destination) if event.destination else None
        case "address":
            return event.destination.address if event.destination else None
        case "port":
            return event.destination.port if event.destination else None
        case "outcome":
            return event.outcome.value if isinstance(event, Connection) else None
        case (
            "process" | "pid" | "uid" | "protocol" | "errno" | "reason" | "location" | "harmless" | "interface" | "node"
        ):
            value: GroupKey = getattr(event, field, None)
            return value
    assert_never(field)


def number_value(event: Event, field: NumberField) -> float | None:
    value: float | None = getattr(event, field, None)
    return value


def _connection_matches(event: Connection, wanted: Filter) -> bool:
    if wanted.outcomes is not None and event.outcome not in wanted.outcomes:
        return False
    is_local = event.destination.address is None
    return wanted.failed_local_lookups or not (is_local and event.outcome in FAILED_OUTCOMES)


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
