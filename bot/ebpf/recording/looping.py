"""Events that repeat with a fixed period, counted by arithmetic: an hour costs what a second costs. Pure.

Turn 0 of an event is the event as it was recorded; turn n is n periods later; n may be negative. `recorded` calls it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from bot.domain.network import Accepted, Connection, DnsLookup, Event, Outcome, Window
from bot.ebpf.evaluate import Repeated, newest_order

_Ended = TypeVar("_Ended", Connection, Accepted)


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns `first` to `last` of one event, which all look alike."""

    event: Event
    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Loop:
    """A period; and how far the present is from the recording, so that `window` and results are in present time."""

    period: timedelta
    shift: timedelta

    def inside(self, events: Iterable[Event], window: Window) -> Iterator[Turns]:
        """Every turn that begins in the window, as it looked when the window ended."""
        since, until = window.since - self.shift, window.until - self.shift
        for event in events:
            first, beyond = self._turn(event.time, since), self._turn(event.time, until)
            for view, known_after in _views(event):
                if first >= beyond:
                    break
                known = min(beyond, self._turn(event.time + known_after, until))
                if known > first:
                    yield Turns(view, first, known - 1)
                    first = known

    def repeated(self, turns: Turns) -> Repeated:
        return Repeated(turns.event, self._at(turns, turns.first), turns.count, self.period)

    def newest(self, found: Sequence[Turns]) -> Iterator[Event]:
        """The same order as `evaluate.newest`, made one by one. The events of a turn must lie within one period."""
        if not found:
            return
        ordered = sorted(found, key=lambda turns: newest_order(turns.event))
        for turn in range(max(turns.last for turns in found), min(turns.first for turns in found) - 1, -1):
            for turns in ordered:
                if turns.first <= turn <= turns.last:
                    yield replace(turns.event, time=self._at(turns, turn))

    def wrapped(self, event: Event, end: datetime) -> Event:
        """The same event with its turns renumbered, so that turn 0 lies in the period that ends with `end`."""
        turns_before = (end - event.time) // self.period
        return replace(event, time=event.time + turns_before * self.period) if turns_before else event

    def _turn(self, time: datetime, edge: datetime) -> int:
        """The first turn of `time` that is not before `edge`."""
        return -((time - edge) // self.period)

    def _at(self, turns: Turns, turn: int) -> datetime:
        return turns.event.time + turn * self.period + self.shift


def _views(event: Event) -> Iterator[tuple[Event, timedelta]]:
    """The event as one knows it, from the last word back to the first, each with the time after which it is known."""
    match event:
        case Connection() if event.waited_us is not None:
            yield from _views_of_attempt(event, timedelta(microseconds=event.waited_us))
        case Accepted() if event.duration_us is not None:
            yield event, timedelta(microseconds=event.duration_us)
            yield _without_figures(event), timedelta(0)
        case DnsLookup() if event.latency_us is not None:
            yield event, timedelta(microseconds=event.latency_us)
            yield replace(event, rcode=None, latency_us=None, answers=()), timedelta(0)
        case _:
            yield event, timedelta(0)


def _views_of_attempt(event: Connection, decided: timedelta) -> Iterator[tuple[Event, timedelta]]:
    still_open = replace(_without_figures(event), outcome=Outcome.CONNECTED)
    if event.duration_us is None:
        yield event, decided
    else:
        yield event, decided + timedelta(microseconds=event.duration_us)
        yield still_open, decided
    yield replace(still_open, outcome=Outcome.PENDING, waited_us=None), timedelta(0)


def _without_figures(event: _Ended) -> _Ended:
    """As it was before its end, which tells them."""
    return replace(
        event,
        errno=None,
        duration_us=None,
        sent_bytes=None,
        received_bytes=None,
        retransmits=None,
        rtt_us=None,
    )
