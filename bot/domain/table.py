"""Tables and what charts draw of them, as values: raw cells, a unit on the column. Only renderers make text of them."""

from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Literal, TypeAlias

ColumnKind: TypeAlias = Literal["text", "address", "id", "integer", "decimal", "time"]
"""How a column's cells are written, aligned and cut: addresses lose their middle, text its end, all others nothing.

id: a name that must stay whole, be it a word (an errno) or a number that is no amount (a pid).
"""

Unit: TypeAlias = Literal["us", "s", "bytes", "percent"]
"""us: microseconds; s: seconds; percent: 0 to 100."""

Cell: TypeAlias = str | int | float | datetime | None
"""A raw value; None is "not known". Times are aware and in UTC."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: ColumnKind = "text"
    unit: Unit | None = None
    spare: bool = False
    """Good to know: left out, and named, where it would push the others out of their room."""
    remark: bool = False
    """Something said about the row, not a part of what the row is: two rows that differ in it alone are the same."""


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` by `columns`; every row has one cell a column, in column order.

    `total_rows` counts the rows that exist, of which `rows` may be the first ones only.
    `label` ("T1") is what prose cites; the turn that shows the table sets it.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total_rows: int
    label: str = ""

    def __post_init__(self) -> None:
        wrong = next((row for row in self.rows if len(row) != len(self.columns)), None)
        if wrong is not None:
            raise ValueError(f"{self.title}: a row of {len(wrong)} cells under {len(self.columns)} columns: {wrong!r}")
        if self.total_rows < len(self.rows):
            raise ValueError(f"{self.title}: {len(self.rows)} rows, but total_rows={self.total_rows}")


@dataclass(frozen=True, slots=True)
class Line:
    """One named row of values: one for each category of its series."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """What a chart draws: `lines` over the same `categories`, such as time buckets; every value is finite."""

    title: str
    categories: tuple[str, ...]
    lines: tuple[Line, ...]
    unit: Unit | None = None

    def __post_init__(self) -> None:
        if not self.categories or not self.lines:
            raise ValueError(f"{self.title}: a chart needs a category and a line")
        for line in self.lines:
            if len(line.values) != len(self.categories):
                told = f"{len(line.values)} values for {len(self.categories)} categories"
                raise ValueError(f"{self.title}: {line.name} has {told}")
            if not all(map(isfinite, line.values)):
                raise ValueError(f"{self.title}: {line.name} has a value that is no number")
