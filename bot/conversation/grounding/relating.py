"""What follows from numbers that belong together: sums, differences, ratios, shares, distances in time. Pure."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import combinations, pairwise, permutations
from math import inf

from bot.codec import MODEL_ROWS
from bot.conversation.grounding.readings import Reading
from bot.conversation.grounding.units import Dimension
from bot.conversation.grounding.values import Values
from bot.domain.table import Cell

_COMPARED: frozenset[Dimension] = frozenset({"time", "bytes", "count", "rate", "byte rate"})
_SUMMED = _COMPARED - {"time"}
"""Two waits are no longer wait."""


_LEAST = 1e-9
"""Nothing is divided by less."""


def relate(values: Values, dimension: Dimension, first: float, second: float, *, adds: bool = True) -> None:
    """Everything that a sentence may say of the two."""
    values.add(dimension, first - second)
    if dimension in _SUMMED:
        values.extend(dimension, [first + second] if adds else [])
        share(values, [min(first, second)], max(first, second))
    for one, other in ((first, second), (second, first)) if dimension in _COMPARED else ():
        if other:
            values.add("multiple", one / other)
            values.add("percent", 100 * (one - other) / other)


def partners(reading: Reading, dimension: Dimension, figure: float) -> Iterator[tuple[float, float]]:
    """Between which bounds something must lie for the reading to relate the figure to it, as `relate` does."""
    low, high = max(reading.low, _LEAST), max(reading.high, _LEAST)
    if reading.dimension == dimension:
        yield figure - high, figure - low
        yield figure + low, figure + high
    elif reading.dimension == "multiple":
        yield figure / high, figure / low
        yield figure * low, figure * high
    elif reading.dimension == "percent":
        yield 100 * figure / high, 100 * figure / low
        yield figure / (1 + high / 100), figure / (1 + low / 100)
        yield from [(figure / (1 - low / 100), figure / (1 - high / 100))] if high < 100 else ()


def relate_all(values: Values, dimension: Dimension, numbers: Sequence[float]) -> None:
    for first, second in combinations(numbers, 2):
        relate(values, dimension, first, second)


def relate_averages(values: Values, totals: Sequence[tuple[Dimension, float]]) -> None:
    """One for each of the other: bytes a connection, drops an attempt."""
    for (dimension, total), (other, count) in permutations(totals, 2):
        if other == "count" and count:
            values.add(dimension, total / count)
            values.extend("multiple", [total / count] if dimension == "count" else [])


def relate_row(values: Values, cells: Sequence[tuple[Dimension, float]]) -> None:
    """Cells of one row with each other. A whole and a part of it have no sum that says anything."""
    for dimension in {dimension for dimension, _ in cells}:
        own = [cell for each, cell in cells if each == dimension]
        whole = max(own) if len(own) > 2 and 2 * max(own) == sum(own) else inf
        for one, other in combinations(own, 2):
            relate(values, dimension, one, other, adds=whole not in (one, other))


def share(values: Values, parts: Iterable[float], whole: float) -> None:
    """Of each part in the whole, in percent."""
    if whole:
        values.extend("percent", (100 * part / whole for part in parts if part <= whole))


def remain(values: Values, dimension: Dimension, part: float, whole: float) -> None:
    """What is left, and its share."""
    if part <= whole:
        values.add(dimension, whole - part)
        share(values, [whole - part], whole)


def sums(names: Sequence[Hashable], amounts: Sequence[float | None]) -> list[float]:
    """Of the rows with the same name."""
    found: defaultdict[Hashable, float] = defaultdict(float)
    for name, amount in zip(names, amounts, strict=True):
        if amount is not None:
            found[name] += amount
    return list(found.values())


def distinct(names: Sequence[Hashable], others: Sequence[Hashable]) -> list[int]:
    """How many different others stand beside each name."""
    beside = Counter(name for name, other in set(zip(names, others, strict=True)) if other is not None)
    return list(beside.values())


def spans(cells: Sequence[Cell], *, is_counted: bool) -> Iterator[float]:
    """From the first time to each, between neighbours, and on average; in microseconds.

    Of rows that stand for many events each, only equal steps mean something.
    """
    times = sorted(cell.timestamp() * 1e6 for cell in cells if isinstance(cell, datetime))
    gaps = {round(after - before) for before, after in pairwise(times)}
    if len(times) < 2 or (is_counted and (len(gaps) > 1 or len(times) < 3)):
        return
    yield from gaps if len(gaps) < MODEL_ROWS else ()
    yield (times[-1] - times[0]) / (len(times) - 1)
    yield from (time - times[0] for time in (times[:MODEL_ROWS] if len(gaps) == 1 else times[-1:]))
