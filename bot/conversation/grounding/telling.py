"""The figures of texts that count as given, each with the clause that tells it. Pure."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations, permutations

from bot.conversation.grounding.quantities import Quantity, quantities
from bot.conversation.grounding.relating import remain, share
from bot.conversation.grounding.sentences import Sentences
from bot.conversation.grounding.units import HOUR, MINUTE, SECOND, Dimension
from bot.conversation.grounding.values import Values
from bot.domain.table import Cell

_FEW = 6
"""More counts than that in one sentence are a list."""
_LEAST_WHOLE = 20
_CLOCK = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?(?![\d:])")
_CLAUSE_END = re.compile(r";\s")


class Told:
    """Filled once, then asked. "66 of 66 attempts by `ledger` failed" tells nothing of others."""

    __slots__ = ("_figures", "_is_sorted")

    def __init__(self) -> None:
        self._figures: defaultdict[Dimension, list[tuple[float, str]]] = defaultdict(list)
        self._is_sorted = True

    def add(self, dimension: Dimension, *values: float, clause: str = "") -> None:
        self._figures[dimension].extend((abs(value), clause) for value in values)
        self._is_sorted = False

    def clauses(self, dimension: Dimension, low: float, high: float) -> Iterator[str]:
        """That tell of one that lies there, the bounds included; an empty one is about everything."""
        if not self._is_sorted:
            for figures in self._figures.values():
                figures.sort()
            self._is_sorted = True
        figures = self._figures.get(dimension, [])
        for place in range(bisect_left(figures, (low, "")), len(figures)):
            value, clause = figures[place]
            if value > high:
                return
            yield clause

    def holds(self, dimension: Dimension, low: float, high: float) -> bool:
        """Whether one lies there, whatever it is about."""
        return any(True for _ in self.clauses(dimension, low, high))


def add_sentences(told: Told, rest: Values, text: str) -> None:
    """And what counts of one sentence are of each other: "37 of 449 failed", so that 412 are the rest."""
    cut = Sentences()
    for sentence in (*cut.feed(text), cut.rest()):
        counts = list(_add_sentence(told, sentence))
        for (one, clause), (other, _) in combinations(counts[:_FEW], 2):
            part, whole = sorted((one, other))
            if whole >= _LEAST_WHOLE:
                shares = Values()
                share(shares, [part], whole)
                told.add("percent", *shares.of("percent"), clause=clause)
                remain(rest, "count", part, whole)
                rest.extend("multiple", [whole / part] if part else [])


def _add_sentence(told: Told, sentence: str) -> Iterator[tuple[float, str]]:
    """Its counts, each with its clause, are given back."""
    ends = [*(found.end() for found in _CLAUSE_END.finditer(sentence)), len(sentence)]
    starts = [0, *ends[:-1]]
    for found in quantities(sentence):
        clause = next(sentence[start:end] for start, end in zip(starts, ends, strict=True) if found.start < end)
        for reading in found.readings:
            told.add(reading.dimension, reading.value, clause=clause)
        yield from ((count, clause) for count in _counts(found))


def add_rates(told: Told, text: str) -> None:
    """Of counts over the spans that stand beside them: "1,290 drops in 15 minutes"."""
    cut = Sentences()
    for sentence in (*cut.feed(text), cut.rest()):
        readings = [reading for found in quantities(sentence)[:_FEW] for reading in found.readings if reading.value]
        for count, span in permutations(readings, 2):
            if (count.dimension, span.dimension) == ("count", "time"):
                told.add("rate", SECOND * count.value / span.value, clause=sentence)


def clock_times(text: str) -> list[float]:
    """In microseconds since midnight."""
    return [int(h) * HOUR + int(m) * MINUTE + float(s or 0) * SECOND for h, m, s in _CLOCK.findall(text)]


def add_text(values: Values, text: str) -> list[float]:
    """The text's figures, by what they measure; its counts are given back."""
    found = quantities(text)
    for reading in (reading for quantity in found for reading in quantity.readings):
        values.add(reading.dimension, reading.value)
    return [count for quantity in found for count in _counts(quantity)]


def add_words(values: Values, cells: Iterable[Cell]) -> list[float]:
    """Of cells that tell something: `sent again 4 times`."""
    told = (cell for cell in cells if isinstance(cell, str) and any(map(str.isdecimal, cell)))
    return [count for cell in told for count in add_text(values, cell)]


def _counts(quantity: Quantity) -> list[float]:
    return [reading.value for reading in quantity.readings[-1:] if reading.dimension == "count"]
