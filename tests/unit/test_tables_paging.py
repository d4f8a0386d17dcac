"""Pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.table import Column, Table
from bot.tables.paging import page


def counted(rows: int) -> Table:
    return Table("t", (Column("n", "integer"),), tuple((n,) for n in range(rows)), 500, label="T1")


@pytest.mark.parametrize(("asked", "given_", "first"), [(1, 1, 0), (3, 3, 30), (9, 3, 30), (0, 1, 0), (-4, 1, 0)])
def test_page_number_is_moved_to_one_that_exists(asked: int, given_: int, first: int) -> None:
    found = page(counted(31), size=15, number=asked)
    assert (found.number, found.count) == (given_, 3)
    assert found.table.rows[0] == (first,)


def test_page_keeps_title_label_and_total() -> None:
    table = page(counted(31), size=15, number=3).table
    assert (table.title, table.label, table.total_rows, len(table.rows)) == ("t", "T1", 500, 1)


def test_full_last_page_is_followed_by_no_empty_one() -> None:
    assert page(counted(30), size=15, number=2).count == 2


def test_table_without_rows_has_one_empty_page() -> None:
    found = page(counted(0), size=15, number=7)
    assert (found.number, found.count, found.table.rows) == (1, 1, ())


@given(st.integers(0, 60), st.integers(1, 20))
def test_pages_together_are_the_table(rows: int, size: int) -> None:
    table = counted(rows)
    count = page(table, size=size, number=1).count
    pages = [page(table, size=size, number=number) for number in range(1, count + 1)]
    assert sum((found.table.rows for found in pages), ()) == table.rows
