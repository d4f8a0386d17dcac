"""Results as the readers see them: rows by column name. Pure.

A column that is missing, or that the source could not fill, is None: no sentence may be built on it.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.table import Cell, Table
from bot.domain.turn import ToolResult


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
