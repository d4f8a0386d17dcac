"""A series as lines of text: bars for one line, a row of small columns for each of several. Pure; renderers call it.

Drawn with block elements (U+2580 and on), which every terminal font has, one cell each.
"""

from collections.abc import Sequence

from bot.domain.table import Column, Line, Series
from bot.tables.text import cell_width, cut_end, cut_middle, pad_end, plain
from bot.tables.units import number_text

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_NARROWEST_BAR = 8
_LONGEST_NAME = 24


def draw(series: Series, *, width: int) -> tuple[str, ...]:
    """Lines of at most `width` (20 or more) cells, without the title. Values below zero are drawn as zero."""
    return _bars(series, width) if len(series.lines) == 1 else _rows(series, width)


def _bars(series: Series, width: int) -> tuple[str, ...]:
    """A bar for each category."""
    (line,) = series.lines
    names = [cut_middle(plain(name), _name_width(width)) for name in series.categories]
    values = [_text(value, series) for value in line.values]
    name_width, value_width = max(map(cell_width, names)), max(map(cell_width, values))
    room = max(_NARROWEST_BAR, width - name_width - value_width - 3)
    top = max(*line.values, 0.0)
    return tuple(
        cut_end(f"{pad_end(name, name_width)}  {_bar(value, top, room)} {text}", width)
        for name, value, text in zip(names, line.values, values, strict=True)
    )


def _bar(value: float, top: float, room: int) -> str:
    eighths = round(max(value, 0.0) / top * room * 8) if top else 0
    whole, rest = divmod(eighths, 8)
    bar = "█" * whole + (_EIGHTHS[rest] if rest else "")
    return bar or ("▏" if value > 0 else "")


def _rows(series: Series, width: int) -> tuple[str, ...]:
    """A column for each category, the newest ones where there is no room for all; below them what they stand for."""
    names = [cut_end(plain(line.name), _name_width(width)) for line in series.lines]
    reaches = [_reach(line, series) for line in series.lines]
    name_width = max(map(cell_width, names))
    room = max(_NARROWEST_BAR, width - name_width - max(map(cell_width, reaches)) - 4)
    top = max(*(value for line in series.lines for value in line.values), 0.0)
    rows = (
        f"{pad_end(name, name_width)}  {_columns(line.values[-room:], top)}  {reach}"
        for name, line, reach in zip(names, series.lines, reaches, strict=True)
    )
    return tuple(cut_end(row, width) for row in (*rows, f"{pad_end('', name_width)}  {_span(series, room)}"))


def _columns(values: Sequence[float], top: float) -> str:
    return "".join(_LEVELS[round(max(value, 0.0) / top * 7) if top else 0] for value in values)


def _reach(line: Line, series: Series) -> str:
    return f"{_text(min(line.values), series)} to {_text(max(line.values), series)}"


def _span(series: Series, room: int) -> str:
    drawn = series.categories[-room:]
    return f"{plain(drawn[0])} to {plain(drawn[-1])}"


def _name_width(width: int) -> int:
    return min(_LONGEST_NAME, width // 3)


def _text(value: float, series: Series) -> str:
    return number_text(value, Column("", "decimal", series.unit))
