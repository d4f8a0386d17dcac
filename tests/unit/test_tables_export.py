"""CSV."""

import csv
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.table import Cell, Column, Table
from bot.tables.export import to_csv

COLUMNS = (
    Column("time", "time"),
    Column("process"),
    Column("waited", "decimal", "us"),
    Column("size", "integer", "bytes"),
)


def exported(*rows: tuple[Cell, ...], columns: tuple[Column, ...] = COLUMNS) -> str:
    return to_csv(Table("t", columns, rows, len(rows)))


def test_values_are_exact_and_units_stand_in_the_header() -> None:
    time = datetime(2026, 11, 23, 15, 7, 0, 250, tzinfo=timezone(timedelta(hours=1)))
    assert exported((time, 'a "b", c\nd', 312.25, 12345), (None, "", None, None)) == (
        'time,process,waited (us),size (bytes)\r\n2026-11-23T14:07:00.000250Z,"a ""b"", c\nd",312.25,12345\r\n,,,\r\n'
    )


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"]
)
def test_text_cannot_be_a_formula(text: str) -> None:
    columns = (Column(text),)
    heading, cell = csv.reader(StringIO(exported((text,), columns=columns), newline=""))
    assert heading == cell
    assert (cell[0][0], cell[0].replace("'", "")) == ("'", text)


def test_negative_number_stays_a_number() -> None:
    assert exported((-5,), columns=(Column("n", "integer"),)) == "n\r\n-5\r\n"


def test_lone_surrogate_can_be_encoded() -> None:
    assert exported(("a\udcff",), columns=(Column("process"),)).encode() == b"process\r\na\\udcff\r\n"


cells = st.none() | st.text() | st.integers() | st.floats(allow_nan=False)


@settings(deadline=None)
@given(st.lists(st.tuples(cells, cells), max_size=6))
def test_reader_finds_every_value_again(rows: list[tuple[Cell, Cell]]) -> None:
    text = exported(*rows, columns=(Column("a"), Column("b")))
    read = list(csv.reader(StringIO(text, newline="")))
    assert len(read) == 1 + len(rows)
    for fields, row in zip(read[1:], rows, strict=True):
        for field, cell in zip(fields, row, strict=True):
            assert _read(field, cell) == cell


def _read(field: str, like: Cell) -> Cell:
    if like is None:
        return None if field == "" else field
    if isinstance(like, str):
        return like if field.replace("'", "") == like.replace("'", "") else field
    return int(field) if isinstance(like, int) else float(field)


def test_times_are_utc_whatever_their_zone() -> None:
    assert (
        exported((datetime(2026, 1, 1, tzinfo=UTC),), columns=(Column("t", "time"),)) == "t\r\n2026-01-01T00:00:00Z\r\n"
    )
