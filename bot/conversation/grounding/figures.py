"""The figures that one table holds, and those that follow from it as a whole. Pure.

All of it waits until somebody asks, and is worked out once.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import combinations

from bot.codec import MODEL_ROWS
from bot.conversation.grounding.columns import Columns, columns_of
from bot.conversation.grounding.naming import Rows, rows_between, rows_by_name
from bot.conversation.grounding.relating import distinct, relate, relate_averages, share, spans, sums
from bot.conversation.grounding.rows import About
from bot.conversation.grounding.selection import Mentions
from bot.conversation.grounding.telling import add_text, add_words
from bot.conversation.grounding.units import Dimension
from bot.conversation.grounding.values import Values
from bot.domain.network import Window
from bot.domain.table import Cell, Table

_FIRST = 5
"""Rows whose shares somebody may tell without naming them."""
_FEW_GROUPS = 8
_PORT = re.compile(r"(?:(?<=:)|^)\d{1,5}$")


class TableFigures:
    """`wholes`: counts that one of the table may be a share of, likely ones first. `window`: where its times lie."""

    def __init__(self, table: Table, wholes: Sequence[float] = (), window: Window | None = None) -> None:
        self._table = table
        self._wholes = tuple(wholes)
        self._window = window
        self._unnamed: dict[Mentions, About] = {}

    @cached_property
    def _columns(self) -> Columns:
        return columns_of(self._table)

    @cached_property
    def cells(self) -> Values:
        """What stands in them, also in words."""
        values = Values()
        for column in self._columns.amounts:
            values.extend(column.dimension, column.known)
        add_words(values, {cell for cells in self._columns.words for cell in cells})
        return values

    @cached_property
    def whole(self) -> Values:
        """How many rows and names there are, and what they are together."""
        rows, total_rows = len(self._table.rows), self._table.total_rows
        values = Values()
        values.add("count", total_rows, rows, total_rows - rows)
        share(values, [rows], total_rows)
        for column in self._columns.amounts:
            if column.adds_up and sum(1 for cell in column.known if cell) > 1:
                values.add(column.dimension, column.total)
        for cells in self._columns.times:
            values.extend("time", spans(cells, is_counted=self._columns.is_counted))
        add_text(values, self._table.title)
        return values

    @cached_property
    def averages(self) -> Values:
        """Of columns, over their rows and over all that there are, and of what matched over the rows."""
        values = Values()
        for column in self._columns.amounts:
            if column.adds_up or not self._columns.is_counted:
                values.add(column.dimension, column.total / len(column.known))
            if column.dimension == "count":
                values.extend(
                    "count", (whole / max(self._table.total_rows, len(column.cells)) for whole in self._wholes)
                )
        relate_averages(values, [(column.dimension, column.total) for column in self._columns.adding()])
        return values

    @cached_property
    def averages_of_rows(self) -> Values:
        """One column for each of another, in every row: too many for a figure that is not precise."""
        values = Values()
        for row in range(min(MODEL_ROWS, self._columns.length)):
            relate_averages(
                values, [(each.dimension, cell) for each in self._columns.adding() for cell in each.of([row])]
            )
        return values

    @cached_property
    def grouped(self) -> Values:
        """Of the rows with the same name: how many they are, and their sums."""
        values = Values()
        for column in self._columns.amounts:
            values.add("count", sum(1 for cell in column.known if cell))
        values.extend("count", (len(set(cells) - {None}) for cells in self._columns.names))
        for cells in self._columns.grouping():
            values.extend("count", Counter(cells).values())
            for column in self._columns.amounts:
                if column.adds_up:
                    values.extend(column.dimension, sums(cells, column.cells))
            for others in self._columns.names:
                values.extend("count", distinct(cells, others) if others is not cells else ())
        self._add_parts(values)
        return values

    def _add_parts(self, values: Values) -> None:
        """Of rows that have a part of their names in common, or a minute."""
        groups = {rows for by_name in self._rows_by_name for rows in by_name.values() if len(rows) > 1}
        for rows in (*groups, *(rows for cells in self._columns.times for rows in _slots(cells))):
            for column in self._columns.adding():
                values.add(column.dimension, sum(column.of(rows)))

    @cached_property
    def shares(self) -> Values:
        """Of rows and groups in their column, and of columns in each other."""
        values = Values()
        for column in self._columns.amounts:
            if column.adds_up:
                share(values, column.known[:_FIRST], column.total)
                for cells in self._columns.grouping():
                    together = sums(cells, column.cells)
                    whole = self._wholes[0] if self._wholes and column.dimension == "count" else column.total
                    share(values, together if len(together) <= _FEW_GROUPS else (), whole)
            if column.dimension == "count":
                for whole in self._wholes:
                    share(values, [column.total], whole)
        for cells in self._columns.grouping() if not self._columns.is_counted else ():
            share(values, Counter(cells).values(), len(cells))
        return values

    @cached_property
    def totals(self) -> Values:
        """What follows from the totals of two columns."""
        values = Values()
        for one, other in combinations(self._columns.amounts, 2):
            if one.dimension == other.dimension and one.adds_up:
                relate(values, one.dimension, one.total, other.total)
        return values

    @cached_property
    def numbers(self) -> frozenset[int]:
        """That are names: pids, ports."""
        return self.numbers_of(range(len(self._table.rows)))

    def numbers_of(self, rows: Sequence[int]) -> frozenset[int]:
        """Of the rows only."""
        return frozenset(
            number
            for cells in self._columns.names
            for cell in {cells[row] for row in rows}
            for number in _numbers_of(cell)
        )

    def beyond(self, dimension: Dimension, limit: float) -> frozenset[int]:
        """How many rows of each column of this kind are."""
        columns = (column for column in self._columns.amounts if column.dimension == dimension)
        return frozenset(sum(1 for cell in column.known if cell > limit) for column in columns)

    @cached_property
    def headings(self) -> frozenset[str]:
        """In lower case. Who says "skbs" means no row, even if a cell says so."""
        return frozenset(column.name.lower() for column in self._table.columns)

    @cached_property
    def _rows_by_name(self) -> Sequence[Mapping[str, Rows]]:
        if self._columns.is_prose:
            return [{} for _ in (*self._columns.names, *self._columns.times)]
        named = zip(self._columns.names, self._columns.headings, strict=True)
        return [
            *(rows_by_name(cells, heading, read=MODEL_ROWS) for cells, heading in named),
            *(rows_by_name(cells, read=MODEL_ROWS) for cells in self._columns.times),
        ]

    @cached_property
    def _row_names(self) -> frozenset[str]:
        return frozenset[str]().union(*self._rows_by_name)

    def knows(self, names: frozenset[str]) -> bool:
        """Whether one of them names a row."""
        return not names.isdisjoint(self._row_names)

    def about(self, names: frozenset[str], words: frozenset[str], numbers: frozenset[int]) -> About:
        """What follows from the rows of these names; from the first ones where it names none."""
        columns = frozenset(column.name for column in self._columns.amounts) & words
        mentions = Mentions(names & self._row_names, columns, numbers)
        if not mentions.names:
            return self._unnamed.setdefault(mentions, self._about(mentions, ()))
        return self._about(mentions, [list(dict.fromkeys(rows)) for rows in self._named(mentions.names) if rows])

    def _named(self, names: frozenset[str]) -> Iterator[list[Rows]]:
        """For each column the rows of each name; between two clock times also all others."""
        found = [[by_name[name] for name in names & by_name.keys()] for by_name in self._rows_by_name]
        clocked = len(self._columns.names)
        yield from found[:clocked]
        for times, rows in zip(self._columns.times, found[clocked:], strict=True):
            yield [*rows, *rows_between(times, rows)]

    def _about(self, mentions: Mentions, groups: Sequence[Sequence[Rows]]) -> About:
        ends = (self._window.since, self._window.until) if self._window else ()
        return About(self._columns, groups, mentions, wholes=self._wholes, ends=ends)


def _slots(cells: Sequence[Cell]) -> Iterator[list[int]]:
    """The rows of each minute since the first."""
    times = {row: cell.timestamp() for row, cell in enumerate(cells) if isinstance(cell, datetime)}
    first = min(times.values(), default=0)
    slots = defaultdict[int, list[int]](list)
    for row, time in times.items():
        slots[int((time - first) // 60)].append(row)
    yield from slots.values()


def _numbers_of(cell: Cell) -> Iterator[int]:
    if isinstance(cell, int):
        yield cell
    elif isinstance(cell, str) and (port := _PORT.search(cell)):
        yield int(port[0])
