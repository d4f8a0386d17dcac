"""A chart in Slack: as a `data_visualization`, and as a code block for where Slack refuses it. Pure."""

from collections.abc import Iterable
from dataclasses import replace

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
from bot.domain.table import Line, Series, Unit
from bot.tables.charts import draw
from bot.tables.text import plain, short
from bot.tables.units import UNKNOWN

_UNITS: dict[Unit, str] = {"us": "microseconds", "s": "seconds", "bytes": "bytes", "percent": "percent"}


def drawable(series: Series) -> Series:
    """As much of it as Slack draws: the newest categories, and the first lines."""
    lines = (Line(line.name, line.values[-MAX_CATEGORIES:]) for line in series.lines[:MAX_SERIES])
    return replace(series, categories=series.categories[-MAX_CATEGORIES:], lines=tuple(lines))


def visualization(chart: Chart) -> JsonObject:
    """https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block; of a series that is drawable."""
    series = chart.series
    categories = _distinct(series.categories)
    names = _distinct(line.name for line in series.lines)
    drawn: list[JsonObject] = [
        {"name": name, "data": [_point(*pair) for pair in zip(categories, line.values, strict=True)]}
        for name, line in zip(names, series.lines, strict=True)
    ]
    axes: JsonObject = {"categories": categories, **({"y_label": _UNITS[series.unit]} if series.unit else {})}
    return {
        "type": "data_visualization",
        "title": short(series.title, MAX_CHART_TITLE).strip() or "Chart",
        "chart": {"type": chart.form, "series": drawn, "axis_config": axes},
    }


def code_of_chart(series: Series) -> tuple[JsonObject, ...]:
    """The chart as sections of code."""
    return code_sections([plain(series.title), *draw(series, width=CODE_WIDTH)])


def missing(series: Series) -> str:
    """What is not drawn of it, as a sentence; often nothing."""
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
        label, number = short(name, MAX_CHART_NAME).strip() or UNKNOWN, 2
        while label in taken:
            tail = f"~{number}"
            label, number = short(name, MAX_CHART_NAME - len(tail)) + tail, number + 1
        taken.append(label)
    return taken
