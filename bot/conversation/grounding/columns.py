"""The columns of a table by what they are good for: amounts, names, times. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest

from bot.codec import MODEL_ROWS
from bot.conversation.grounding.units import Dimension, unit_at
from bot.domain.table import Cell, Column, Table

LARGEST = 1e18
"""No measurement is larger."""
LEADING_ROWS = 10
"""Nobody speaks of the top eleven."""

Cells = tuple[Cell, ...]

_NAMING = frozenset({"text", "address", "id"})
_UNITS: Mapping[str, tuple[Dimension, float]] = {
    "us": ("time", 1.0),
    "s": ("time", 1e6),
    "bytes": ("bytes", 1.0),
    "percent": ("percent", 1.0),
}
_NAMED_UNIT = re.compile(r"[_ (\[]+(?P<unit>[a-zA-Z%µ/]+)[)\]]?$")
"""Other servers' tables and attached files have no units, but headings such as `latency_ms`."""
_UNIT_ALONE = re.compile(r"(?P<unit>ns|us|µs|ms|seconds|bytes|percent|%)")
"""A heading that is nothing but a unit. `min` is more often the smallest than a minute."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """One column, in base units; None where a cell is not known. `name` is in lower case."""

    name: str
    dimension: Dimension
    cells: tuple[float | None, ...]
    known: tuple[float, ...]
    total: float
    largest: Sequence[float]

    def of(self, rows: Iterable[int]) -> list[float]:
        return [cell for row in rows if (cell := self.cells[row]) is not None]

    @property
    def adds_up(self) -> bool:
        """Whether rows have something together: a sum of medians is nothing."""
        return self.dimension in ("count", "bytes")


@dataclass(frozen=True, slots=True)
class Columns:
    """`words` are those of `names` that may hold figures, as far as a model reads them. `headings`: of `names`."""

    length: int
    amounts: tuple[Amounts, ...]
    names: tuple[Cells, ...]
    headings: tuple[str, ...]
    words: tuple[Cells, ...]
    times: tuple[Cells, ...]

    @property
    def is_counted(self) -> bool:
        """Whether a row stands for many events: that there are so many rows says little then."""
        return any(column.dimension == "count" for column in self.amounts)

    @property
    def is_in_time(self) -> bool:
        """Whether the rows stand in the order of a time."""
        moments = [[cell.timestamp() for cell in cells if isinstance(cell, datetime)] for cells in self.times]
        return any(each == sorted(each) or each == sorted(each, reverse=True) for each in moments)

    @property
    def is_prose(self) -> bool:
        """Whether it explains something, so that none of its words names a row."""
        return not self.amounts and not self.times

    def measured(self, row: int) -> list[tuple[Dimension, float]]:
        return [(column.dimension, cell) for column in self.amounts for cell in column.of([row])]

    def adding(self) -> Iterable[Amounts]:
        return (column for column in self.amounts if column.adds_up)

    def grouping(self) -> Iterable[Cells]:
        """The names that put rows together."""
        return (cells for cells in self.names if 1 < len(set(cells)) < len(cells))


def columns_of(table: Table) -> Columns:
    by_column: Sequence[tuple[Column, Cells]] = list(
        zip(table.columns, zip(*table.rows, strict=True), strict=True) if table.rows else ()
    )
    measured = (_amounts(column, cells) for column, cells in by_column)
    return Columns(
        len(table.rows),
        tuple(found for found in measured if found),
        tuple(cells for column, cells in by_column if column.kind in _NAMING),
        tuple(column.name.lower() for column in table.columns if column.kind in _NAMING),
        tuple(cells[:MODEL_ROWS] for column, cells in by_column if column.kind in ("text", "id")),
        tuple(cells for column, cells in by_column if column.kind == "time"),
    )


def _amounts(column: Column, cells: Cells) -> Amounts | None:
    """None for a column of names or times, and for one without a number."""
    if column.kind not in ("integer", "decimal"):
        return None
    dimension, scale = _measure(column)
    scaled = tuple(
        cell * scale if isinstance(cell, int | float) and -LARGEST < cell < LARGEST else None for cell in cells
    )
    known = tuple(cell for cell in scaled if cell is not None)
    return (
        Amounts(column.name.lower(), dimension, scaled, known, sum(known), nlargest(LEADING_ROWS, known))
        if known
        else None
    )


def _measure(column: Column) -> tuple[Dimension, float]:
    if column.unit:
        return _UNITS[column.unit]
    named = _NAMED_UNIT.search(column.name) or _UNIT_ALONE.fullmatch(column.name)
    found = unit_at(f"1{named['unit']}", 1) if named else None
    return (found.unit.dimension, found.unit.scales[0]) if found else ("count", 1.0)
