"""A series as lines of text: bars for one line, a row of small columns for each of several. Pure; renderers call it.

Drawn with block elements (U+2580 and on), which every terminal font has, one cell each.
"""

from bot.domain.table import Column, Line, Series
from bot.tables.text import cell_width, cut_end, cut_middle, pad_end, pad_start, plain
from bot.tables.units import number_text

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_NARROWEST_BAR = 8
_LONGEST_NAME = 24


def draw(series: Series, *, width: int) -> tuple[str, ...]:
    """Lines of at most `width` (20 or more) cells, without the title. Values below zero are drawn as zero."""
    if len(series.lines) == 1:
        return _bars(series, width)
    return (*(_row(line, series, width) for line in series.lines), _span(series, width))


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


def _row(line: Line, series: Series, width: int) -> str:
    """A column for each category, the newest ones where there is no room for all; and what they reach."""
    name_width = _widest_name(series, width)
    reach = f"{_text(min(line.values), series)} to {_text(max(line.values), series)}"
    room = max(_NARROWEST_BAR, width - name_width - cell_width(reach) - 4)
    top = max(*(value for each in series.lines for value in each.values), 0.0)
    columns = "".join(_LEVELS[round(max(value, 0.0) / top * 7) if top else 0] for value in line.values[-room:])
    name = pad_end(cut_end(plain(line.name), name_width), name_width)
    return cut_end(f"{name}  {columns}  {reach}", width)


def _span(series: Series, width: int) -> str:
    """What the columns stand for."""
    first, last = plain(series.categories[0]), plain(series.categories[-1])
    name_width = _widest_name(series, width)
    return cut_end(f"{pad_start('', name_width)}  {first} to {last}", width)


def _widest_name(series: Series, width: int) -> int:
    return min(_name_width(width), max(cell_width(plain(line.name)) for line in series.lines))


def _name_width(width: int) -> int:
    return min(_LONGEST_NAME, width // 3)


def _text(value: float, series: Series) -> str:
    return number_text(value, Column("", "decimal", series.unit))
