"""Earlier calls of a thread, made again: what has changed since, or the same question anew.

It knows which calls those are and in what order their answers are told. How two answers differ is `changes.py`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.codec import identity_of
from bot.commands import Tool
from bot.conversation.calling import timed
from bot.conversation.changes import Comparison, again, comparison, refusal
from bot.domain.ports import ToolHost
from bot.domain.turn import ATTACHED_FILE, ToolCall, ToolResult, ToolSpec, Turn

DIFF = "diff_last_calls"
"""The tool whose results are differences: what stands in its tables is no answer that could be compared itself."""
RECALL = "recall_turn"
_ABOUT_THE_THREAD = frozenset({DIFF, RECALL, ATTACHED_FILE})


def calls_of(turn: Turn, named: str = "", tools: Sequence[Tool] = ()) -> tuple[ToolResult, ...]:
    """The results whose calls can be made again: all, or those of one table's label, tool or command."""
    wanted = named.casefold()
    names = {wanted, *(tool.name for tool in tools if tool.command == wanted)}

    def is_named(result: ToolResult) -> bool:
        called = {result.call.name.casefold(), *(table.label.casefold() for table in result.tables)}
        return not named or not names.isdisjoint(called)

    return tuple(result for result in turn.results if result.call.name not in _ABOUT_THE_THREAD and is_named(result))


def looked_back(turn: Turn) -> int | None:
    """The number of the turn whose calls this one compared, 0 where it named none; None where it compared nothing."""
    found = next((result.call.arguments for result in turn.results if result.call.name == DIFF), None)
    number = found.get("turn") if found is not None else None
    return number if isinstance(number, int) else None if found is None else 0


def made_again(turn: Turn, specs: Sequence[ToolSpec]) -> tuple[ToolCall, ...]:
    """The turn's calls as they are to be made now, each once, with ids of their own."""
    found: dict[tuple[str, str], ToolCall] = {}
    for place, result in enumerate(calls_of(turn)):
        if not refusal(result.call, specs):
            call = replace(again(result.call, result.coverage), id=f"again{place}")
            found.setdefault(identity_of(call), call)
    return tuple(found.values())


def refusals(turn: Turn, specs: Sequence[ToolSpec]) -> str:
    """Why the turn's calls can't be made again, as clauses."""
    return "; ".join(dict.fromkeys(filter(None, (refusal(result.call, specs) for result in calls_of(turn)))))


async def compared(results: Sequence[ToolResult], host: ToolHost, *, now: datetime) -> tuple[Comparison, ...]:
    """What is different now in each of these results, in their order; a call that can't be made again says why."""
    specs = await host.tools()
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(_compared(result, host, specs, now)) for result in results]
    return tuple(task.result() for task in running)


async def _compared(before: ToolResult, host: ToolHost, specs: Sequence[ToolSpec], now: datetime) -> Comparison:
    if refused := refusal(before.call, specs):
        return Comparison(ToolResult(before.call, refused, failed=True), (refused,))
    spec = next((each for each in specs if each.name == before.call.name), None)
    after = await timed(host, again(before.call, before.coverage, spec), now=now)
    return comparison(before, after)
