"""The last line of an answer: what was understood of the question, and what ran for it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.domain.turn import ToolResult
from bot.llm.offline.failures import towards
from bot.llm.offline.finding import Context
from bot.llm.offline.plan import CAUSE, HANGING, HAPPENING, REACH, SEARCHED, SPEED, SYSTEM, TOWARDS, TROUBLE, own_rows
from bot.llm.offline.prose import code, counted, joined, span
from bot.llm.offline.scope import (
    COMPARE,
    DIFF,
    DNS,
    DROP_LIST,
    DROP_SUMMARY,
    EVENTS,
    EXPLAIN,
    FAILURES,
    HEALTH,
    LATENCY,
    LIST,
    PATTERNS,
    SOCKETS,
    SOURCE,
    SUMMARY,
    TALKERS,
    TREND,
    Scope,
    scope_of,
    takes,
)

_SUBJECTS: Mapping[str, str] = {
    FAILURES: "failed connections",
    SUMMARY: "connection counts",
    LIST: "newest connections",
    DROP_SUMMARY: "dropped packets by reason",
    DROP_LIST: "newest dropped packets",
    PATTERNS: "patterns",
    LATENCY: "handshakes and round trips",
    TALKERS: "who has the most traffic",
    DNS: "DNS look-ups",
    EVENTS: "newest events",
    TREND: "events over time",
    COMPARE: "what changed",
    DIFF: "what is different from then",
    HEALTH: "retransmits and resets",
    SOCKETS: "open sockets",
    EXPLAIN: "what a drop reason means",
    SOURCE: "where the data comes from",
}
_WHOLE_SUBJECTS: Mapping[tuple[str, ...], str] = {
    HAPPENING: "an overview of connections, failures and drops",
    CAUSE: "failing connections and their cause",
    TROUBLE: "failing and slow connections and their cause",
    REACH: "whether connections come about",
    HANGING: "what connections wait for",
    SPEED: "how fast connections come about, and which fail",
    TOWARDS: "who connects",
}


def understood(results: Sequence[ToolResult], context: Context) -> str:
    tools = tuple(dict.fromkeys(result.call.name for result in results))
    failed = {result.call.name for result in results if result.failed}
    ran = ", ".join(f"{tool} (failed)" if tool in failed else tool for tool in tools)
    is_limited = any(scope_of(result.call.arguments).has_place for result in results)
    parts = [_subject(tools, context), *_limits(tools, context, is_limited=is_limited), _rows(results, tools, context)]
    return f"Understood: {', '.join(part for part in parts if part)}. Ran: {ran}."


def _subject(tools: tuple[str, ...], context: Context) -> str:
    if context.focus.behaviours and tools == (PATTERNS,):
        return joined(sorted(name.lower() for name in context.focus.behaviours))
    if tools == SYSTEM:
        return "everything" if context.scope.process or context.scope.pid else "the whole system"
    return _WHOLE_SUBJECTS.get(tools) or joined([_SUBJECTS.get(tool, tool) for tool in tools])


def _limits(tools: tuple[str, ...], context: Context, *, is_limited: bool) -> list[str]:
    """A destination, an outcome and an errno limit only the tools whose rows have them."""
    scope = context.scope
    tells_place = SEARCHED & set(tools) or is_limited
    focus = context.focus if tells_place else replace(context.focus, destination=None)
    return [
        f"process {code(scope.process)}" if scope.process else "",
        f"pid {scope.pid}" if scope.pid is not None else "",
        f"user id {scope.uid}" if scope.uid is not None else "",
        towards(focus.destination).strip(),
        f"outcome {' or '.join(map(code, sorted(focus.outcomes)))}" if focus.outcomes else "",
        f"errno {' or '.join(map(code, sorted(focus.errnos)))}" if focus.errnos else "",
        f"reason {' or '.join(map(code, sorted(focus.drop_reasons)))}" if focus.drop_reasons else "",
        f"over {code(scope.protocol)}" if scope.protocol else "",
        "incoming" if scope.direction == "in" and all(takes(tool, "direction") for tool in tools) else "",
        *(f"{what} {code(name)}" for what, name in _places(scope) if name),
        f"name {code(scope.lookup)}" if scope.lookup else "",
        f"in state {code(scope.state)}" if scope.state else "",
        "with local sockets" if scope.include_local else "",
        context.within.strip() if context.span else span(context.duration_s) if context.duration_s else "",
    ]


def _places(scope: Scope) -> tuple[tuple[str, str | None], ...]:
    return (
        ("node", scope.node),
        ("namespace", scope.namespace),
        ("pod", scope.pod),
        ("container", scope.container),
    )


def _rows(results: Sequence[ToolResult], tools: tuple[str, ...], context: Context) -> str:
    """How many rows were asked for, where that was not the planner's own choice."""
    asked = context.scope.max_events
    chosen = {own_rows(result.call.name, tools, context.focus) for result in results}
    return f"at most {counted(asked, 'row')}" if asked and chosen != {asked} else ""
