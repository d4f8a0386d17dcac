"""A table as lines of text in so many terminal cells, for a terminal as for a code block in a chat.

It knows the kinds of columns, not what they mean. Renderers call it and add title, colour and fence themselves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import TypeAlias

from bot.domain.table import Cell, Column, Table
from bot.tables.text import cell_width, cut_end, cut_middle, pad_end, pad_start, plain
from bot.tables.units import cell_text

GAP = "  "

_READABLE = {"text": 6, "address": 15}
"""The fewest cells in which a longer text or address can still be told apart. Numbers and times are never cut."""
_READABLE_NAME = 6
_NUMBERS = ("integer", "decimal")
_Padding: TypeAlias = Callable[[str, int], str]


@dataclass(frozen=True, slots=True)
class TextTable:
    """Lines without trailing spaces, of harmless characters only.

    One line a row under `header`; where columns do not fit side by side, `header` is empty and each row is a block of
    `name: value` lines, with an empty line between two blocks.
    """

    header: str
    rows: tuple[str, ...]
    remark: str = ""
    """Which columns there was no room for."""

    @property
    def lines(self) -> tuple[str, ...]:
        header, remark = ([text] if text else [] for text in (self.header, self.remark))
        return (*header, *self.rows, *remark)


def lay_out(table: Table, *, width: int, zone: tzinfo, now: datetime) -> TextTable:
    """The table in lines of at most `width` (1 or more) cells; `zone` and `now` say how times are told.

    Spare columns are left out, from the right, as long as texts would have to be cut otherwise.
    """
    left_out: list[str] = []
    while (spare := _spare(table)) is not None and not _has_room(table, width, zone, now):
        left_out.insert(0, plain(table.columns[spare].name))
        table = _without(table, spare)
    laid_out = _lay_out(table, width, zone, now)
    remark = f"no room for: {', '.join(left_out)}" if left_out and laid_out.header else ""
    return replace(laid_out, remark=cut_end(remark, width))


def _spare(table: Table) -> int | None:
    """The last column that can be left out."""
    places = [place for place, column in enumerate(table.columns) if column.spare]
    return places[-1] if places and len(table.columns) > 1 else None


def _without(table: Table, place: int) -> Table:
    rows = tuple((*row[:place], *row[place + 1 :]) for row in table.rows)
    return replace(table, columns=(*table.columns[:place], *table.columns[place + 1 :]), rows=rows)


def _has_room(table: Table, width: int, zone: tzinfo, now: datetime) -> bool:
    """Whether every cell stands there whole; names of columns may be cut."""
    rows = [_texts(table, row, zone, now) for row in table.rows]
    needed = [
        max([min(cell_width(plain(column.name)), _READABLE_NAME), *(cell_width(row[place]) for row in rows)])
        for place, column in enumerate(table.columns)
    ]
    return sum(needed) + len(GAP) * (len(needed) - 1) <= width


def _texts(table: Table, row: Sequence[Cell], zone: tzinfo, now: datetime) -> list[str]:
    return [cell_text(cell, column, zone=zone, now=now) for cell, column in zip(row, table.columns, strict=True)]


def _lay_out(table: Table, width: int, zone: tzinfo, now: datetime) -> TextTable:
    names = [plain(column.name) for column in table.columns]
    rows = [_texts(table, row, zone, now) for row in table.rows]
    widths = _fit(table.columns, names, rows, width)
    if widths is not None:
        pads = [_pad(table, index) for index in range(len(names))]
        header, *lines = (_line(table.columns, texts, widths, pads) for texts in (names, *rows))
        return TextTable(header, tuple(lines))
    if not rows:
        return TextTable(cut_end(GAP.join(names), width), ())
    blocks = [_block(table.columns, names, row, width) for row in rows]
    return TextTable("", tuple("\n\n".join(map("\n".join, blocks)).split("\n")))


def _fit(
    columns: Sequence[Column], names: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> list[int] | None:
    """A width for each column, or None when they do not fit even at their narrowest."""
    contents = [max((cell_width(row[index]) for row in rows), default=0) for index in range(len(columns))]
    widths, least = [], []
    for column, name, content in zip(columns, names, contents, strict=True):
        named = cell_width(name)
        least.append(max(min(content, _READABLE.get(column.kind, content)), min(named, _READABLE_NAME)))
        widths.append(max(min(max(content, named), width), least[-1]))
    excess = sum(widths) + len(GAP) * (len(columns) - 1) - width
    if sum(widths) - sum(least) < excess:
        return None
    for _ in range(excess):
        _shrink_widest(widths, least, contents)
    return widths


def _shrink_widest(widths: list[int], least: Sequence[int], contents: Sequence[int]) -> None:
    """Takes a cell from the widest column that can spare one; among equals from a mere name, then from the right."""
    able = [index for index in range(len(widths)) if widths[index] > least[index]]
    widths[max(able, key=lambda index: (widths[index], widths[index] > contents[index], index))] -= 1


def _pad(table: Table, index: int) -> _Padding:
    """Numbers stand under each other's last digit, also those that name something."""
    kind = table.columns[index].kind
    is_number = kind in _NUMBERS or (kind == "id" and not any(isinstance(row[index], str) for row in table.rows))
    return pad_start if is_number else pad_end


def _line(columns: Sequence[Column], texts: Sequence[str], widths: Sequence[int], pads: Sequence[_Padding]) -> str:
    cells = [
        pad(_cut(text, column, width), width)
        for column, text, width, pad in zip(columns, texts, widths, pads, strict=True)
    ]
    return GAP.join(cells).rstrip(" ")


def _cut(text: str, column: Column, width: int) -> str:
    """A cell or a column's name. A figure's name keeps its end too: `waited p50` and `waited p95` differ there."""
    return cut_middle(text, width) if column.kind in ("address", *_NUMBERS) else cut_end(text, width)


def _block(columns: Sequence[Column], names: Sequence[str], row: Sequence[str], width: int) -> list[str]:
    """One row as `name: value`, as many to a line as fit."""
    lines: list[str] = []
    for column, name, text in zip(columns, names, row, strict=True):
        key = _cut(name, column, width // 2) + ":"
        pair = f"{key} {_cut(text, column, width - cell_width(key) - 1)}".rstrip(" ")
        if lines and cell_width(lines[-1] + GAP + pair) <= width:
            lines[-1] += GAP + pair
        else:
            lines.append(pair)
    return lines
