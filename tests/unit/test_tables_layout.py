"""Tables as lines of text."""

from datetime import UTC, datetime, timedelta
from typing import get_args
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

from bot.domain.table import Cell, Column, ColumnKind, Table, Unit
from bot.tables.layout import TextTable, lay_out

NOW = datetime(2026, 11, 23, 14, 7, tzinfo=UTC)
FAILURES = (
    Column("process"),
    Column("destination", "address"),
    Column("outcome"),
    Column("count", "integer"),
    Column("waited p50", "decimal", "us"),
)
ROWS: tuple[tuple[Cell, ...], ...] = (
    ("checkout", "db.internal 10.2.0.14:5432", "gave up, no reply", 37, 2e6),
    ("checkout", "redis.internal 10.2.0.9:6379", "connected", 1412, 300.0),
    ("curl", "[2001:db8::1]:443", "refused", 1, None),
)
NASTY = "\x00\t\n\r\x1b\x9b\xa0\u200d\u202e\u2028\udc80\U000e0041\u0301\u0903\u102b\ufe0f"


def laid(width: int, *rows: tuple[Cell, ...], columns: tuple[Column, ...] = FAILURES) -> TextTable:
    return lay_out(Table("t", columns, rows, len(rows)), width=width, zone=UTC, now=NOW)


def test_wide_table_stands_in_aligned_columns() -> None:
    assert "\n".join(laid(80, *ROWS).lines) == (
        "process   destination                   outcome            count  waited p50\n"
        "checkout  db.internal 10.2.0.14:5432    gave up, no reply     37       2.0 s\n"
        "checkout  redis.internal 10.2.0.9:6379  connected          1,412      0.3 ms\n"
        "curl      [2001:db8::1]:443             refused                1           -"
    )


def test_discord_width_shortens_the_widest_columns() -> None:
    assert "\n".join(laid(56, *ROWS).lines) == (
        "process   destination      outcome     count  waited p50\n"
        "checkout  db.i….0.14:5432  gave up, …     37       2.0 s\n"
        "checkout  redi…2.0.9:6379  connected   1,412      0.3 ms\n"
        "curl      [200…b8::1]:443  refused         1           -"
    )


def test_narrow_table_becomes_a_block_a_row() -> None:
    text = laid(30, *ROWS)
    assert text.header == ""
    assert "\n".join(text.rows) == (
        "process: checkout\n"
        "destination: db.in…2.0.14:5432\n"
        "outcome: gave up, no reply\n"
        "count: 37  waited p50: 2.0 s\n"
        "\n"
        "process: checkout\n"
        "destination: redis….2.0.9:6379\n"
        "outcome: connected\n"
        "count: 1,412\n"
        "waited p50: 0.3 ms\n"
        "\n"
        "process: curl\n"
        "destination: [2001:db8::1]:443\n"
        "outcome: refused  count: 1\n"
        "waited p50: -"
    )


def test_cut_names_of_figures_still_differ() -> None:
    columns = (Column("process"), Column("waited p50", "decimal", "us"), Column("waited p95", "decimal", "us"))
    assert laid(23, ("checkout", 300, 1300), columns=columns).lines == (
        "process  wa…p50  wa…p95",
        "checko…  0.3 ms  1.3 ms",
    )


def test_among_equals_a_mere_name_shrinks_first_and_the_left_column_last() -> None:
    columns = (Column("process"), Column("protocol"), Column("outcome"))
    row = ("checkout", "TCP", "failed..")
    assert laid(27, row, columns=columns).rows == ("checkout  TCP      failed..",)
    assert laid(26, row, columns=columns).rows == ("checkout  TCP      failed…",)


@pytest.mark.parametrize(
    ("width", "header"), [(80, "process  destination  outcome  count  waited p50"), (10, "process  …")]
)
def test_table_without_rows_is_a_header_only(width: int, header: str) -> None:
    text = laid(width)
    assert text.rows == ()
    assert text.lines == (header,)


def test_wide_characters_keep_columns_aligned() -> None:
    columns = (Column("process"), Column("count", "integer"))
    text = laid(40, ("日本語", 1), ("e\u0301a", 2), ("🚀", 3), columns=columns)
    assert text.rows == ("日本語       1", "e\u0301a           2", "🚀           3")


def test_hostile_cell_stays_one_visible_line() -> None:
    columns = (Column("na\x1bme"), Column("count", "integer"))
    text = laid(60, ("a\nb\x1b[2J\u202e", 1), columns=columns)
    assert text.lines == (r"na\x1bme           count", r"a\nb\x1b[2J\u202e      1")


def test_numbers_and_times_are_never_cut() -> None:
    columns = (Column("time", "time"), Column("note"), Column("count", "integer"))
    text = laid(30, (NOW, "x" * 500, 1_234_567), columns=columns)
    assert text.rows == ("14:07:00  xxxxxxxx…  1,234,567",)


def test_enormous_cells_are_cut_to_the_width() -> None:
    columns = (Column("note"), Column("destination", "address"))
    text = laid(40, ("é" * 1_000_000, "a" * 1_000_000 + ":443"), columns=columns)
    assert wcswidth(text.rows[0]) == 40
    assert text.rows[0].endswith("a:443")


def test_every_other_day_has_its_date() -> None:
    columns = (Column("time", "time"), Column("process"))
    text = laid(40, (NOW, "curl"), (NOW - timedelta(days=1), "nginx"), columns=columns)
    assert text.rows == ("14:07:00             curl", "2026-11-22 14:07:00  nginx")


@st.composite
def tables(draw: st.DrawFn) -> Table:
    names = st.text(st.sampled_from("abc 日\u0301\n"), max_size=14)
    kinds = st.sampled_from(get_args(ColumnKind))
    units = st.none() | st.sampled_from(get_args(Unit))
    columns = tuple(draw(st.lists(st.builds(Column, names, kinds, units), max_size=8)))
    text = st.text(st.sampled_from(NASTY + "abc :]12あ👩🇩क्각é…") | st.characters(exclude_categories=()), max_size=40)
    times = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis wants naive bounds
    cells = st.none() | text | st.integers() | st.floats() | times
    rows = draw(st.lists(st.tuples(*[cells for _ in columns]), max_size=5))
    return Table("t", columns, tuple(rows), len(rows))


@settings(deadline=None, max_examples=300)
@given(tables(), st.integers(1, 120))
def test_no_line_is_too_wide_or_holds_a_control_character(table: Table, width: int) -> None:
    for line in lay_out(table, width=width, zone=UTC, now=NOW).lines:
        assert wcswidth(line) <= width
        assert line == line.rstrip()
        assert not [char for char in line if category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


@settings(deadline=None)
@given(tables())
def test_every_row_has_its_line_where_there_is_room(table: Table) -> None:
    text = lay_out(table, width=10_000, zone=UTC, now=NOW)
    assert len(text.rows) == len(table.rows)


SPARE = Table(
    "Spare",
    (
        Column("process"),
        Column("errno", "id", spare=True),
        Column("count", "integer"),
        Column("last", "id", spare=True),
    ),
    (("checkout", "ECONNREFUSED", 12, "14:07:00"),),
    1,
)


@pytest.mark.parametrize(
    ("width", "names", "remark"),
    [
        (40, ["process", "errno", "count", "last"], ""),
        (38, ["process", "errno", "count"], "no room for: last"),
        (28, ["process", "count"], "no room for: errno, last"),
    ],
)
def test_spare_columns_give_way_from_the_right_and_are_named(width: int, names: list[str], remark: str) -> None:
    laid_out = lay_out(SPARE, width=width, zone=UTC, now=NOW)
    assert laid_out.header.split() == names
    assert laid_out.remark == remark
    assert laid_out.lines[-1] == (remark or laid_out.rows[-1])
