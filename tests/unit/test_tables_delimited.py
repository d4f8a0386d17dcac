"""CSV that people export: what parts its cells, what is a number, and what stays as it is written."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.json_types import Json
from bot.tables.delimited import MAX_COLUMNS, delimited


def rows(text: str, *, most: int = 50) -> list[dict[str, Json]]:
    return delimited(text, most=most).rows


def column(*cells: str, mark: str = ";") -> list[Json]:
    """What becomes of these cells under `x`, beside a column of words."""
    lines = (f"w{mark}{cell}" for cell in cells)
    return [row["x"] for row in rows("\n".join([f"name{mark}x", *lines]))]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_cells_are_parted_by_the_usual_marks_and_lines_by_the_usual_ends(mark: str, end: str) -> None:
    text = end.join(mark.join(cells) for cells in (("host", "ms"), ("db", "12.5"), ("web", "7")))
    assert rows(text) == [{"host": "db", "ms": 12.5}, {"host": "web", "ms": 7}]


def test_quotes_hold_marks_line_ends_and_quotes() -> None:
    assert rows('host,said\ndb,"a, ""b""\nc"\nweb, "d, e"\n') == [
        {"host": "db", "said": 'a, "b"\nc'},
        {"host": "web", "said": "d, e"},
    ]


def test_the_mark_that_parts_all_lines_alike_wins() -> None:
    assert rows("a;b, c\n1,5;x\n2,5;y, z\n") == [{"a": 1.5, "b, c": "x"}, {"a": 2.5, "b, c": "y, z"}]


def test_decimal_commas_are_numbers_where_the_comma_parts_no_cells() -> None:
    assert column("12,5", "0,25", "7", "1.234,5", "-3,1") == [12.5, 0.25, 7, 1234.5, -3.1]
    assert column("12,5", "3", mark="\t") == [12.5, 3]


def test_what_may_be_thousands_as_well_stays_text() -> None:
    assert column("1,234", "5,678") == ["1,234", "5,678"]


def test_one_clear_column_makes_all_commas_of_a_file_decimal_and_its_points_doubtful() -> None:
    assert rows("a;b;c\n1,234;0,5;1.234\n2,345;0,7;2.5\n") == [
        {"a": 1.234, "b": 0.5, "c": "1.234"},
        {"a": 2.345, "b": 0.7, "c": "2.5"},
    ]


@pytest.mark.parametrize(
    "cells",
    [
        ("007", "12"),
        ("1_000", "2"),
        ("+5", "6"),
        ("١٢", "3"),
        ("12e4", "5"),
        ("nan", "1"),
        ("inf", "1"),
        ("1e+999", "1"),
        ("9" * 5000, "1"),
        ("0x1f", "1"),
        ("1,5", "x"),
        ("12.50", "n/a"),
        ("80,443", "22"),
    ],
)
def test_a_column_with_anything_else_stays_as_it_is_written(cells: tuple[str, ...]) -> None:
    assert column(*cells) == [*cells]


@pytest.mark.parametrize(("written", "number"), [("-1.5", -1.5), ("1e-05", 1e-05), ("2.5E+03", 2500.0), ("0", 0)])
def test_numbers_as_programs_write_them(written: str, number: float) -> None:
    assert column(written) == [number]


def test_an_empty_cell_is_not_known_and_leaves_its_column_numbers() -> None:
    assert column("1.5", "", "  ", "2") == [1.5, None, None, 2]


def test_lines_that_are_too_short_or_too_long_lose_nothing() -> None:
    assert rows("a,b\n1\n2,3,4\n\n,,\n5,6\n") == [
        {"a": 1, "b": None, "column 3": None},
        {"a": 2, "b": 3, "column 3": 4},
        {"a": 5, "b": 6, "column 3": None},
    ]


def test_names_that_are_missing_or_stand_there_twice_become_different_ones() -> None:
    assert rows("a,,a\n1,2,3\n") == [{"a": 1, "column 2": 2, "a (column 3)": 3}]
    assert list(rows("a (column 3),a,a\n1,2,3\n")[0].values()) == [1, 2, 3]


def test_rows_beyond_the_first_are_counted() -> None:
    found = delimited("a,b\n" + "1,2\n" * 100_000, most=50)
    assert (len(found.rows), found.total_rows) == (50, 100_000)


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "one\ncolumn\n", 'a,b\n"1,2\n', 'a,b\n"1"x,2\n', ",".join("x" * MAX_COLUMNS) + ",y\n", '"' * 9000],
)
def test_what_is_no_table_says_so(text: str) -> None:
    with pytest.raises(csv.Error):
        delimited(text, most=50)


@given(st.text(alphabet='ab,;\t|"\n\r1.-e\u2028 ', max_size=200), st.integers(0, 3))
def test_any_text_is_rows_of_alike_columns_or_an_error(text: str, most: int) -> None:
    try:
        found = delimited(text, most=most)
    except csv.Error:
        return
    assert len(found.rows) == min(most, found.total_rows)
    assert len({tuple(row) for row in found.rows}) <= 1


@given(st.lists(st.lists(st.text(alphabet='ab ,;"\n', max_size=5).map(str.strip), min_size=2, max_size=2), max_size=9))
def test_what_a_program_wrote_comes_back(cells: list[list[str]]) -> None:
    lines = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in (["first", "second"], *cells)]
    found = rows("\n".join(",".join(line) for line in lines))
    assert [[row["first"] or "", row["second"] or ""] for row in found] == [row for row in cells if any(row)]
