"""Tables and series that cannot be are refused where they are made."""

from math import inf, nan

import pytest

from bot.domain.table import Line, Series


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_a_series_has_numbers_only(value: float) -> None:
    with pytest.raises(ValueError, match="Drops: a has a value that is no number"):
        Series("Drops", ("x", "y"), (Line("a", (1.0, value)),))


@pytest.mark.parametrize("values", [(), (1.0,), (1.0, 2.0, 3.0)])
def test_every_line_has_a_value_for_each_category(values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=rf"Drops: a has {len(values)} values for 2 categories"):
        Series("Drops", ("x", "y"), (Line("b", (1.0, 2.0)), Line("a", values)))


def test_a_series_is_not_empty() -> None:
    with pytest.raises(ValueError, match="needs a category and a line"):
        Series("Drops", ("x",), ())
    with pytest.raises(ValueError, match="needs a category and a line"):
        Series("Drops", (), (Line("a", ()),))
