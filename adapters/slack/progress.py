"""The steps of a turn at work: as tasks of a streamed message's plan, or as lines of one that is edited. Pure."""

from collections.abc import Iterable
from typing import TypeAlias

from bot.domain.json_types import JsonObject
from bot.domain.message import Step
from bot.tables.text import short
from bot.tables.units import UNKNOWN

TASK_FIELD = 250
"""Characters: a task's fields take about 256 (observed)."""
MAX_LINES = 10
"""Elements of a context block (https://docs.slack.dev/reference/block-kit/blocks/context-block)."""

State: TypeAlias = str
_STATUS: dict[State, str] = {"running": "in_progress", "done": "complete", "failed": "error"}
_WORDS: dict[State, str] = {"running": "running", "done": "done", "failed": "failed"}


PLAN: JsonObject = {"type": "plan_update", "title": "How netspy found this out"}
"""The heading of a streamed message's steps."""


def task(step: Step, *, id_prefix: str) -> JsonObject:
    """A `task_update` chunk."""
    chunk: dict[str, str] = {
        "type": "task_update",
        "id": f"{id_prefix}:{step.id}",
        "title": _cut(step.title),
        "status": _STATUS[step.state],
    }
    if step.detail:
        chunk["output"] = _cut(step.detail)
    return dict(chunk)


def lines(steps: Iterable[Step]) -> tuple[JsonObject, ...]:
    """The newest steps as one context block; none without steps."""
    texts = [_line(step) for step in steps][-MAX_LINES:]
    elements: list[JsonObject] = [{"type": "plain_text", "text": text, "emoji": False} for text in texts]
    return ({"type": "context", "elements": elements},) if elements else ()


def _line(step: Step) -> str:
    return _cut(f"{_WORDS[step.state]}: {step.title}" + (f" ({step.detail})" if step.detail else ""))


def _cut(text: str) -> str:
    return short(text, TASK_FIELD).strip() or UNKNOWN
