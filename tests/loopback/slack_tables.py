"""Slack's table and chart blocks with their limits. Pure.

The limits of `data_table` and `data_visualization` were raised since their pages were written: these are observed.
"""

from collections.abc import Iterator
from typing import Any

from tests.loopback.slack_schema import Check, Shape, fault, finite, flag, kinds, many, one_of, positive, text, whole

DATA_TABLE_ROWS = (2, 201)
"""With the header. Observed; https://docs.slack.dev/reference/block-kit/blocks/data-table-block/ said 101 once."""
DATA_TABLE_CHARACTERS = 20_000
"""All cells of one message. Observed."""
TABLE_ROWS, TABLE_CHARACTERS = (1, 100), 10_000
"""https://docs.slack.dev/reference/block-kit/blocks/table-block/"""
COLUMNS = (1, 20)
"""Of both."""
PAGE = (1, 100)
SERIES, CATEGORIES, SEGMENTS = (1, 12), (1, 20), (1, 12)
"""Observed; https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block said 6 series and segments."""
CHART_LABEL, CHART_NAME = 50, 20

ID = text(255)
CELL = text(DATA_TABLE_CHARACTERS)


def _cell_elements(value: Any, path: str) -> Iterator[str]:
    """What is in a rich text cell is checked with the blocks, which know rich text: see `rich_cells`."""
    if not isinstance(value, list) or not value:
        yield fault("must be an array with elements", path)


RAW = {"raw_text": Shape({"text": CELL}), "raw_number": Shape({"value": finite, "text": CELL})}
CELLS = {**RAW, "rich_text": Shape({"elements": _cell_elements}, {"block_id": ID})}


def _equal_lengths(block: Any, path: str) -> Iterator[str]:
    for place, row in enumerate(block["rows"]):
        if len(row) != len(block["rows"][0]):
            yield fault("all rows must have the same number of cells", f"{path}/rows/{place}")


def _plain_header(block: Any, path: str) -> Iterator[str]:
    for place, cell in enumerate(block["rows"][0]):
        if cell["type"] == "rich_text":
            yield fault("rich_text is not allowed in the header", f"{path}/rows/0/{place}")


def _row_header(block: Any, path: str) -> Iterator[str]:
    if block.get("row_header_column_index", 0) >= len(block["rows"][0]):
        yield fault("there is no such column", f"{path}/row_header_column_index")


DATA_TABLE_BLOCK = Shape(
    {"rows": many(many(kinds(CELLS), *COLUMNS), *DATA_TABLE_ROWS), "caption": text(3000)},
    {"page_size": whole(*PAGE), "row_header_column_index": whole(0, COLUMNS[1] - 1), "block_id": ID},
    (_equal_lengths, _plain_header, _row_header),
)
_COLUMN = Shape(optional={"align": one_of("left", "center", "right"), "is_wrapped": flag})


def _column(value: Any, path: str) -> Iterator[str]:
    """Null skips a column."""
    if value is not None:
        yield from _COLUMN(value, path)


TABLE_BLOCK = Shape(
    {"rows": many(many(kinds(CELLS), *COLUMNS), *TABLE_ROWS)},
    {"column_settings": many(_column, 0, COLUMNS[1]), "block_id": ID},
    (_equal_lengths,),
)
_POINT = Shape({"label": text(CHART_NAME), "value": finite})
_PIE = Shape({"segments": many(Shape({"label": text(CHART_NAME), "value": positive}), *SEGMENTS)})
_AXES = Shape(
    {"categories": many(text(CHART_NAME), *CATEGORIES)},
    {"x_label": text(CHART_LABEL, 0), "y_label": text(CHART_LABEL, 0)},
)


def _value_per_category(chart: Any, path: str) -> Iterator[str]:
    categories = chart["axis_config"]["categories"]
    if len(set(categories)) != len(categories):
        yield fault("categories must be unique", f"{path}/axis_config/categories")
    for place, one in enumerate(chart["series"]):
        if [point["label"] for point in one["data"]] != categories:
            yield fault("data must have one value per category, in their order", f"{path}/series/{place}/data")


def _unique_names(chart: Any, path: str) -> Iterator[str]:
    names = [one["name"] for one in chart["series"]]
    if len(set(names)) != len(names):
        yield fault("series must have unique names", f"{path}/series")


_AXIS_CHART = Shape(
    {
        "series": many(Shape({"name": text(CHART_NAME), "data": many(_POINT, *CATEGORIES)}), *SERIES),
        "axis_config": _AXES,
    },
    also=(_value_per_category, _unique_names),
)
CHART_BLOCK = Shape(
    {
        "title": text(CHART_LABEL),
        "chart": kinds({"pie": _PIE, "line": _AXIS_CHART, "bar": _AXIS_CHART, "area": _AXIS_CHART}),
    },
    {"block_id": ID},
)


def rich_cells(block: dict[str, Any], path: str, *, rich_text: Check) -> Iterator[str]:
    """What is wrong inside the rich text cells of a valid table."""
    for line, row in enumerate(block["rows"]):
        for place, cell in enumerate(row):
            if cell["type"] == "rich_text":
                yield from rich_text(cell, f"{path}/rows/{line}/{place}")
