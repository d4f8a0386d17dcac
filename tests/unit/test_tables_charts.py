"""Series drawn in characters: true to their values, within any width, harmless whatever a name holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.table import Line, Series
from bot.tables.charts import draw
from bot.tables.text import cell_width, plain

VALUES = st.floats(-1e9, 1e9, allow_nan=False)


def one_line(*values: float) -> Series:
    return Series("t", tuple(f"c{n}" for n in range(len(values))), (Line("x", values),))


@st.composite
def any_series(draw_value: st.DrawFn) -> Series:
    categories = draw_value(st.lists(st.text(max_size=30), min_size=1, max_size=40))
    lines = draw_value(
        st.lists(
            st.builds(
                Line, st.text(max_size=40), st.tuples(*[VALUES] * len(categories)) if categories else st.just(())
            ),
            min_size=1,
            max_size=5,
        )
    )
    return Series("t", tuple(categories), tuple(lines))


@given(any_series(), st.integers(20, 120))
def test_no_line_is_wider_than_asked_for_or_harmful(series: Series, width: int) -> None:
    for line in draw(series, width=width):
        assert cell_width(line) <= width
        assert plain(line) == line


def test_bars_are_as_long_as_their_values_are_large() -> None:
    lines = draw(one_line(0.0, 10.0, 20.0), width=40)

    assert [line.count("█") for line in lines] == [0, 16, 33]
    assert [line.split()[-1] for line in lines] == ["0", "10", "20"]


def test_a_value_that_is_small_beside_the_largest_is_still_seen() -> None:
    (small, _) = draw(one_line(0.001, 1_000.0), width=40)

    assert "▏" in small


@pytest.mark.parametrize("values", [(0.0, 0.0), (-3.0, -1.0)])
def test_nothing_is_drawn_where_nothing_is_above_zero(values: tuple[float, ...]) -> None:
    assert not any("█" in line for line in draw(one_line(*values), width=40))


def test_several_lines_share_one_scale_and_say_what_they_reach() -> None:
    series = Series("t", ("10:00", "10:01", "10:02"), (Line("a", (0.0, 4.0, 8.0)), Line("b", (1.0, 0.0, 0.0))))

    assert draw(series, width=60) == ("a  ▁▅█  0 to 8", "b  ▂▁▁  0 to 1", "   10:00 to 10:02")


def test_values_are_told_in_their_unit() -> None:
    (line,) = draw(Series("t", ("p50",), (Line("x", (2_000_000.0,)),), "us"), width=40)

    assert line.endswith(" 2.0 s")


@pytest.mark.parametrize("columns", [29, 30])
def test_columns_that_have_no_room_are_not_told_of(columns: int) -> None:
    categories = tuple(f"{n:02}" for n in range(columns))
    series = Series("t", categories, tuple(Line(name, (1.0,) * columns) for name in "ab"))
    drawn, _, span = draw(series, width=40)

    assert len(drawn.split()[1]) == 29
    assert span.split() == [f"{columns - 29:02}", "to", f"{columns - 1:02}"]
