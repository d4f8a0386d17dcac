"""What earlier turns of a thread tell a question that goes on from them. Pure; `understanding.py` calls it."""

from collections.abc import Iterable, Sequence

from bot.domain.turn import ToolResult, Turn
from bot.llm.offline.plan import PlannedCall
from bot.llm.offline.scope import DATA_TOOLS, scope_of


def is_command(turn: Turn) -> bool:
    """Whether the turn ran one tool as it was told to, by a button or in writing: its name, and nothing but flags."""
    if turn.message.command is not None:
        return turn.message.command.tool in DATA_TOOLS
    first, *others = turn.message.text.split() or [""]
    ran = {name for result in turn.results for name in (result.call.name, _command_of(result))}
    return first.lstrip("/!").lower() in ran and (not others or others[0].startswith("-"))


def _command_of(result: ToolResult) -> str:
    return result.coverage.command.partition(" ")[0] if result.coverage else ""


def has_data(turn: Turn) -> bool:
    """Whether one of its data tools gave an answer."""
    return any(result.call.name in DATA_TOOLS and not result.failed for result in turn.results)


def found_nothing(turn: Turn) -> bool:
    """Whether its calls were answered, and nothing matched."""
    matched = [result.coverage.matched for result in turn.results if result.coverage]
    return bool(matched) and not any(matched)


def distinct(calls: Iterable[PlannedCall]) -> tuple[PlannedCall, ...]:
    """Each call once, in their order."""
    found: list[PlannedCall] = []
    for call in calls:
        if call not in found:
            found.append(call)
    return tuple(found)


def processes_of(history: Sequence[Turn]) -> frozenset[str]:
    """Process names that stand in this thread's tables, and in its calls unless these found nothing."""
    results = [result for turn in history for result in turn.results]
    asked = {
        scope_of(result.call.arguments).process
        for result in results
        if result.coverage is None or result.coverage.matched
    }
    cells = {
        row[index]
        for result in results
        for table in result.tables
        for index, column in enumerate(table.columns)
        if column.name == "process"
        for row in table.rows
    }
    return frozenset(name for name in asked | cells if isinstance(name, str) and name)
