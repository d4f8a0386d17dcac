"""Numbers by what they measure, to be looked up between bounds. Pure."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

from bot.conversation.grounding.units import Dimension


class Values:
    """Filled once, then asked. In base units; the sign is left out."""

    __slots__ = ("_by_dimension", "_is_sorted")

    def __init__(self) -> None:
        self._by_dimension: defaultdict[Dimension, list[float]] = defaultdict(list)
        self._is_sorted = True

    def add(self, dimension: Dimension, *values: float) -> None:
        self.extend(dimension, values)

    def extend(self, dimension: Dimension, values: Iterable[float]) -> None:
        self._by_dimension[dimension].extend(map(abs, values))
        self._is_sorted = False

    def holds(self, dimension: Dimension, low: float, high: float) -> bool:
        """Whether one lies there, the bounds included."""
        if not self._is_sorted:
            self._sort()
        values = self._by_dimension.get(dimension, ())
        place = bisect_left(values, low)
        return place < len(values) and values[place] <= high

    def of(self, dimension: Dimension) -> list[float]:
        """All of them."""
        return self._by_dimension.get(dimension, [])

    def _sort(self) -> None:
        for values in self._by_dimension.values():
            values.sort()
        self._is_sorted = True
