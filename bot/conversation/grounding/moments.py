"""How far apart in time rows of a table are, from each other and from the window's ends. Pure; `rows.py` asks."""

from collections.abc import Sequence
from datetime import datetime
from itertools import combinations, product

from bot.conversation.grounding.columns import Columns
from bot.conversation.grounding.selection import MOST_ROWS, Selection
from bot.conversation.grounding.values import Values


def apart_of(columns: Columns, selection: Selection, ends: Sequence[datetime]) -> Values:
    """From the window's ends, another time of the row, the last row. And what stands in the rows beside."""
    values = Values()
    for row in selection.few or selection.focus[:MOST_ROWS]:
        times = [cell.timestamp() for cells in columns.times if isinstance(cell := cells[row], datetime)]
        pairs = (*combinations(times, 2), *product(times, (end.timestamp() for end in ends)))
        values.extend("time", ((one - other) * 1e6 for one, other in pairs))
        if columns.is_in_time:
            _add_neighbours(values, columns, row)
    for cells in columns.times:
        rows = frozenset[int]().union(*selection.unions) or range(columns.length)
        times = sorted(cell.timestamp() for row in rows if isinstance(cell := cells[row], datetime))
        values.extend("time", ((times[-1] - time) * 1e6 for time in times[:-1][:MOST_ROWS]))
    return values


def _add_neighbours(values: Values, columns: Columns, row: int) -> None:
    """What stood there before and after: "back at 34 five seconds later"."""
    for column in columns.amounts:
        values.extend(column.dimension, column.of(range(max(0, row - 1), min(row + 2, columns.length))))
