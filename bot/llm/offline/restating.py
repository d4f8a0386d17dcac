"""The last line of an answer: what was understood of the question, and what ran for it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.domain.turn import ToolResult
from bot.llm.offline.failures import towards
from bot.llm.offline.finding import Context
from bot.llm.offline.plan import CAUSE, FOCUSED, HANGING, HAPPENING, REACH, SPEED, SYSTEM, TOWARDS, own_rows
from bot.llm.offline.prose import code, counted, joined, span
from bot.llm.offline.scope import DROP_LIST, DROP_SUMMARY, FAILURES, LIST, PATTERNS, SUMMARY

_SUBJECTS: Mapping[str, str] = {
    FAILURES: "failed connections",
    SUMMARY: "connection counts",
    LIST: "newest connections",
    DROP_SUMMARY: "dropped packets by reason",
    DROP_LIST: "newest dropped packets",
    PATTERNS: "patterns",
}
_WHOLE_SUBJECTS: Mapping[tuple[str, ...], str] = {
    HAPPENING: "an overview of connections, failures and drops",
    CAUSE: "failing connections and their cause",
    REACH: "whether connections come about",
    TOWARDS: "who connects",
}


def understood(results: Sequence[ToolResult], context: Context) -> str:
    tools = tuple(dict.fromkeys(result.call.name for result in results))
    failed = {result.call.name for result in results if result.failed}
    ran = ", ".join(f"{tool} (failed)" if tool in failed else tool for tool in tools)
    parts = [_subject(tools, context), *_limits(tools, context), _rows(results, tools, context)]
    return f"Understood: {', '.join(part for part in parts if part)}. Ran: {ran}."


def _subject(tools: tuple[str, ...], context: Context) -> str:
    if context.focus.behaviours and tools == (PATTERNS,):
        return joined(sorted(name.lower() for name in context.focus.behaviours))
    if context.focus.slow and tools == REACH:
        return "how fast connections come about, and which fail"
    if tools == SYSTEM:
        return "everything" if context.scope.process or context.scope.pid else "the whole system"
    return _WHOLE_SUBJECTS.get(tools) or joined([_SUBJECTS.get(tool, tool) for tool in tools])


def _limits(tools: tuple[str, ...], context: Context) -> list[str]:
    """A destination, an outcome and an errno limit only the tools whose rows have them."""
    scope, focus = context.scope, context.focus if FOCUSED & set(tools) else replace(context.focus, destination=None)
    return [
        f"process {code(scope.process)}" if scope.process else "",
        f"pid {scope.pid}" if scope.pid is not None else "",
        towards(focus.destination).strip(),
        f"outcome {' or '.join(map(code, sorted(focus.outcomes)))}" if focus.outcomes else "",
        f"errno {' or '.join(map(code, sorted(focus.errnos)))}" if focus.errnos else "",
        f"reason {' or '.join(map(code, sorted(focus.drop_reasons)))}" if focus.drop_reasons else "",
        "with local sockets" if scope.include_local else "",
        span(context.duration_s) if context.duration_s else "",
    ]


def _rows(results: Sequence[ToolResult], tools: tuple[str, ...], context: Context) -> str:
    """How many rows were asked for, where that was not the planner's own choice."""
    asked = context.scope.max_events
    chosen = {own_rows(result.call.name, tools, context.focus) for result in results}
    return f"at most {counted(asked, 'row')}" if asked and chosen != {asked} else ""
