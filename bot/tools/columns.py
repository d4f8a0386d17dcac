"""Tables out of rows of any kind: which columns an answer has, given what its source can know. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.domain.network import UnknownField
from bot.domain.query import GroupKey
from bot.domain.table import Cell, Column, ColumnKind, Table, Unit

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Field(Generic[Row]):
    """One possible column. It is left out where no row has a value."""

    column: Column
    cell: Callable[[Row], Cell]
    needs: UnknownField | None = None
    """Left out where the source cannot know this, whatever its events say."""


def field(
    name: str,
    cell: Callable[[Row], Cell],
    *,
    kind: ColumnKind = "text",
    unit: Unit | None = None,
    needs: UnknownField | None = None,
    spare: bool = False,
    remark: bool = False,
) -> Field[Row]:
    return Field(Column(name, kind, unit, spare, remark), cell, needs)


def tabulate(
    title: str,
    fields: Sequence[Field[Row]],
    rows: Sequence[Row],
    *,
    total_rows: int,
    unknown: Sequence[UnknownField] = (),
) -> tuple[Table, ...]:
    """One table, or none where there is no row."""
    if not rows:
        return ()
    possible = [each for each in fields if each.needs not in unknown]
    filled = [(each.column, [each.cell(row) for row in rows]) for each in possible]
    kept = [(column, cells) for column, cells in filled if any(cell is not None for cell in cells)]
    by_row = tuple(zip(*(cells for _, cells in kept), strict=True))
    return (Table(title, tuple(column for column, _ in kept), by_row, max(total_rows, len(rows))),)


def text_of(part: GroupKey) -> str | None:
    """A part of a group's key as a cell."""
    return None if part is None else str(part)
