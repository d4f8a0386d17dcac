"""Two ways of doing the same, measured in turn within one run, and their ratio pair by pair.

These machines are shared: a ratio of neighbours says something, a time alone does not. Nothing here asserts a time.
"""

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ratio:
    """Seconds of each round; `ours` and `theirs` were measured next to each other."""

    ours_s: Sequence[float]
    theirs_s: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(a / b for a, b in zip(self.ours_s, self.theirs_s, strict=True))

    def line(self, what: str, aim: float) -> str:
        ours, theirs = (1000 * statistics.median(times) for times in (self.ours_s, self.theirs_s))
        rounds = len(self.ours_s)
        return f"{what}: {self.median:.2f} x (aim {aim:g}), medians {ours:.1f} and {theirs:.1f} ms, {rounds} rounds"


def measure(ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int) -> Ratio:
    """One uncounted round first."""
    ours(), theirs()
    pairs = [(_timed(ours), _timed(theirs)) for _ in range(rounds)]
    return Ratio([a for a, _ in pairs], [b for _, b in pairs])


async def measure_async(
    ours: Callable[[], Awaitable[object]], theirs: Callable[[], Awaitable[object]], *, rounds: int
) -> Ratio:
    """One uncounted round first."""
    await ours()
    await theirs()
    pairs = [(await _timed_async(ours), await _timed_async(theirs)) for _ in range(rounds)]
    return Ratio([a for a, _ in pairs], [b for _, b in pairs])


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


async def _timed_async(work: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started
