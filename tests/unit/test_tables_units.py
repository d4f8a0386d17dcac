"""Human units."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.table import Cell, Column
from bot.tables.units import cell_text, human_bytes, human_count, human_duration, human_percent, human_time

NOW = datetime(2026, 11, 23, 14, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0.0 us"),
        (0.84, "0.8 us"),
        (9.96, "10 us"),
        (41.2, "41 us"),
        (99.4, "99 us"),
        (99.6, "0.1 ms"),
        (300, "0.3 ms"),
        (9_949, "9.9 ms"),
        (9_951, "10 ms"),
        (999_400, "999 ms"),
        (999_600, "1.0 s"),
        (2_000_000, "2.0 s"),
        (59_400_000, "59 s"),
        (59_600_000, "1 min"),
        (64_000_000, "1 min 4 s"),
        (3_599_700_000, "1 h"),
        (12_000_000_000, "3 h 20 min"),
        (86_399_000_000, "1 d"),
        (187_200_000_000, "2 d 4 h"),
        (-300, "-0.3 ms"),
    ],
)
def test_duration_is_short_and_never_says_1000_or_60(us: float, text: str) -> None:
    assert human_duration(us) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1_048_570, "1.0 MiB"),
        (20 * 2**20, "20 MiB"),
        (3 * 2**50, "3.0 PiB"),
        (-2048, "-2.0 KiB"),
    ],
)
def test_sizes_are_iec(count: float, text: str) -> None:
    assert human_bytes(count) == text


@pytest.mark.parametrize(
    ("count", "text"), [(7, "7"), (1234567, "1,234,567"), (60.0, "60"), (1234.5, "1,234.50"), (0.0034, "0.003")]
)
def test_counts_have_thousands_separators(count: float, text: str) -> None:
    assert human_count(count) == text


@pytest.mark.parametrize(
    ("percent", "text"),
    [(0, "0.0%"), (0.01, "<0.1%"), (12.46, "12.5%"), (99.96, ">99.9%"), (100, "100.0%")],
)
def test_percent_never_rounds_some_to_none_or_to_all(percent: float, text: str) -> None:
    assert human_percent(percent) == text


def test_time_has_a_date_unless_it_is_today_in_the_readers_zone() -> None:
    kiritimati = timezone(timedelta(hours=14))
    time = datetime(2026, 11, 23, 9, 59, 58, tzinfo=UTC)
    assert human_time(time, zone=UTC, now=NOW) == "09:59:58"
    assert human_time(time, zone=kiritimati, now=NOW) == "2026-11-23 23:59:58"


@pytest.mark.parametrize(
    ("cell", "column", "text"),
    [
        (None, Column("waited", "decimal", "us"), "-"),
        (300.0, Column("waited", "decimal", "us"), "0.3 ms"),
        (2, Column("age", "integer", "s"), "2.0 s"),
        (1536, Column("size", "integer", "bytes"), "1.5 KiB"),
        (50, Column("share", "decimal", "percent"), "50.0%"),
        (20611, Column("count", "integer"), "20,611"),
        (20611, Column("pid", "id"), "20611"),
        (54321, Column("port", "id"), "54321"),
        (8080, Column("note"), "8080"),
        (float("nan"), Column("waited", "decimal", "us"), "nan"),
        (float("inf"), Column("size", "integer", "bytes"), "inf"),
        (10**400, Column("waited", "integer", "us"), str(10**400)),
        ("n\x1ba", Column("process"), r"n\x1ba"),
        ("n/a", Column("count", "integer"), "n/a"),
        (NOW, Column("time", "time"), "14:07:00"),
    ],
)
def test_cell_is_told_in_its_columns_unit(cell: Cell, column: Column, text: str) -> None:
    assert cell_text(cell, column, zone=UTC, now=NOW) == text


@settings(deadline=None)
@given(st.floats(0, 1e15), st.floats(0, 1e15))
def test_two_durations_that_read_alike_are_nearly_alike(one: float, other: float) -> None:
    if human_duration(one) == human_duration(other):
        assert abs(one - other) <= max(0.1, 0.4 * max(one, other))
