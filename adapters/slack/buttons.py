"""What can be pressed below an answer. Pure: from a turn and its tables to Block Kit; rendering calls it."""

from collections.abc import Iterable, Iterator

from adapters.slack.limits import MAX_BUTTONS, MAX_TABLE_ROWS
from adapters.slack.post import Blocks
from bot.codec import encode_action
from bot.domain.json_types import JsonObject
from bot.domain.message import Again, Button, Csv, Diff, Feedback, Page, Stop, TurnId, Why
from bot.domain.table import Table


def stop_button(turn: TurnId) -> Blocks:
    """For an answer that is not complete yet."""
    return _actions([_button("Stop", Stop(turn), "stop")])


def buttons(turn: TurnId, tables: Iterable[Table], *, is_last: bool) -> Blocks:
    """What stands below a message with these tables; the last one of an answer asks what people think of it."""
    found = [button for table in tables if table.label for button in _of_table(turn, table)]
    if is_last:
        found += _of_answer(turn)
    below = _actions(found)
    return Blocks((*below.blocks, _feedback(turn)), below.plain) if is_last else below


def _of_table(turn: TurnId, table: Table) -> Iterator[JsonObject]:
    if table.total_rows > len(table.rows):
        more = Page(turn, table.label, 1, MAX_TABLE_ROWS)
        yield _button(f"More of {table.label}", more, f"page:{table.label}")
    if table.rows:
        yield _button(f"{table.label} as CSV", Csv(turn, table.label), f"csv:{table.label}")


def _of_answer(turn: TurnId) -> tuple[JsonObject, ...]:
    again, changed = _button("Run again", Again(turn), "again"), _button("What changed", Diff(turn), "diff")
    return (again, changed, _button("Why", Why(turn), "why"))


def _button(text: str, button: Button, action_id: str) -> JsonObject:
    label: JsonObject = {"type": "plain_text", "text": text}
    return {"type": "button", "text": label, "value": encode_action(button), "action_id": action_id}


def _actions(found: list[JsonObject]) -> Blocks:
    groups = [found[at : at + MAX_BUTTONS] for at in range(0, len(found), MAX_BUTTONS)]
    blocks: tuple[JsonObject, ...] = tuple({"type": "actions", "elements": list(group)} for group in groups)
    return Blocks(blocks, blocks)


def _feedback(turn: TurnId) -> JsonObject:
    """Thumbs up and down (https://docs.slack.dev/reference/block-kit/blocks/context-actions-block)."""
    choice: JsonObject = {
        "type": "feedback_buttons",
        "action_id": "feedback",
        "positive_button": _verdict("Helpful", Feedback(turn, "up")),
        "negative_button": _verdict("Not helpful", Feedback(turn, "down")),
    }
    return {"type": "context_actions", "elements": [choice]}


def _verdict(text: str, feedback: Feedback) -> JsonObject:
    label: JsonObject = {"type": "plain_text", "text": text}
    return {"text": label, "value": encode_action(feedback), "accessibility_label": text}
