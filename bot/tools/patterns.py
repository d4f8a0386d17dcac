"""Behaviours in connection attempts: which occur, each as a table of its cases. Pure; `connections.py` calls it.

Every table is ordered by what weighs most, with ties by name, and only behaviours that occur have one.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import ceil
from statistics import median
from typing import TypeVar

from bot.domain.network import Connection
from bot.domain.table import Table
from bot.tools.columns import Field, field, tabulate

BURST_ATTEMPTS = 20
BURST_WITHIN_S = 1.0
"""Of one process. A page load or a pool that fills makes a dozen attempts a second; more is a loop or a retry storm."""
PERIODIC_CALLS = 5
"""Four equal intervals in a row: three still come about by chance."""
PERIODIC_JITTER = 0.2
"""Nine of ten intervals within a fifth of the median: timers drift by less, people and traffic by more."""
PERIODIC_LEAST_S = 1.0
"""Faster than this is a burst or a busy client, and some sources round their times to a second."""
FAN_OUT_DESTINATIONS = 10
"""A service talks to a handful of dependencies; ten and more is a crawler, a scanner, a proxy or a resolver."""
REPEATED_ATTEMPTS = 2
NEW_SHARE = 0.25
"""A destination is new when the first three quarters of the time seen know nothing of it."""
NEW_HISTORY = 10
"""Attempts before that, at least: with less to compare to nearly everything is new."""

Key = TypeVar("Key")
Case = TypeVar("Case")


def find_behaviours(attempts: Iterable[Connection], *, max_rows: int) -> tuple[Table, ...]:
    """At most `max_rows` rows a table; `total_rows` counts all cases."""
    ordered = sorted(attempts, key=lambda event: (event.time, event.process, str(event.destination)))
    if not ordered:
        return ()
    return (
        *_table("Bursts", _BURST, _bursts(ordered), max_rows),
        *_table("Periodic calls", _PERIODIC, _periodic_calls(ordered), max_rows),
        *_table("Fan-out", _FAN_OUT, _fan_outs(ordered), max_rows),
        *_table("Repeated destinations", _REPEATED, _repeated(ordered), max_rows),
        *_table("New destinations", _NEW, _new(ordered), max_rows),
    )


@dataclass(frozen=True, slots=True)
class Burst:
    """A stretch of time in which every `BURST_ATTEMPTS` attempts in a row lie within `BURST_WITHIN_S`."""

    process: str
    start: datetime
    lasted_s: float
    attempts: int
    destinations: int
    most_to: str


@dataclass(frozen=True, slots=True)
class PeriodicCall:
    process: str
    destination: str
    calls: int
    interval_s: float
    jitter_s: float
    """Nine of ten intervals are this near to the median."""
    last: datetime


@dataclass(frozen=True, slots=True)
class FanOut:
    process: str
    destinations: int
    addresses: int
    attempts: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Destination:
    """One destination and who connects to it; `process` is the one that does so most."""

    destination: str
    attempts: int
    share_percent: float
    process: str
    processes: int
    first: datetime
    last: datetime


_BURST: tuple[Field[Burst], ...] = (
    field("process", lambda case: case.process),
    field("start", lambda case: case.start, kind="time"),
    field("lasted", lambda case: case.lasted_s, kind="decimal", unit="s"),
    field("attempts", lambda case: case.attempts, kind="integer"),
    field("destinations", lambda case: case.destinations, kind="integer"),
    field("most to", lambda case: case.most_to, kind="address", remark=True),
)
_PERIODIC: tuple[Field[PeriodicCall], ...] = (
    field("process", lambda case: case.process),
    field("destination", lambda case: case.destination, kind="address"),
    field("calls", lambda case: case.calls, kind="integer"),
    field("interval", lambda case: case.interval_s, kind="decimal", unit="s"),
    field("jitter", lambda case: case.jitter_s, kind="decimal", unit="s", remark=True),
    field("last", lambda case: case.last, kind="time"),
)
_FAN_OUT: tuple[Field[FanOut], ...] = (
    field("process", lambda case: case.process),
    field("destinations", lambda case: case.destinations, kind="integer"),
    field("addresses", lambda case: case.addresses, kind="integer"),
    field("attempts", lambda case: case.attempts, kind="integer"),
    field("last", lambda case: case.last, kind="time"),
)
_REPEATED: tuple[Field[Destination], ...] = (
    field("destination", lambda case: case.destination, kind="address"),
    field("attempts", lambda case: case.attempts, kind="integer"),
    field("share", lambda case: case.share_percent, kind="decimal", unit="percent", remark=True),
    field("process", lambda case: case.process, remark=True),
    field("processes", lambda case: case.processes, kind="integer"),
    field("last", lambda case: case.last, kind="time"),
)
_NEW: tuple[Field[Destination], ...] = (
    field("destination", lambda case: case.destination, kind="address"),
    field("process", lambda case: case.process, remark=True),
    field("first", lambda case: case.first, kind="time"),
    field("attempts", lambda case: case.attempts, kind="integer"),
)


def _bursts(ordered: Sequence[Connection]) -> list[Burst]:
    found = [
        _burst(events[start:end])
        for events in _by(ordered, _process).values()
        for start, end in _dense([event.time.timestamp() for event in events])
    ]
    return sorted(found, key=lambda burst: (-burst.attempts, -burst.start.timestamp(), burst.process))


def _dense(times: Sequence[float]) -> list[tuple[int, int]]:
    """The longest index ranges in which every `BURST_ATTEMPTS` neighbours lie within `BURST_WITHIN_S`."""
    ranges: list[tuple[int, int]] = []
    for start in range(len(times) - BURST_ATTEMPTS + 1):
        end = start + BURST_ATTEMPTS
        if times[end - 1] - times[start] > BURST_WITHIN_S:
            continue
        if ranges and start < ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((start, end))
    return ranges


def _burst(events: Sequence[Connection]) -> Burst:
    destinations = Counter(map(_destination, events))
    return Burst(
        events[0].process,
        events[0].time,
        lasted_s=(events[-1].time - events[0].time).total_seconds(),
        attempts=len(events),
        destinations=len(destinations),
        most_to=_most(destinations),
    )


def _periodic_calls(ordered: Sequence[Connection]) -> list[PeriodicCall]:
    by_pair = _by(ordered, lambda event: (event.process, _destination(event)))
    found = [call for (process, to), events in by_pair.items() if (call := _periodic_call(process, to, events))]
    return sorted(found, key=lambda call: (-call.calls, call.process, call.destination))


def _periodic_call(process: str, destination: str, events: Sequence[Connection]) -> PeriodicCall | None:
    if len(events) < PERIODIC_CALLS:
        return None
    intervals = [(later.time - earlier.time).total_seconds() for earlier, later in pairwise(events)]
    interval_s = median(intervals)
    deviations = sorted(abs(interval - interval_s) for interval in intervals)
    jitter_s = deviations[ceil(0.9 * len(deviations)) - 1]
    if interval_s < PERIODIC_LEAST_S or jitter_s > PERIODIC_JITTER * interval_s:
        return None
    return PeriodicCall(process, destination, len(events), interval_s, jitter_s, events[-1].time)


def _fan_outs(ordered: Sequence[Connection]) -> list[FanOut]:
    found = [_fan_out(events) for events in _by(ordered, _process).values()]
    wide = [case for case in found if case.destinations >= FAN_OUT_DESTINATIONS]
    return sorted(wide, key=lambda case: (-case.destinations, case.process))


def _fan_out(events: Sequence[Connection]) -> FanOut:
    remote = [event for event in events if event.destination.address is not None]
    return FanOut(
        events[0].process,
        destinations=len(set(map(_destination, remote))),
        addresses=len({event.destination.address for event in remote}),
        attempts=len(remote),
        last=events[-1].time,
    )


def _repeated(ordered: Sequence[Connection]) -> list[Destination]:
    often = [case for case in _destinations(ordered) if case.attempts >= REPEATED_ATTEMPTS]
    return sorted(often, key=lambda case: (-case.attempts, case.destination))


def _new(ordered: Sequence[Connection]) -> list[Destination]:
    begin, end = ordered[0].time, ordered[-1].time
    since = end - NEW_SHARE * (end - begin)
    if sum(event.time < since for event in ordered) < NEW_HISTORY:
        return []
    found = [case for case in _destinations(ordered) if case.first >= since]
    return sorted(found, key=lambda case: (case.first, case.destination))


def _destinations(ordered: Sequence[Connection]) -> list[Destination]:
    return [_destination_of(to, events, len(ordered)) for to, events in _by(ordered, _destination).items()]


def _destination_of(destination: str, events: Sequence[Connection], of_all: int) -> Destination:
    processes = Counter(map(_process, events))
    return Destination(
        destination,
        attempts=len(events),
        share_percent=round(100 * len(events) / of_all, 1),
        process=_most(processes),
        processes=len(processes),
        first=events[0].time,
        last=events[-1].time,
    )


def _process(event: Connection) -> str:
    return event.process


def _destination(event: Connection) -> str:
    return str(event.destination)


def _most(counts: Counter[str]) -> str:
    return min(counts, key=lambda name: (-counts[name], name))


def _by(events: Iterable[Connection], key: Callable[[Connection], Key]) -> dict[Key, list[Connection]]:
    groups: dict[Key, list[Connection]] = {}
    for event in events:
        groups.setdefault(key(event), []).append(event)
    return groups


def _table(title: str, fields: Sequence[Field[Case]], cases: Sequence[Case], max_rows: int) -> tuple[Table, ...]:
    return tabulate(title, fields, cases[:max_rows], total_rows=len(cases))
