"""Results as the composer reads them: rows by column name, and data made safe to stand in prose. Pure.

A column that is missing, or that the source could not fill, is None: no sentence may be built on it.
"""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.table import Cell, Table
from bot.domain.turn import ToolResult
from bot.tables.text import plain

_MAX_SHOWN = 80
"""Characters of a name or an address in prose."""
_MARKUP = str.maketrans({"`": "'", "[": "(", "]": ")", "<": "(", ">": ")", "*": "'", "|": "/", "~": "-", "@": "(at)"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    table: Table
    cells: tuple[Cell, ...]

    def cell(self, name: str) -> Cell:
        found = (cell for column, cell in zip(self.table.columns, self.cells, strict=True) if column.name == name)
        return next(found, None)

    def text(self, name: str) -> str | None:
        cell = self.cell(name)
        return cell if isinstance(cell, str) else None

    def number(self, name: str) -> float | None:
        cell = self.cell(name)
        return cell if isinstance(cell, int | float) and not isinstance(cell, bool) else None

    @property
    def outcome(self) -> str | None:
        """Without the errno that a list writes before it."""
        told = self.text("outcome")
        return told.rpartition(": ")[2] if told else None

    def count(self, name: str) -> int:
        return int(self.number(name) or 0)

    def time(self, name: str) -> datetime | None:
        cell = self.cell(name)
        return cell if isinstance(cell, datetime) else None


def rows_of(result: ToolResult) -> list[Row]:
    return [row for table in result.tables for row in rows_in(table)]


def rows_in(table: Table) -> list[Row]:
    return [Row(table, cells) for cells in table.rows]


def is_whole(result: ToolResult) -> bool:
    """Whether the tables hold all rows that exist, so that their sums are sums of everything."""
    return all(len(table.rows) == table.total_rows for table in result.tables)


def cited(tables: Iterable[Table]) -> str:
    """` [T1]`, ` [T1, T2]`, or nothing while the tables have no labels."""
    labels = [table.label for table in tables if table.label]
    return f" [{', '.join(labels)}]" if labels else ""


def code(text: str | None) -> str:
    """Text from the data as a code span on one line: it can neither end the span nor look like anything else."""
    shown = plain(text or "").replace("`", "'").strip()
    if len(shown) > _MAX_SHOWN:
        shown = f"{shown[: _MAX_SHOWN - 1]}…"
    return f"`{shown or 'no name'}`"


def told(sentence: str) -> str:
    """A tool's own sentence, which may hold names from the data: without what Markdown or a chat acts on."""
    shown = " ".join(plain(line) for line in sentence.split("\n")).translate(_MARKUP).strip()
    return f"{shown[:1].upper()}{shown[1:]}".rstrip(".") + "." if shown else ""


def command(words: str, *, process: str | None = None, pid: int | None = None, duration_s: int | None = None) -> str:
    """One of our commands as a code span."""
    parts = [words]
    if process:
        parts.append(f"--process {shlex.quote(plain(process))}")
    if pid is not None:
        parts.append(f"--pid {pid}")
    if duration_s is not None:
        parts.append(f"--duration {duration_s}")
    return code(" ".join(parts))
