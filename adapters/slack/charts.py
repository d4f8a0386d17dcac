"""A chart in Slack: as a `data_visualization`, and as a code block for where Slack refuses it. Pure."""

from collections.abc import Iterable

from adapters.slack.limits import (
    CODE_WIDTH,
    MAX_CATEGORIES,
    MAX_CHART_NAME,
    MAX_CHART_TITLE,
    MAX_SERIES,
)
from adapters.slack.tables import code_sections
from bot.domain.json_types import JsonObject
from bot.domain.message import Chart
from bot.domain.table import Series
from bot.tables.charts import draw
from bot.tables.text import cut_end, plain


def visualization(chart: Chart) -> tuple[JsonObject, str]:
    """The block (https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block), and what it leaves out.

    The newest categories are drawn where there are too many; the table beside the chart has all.
    """
    series = chart.series
    categories = _distinct(series.categories[-MAX_CATEGORIES:])
    names = _distinct(line.name for line in series.lines[:MAX_SERIES])
    drawn: list[JsonObject] = [
        {"name": name, "data": [_point(*pair) for pair in zip(categories, line.values[-MAX_CATEGORIES:], strict=True)]}
        for name, line in zip(names, series.lines, strict=False)
    ]
    block: JsonObject = {
        "type": "data_visualization",
        "title": cut_end(plain(series.title), MAX_CHART_TITLE),
        "chart": {"type": chart.kind, "series": drawn, "axis_config": {"categories": categories}},
    }
    return block, _missing(series)


def code_of_chart(chart: Chart) -> tuple[JsonObject, ...]:
    """The chart as sections of code."""
    return code_sections([plain(chart.series.title), *draw(chart.series, width=CODE_WIDTH)])


def _missing(series: Series) -> str:
    told = []
    if len(series.categories) > MAX_CATEGORIES:
        told.append(f"the last {MAX_CATEGORIES} of {len(series.categories)} buckets")
    if len(series.lines) > MAX_SERIES:
        told.append(f"the first {MAX_SERIES} of {len(series.lines)} lines")
    return f"The chart shows {' and '.join(told)}; the table has all" if told else ""


def _point(label: str, value: float) -> JsonObject:
    return {"label": label, "value": value}


def _distinct(names: Iterable[str]) -> list[str]:
    """Short enough for Slack, and no two alike."""
    taken: list[str] = []
    for name in names:
        short, number = cut_end(plain(name), MAX_CHART_NAME) or "-", 2
        while short in taken:
            tail = f"~{number}"
            short, number = cut_end(plain(name), MAX_CHART_NAME - len(tail)) + tail, number + 1
        taken.append(short)
    return taken
