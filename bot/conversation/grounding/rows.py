"""What follows from the rows of a table that a sentence names. Pure.

Only from them: any two cells of a table would prove almost anything. A sentence that names none speaks of the first
ones.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from itertools import accumulate, permutations, product

from bot.codec import MODEL_ROWS
from bot.conversation.grounding.columns import LEADING_ROWS, Amounts, Columns
from bot.conversation.grounding.moments import apart_of
from bot.conversation.grounding.naming import Rows
from bot.conversation.grounding.relating import (
    distinct,
    relate,
    relate_all,
    relate_averages,
    relate_row,
    remain,
    share,
    spans,
    sums,
)
from bot.conversation.grounding.selection import MOST_GROUPS, MOST_ROWS, Mentions, Selection
from bot.conversation.grounding.telling import add_words
from bot.conversation.grounding.units import Dimension
from bot.conversation.grounding.values import Values

_LIKELY_WHOLES = 2
_FIRST_ROWS = (1, 2, 3)


class About:
    """Figures by how a sentence has to speak of them; each kind is worked out when it is asked for.

    `groups`: for each column, the rows of each name. `ends`: of the window.
    """

    def __init__(
        self,
        columns: Columns,
        groups: Sequence[Sequence[Rows]],
        mentions: Mentions,
        *,
        wholes: Sequence[float],
        ends: Sequence[datetime],
    ) -> None:
        self.named = mentions.names
        self.has_columns = bool(mentions.columns)
        self.is_numbered = bool(mentions.numbers)
        self._columns = columns
        self._selection = Selection(columns.length, groups)
        self._mentions = mentions
        self._wholes = wholes
        self._ends = ends

    @property
    def rows(self) -> Sequence[int]:
        return self._selection.focus

    @cached_property
    def stated(self) -> Values:
        """What stands in the rows."""
        values = Values()
        rows = self._selection.focus
        for column in self._columns.amounts:
            values.extend(column.dimension, column.of(rows))
        for cells in self._columns.words:
            add_words(values, [cells[row] for row in rows if row < MODEL_ROWS])
        return values

    def stands_elsewhere(self, name: str, dimension: Dimension, low: float, high: float) -> bool:
        """Whether it stands in the rows, but not in the column of that name."""
        alike = [column for column in self._columns.amounts if column.dimension == dimension]
        holding = {column.name for column in alike if any(low <= cell <= high for cell in column.of(self.rows))}
        known = {column.name for column in alike if column.of(self.rows)}
        return name in known and bool(holding) and name not in holding

    @cached_property
    def described(self) -> Values:
        """What the rows are together."""
        values = Values()
        for rows in map(sorted, self._selection.sets):
            values.add("count", len(rows), *(len({cells[row] for row in rows}) for cells in self._columns.names))
            if not self._columns.is_counted:
                share(values, [len(rows)], self._columns.length)
            for column in self._columns.amounts:
                self._describe(values, column, column.of(rows))
            self._add_texts(values, rows)
            self._add_groups(values, rows)
        self._add_columns(values)
        self._add_parts(values)
        return values

    def _describe(self, values: Values, column: Amounts, known: Sequence[float]) -> None:
        if not column.adds_up or not known:
            return
        total = sum(known)
        values.add(column.dimension, total)
        values.add("count", sum(1 for cell in known if cell))
        share(values, known, total)
        for whole in self._wholes_of(column):
            share(values, [total], whole)

    def _add_texts(self, values: Values, rows: Sequence[int]) -> None:
        """Spans of time, and counts that are told in words."""
        for cells in self._columns.times:
            values.extend("time", spans([cells[row] for row in rows], is_counted=self._columns.is_counted))
        for words in self._columns.words:
            values.add("count", sum(add_words(Values(), [words[row] for row in rows if row < MODEL_ROWS])))

    def _add_groups(self, values: Values, rows: Sequence[int]) -> None:
        """Of those of the rows that have another name in common."""
        names = [[cells[row] for row in rows] for cells in self._columns.names]
        amounts = [(column.dimension, [column.cells[row] for row in rows]) for column in self._columns.adding()]
        for cells in names:
            sizes = Counter(cells)
            if 1 < len(sizes) < len(cells):
                values.extend("count", sizes.values())
                for dimension, own in amounts:
                    values.extend(dimension, sums(cells, own))
                for others in names:
                    values.extend("count", distinct(cells, others) if others is not cells else ())

    def _add_parts(self, values: Values) -> None:
        """Of one column in another, in the same row: "85 % of its bytes come in"."""
        for part, whole in permutations(self._columns.adding(), 2):
            for row in self._selection.few if part.dimension == whole.dimension else ():
                for amount in whole.of([row]):
                    share(values, part.of([row]), amount)

    def _add_columns(self, values: Values) -> None:
        """Of columns that are named: "62 % connected"."""
        counts = [column for column in self._columns.amounts if column.dimension == "count"]
        values.add("count", sum(column.total for column in counts if column.name in self._mentions.columns))
        for column in counts:
            if column.name in self._mentions.columns:
                for whole in (*(other.total for other in counts), *self._wholes):
                    share(values, [column.total], whole)

    @cached_property
    def averages(self) -> Values:
        """Of the rows, and of one column for each of another."""
        values = Values()
        for rows in map(sorted, self._selection.sets):
            for column in self._columns.amounts:
                if known := column.of(rows):
                    values.add(column.dimension, sum(known) / len(known))
            told = add_words(
                Values(), [words[row] for words in self._columns.words for row in rows if row < MODEL_ROWS]
            )
            totals = [(column.dimension, sum(column.of(rows))) for column in self._columns.adding()]
            relate_averages(values, [*totals, *(("count", count) for count in told[:MOST_ROWS])])
        for column in self._columns.amounts:
            for cell in column.of(self._selection.few):
                relate(values, column.dimension, cell, column.total / len(column.known))
        return values

    @cached_property
    def rest(self) -> Values:
        """What is left without them."""
        values = Values()
        for column in self._columns.adding():
            for rows in self._selection.sets:
                for whole in self._wholes_of(column):
                    remain(values, column.dimension, sum(column.of(rows)), whole)
            for whole in self._wholes if column.dimension == "count" else ():
                remain(values, "count", column.total, whole)
        return values

    @cached_property
    def others(self) -> Values:
        """How many rows are left without them, the least and the most there, and what is left behind the first ones."""
        values = Values()
        for rows in self._selection.sets:
            values.add("count", self._columns.length - len(rows))
            left = [row for row in range(min(MODEL_ROWS, self._columns.length)) if row not in rows]
            for column in self._columns.amounts:
                others = column.of(left)
                values.extend(column.dimension, (min(others), max(others)) if others else ())
        for column in self._columns.adding():
            together = (sum(column.of(rows)) for rows in self._selection.sets)
            for part, whole in product(together, self._wholes if column.dimension == "count" else ()):
                remain(values, "count", part, whole)
            first = accumulate(column.known[:LEADING_ROWS])
            values.extend(column.dimension, (column.total - together for together in first))
        return values

    @cached_property
    def related(self) -> Values:
        """One against another: groups, cells of a column, and cells of a row where the sentence is about one."""
        values = Values()
        for groups in self._selection.groups:
            few = groups[:MOST_GROUPS]
            if not self._columns.is_counted:
                relate_all(values, "count", [len(rows) for rows in few])
            for column in self._columns.adding():
                relate_all(values, column.dimension, [sum(column.of(rows)) for rows in few])
        for column in self._columns.amounts:
            relate_all(values, column.dimension, column.of(self._selection.few))
            for row in self._selection.few if len(self._selection.few) == 1 or not self.named else ():
                for other in {max(0, row - 1), min(row + 1, self._columns.length - 1)} - {row}:
                    relate_all(values, column.dimension, column.of((row, other)))
        if all(len(groups) == 1 for groups in self._selection.groups):
            for row in self._selection.few:
                relate_row(values, self._columns.measured(row))
        return values

    @cached_property
    def leading(self) -> Values:
        """The first two, three ... rows of the table together: as many as the sentence says, if it does."""
        values = Values()
        said = self._mentions.numbers or _FIRST_ROWS[bool(self.named) :]
        for column in self._columns.adding():
            together = [
                growing[number - 1]
                for cells in (column.known[:LEADING_ROWS], column.largest)
                for growing in [list(accumulate(cells))]
                for number in said
                if number <= len(growing)
            ]
            values.extend(column.dimension, together)
            for whole in (column.total, *(self._wholes if column.dimension == "count" else ())):
                share(values, together, whole)
        return values

    @cached_property
    def extreme(self) -> Values:
        """The least and the most of a column, and the rows against these. A named row has one to be told the other."""
        values = Values()
        for column in self._columns.amounts:
            own = column.of(self._selection.few)
            least, most = min(column.known), max(column.known)
            for extreme, opposite in ((least, most), (most, least)):
                values.extend(column.dimension, [extreme] if not self.named or not own or opposite in own else [])
                for cell in own:
                    relate(values, column.dimension, cell, extreme)
        return values

    @cached_property
    def apart(self) -> Values:
        """How long before or after something they were, and what stood there then."""
        return apart_of(self._columns, self._selection, self._ends)

    def _wholes_of(self, column: Amounts) -> Sequence[float]:
        return (column.total, *(self._wholes[:_LIKELY_WHOLES] if column.dimension == "count" else ()))
