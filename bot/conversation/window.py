"""Which part of a thread's history goes to the model. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.turn import ToolResult, Turn

MAX_TURNS = 30
WHOLE_TURNS = 3
"""The newest turns keep their tables; older ones keep what was asked and said, and each call's summary."""
MAX_CHARACTERS = 60_000
"""About 15,000 tokens of English or JSON."""


def fit(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """The newest turns that fit, oldest first. Rows go before words do; the newest turn always stays."""
    kept: list[Turn] = []
    room = MAX_CHARACTERS
    for age, turn in enumerate(reversed(history[-MAX_TURNS:])):
        fitted, size = _fitted(turn, room, whole=age < WHOLE_TURNS)
        room -= size
        if kept and room < 0:
            break
        kept.append(fitted)
    return tuple(reversed(kept))


def _fitted(turn: Turn, room: int, *, whole: bool) -> tuple[Turn, int]:
    """The turn as it goes to the model, and its size."""
    if whole and (size := _size(turn)) <= room:
        return turn, size
    if not any(result.tables for result in turn.results):
        return turn, _size(turn)
    words = replace(turn, results=tuple(map(_summary_only, turn.results)))
    return words, _size(words)


def _size(turn: Turn) -> int:
    cells = sum(
        len(str(cell)) + 3 for result in turn.results for table in result.tables for row in table.rows for cell in row
    )
    return cells + len(turn.message.text) + len(turn.answer) + sum(len(result.summary) for result in turn.results)


def _summary_only(result: ToolResult) -> ToolResult:
    return replace(result, tables=())
