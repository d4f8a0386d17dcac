"""The planned calls as the tools that are offered take them. Pure.

Hosts differ: an older one lacks a tool or an argument, and a channel may be refused one. What such a tool cannot be
told is looked for among more of its rows; where a tool is missing, the one that tells most of the same is called.
"""

from collections.abc import Iterable, Iterator, Mapping

from bot.domain.json_types import Json, JsonObject
from bot.domain.turn import ToolCall, ToolSpec
from bot.llm.offline.plan import FOCUSED, Plan, PlannedCall, calls_for, rows_to_search
from bot.llm.offline.scope import (
    COMPARE,
    DIFF,
    DNS,
    DROP_SUMMARY,
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
    scope_of,
)

_INSTEAD: Mapping[str, str] = {
    LATENCY: LIST,
    TALKERS: SUMMARY,
    DNS: FAILURES,
    TREND: PATTERNS,
    COMPARE: FAILURES,
    HEALTH: FAILURES,
    SOCKETS: LIST,
    EXPLAIN: DROP_SUMMARY,
    SOURCE: SUMMARY,
}
_ENDS = frozenset({"since", "until"})
_PLACE = frozenset({"destination", "port"})


def offered_calls(plan: Plan, offered: Iterable[ToolSpec]) -> Iterator[ToolCall]:
    """The calls of tools that are offered, with the arguments that those take."""
    by_name = {spec.name: spec for spec in offered}
    if plan.is_since_then and DIFF in by_name:
        yield ToolCall("plan-1", DIFF)
        return
    planned = {call.tool for call in plan.calls}
    made: set[str] = set()
    for number, call in enumerate(plan.calls, 1):
        instead = _INSTEAD.get(call.tool)
        fitting = call
        if call.tool not in by_name and instead and instead not in planned | made:
            (fitting,) = calls_for((instead,), scope_of(call.arguments), plan.focus)
        if fitting.tool in by_name:
            made.add(fitting.tool)
            yield ToolCall(f"plan-{number}", fitting.tool, _taken(fitting, by_name[fitting.tool], plan))


def _taken(call: PlannedCall, spec: ToolSpec, plan: Plan) -> JsonObject:
    properties = spec.parameters.get("properties")
    if not isinstance(properties, dict):
        return _with_one_window(dict(call.arguments))
    given = {name: value for name, value in call.arguments.items() if name in properties}
    if call.tool in FOCUSED and "max_events" in properties and _PLACE & (call.arguments.keys() - given.keys()):
        given.setdefault("max_events", rows_to_search(call.tool, plan.focus))
    return _with_one_window(given)


def _with_one_window(given: dict[str, Json]) -> JsonObject:
    """Both ends or a duration: tools refuse more, and one end alone says something else."""
    if given.keys() >= _ENDS:
        return {name: value for name, value in given.items() if name != "duration"}
    return {name: value for name, value in given.items() if name not in _ENDS}
