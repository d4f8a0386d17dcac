"""Tables out of somebody's JSON: an array of flat objects, or an object with one such among its values. Pure.

What kind a column is can only be guessed from its values; a wrong guess costs alignment, never a value.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from itertools import chain
from math import isfinite
from typing import TypeAlias

from bot.domain.json_types import Json
from bot.domain.table import Cell, Column, ColumnKind, Table
from bot.tables.untrusted import one_line

MAX_ROWS = 500
MAX_COLUMNS = 24
MAX_CELL = 300
"""Characters."""
MAX_HEADING = 60
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_IDENTIFIER = re.compile(r"(^|[_\s-])(id|pid|port|uid|gid|code|status|year)$|Id$|ID$")
"""Headings of numbers that are names: no thousands separator, no sums."""
_LARGEST = 2**63

Flat: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Tabled:
    """`beside` is what the structured content says besides the rows. `notes` say what was cut."""

    table: Table
    beside: Mapping[str, Json]
    notes: tuple[str, ...]


def tabled(
    content: Json, *, title: str, harmless: Callable[[str], str], most_rows: int = MAX_ROWS, total_rows: int = 0
) -> Tabled | None:
    """None where the content is no table, or one without rows. `harmless` makes a text one that may be shown.

    `most_rows` are kept. `total_rows` exist where the content has only the first ones.
    """
    found = _rows(content)
    if found is None:
        return None
    rows, beside = found
    keys = tuple(dict.fromkeys(chain.from_iterable(rows)))
    shown, kept, exist = keys[:MAX_COLUMNS], rows[:most_rows], max(len(rows), total_rows)
    columns = [_column(key, [row.get(key) for row in kept], harmless) for key in shown]
    headings = _headings([harmless(key) for key in shown])
    table = Table(
        title,
        tuple(Column(heading, kind) for heading, (kind, _) in zip(headings, columns, strict=True)),
        tuple(zip(*(cells for _, cells in columns), strict=True)),
        exist,
    )
    return Tabled(table, beside, tuple(_cut(exist, len(keys), most_rows)))


def _rows(content: Json) -> tuple[Sequence[Flat], Mapping[str, Json]] | None:
    """The rows, and what stands beside them."""
    if _is_table(content):
        return _flat(content), {}
    if not isinstance(content, Mapping):
        return None
    tables = [key for key, value in content.items() if _is_table(value)]
    if len(tables) != 1:
        return None
    return _flat(content[tables[0]]), {key: value for key, value in content.items() if key != tables[0]}


def _is_table(value: Json) -> bool:
    if not isinstance(value, list) or not value or not any(value):
        return False
    return all(isinstance(row, Mapping) and not any(map(_is_deep, row.values())) for row in value)


def _is_deep(value: Json) -> bool:
    return isinstance(value, Mapping | list)


def _flat(value: Json) -> list[Flat]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _cut(rows: int, columns: int, most_rows: int) -> Iterable[str]:
    if rows > most_rows:
        yield f"of {rows:,} rows the first {most_rows} are kept"
    if columns > MAX_COLUMNS:
        yield f"of {columns:,} columns the first {MAX_COLUMNS} are kept"


def _headings(names: Sequence[str]) -> list[str]:
    """Short, and none of them empty."""
    return [one_line(name, MAX_HEADING) or f"column {number}" for number, name in enumerate(names, 1)]


def _column(key: str, values: Sequence[Json], harmless: Callable[[str], str]) -> tuple[ColumnKind, tuple[Cell, ...]]:
    known = [value for value in values if value is not None]
    if known and all(map(_is_integer, known)):
        return ("id" if _IDENTIFIER.search(key) else "integer"), tuple(map(_number, values))
    if known and all(map(_is_number, known)):
        return "decimal", tuple(map(_number, values))
    if known and all(isinstance(value, str) and _time(value) for value in known):
        return "time", tuple(_time(value) if isinstance(value, str) else None for value in values)
    cells = tuple(None if value is None else one_line(harmless(_text(value)), MAX_CELL) for value in values)
    return ("address" if known and all(map(_is_address, known)) else "text"), cells


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return str(value)
    except ValueError:  # Python refuses to write numbers of thousands of digits
        return "(a number of thousands of digits)"


def _number(value: Json) -> int | float | None:
    return value if isinstance(value, int | float) else None


def _is_integer(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_LARGEST < value < _LARGEST


def _is_number(value: Json) -> bool:
    return _is_integer(value) or (isinstance(value, float) and isfinite(value))


def _is_address(value: Json) -> bool:
    try:
        return isinstance(value, str) and bool(ip_address(value))
    except ValueError:
        return False


def _time(text: str) -> datetime | None:
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
