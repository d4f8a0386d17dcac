"""Which rows of a table a sentence speaks of. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from bot.conversation.grounding.naming import Rows

MOST_ROWS = 6
"""Who names more rows at once speaks of all of them together."""
MOST_GROUPS = 12
_UNNAMED_ROWS = 3


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a sentence says that a table knows: names of rows and of columns. And its small numbers: "the top three"."""

    names: frozenset[str]
    columns: frozenset[str]
    numbers: frozenset[int]


class Selection:
    """`length`: rows of the table. `groups`: for each column, the rows of each name; none if none is named."""

    def __init__(self, length: int, groups: Sequence[Sequence[Rows]]) -> None:
        self.groups = groups
        self._length = length

    @cached_property
    def sets(self) -> frozenset[Rows]:
        """The rows of each column's names, of two columns' at once, of all; without a name each of the first rows."""
        if not self.groups:
            return frozenset(frozenset({row}) for row in self.focus)
        crossed = (one & other for one, other in combinations(self.unions, 2))
        each = (rows for groups in self._narrowed for rows in groups[:MOST_GROUPS])
        return frozenset({*self.unions, *crossed, *each, self.unions[0].intersection(*self.unions)}) - {frozenset()}

    @cached_property
    def unions(self) -> Sequence[Rows]:
        """All rows that are named in a column."""
        return [frozenset[int]().union(*groups) for groups in self.groups]

    @cached_property
    def _narrowed(self) -> Sequence[Sequence[Rows]]:
        """The rows of each name, without those that names in other columns rule out: "`cart`, refused"."""
        return [[self._narrow(rows) for rows in groups] for groups in self.groups]

    def _narrow(self, rows: Rows) -> Rows:
        for union in self.unions:
            rows = rows & union or rows
        return rows

    @cached_property
    def focus(self) -> Sequence[int]:
        """The rows that a model was given and the sentence is about."""
        if not self.groups:
            return range(min(_UNNAMED_ROWS, self._length))
        return sorted(frozenset[int]().union(*(rows for groups in self._narrowed for rows in groups)))

    @cached_property
    def few(self) -> Sequence[int]:
        """To be compared with each other: all, or those that are named one by one."""
        single = {row for groups in self._narrowed for rows in groups if len(rows) == 1 for row in rows}
        return next((rows for rows in (self.focus, sorted(single)) if len(rows) <= MOST_ROWS), ())
