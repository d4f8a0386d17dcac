"""A table in Slack: as a `data_table` with typed cells, and as a code block for where Slack refuses it. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import accumulate, chain
from math import isfinite

from adapters.slack.limits import (
    CODE_WIDTH,
    MAX_CAPTION,
    MAX_CELL,
    MAX_SECTION,
    MAX_TABLE_CHARACTERS,
    MAX_TABLE_COLUMNS,
    MAX_TABLE_ROWS,
    ROWS_OF_A_PAGE,
)
from adapters.slack.markdown import escaped
from bot.domain.json_types import JsonObject
from bot.domain.table import Cell, Column, Table
from bot.tables.layout import lay_out
from bot.tables.text import ZERO_WIDTH, cell_width, plain, short
from bot.tables.units import UNKNOWN, cell_text

_FENCES = 8
"""Characters around a code block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """`zone` and `now` decide how times are written."""

    zone: tzinfo
    now: datetime


@dataclass(frozen=True, slots=True)
class Fitted:
    """As much of a table as a message holds: its first rows and columns. `cuts_cells`: some lack their end."""

    table: Table
    cuts_cells: bool


def fitted(table: Table, look: Look) -> Fitted:
    """The first columns and rows that stay within Slack's limits."""
    columns = table.columns[:MAX_TABLE_COLUMNS]
    rows = [row[: len(columns)] for row in table.rows[:MAX_TABLE_ROWS]] if columns else []
    header = sum(len(_name(column)) for column in columns)
    sizes = accumulate((sum(map(len, _texts(row, columns, look))) for row in rows), initial=header)
    kept = sum(size <= MAX_TABLE_CHARACTERS for size in sizes) - 1
    part = replace(table, columns=columns, rows=tuple(rows[:kept]))
    return Fitted(part, _cuts_cells(part, look))


def title_of(table: Table) -> str:
    title = f"{table.label}  {table.title}" if table.label else table.title
    return short(title, MAX_CAPTION).strip() or "Table"


def data_table(table: Table, look: Look) -> JsonObject:
    """https://docs.slack.dev/reference/block-kit/blocks/data-table-block; at least one row."""
    header: list[JsonObject] = [{"type": "raw_text", "text": _name(column)} for column in table.columns]
    rows = [[_cell(cell, column, look) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]
    return {
        "type": "data_table",
        "caption": _caption(table),
        "page_size": ROWS_OF_A_PAGE,
        "rows": [header, *rows],
    }


def code_blocks(table: Table, look: Look) -> tuple[JsonObject, ...]:
    """The table as any number of sections of code, cut between rows."""
    laid_out = lay_out(table, width=CODE_WIDTH, zone=look.zone, now=look.now)
    head = [_caption(table)] + ([laid_out.header] if laid_out.header else [])
    return code_sections([*head, *laid_out.rows, *([laid_out.remark] if laid_out.remark else [])])


def code_sections(lines: Iterable[str]) -> tuple[JsonObject, ...]:
    """Lines of harmless characters as sections of code, cut between lines."""
    return tuple(map(_section, _pages(lines)))


def in_code(text: str) -> str:
    """For the inside of a code block, which three backticks would end."""
    return escaped(re.sub("`(?=`)", f"`{ZERO_WIDTH}", text))


def _caption(table: Table) -> str:
    shown, total = len(table.rows), table.total_rows
    return title_of(table) + (f" ({shown:,} of {total:,} rows)" if total > shown else "")


def _name(column: Column) -> str:
    return short(column.name, MAX_CELL).strip() or UNKNOWN


def _cuts_cells(table: Table, look: Look) -> bool:
    names = (plain(column.name) for column in table.columns)
    cells = (
        cell_text(cell, column, zone=look.zone, now=look.now)
        for row in table.rows
        for cell, column in zip(row, table.columns, strict=True)
    )
    return any(max(len(text), cell_width(text)) > MAX_CELL for text in chain(names, cells))


def _texts(row: Sequence[Cell], columns: Sequence[Column], look: Look) -> Iterator[str]:
    return (_text(cell, column, look) for cell, column in zip(row, columns, strict=True))


def _text(cell: Cell, column: Column, look: Look) -> str:
    return short(cell_text(cell, column, zone=look.zone, now=look.now), MAX_CELL) or UNKNOWN


def _cell(cell: Cell, column: Column, look: Look) -> JsonObject:
    text = _text(cell, column, look)
    if column.kind in {"integer", "decimal"} and isinstance(cell, int | float) and isfinite(cell):
        return {"type": "raw_number", "value": cell, "text": text}
    return {"type": "raw_text", "text": text}


def _pages(lines: Iterable[str]) -> Iterator[str]:
    """Lines in groups that fit into a section each; a longer line is cut into several."""
    room, size = MAX_SECTION - _FENCES, 0
    page: list[str] = []
    for line in lines:
        for piece in _fold(in_code(line), room):
            if page and size + len(piece) + 1 > room:
                yield "\n".join(page)
                page, size = [], 0
            page.append(piece)
            size += len(piece) + 1
    if page:
        yield "\n".join(page)


def _fold(line: str, room: int) -> list[str]:
    return [line[at : at + room] for at in range(0, len(line), room)] or [""]


def _section(code: str) -> JsonObject:
    # verbatim: else Slack makes links of what looks like an address or a channel.
    return {"type": "section", "text": {"type": "mrkdwn", "text": f"```\n{code}\n```", "verbatim": True}}
