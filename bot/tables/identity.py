"""What a row is, whatever its numbers say: how rows of the same question, asked twice, find each other. Pure.

A row is what its columns of names hold (text, addresses, ids). Times name nothing, nor do remarks, nor figures within a
phrase ("sent again 3 times"), nor the port that a client was given for one connection. Rows that are the same are one
thing: their counts are added up, of their other numbers the median stands.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, TypeAlias

from bot.domain.table import Cell, Column, Table

Key: TypeAlias = tuple[Cell, ...]

DYNAMIC_PORT: Final = 32_768
"""Where Linux begins to give ports to clients, unless it is told otherwise."""
COUNT: Final = Column("count", "integer")
WHAT: Final = Column("what")
_REST = "others"
"""The column of all values that have none of their own."""
_NAMES = frozenset({"text", "address", "id"})
_NUMBERS = frozenset({"integer", "decimal"})
_FIGURE = r"\d[\d.,]*(?: (?:us|ms|s|min|h|d|B|[KMGTP]iB|times?|packets?)\b|%)"
_FIGURES = re.compile(rf"\b{_FIGURE}(?: {_FIGURE})*|(?<=\bnumber )\d+")


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of both tables by their use, in the tables' order. `measures` begins with the main one."""

    names: tuple[Column, ...]
    measures: tuple[Column, ...]
    remarks: tuple[Column, ...]
    counts_rows: bool
    """The tables count nothing: each row is a single event, or something that is there once."""


@dataclass(frozen=True, slots=True)
class Thing:
    """All rows of one table that are the same. `place` is the first one's."""

    place: int
    amounts: Mapping[str, float | None]
    remarks: Mapping[str, Cell]


def aligned(before: Table, after: Table) -> tuple[Shape, Table, Table]:
    """The shape of both, and both in it: rows that are moments become one row for each column that counts."""
    shape = _shape(_columns(before, after))
    if shape.names or shape.counts_rows:
        return shape, before, after
    return _shape([WHAT, COUNT]), _by_column(before), _by_column(after)


def things(table: Table, shape: Shape) -> dict[Key, Thing]:
    names = [column.name for column in table.columns]
    groups: dict[Key, list[tuple[int, dict[str, Cell]]]] = {}
    for place, row in enumerate(table.rows):
        cells = dict(zip(names, row, strict=True))
        groups.setdefault(_key(cells, shape), []).append((place, cells))
    return {key: _thing(rows, shape) for key, rows in groups.items()}


def _columns(before: Table, after: Table) -> list[Column]:
    """Of both: a column without any value is left out of one. What names in one of them is a name."""
    columns = list(before.columns)
    place = 0
    for column in after.columns:
        same = next((index for index, each in enumerate(columns) if each.name == column.name), None)
        if same is None:
            columns.insert(place, column)
        elif column.kind in _NAMES:
            columns[same] = column
        place = (place if same is None else same) + 1
    return columns


def _shape(columns: Sequence[Column]) -> Shape:
    said = [column for column in columns if not column.remark]
    names = tuple(column for column in said if column.kind in _NAMES and column.unit is None)
    measures = [column for column in said if column.kind in _NUMBERS]
    counts_rows = not any(_counts(column) for column in measures)
    measures.sort(key=lambda column: column.kind != "integer")
    remarks = tuple(column for column in columns if column.remark and column.kind in {"text", "address"})
    return Shape(names, (COUNT, *measures) if counts_rows else tuple(measures), remarks, counts_rows)


def _counts(column: Column) -> bool:
    return column.kind == "integer" and column.unit is None


def _by_column(table: Table) -> Table:
    """What is counted among the rest has no column, and so no row."""
    totals = [
        (column.name, _together(column, (row[place] for row in table.rows)))
        for place, column in enumerate(table.columns)
        if _counts(column)
    ]
    rows = tuple((name, total) for name, total in totals if total and name != _REST)
    is_cut = len(table.rows) < table.total_rows or any(column.name == _REST for column in table.columns)
    return Table(table.title, (WHAT, COUNT), rows, len(rows) + is_cut)


def _key(cells: Mapping[str, Cell], shape: Shape) -> Key:
    ends = [column.name for column in shape.names if column.kind == "address" and cells.get(column.name) is not None]
    return tuple(_name(cells.get(column.name), column, is_of_two=len(ends) > 1) for column in shape.names)


def _name(cell: Cell, column: Column, *, is_of_two: bool) -> Cell:
    if not isinstance(cell, str):
        return cell
    if column.kind == "text":
        return _FIGURES.sub("…", cell)
    return _without_dynamic_port(cell) if column.kind == "address" and is_of_two else cell


def _without_dynamic_port(end: str) -> str:
    host, _, port = end.rpartition(":")
    is_dynamic = port.isascii() and port.isdecimal() and int(port) >= DYNAMIC_PORT
    return host.strip("[]") if host and is_dynamic and len(port) == 5 else end


def _thing(rows: Sequence[tuple[int, dict[str, Cell]]], shape: Shape) -> Thing:
    of_all = {
        column.name: [cells.get(column.name) for _, cells in rows] for column in (*shape.measures, *shape.remarks)
    }
    amounts = {column.name: _together(column, of_all[column.name]) for column in shape.measures}
    if shape.counts_rows:
        amounts[COUNT.name] = len(rows)
    remarks = {column.name: _first(of_all[column.name]) for column in shape.remarks}
    return Thing(rows[0][0], amounts, remarks)


def _together(column: Column, cells: Iterable[Cell]) -> float | None:
    known = [cell for cell in cells if isinstance(cell, int | float)]
    if not known:
        return None
    return sum(known) if column.kind == "integer" else median(known)


def _first(cells: Iterable[Cell]) -> Cell:
    return next((cell for cell in cells if cell is not None), None)
