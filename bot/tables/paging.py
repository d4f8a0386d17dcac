"""Pages of a table, for platforms that show few rows at once. Pure; renderers and page buttons call it."""

from dataclasses import dataclass, replace

from bot.domain.table import Table


@dataclass(frozen=True, slots=True)
class Page:
    """`number` counts from 1 to `count`; `table` has this page's rows, and still the `total_rows` of the whole."""

    table: Table
    number: int
    count: int


def page(table: Table, *, size: int, number: int) -> Page:
    """The page of at most `size` (1 or more) rows with that number, or the nearest page that exists.

    A table without rows has one page.
    """
    count = max(1, -(-len(table.rows) // size))
    clamped = min(max(number, 1), count)
    rows = table.rows[(clamped - 1) * size : clamped * size]
    return Page(replace(table, rows=rows), clamped, count)
