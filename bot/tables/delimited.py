"""Rows out of somebody's CSV: what parts its cells, what its columns are called, and which of them hold numbers. Pure.

A column holds numbers where all of its cells can be nothing else; codes such as `007` stay as they are written.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice

from bot.domain.json_types import Json

MAX_COLUMNS = 480
_MARKS = "\t,;|"
_SAMPLE = 8_192
"""Characters that tell what parts the cells."""
_SAMPLE_ROWS = 20
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?(?:[eE][+-]\d{1,2})?", re.ASCII)
_WITH_COMMA = re.compile(r"-?(?:0|[1-9]\d{0,17}|[1-9]\d{0,2}(?:\.\d{3})+)(?:,\d{1,17})?", re.ASCII)
"""A number as half of the world writes it: 1.234,5."""
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)
"""What may be a whole number as the other half writes it."""


@dataclass(frozen=True, slots=True)
class Delimited:
    """The first `rows` by their columns' names; a cell that is empty or missing is None. `total_rows` exist."""

    rows: list[dict[str, Json]]
    total_rows: int


def delimited(text: str, *, most: int) -> Delimited:
    """The first `most` rows behind the line of names. Raises: csv.Error where it is no table of two columns or more."""
    mark = _mark(text)
    lines = _lines(text, mark, strict=True)
    head = next(lines, [])
    kept = list(islice(lines, most))
    width = max(map(len, (head, *kept)))
    if not 1 < width <= MAX_COLUMNS:
        raise csv.Error(f"it has {width} columns")
    first, *rest = ([*cells, *[""] * (width - len(cells))] for cells in (head, *kept))
    columns = _typed([*zip(*rest, strict=True)], has_commas=mark != ",")
    names = _names(first)
    rows: list[dict[str, Json]] = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return Delimited(rows, len(rows) + sum(1 for _ in lines))


def _lines(text: str, mark: str, *, strict: bool) -> Iterator[list[str]]:
    """Those that hold anything, whatever ends a line."""
    ended = StringIO(text, newline=None)
    for cells in csv.reader(ended, delimiter=mark, skipinitialspace=True, strict=strict):
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield stripped


def _mark(text: str) -> str:
    """What parts the first lines most evenly, and into most cells. Raises: csv.Error where nothing does."""
    found = [(_evenness(text[:_SAMPLE], mark), mark) for mark in _MARKS]
    best = max(found, key=lambda each: each[0])
    if best[0] == (0.0, 0):
        raise csv.Error("it has one column")
    return best[1]


def _evenness(sample: str, mark: str) -> tuple[float, int]:
    rows = [len(cells) for cells in islice(_lines(sample, mark, strict=False), _SAMPLE_ROWS)]
    if not rows or rows[0] < 2:
        return 0.0, 0
    return rows.count(rows[0]) / len(rows), rows[0]


def _names(head: Sequence[str]) -> list[str]:
    """None of them empty, and none twice."""
    names: dict[str, None] = {}
    for place, cell in enumerate(head, start=1):
        name = cell or f"column {place}"
        while name in names:
            name = f"{name} (column {place})"
        names[name] = None
    return list(names)


def _typed(columns: Sequence[Sequence[str]], *, has_commas: bool) -> list[list[Json]]:
    """`has_commas`: a comma parts no cells, so it may stand in numbers; one that is clear makes all of them so."""
    commas = has_commas and any(map(_is_clearly_with_commas, columns))
    return [_numbers(cells, commas=commas) for cells in columns]


def _is_clearly_with_commas(cells: Iterable[str]) -> bool:
    """Whether all are numbers, with one that has a decimal comma and can't be one with thousands set apart."""
    known = [cell for cell in cells if cell]
    with_comma = [cell for cell in known if "," in cell]
    return all(map(_WITH_COMMA.fullmatch, known)) and not all(map(_THOUSANDS.fullmatch, with_comma))


def _numbers(cells: Sequence[str], *, commas: bool) -> list[Json]:
    known = [cell for cell in cells if cell]
    if commas and any("," in cell for cell in known) and all(map(_WITH_COMMA.fullmatch, known)):
        return [_number(cell.replace(".", "").replace(",", ".")) if cell else None for cell in cells]
    if all(map(_NUMBER.fullmatch, known)) and not (commas and any("." in cell for cell in known)):
        return [_number(cell) if cell else None for cell in cells]
    return [cell or None for cell in cells]


def _number(written: str) -> int | float:
    return float(written) if set(written) & set(".eE") else int(written)
