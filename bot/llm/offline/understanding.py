"""From a question and what came before it to a plan. Pure: the clock and the history are given.

The planner calls it twice a turn: to make the calls, and to say what their results answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, tzinfo

from bot.domain.turn import Turn
from bot.llm.offline.details import detailed
from bot.llm.offline.past_turns import distinct, found_nothing, has_data, is_command, processes_of
from bot.llm.offline.plan import (
    CAUSE,
    HANGING,
    MAX_ROWS,
    NOW_DURATION_S,
    REACH,
    SYSTEM,
    TOWARDS,
    Focus,
    Plan,
    PlannedCall,
    call_for,
    calls_for,
    own_rows,
)
from bot.llm.offline.reading import Reading, of_names, read
from bot.llm.offline.scope import (
    DATA_TOOLS,
    DIFF,
    DNS,
    DROP_SUMMARY,
    DROP_TOOLS,
    EXPLAIN,
    FAILURES,
    HEALTH,
    LATENCY,
    PATTERNS,
    SOCKETS,
    SOURCE,
    SUMMARY,
    TREND,
    Scope,
    scope_of,
    shared,
)
from bot.llm.offline.since_then import asks_since_then

MAX_TURNS = 12
"""Turns before the question that it may continue."""
MORE = 3
"""How many times the rows "more" asks for."""
USUAL_ROWS = 10
"""The rows that a tool shows when it is not told how many."""
_TOGETHER = (
    ("process", "pid"),
    ("destination", "port"),
    ("duration_s", "since", "until"),
    ("node", "namespace", "pod", "container"),
)
"""Limits of which a new one takes the place of all the others."""
_WHY: Mapping[str, tuple[str, ...]] = {
    LATENCY: (LATENCY, HEALTH, FAILURES, DROP_SUMMARY),
    HEALTH: (HEALTH, FAILURES, DROP_SUMMARY),
    DNS: (DNS, FAILURES, DROP_SUMMARY),
    SOCKETS: HANGING,
}
"""Behind an answer of one of these, what tells its cause."""
_WITH_WINDOW = frozenset({TREND})
"""Tools that answer first, and look back as far as their answer needs, whatever stands beside them."""
_OF_NOBODY = frozenset({EXPLAIN, SOURCE})
"""Tools that can't be limited: what a question about somebody goes on with are counts."""
_WITHOUT_PLACE = frozenset({SUMMARY, PATTERNS}) | _OF_NOBODY
"""Tools whose rows say nothing of destinations: a question about one goes on with others."""


def understand(question: str, history: Sequence[Turn], *, now: datetime, zone: tzinfo) -> Plan:
    """The plan for a question; without calls when it asks for nothing that the tools know."""
    seen = processes_of(history)
    before: Plan | None = None
    for turn in history[-MAX_TURNS:]:
        text = turn.message.text
        reading = read(text, seen=seen, behind_another=before is not None, now=turn.started_at, zone=zone)
        before = _as_it_went(turn, reading, before) or before
    reading = read(question, seen=seen, behind_another=before is not None, now=now, zone=zone)
    return replace(_merged(reading, before), is_since_then=_is_since_then(question, reading, history))


def _is_since_then(question: str, reading: Reading, history: Sequence[Turn]) -> bool:
    """A question that names a time has another one in mind than the last answer's."""
    has_time = _names_any(reading.scope, ("duration_s", "since", "until", "earlier_s"))
    return asks_since_then(question) and not has_time and any(map(has_data, history))


def _merged(reading: Reading, before: Plan | None) -> Plan:
    """The reading as a question of its own, or as what it changes of the plan before it."""
    if before is None:
        return _fresh(reading)
    if reading.tools in {(), (SUMMARY,)} and detailed(Scope(), reading.text, before.tools, reading.signs).by:
        return _changed(reading, before)
    rerun = "again" in reading.signs or (reading.refers and reading.tools == SYSTEM and "survey" not in reading.signs)
    if reading.tools and not rerun:
        return _on_same_subject(reading, before) if _continues(reading) else _fresh(reading)
    tools = _next_tools(reading, before)
    if tools:
        return _on_same_subject(replace(reading, tools=tools), before)
    if rerun or _changes(reading):
        return _changed(reading, before)
    return Plan(focus=reading.focus, notes=reading.notes)


def _next_tools(reading: Reading, before: Plan) -> tuple[str, ...]:
    """The tools for what the reading asks of the subject before it, where those that ran can't tell that."""
    asked = set(before.tools)
    if "why" in reading.signs:
        return _why(before)
    if reading.focus.destination and asked <= _WITHOUT_PLACE:
        return TOWARDS
    return (SUMMARY,) if asked <= _OF_NOBODY and _changes(reading) else ()


def _fresh(reading: Reading) -> Plan:
    tools = reading.tools or (TOWARDS if reading.focus.destination else ())
    scope = _with_window(reading.scope, tools)
    return Plan(calls=calls_for(tools, scope, reading.focus), focus=reading.focus, notes=reading.notes)


def _on_same_subject(reading: Reading, before: Plan) -> Plan:
    """Other tools, with the scope of the calls before them."""
    kept = shared(list(zip(before.tools, _scopes_as_asked(before), strict=True)))
    kept = replace(kept, by=None, measure=None, kind=None, slot_s=None, state=None, earlier_s=None, direction=None)
    if "changed" in reading.signs:
        kept = replace(kept, duration_s=None, since=None, until=None)
    focus = replace(reading.focus, destination=reading.focus.destination or before.focus.destination)
    scope = _with_window(_change(kept, reading), reading.tools)
    return Plan(calls=calls_for(reading.tools, scope, focus), focus=focus, notes=reading.notes)


def _changed(reading: Reading, before: Plan) -> Plan:
    """The calls before, with what the reading names changed and all else as it was."""
    scope = detailed(reading.scope, reading.text, before.tools, reading.signs)
    scope, named = of_names(scope, reading.focus) if DNS in before.tools[:1] else (scope, reading.focus)
    reading = replace(reading, scope=scope, focus=named)
    kept = replace(before.focus, source=False)
    focus = Focus(
        **{part.name: getattr(reading.focus, part.name) or getattr(kept, part.name) for part in fields(Focus)}
    )
    calls: list[PlannedCall] = []
    for place, (call, as_asked) in enumerate(zip(before.calls, _scopes_as_asked(before), strict=True)):
        scope = _change(scope_of(call.arguments), reading)
        if as_asked.max_events is None and not _names_rows(reading):
            scope = replace(scope, max_events=None)
        calls.append(call_for(place, before.tools, scope, focus))
    is_more = "more" in reading.signs and reading.scope.max_events is None
    return Plan(calls=distinct(calls), focus=focus, notes=reading.notes, is_more=is_more)


def _why(before: Plan) -> tuple[str, ...]:
    """The tools that tell causes of what was shown: losses have reasons, all else is a matter of connections."""
    if set(before.tools) <= DROP_TOOLS:
        return (DROP_SUMMARY,)
    usual = REACH if before.focus.destination else CAUSE
    return _WHY.get(before.tools[0], usual) if before.tools else usual


def _scopes_as_asked(plan: Plan) -> list[Scope]:
    """The scopes of the calls, without the rows that the plan asked for by itself."""
    scopes = [(call.tool, scope_of(call.arguments)) for call in plan.calls]
    return [
        replace(scope, max_events=None)
        if plan.is_more or scope.max_events == own_rows(tool, plan.tools, plan.focus)
        else scope
        for tool, scope in scopes
    ]


def _names_rows(reading: Reading) -> bool:
    return reading.scope.max_events is not None or "more" in reading.signs


def _change(scope: Scope, reading: Reading) -> Scope:
    """What the reading names replaces what was; a process replaces a process id, and the other way round."""
    named = reading.scope
    rows = named.max_events or scope.max_events
    if "more" in reading.signs and named.max_events is None:
        rows = min(MAX_ROWS, (rows or USUAL_ROWS) * MORE)
    replaced = {name for group in _TOGETHER if _names_any(named, group) for name in group}
    replaced |= {"process", "pid"} if reading.everyone else set()
    kept = {each.name: getattr(scope, each.name) for each in fields(Scope) if each.name not in replaced}
    new = {each.name: getattr(named, each.name) for each in fields(Scope)}
    changes = {name: value for name, value in new.items() if value is not None and value is not False}
    return Scope(**{**kept, **changes, "max_events": rows})


def _names_any(named: Scope, group: Iterable[str]) -> bool:
    return any(getattr(named, name) is not None for name in group)


def _with_window(scope: Scope, tools: Sequence[str]) -> Scope:
    """A window for questions about what goes on now; a single plain tool keeps its own."""
    is_about_now = tuple(tools) != TOWARDS and (FAILURES in tools or len(tools) > 1) and tools[0] not in _WITH_WINDOW
    return replace(scope, duration_s=NOW_DURATION_S) if scope.duration_s is None and is_about_now else scope


def _continues(reading: Reading) -> bool:
    return reading.connects or reading.refers or reading.is_short or "more" in reading.signs


def _changes(reading: Reading) -> bool:
    """Whether the reading names anything that a plan could change."""
    return reading.scope != Scope() or reading.focus.narrows or reading.everyone or "more" in reading.signs


def _as_it_went(turn: Turn, reading: Reading, before: Plan | None) -> Plan | None:
    """The plan of a past turn: the calls that were made, by whatever model or command; else those it asks for.

    A guessed name that nothing has is forgotten, and a command has no other subject than its arguments. A comparison
    with then made the calls before it again.
    """
    if any(result.call.name == DIFF for result in turn.results):
        return before
    if reading.is_guess and found_nothing(turn):
        unnamed = replace(reading, scope=replace(reading.scope, process=None))
        without = _merged(unnamed, before)
        return without if without.calls else None
    of_command = is_command(turn)
    guess = Plan() if of_command else _merged(reading, before)
    of_data = [result for result in turn.results if result.call.name in DATA_TOOLS]
    told = [result.call for result in of_data if not result.failed] or [result.call for result in of_data]
    made = distinct(PlannedCall(call.name, scope_of(call.arguments).arguments(call.name)) for call in told)
    calls = made or guess.calls
    focus = guess.focus if guess.calls or of_command else reading.focus
    return Plan(calls=calls, focus=focus, is_more=guess.is_more) if calls else None
