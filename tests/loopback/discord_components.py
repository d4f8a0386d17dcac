"""Buttons and menus in rows, and the text inputs of a modal: what they may hold. Pure.

https://docs.discord.com/developers/components/reference
"""

from collections.abc import Iterator
from typing import Any

from tests.loopback.discord_forms import Shape, anything, flag, kinds, many, one_of, text, whole
from tests.loopback.discord_refusals import Flaw, Path

ROW, BUTTON, STRING_MENU, TEXT_INPUT, LABEL = 1, 2, 3, 4, 18
ROWS, BUTTONS, OPTIONS = 5, 5, 25
BUTTON_LABEL, CUSTOM_ID, OPTION, PLACEHOLDER, URL = 80, 100, 100, 150, 512
LINK_STYLE, STYLES = 5, 6
INPUT_LABEL, INPUT_VALUE, MODAL_TITLE = 45, 4000, 45


def _says_something(value: Any, path: Path) -> Iterator[Flaw]:
    if not value.get("label") and not value.get("emoji"):
        yield Flaw(path, "BUTTON_COMPONENT_INVALID", "A button must have a label or an emoji")


def _leads_somewhere(value: Any, path: Path) -> Iterator[Flaw]:
    """A link has a URL and no custom id; any other button the reverse."""
    is_link = value["style"] == LINK_STYLE
    needed, foreign = ("url", "custom_id") if is_link else ("custom_id", "url")
    if not value.get(needed):
        yield Flaw((*path, needed), "BASE_TYPE_REQUIRED", "This field is required")
    if value.get(foreign):
        yield Flaw(path, "BUTTON_COMPONENT_INVALID", f"A button of style {value['style']} has no {foreign}")


def _chosen_within_options(value: Any, path: Path) -> Iterator[Flaw]:
    values = [option["value"] for option in value["options"]]
    if len(set(values)) != len(values):
        yield Flaw((*path, "options"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is used")
    if value.get("max_values", 1) > len(values):
        yield Flaw((*path, "max_values"), "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {len(values)} in length.")


_BUTTON = Shape(
    {"style": whole(1, STYLES)},
    {"label": text(BUTTON_LABEL), "custom_id": text(CUSTOM_ID, 1), "url": text(URL), "disabled": flag,
     "emoji": anything},
    (_says_something, _leads_somewhere),
)  # fmt: skip
_OPTION = Shape({"label": text(OPTION, 1), "value": text(OPTION, 1)}, {"description": text(OPTION), "default": flag})
_MENU = Shape(
    {"custom_id": text(CUSTOM_ID, 1), "options": many(_OPTION, OPTIONS, 1)},
    {"placeholder": text(PLACEHOLDER), "min_values": whole(0, OPTIONS), "max_values": whole(1, OPTIONS),
     "disabled": flag},
    (_chosen_within_options,),
)  # fmt: skip
_INPUT = Shape(
    {"custom_id": text(CUSTOM_ID, 1), "style": one_of(1, 2)},
    {"label": text(INPUT_LABEL, 1), "value": text(INPUT_VALUE), "placeholder": text(OPTION), "required": flag,
     "min_length": whole(0, INPUT_VALUE), "max_length": whole(1, INPUT_VALUE)},
)  # fmt: skip


def _fits(value: Any, path: Path) -> Iterator[Flaw]:
    """A menu takes a row for itself."""
    if len(value["components"]) > 1 and any(one["type"] == STRING_MENU for one in value["components"]):
        yield Flaw(path, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")


_ROW = Shape({"components": many(kinds({BUTTON: _BUTTON, STRING_MENU: _MENU}), BUTTONS, 1)}, also=(_fits,))
_INPUT_ROW = Shape({"components": many(kinds({TEXT_INPUT: _INPUT}), 1, 1)})
_LABEL = Shape({"label": text(INPUT_LABEL, 1), "component": kinds({TEXT_INPUT: _INPUT})}, {"description": text(OPTION)})
MODAL = Shape(
    {"title": text(MODAL_TITLE, 1), "custom_id": text(CUSTOM_ID, 1),
     "components": many(kinds({ROW: _INPUT_ROW, LABEL: _LABEL}), ROWS, 1)}
)  # fmt: skip


def check(value: Any, path: Path) -> Iterator[Flaw]:
    """The rows of a message."""
    found = [*many(kinds({ROW: _ROW}), ROWS)(value, path)]
    yield from found or _duplicates(value, path)


def _duplicates(rows: list[dict[str, Any]], path: Path) -> Iterator[Flaw]:
    seen: set[str] = set()
    for line, row in enumerate(rows):
        for place, one in enumerate(row["components"]):
            custom_id = one.get("custom_id")
            if custom_id in seen:
                where = (*path, str(line), "components", str(place), "custom_id")
                yield Flaw(where, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
            if custom_id:
                seen.add(custom_id)


def elements(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everything in the rows of a message or of a modal, in order."""
    inner = [one for row in rows for one in row.get("components", ())]
    return inner + [row["component"] for row in rows if "component" in row]


def words(rows: list[dict[str, Any]]) -> Iterator[str]:
    """What a reader sees of rows."""
    for one in elements(rows):
        if one["type"] == STRING_MENU:
            yield from (option["label"] for option in one["options"])
        else:
            yield one.get("label") or str((one.get("emoji") or {}).get("name", ""))
