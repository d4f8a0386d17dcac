"""Block Kit's blocks, elements and text objects with their limits. Pure; rules over a whole message: `slack_rules.py`.

Limits are those of https://docs.slack.dev/reference/block-kit/ (its page of the same name) where nothing else is said.
"""

from collections.abc import Iterator
from typing import Any

from tests.loopback.slack_schema import Check, Shape, flag, kinds, many, one_of, some_of, text, whole
from tests.loopback.slack_tables import CHART_BLOCK, DATA_TABLE_BLOCK, TABLE_BLOCK

ID = text(255)
URL = text(3000)
LABEL = text(75)
TEXT_OBJECT = 3000
"""Composition objects: Text object, maximum of `text`. It holds for the elements of a context block."""
MARKDOWN = 12_000
"""Markdown block: cumulative for all of one payload."""
TASK_FIELD = 256
"""Observed for `task_update` chunks; the page of task cards names no limit."""
STATES = one_of("pending", "in_progress", "complete", "error")
PLAIN, MRKDWN = "plain_text", "mrkdwn"


def plain(longest: int) -> Check:
    return kinds({PLAIN: Shape({"text": text(longest)}, {"emoji": flag})})


def formatted(longest: int) -> Check:
    """Either text object."""
    shapes = {
        PLAIN: Shape({"text": text(longest)}, {"emoji": flag}),
        MRKDWN: Shape({"text": text(longest)}, {"verbatim": flag}),
    }
    return kinds(shapes)


STYLE = Shape(optional=dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight", "unlink"), flag))
STYLED: dict[str, Check] = {"style": STYLE}
IN_RICH_TEXT = kinds(
    {
        "text": Shape({"text": text(MARKDOWN)}, STYLED),
        "link": Shape({"url": URL}, {"text": text(3000), "unsafe": flag, **STYLED}),
        "emoji": Shape({"name": text(100)}, {"unicode": text(100), "url": URL, **STYLED}),
        "user": Shape({"user_id": ID}, STYLED),
        "usergroup": Shape({"usergroup_id": ID}, STYLED),
        "channel": Shape({"channel_id": ID}, STYLED),
        "team": Shape({"team_id": ID}, STYLED),
        "broadcast": Shape({"range": one_of("here", "channel", "everyone")}, STYLED),
        "color": Shape({"value": text(20)}, STYLED),
        "date": Shape(
            {"timestamp": whole(0, 2**40), "format": text(255)}, {"url": URL, "fallback": text(255), **STYLED}
        ),
    }
)
SECTION = Shape({"elements": many(IN_RICH_TEXT, 0, 1000)})
BORDER = {"border": whole(0, 1)}
RICH_TEXT_PARTS = kinds(
    {
        "rich_text_section": SECTION,
        "rich_text_quote": Shape({"elements": many(IN_RICH_TEXT, 0, 1000)}, BORDER),
        "rich_text_preformatted": Shape({"elements": many(IN_RICH_TEXT, 0, 1000)}, BORDER),
        "rich_text_list": Shape(
            {"elements": many(kinds({"rich_text_section": SECTION}), 1, 1000), "style": one_of("bullet", "ordered")},
            {"indent": whole(0, 8), "offset": whole(0, 10_000), **BORDER},
        ),
    }
)
RICH_TEXT_BLOCK = Shape({"elements": many(RICH_TEXT_PARTS, 1, 1000)}, {"block_id": ID})
RICH_TEXT = kinds({"rich_text": RICH_TEXT_BLOCK})
CONFIRM = Shape(
    optional={
        "title": plain(100),
        "text": formatted(300),
        "confirm": plain(30),
        "deny": plain(30),
        "style": one_of("primary", "danger"),
    }
)
OPTION = Shape({"text": formatted(75), "value": text(150)}, {"description": formatted(75), "url": URL})
IMAGE_FILE = Shape(optional={"id": ID, "url": URL}, also=(some_of("id", "url"),))
IMAGE = Shape(
    {"alt_text": text(2000)}, {"image_url": URL, "slack_file": IMAGE_FILE}, (some_of("image_url", "slack_file"),)
)
ACTION: dict[str, Check] = {"action_id": ID}
FEEDBACK = Shape({"text": plain(75), "value": text(2000)}, {"accessibility_label": LABEL})
BUTTON = Shape(
    {"text": plain(75)},
    {
        **ACTION,
        "value": text(2000),
        "url": URL,
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": LABEL,
    },
)
SELECT = Shape(
    {"options": many(OPTION, 1, 100)},
    {**ACTION, "placeholder": plain(150), "initial_option": OPTION, "confirm": CONFIRM, "focus_on_load": flag},
)
CHOICE = Shape(
    {"options": many(OPTION, 1, 10)},
    {
        **ACTION,
        "initial_option": OPTION,
        "initial_options": many(OPTION, 1, 10),
        "confirm": CONFIRM,
        "focus_on_load": flag,
    },
)
INPUT = Shape(
    optional={
        **ACTION,
        "multiline": flag,
        "initial_value": text(3000, 0),
        "min_length": whole(0, 3000),
        "max_length": whole(1, 3000),
        "placeholder": plain(150),
        "focus_on_load": flag,
        "dispatch_action_config": Shape(optional={"trigger_actions_on": many(text(50), 1, 2)}),
    }
)
BUTTONS = {
    "button": BUTTON,
    "static_select": SELECT,
    "checkboxes": CHOICE,
    "radio_buttons": CHOICE,
    "overflow": Shape({"options": many(OPTION, 1, 5)}, {**ACTION, "confirm": CONFIRM}),
}
IN_CONTEXT = kinds({PLAIN: Shape({"text": text(TEXT_OBJECT)}, {"emoji": flag}),
                    MRKDWN: Shape({"text": text(TEXT_OBJECT)}, {"verbatim": flag}), "image": IMAGE})  # fmt: skip
IN_CONTEXT_ACTIONS = kinds(
    {
        "feedback_buttons": Shape({"positive_button": FEEDBACK, "negative_button": FEEDBACK}, ACTION),
        "icon_button": Shape(
            {"icon": one_of("trash"), "text": plain(75)},
            {
                **ACTION,
                "value": text(2000),
                "confirm": CONFIRM,
                "accessibility_label": LABEL,
                "visible_to_user_ids": many(ID, 1, 100),
            },
        ),
    }
)
SOURCE = kinds({"url": Shape({"url": URL, "text": text(TASK_FIELD)})})
TASK_CARD = Shape(
    {"task_id": ID, "title": text(TASK_FIELD), "status": STATES},
    {"details": RICH_TEXT, "output": RICH_TEXT, "sources": many(SOURCE, 0, 100), "block_id": ID},
)
ANYWHERE = {
    "actions": Shape({"elements": many(kinds(BUTTONS), 1, 25)}, {"block_id": ID}),
    "context": Shape({"elements": many(IN_CONTEXT, 1, 10)}, {"block_id": ID}),
    "divider": Shape(optional={"block_id": ID}),
    "header": Shape({"text": plain(150)}, {"block_id": ID}),
    "image": Shape(IMAGE.required, {**IMAGE.optional, "title": plain(2000), "block_id": ID}, IMAGE.also),
    "input": Shape(
        {"label": plain(2000), "element": kinds({"plain_text_input": INPUT, **BUTTONS})},
        {"hint": plain(2000), "optional": flag, "dispatch_action": flag, "block_id": ID},
    ),
    "rich_text": RICH_TEXT_BLOCK,
    "section": Shape(
        optional={
            "text": formatted(3000),
            "fields": many(formatted(2000), 1, 10),
            "accessory": kinds({**BUTTONS, "image": IMAGE}),
            "expand": flag,
            "block_id": ID,
        },
        also=(some_of("text", "fields"),),
    ),
}
ALERT = Shape(
    {"text": formatted(TEXT_OBJECT)},
    {"level": one_of("default", "info", "warning", "error", "success"), "block_id": ID},
)
IN_MESSAGES = {
    **ANYWHERE,
    "alert": ALERT,
    "context_actions": Shape({"elements": many(IN_CONTEXT_ACTIONS, 1, 5)}, {"block_id": ID}),
    "data_table": DATA_TABLE_BLOCK,
    "data_visualization": CHART_BLOCK,
    "markdown": Shape({"text": text(MARKDOWN)}, {"block_id": ID}),
    "plan": Shape({"title": text(TASK_FIELD)}, {"tasks": many(kinds({"task_card": TASK_CARD}), 0, 50), "block_id": ID}),
    "table": TABLE_BLOCK,
    "task_card": TASK_CARD,
}
IN_VIEWS = {**ANYWHERE, "alert": ALERT}
"""Markdown, tables, charts, feedback and tasks are for messages only, by their own pages."""
MESSAGE_BLOCK, VIEW_BLOCK = kinds(IN_MESSAGES), kinds(IN_VIEWS)


def elements(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The interactive elements of one valid block."""
    for element in [*block.get("elements", ()), block.get("accessory"), block.get("element")]:
        if isinstance(element, dict) and element.get("type") in {*BUTTONS, "feedback_buttons", "icon_button"}:
            yield element
