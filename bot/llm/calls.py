"""What a model wrote where it calls a function, as a `ToolCall` that can always be made. Pure."""

import json
import re
from collections.abc import Sequence

from bot.domain.json_types import Json
from bot.domain.turn import ToolCall, ToolSpec
from bot.llm.lenient import encodable
from bot.llm.strict_schema import without_nulls

UNREADABLE = "unreadable_arguments"
"""The one argument of a call whose arguments are no JSON object: what the model wrote instead, cut to `MAX_UNREADABLE`.

No tool takes an argument of that name, so the tool layer answers with a failed result that says so, and the model can
correct itself. The call still replays as valid JSON, which many servers demand of their own model's past calls.
"""
MAX_UNREADABLE = 500
MAX_NAME = 64


def tool_call(call_id: str, name: str, written: str, tools: Sequence[ToolSpec]) -> ToolCall:
    """The call of `name` with the arguments that the model wrote; nulls of optional arguments are left out."""
    arguments, name = _object(written), _replayable(name)
    if arguments is None:
        return ToolCall(call_id, name, {UNREADABLE: written[:MAX_UNREADABLE]})
    schema = next((tool.parameters for tool in tools if tool.name == name), {})
    return ToolCall(call_id, name, without_nulls(arguments, schema))


def _replayable(name: str) -> str:
    """A name that the next round may repeat: OpenAI refuses a request with a call whose name no function can have."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:MAX_NAME] or "unnamed"


def _object(written: str) -> dict[str, Json] | None:
    """A call without arguments is written as an object, as nothing, or as null."""
    try:
        value = encodable(json.loads(written)) if written.strip() else {}
    except (ValueError, RecursionError):
        return None
    if value is None:
        return {}
    return value if isinstance(value, dict) else None
