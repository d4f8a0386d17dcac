"""The tools by which a model asks about its own thread: what has changed since, and what was said long ago.

A `ToolHost` around that of the turn. It reads the thread and makes calls of that host; it changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.codec import compact
from bot.conversation.changes import together
from bot.conversation.retracing import DIFF, RECALL, calls_of, compared
from bot.conversation.thread import Thread
from bot.conversation.visible import HIDDEN, is_hidden
from bot.domain.errors import StorageError
from bot.domain.json_types import JsonObject
from bot.domain.ports import Check, ToolHost
from bot.domain.turn import ToolCall, ToolResult, ToolSpec, Turn

_NUMBER: JsonObject = {"type": "integer", "minimum": 1, "description": "a turn's number in this thread"}
_NAMED_DIFF: JsonObject = {"type": "object", "properties": {"turn": _NUMBER}, "additionalProperties": False}
_NAMED_RECALL: JsonObject = {**_NAMED_DIFF, "required": ["turn"]}
SPECS = (
    ToolSpec(
        DIFF,
        "Runs the last calls of this thread again, with windows of the same length that end now, and tells what is "
        "new, gone, grown and shrunk since. For `did that help?`, `is it better now?`, `what changed since?`.",
        _NAMED_DIFF,
        read_only=True,
    ),
    ToolSpec(
        RECALL,
        "What was asked, answered and found in an earlier turn of this thread, by its number: for what the summary of "
        "the thread leaves out.",
        _NAMED_RECALL,
        read_only=True,
    ),
)
MAX_RECALLED = 8_000
"""Characters of what one earlier turn brought."""

Found: TypeAlias = Turn | ToolResult


@dataclass(frozen=True, slots=True)
class ThreadTools:
    """`host`'s tools, and the two about `thread`."""

    host: ToolHost
    thread: Thread

    async def tools(self) -> tuple[ToolSpec, ...]:
        return (*await self.host.tools(), *SPECS)

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        if call.name not in {DIFF, RECALL}:
            return await self.host.call(call, now=now)
        found = await self._turn(call)
        if isinstance(found, ToolResult):
            return found
        return _recalled(call, found) if call.name == RECALL else await self._differences(call, found, now)

    async def check(self) -> tuple[Check, ...]:
        return await self.host.check()

    async def _turn(self, call: ToolCall) -> Found:
        """The turn that a call names, or the last one; else a failed result."""
        number = call.arguments.get("turn")
        unknown = set(call.arguments) - {"turn"}
        is_number = isinstance(number, int) and not isinstance(number, bool)
        if unknown or not (is_number or (number is None and call.name == DIFF)):
            return _failed(call, "turn: the number of an earlier turn is needed, and nothing else")
        try:
            if not isinstance(number, int):
                return await self.thread.last_called() or _failed(call, NOTHING)
            found = await self.thread.numbered(number)
        except StorageError as error:
            return _failed(call, str(error))
        return found or _failed(call, f"this thread has no turn {number} with an answer")

    async def _differences(self, call: ToolCall, turn: Turn, now: datetime) -> ToolResult:
        results = calls_of(turn)
        if is_hidden(turn):
            return _failed(call, HIDDEN)
        if not results:
            return _failed(call, f"there is nothing to compare with: turn {turn.number} called no tool")
        found = await compared(results, self.host, now=now)
        return together(call, [each.result for each in found])


NOTHING = "there is nothing to compare with: no tool was called in this thread before"


def _failed(call: ToolCall, why: str) -> ToolResult:
    return ToolResult(call, why, failed=True)


def _recalled(call: ToolCall, turn: Turn) -> ToolResult:
    """In words: its tables stood in its answer, and are not shown again."""
    called = [f"{each.call.name} {compact(each.call.arguments)}: {each.summary}" for each in turn.results]
    parts = (f"turn {turn.number}, asked by {turn.message.author.name}: {turn.message.text}", *called, turn.answer)
    return ToolResult(call, "\n".join(part for part in parts if part)[:MAX_RECALLED])
