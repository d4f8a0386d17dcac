"""The last hour of all namespaces' counters, in bounded memory: the older, the fewer readings are kept.

Whoever owns it calls `sample` every few seconds; it has no thread of its own. Questions may come from any thread.
"""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import fields

from bot.domain.counters import CounterDelta, Counters
from bot.domain.network import Window
from bot.ebpf.machine.counters import Reading, read_counters
from bot.ebpf.store.clock import Clock, Span

MAX_AGE_S = 3600
MAX_NAMESPACES = 256
_NS = 1_000_000_000
_SPACINGS_S = ((120, 0), (600, 10))
"""Up to this age, readings are at least this far apart; older ones a minute."""
_WIDEST_S = 60
_THIN_FROM = 200
_NAMES = tuple(each.name for each in fields(Counters))


class CounterHistory:
    """`read` is asked with each sample. `left_out` counts namespaces of the last sample for which there was no room."""

    def __init__(
        self, read: Callable[[], Sequence[Reading]] = read_counters, *, max_namespaces: int = MAX_NAMESPACES
    ) -> None:
        self._read = read
        self._max_namespaces = max_namespaces
        self._tracks: list[list[Reading]] = []
        """One a namespace, oldest reading first. Of those with the same number only the last still exists."""
        self._one_at_a_time = threading.Lock()
        self.left_out = 0

    def sample(self) -> None:
        """Read all counters now."""
        readings = self._read()
        with self._one_at_a_time:
            current = {track[0].namespace: track for track in self._tracks}
            self.left_out = sum(not self._keep(reading, current) for reading in readings)
            if readings:
                self._forget(max(reading.time_ns for reading in readings))

    def deltas(self, window: Window, clock: Clock) -> tuple[CounterDelta, ...]:
        """What was counted from the last reading before `window` to the first one after it, as far as there are any.

        A namespace that began or ended within is told from its first or to its last reading; one that took over
        another's number has a delta of its own. In ascending order of numbers, then of time.
        """
        with self._one_at_a_time:
            tracks = [tuple(track) for track in self._tracks]
        span = clock.span(window)
        found = [delta for track in tracks if (delta := _delta(track, span, clock))]
        return tuple(sorted(found, key=lambda each: (each.namespace, each.since)))

    def _keep(self, reading: Reading, current: dict[int, list[Reading]]) -> bool:
        """False when there is no room for another namespace."""
        track = current.get(reading.namespace)
        if track and _continues(track[-1], reading):
            track.append(reading)
            return True
        if len(self._tracks) >= self._max_namespaces and not self._make_room(reading.time_ns):
            return False
        self._tracks.append([reading])
        return True

    def _make_room(self, now_ns: int) -> bool:
        """Forget the namespace that ended longest ago."""
        oldest = min(self._tracks, key=lambda track: track[-1].time_ns)
        if oldest[-1].time_ns > now_ns - _WIDEST_S * _NS:
            return False
        self._tracks.remove(oldest)
        return True

    def _forget(self, now_ns: int) -> None:
        oldest_ns = now_ns - (MAX_AGE_S + _WIDEST_S) * _NS
        for track in self._tracks:
            del track[: bisect_left(track, oldest_ns, key=_time_of)]
            if len(track) > _THIN_FROM:
                track[:] = _thinned(track, now_ns)
        self._tracks = [track for track in self._tracks if track]


def grown(before: Counters, after: Counters) -> Counters:
    """What was counted in between; None where either did not have it."""
    return Counters(**{name: _difference(getattr(before, name), getattr(after, name)) for name in _NAMES})


def _difference(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before


def _continues(before: Reading, after: Reading) -> bool:
    """Counters of one namespace never fall. The kernel gives the number of one that ended to another."""
    between = grown(before.counters, after.counters)
    return all((getattr(between, name) or 0) >= 0 for name in _NAMES)


def _delta(track: Sequence[Reading], span: Span, clock: Clock) -> CounterDelta | None:
    first = max(bisect_right(track, span.since, key=_time_of) - 1, 0)
    last = min(bisect_left(track, span.until, key=_time_of), len(track) - 1)
    if first >= last:
        return None
    before, after = track[first], track[last]
    return CounterDelta(
        namespace=after.namespace,
        since=clock.moment(before.time_ns),
        until=clock.moment(after.time_ns),
        counters=grown(before.counters, after.counters),
        levels=after.levels,
    )


def _thinned(track: Sequence[Reading], now_ns: int) -> list[Reading]:
    """The first and the last one stay."""
    kept = [track[0]]
    for reading in track[1:]:
        if reading is track[-1] or reading.time_ns - kept[-1].time_ns >= _spacing_ns(now_ns - reading.time_ns):
            kept.append(reading)
    return kept


def _spacing_ns(age_ns: int) -> int:
    return next((apart for age, apart in _SPACINGS_S if age_ns <= age * _NS), _WIDEST_S) * _NS


def _time_of(reading: Reading) -> int:
    return reading.time_ns
