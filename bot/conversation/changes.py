"""Then and now: a tool's call made again, and what is different in its answer. Pure; `difference.py` compares tables.

It calls no tool: whoever does asks `refusal` whether a call may be made again, makes `again` of it, and hands over both
results.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.json_types import JsonObject
from bot.domain.network import Coverage, Window
from bot.domain.table import Table
from bot.domain.turn import ToolCall, ToolResult, ToolSpec
from bot.moments import moment
from bot.tables.difference import CAREFULLY, NOTHING_BEFORE, compared, summary_of
from bot.tables.noise import RULE
from bot.tables.units import human_count, human_duration

_ENDS = ("since", "until")
_SECONDS_MATTER_BELOW_S = 120
_SAME_LENGTH = 0.01
"""A window is written in whole seconds."""


def refusal(call: ToolCall, offered: Sequence[ToolSpec]) -> str:
    """Why a call can't be made again, as a clause; empty where it can."""
    spec = next((spec for spec in offered if spec.name == call.name), None)
    if spec is None:
        return f"{call.name} is not offered here any more"
    return "" if spec.read_only else f"{call.name} does not say that calling it changes nothing, so it is not run again"


def again(call: ToolCall, coverage: Coverage | None, spec: ToolSpec | None = None) -> ToolCall:
    """The same question about now: a window that ended is replaced by one of the same length that ends now.

    Where the length can't be told, the tool takes its usual one. Of a tool whose `spec` says how many rows it can
    bring, all of them are asked for: of rows that are cut off nobody knows whether they are gone.
    """
    arguments = {**call.arguments, **_most_rows(spec)}
    if any(call.arguments.get(name) for name in _ENDS):
        length_s = coverage.window.duration_s if coverage else _length_s(call.arguments)
        of_length: JsonObject = {"duration": max(1, round(length_s))} if length_s else {}
        arguments = {name: value for name, value in arguments.items() if name not in (*_ENDS, "duration")}
        arguments |= of_length
    return replace(call, arguments=arguments)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results of a call side by side.

    `sentences` tell what is different, a clause a table; `said` is what the tool
    said then and now, `doubts` why that can't simply be compared. `result` has all of it.
    """

    result: ToolResult
    sentences: tuple[str, ...]
    said: str = ""
    doubts: tuple[str, ...] = ()


def comparison(before: ToolResult, after: ToolResult) -> Comparison:
    """What is different: tables "...: then and now", and trouble that is as before.

    The summary has a line for each table, one with what the tool said then and now, one with what makes the comparison
    doubtful, and one with the rule. Without two sides it says which one is missing; then it has the tables of `after`.
    """
    missing = _missing(before, after)
    if missing:
        return Comparison(replace(after, summary=missing), tuple(missing.split("\n")))
    found = [compared(*pair) for pair in _pairs(before.tables, after.tables)]
    tables = [table for each in found for table in (each.table, each.lasting) if table.rows]
    doubts = doubts_of(before.coverage, after.coverage)
    sentences, said = tuple(map(summary_of, found)), _both_said(before, after)
    lines = [*sentences, said, *_sentence(doubts), *([RULE] if any(not each.uncounted for each in found) else [])]
    coverage = _covered(before.coverage, after.coverage, tables, doubts)
    result = ToolResult(after.call, "\n".join(lines), tuple(tables), coverage, took_s=after.took_s)
    return Comparison(result, sentences, said, tuple(doubts))


def together(call: ToolCall, found: Sequence[ToolResult]) -> ToolResult:
    """Several comparisons as the result of one call; it failed where all of them did.

    Its coverage is that of the first one that has any.
    """
    lines = dict.fromkeys(line for each in found for line in each.summary.split("\n") if line != RULE)
    rule = [RULE] if any(RULE in each.summary.split("\n") for each in found) else []
    return ToolResult(
        call,
        "\n".join([*lines, *rule]),
        tuple(table for each in found for table in each.tables),
        next((each.coverage for each in found if each.coverage), None),
        failed=all(each.failed for each in found),
    )


def doubts_of(before: Coverage | None, after: Coverage | None) -> list[str]:
    """Why numbers then and now can't simply be set side by side, as clauses."""
    if before is None or after is None or "foreign" in (before.kind, after.kind):
        return []
    return [*_other_source(before, after), *_lost(before, after), *_other_window(before.window, after.window)]


def _most_rows(spec: ToolSpec | None) -> JsonObject:
    properties = spec.parameters.get("properties") if spec else None
    rows = properties.get("max_events") if isinstance(properties, dict) else None
    most = rows.get("maximum") if isinstance(rows, dict) else None
    return {"max_events": most} if isinstance(most, int) else {}


def _length_s(arguments: JsonObject) -> float | None:
    """Of a window with both ends written out."""
    try:
        since, until = (moment(str(arguments.get(name) or "")) for name in _ENDS)
    except (ValueError, OverflowError):
        return None
    if isinstance(since, datetime) and isinstance(until, datetime):
        return abs((until - since).total_seconds())
    return None


def _missing(before: ToolResult, after: ToolResult) -> str:
    """What stands in the place of a comparison; empty where there are two sides."""
    then, now = _said(before), _said(after)
    if after.failed:
        when = "now, as then" if before.failed else "now"
        return f"{after.call.name} gives no answer {when}: {now.removeprefix(f'{after.call.name}: ')}"
    if before.failed:
        return f"{NOTHING_BEFORE}: {before.call.name} gave no answer then: {then}\nnow: {now}"
    if before.coverage and before.coverage.shown and not before.tables:
        return f"{NOTHING_BEFORE}: the tables of {before.call.name} are kept no longer\nthen: {then}\nnow: {now}"
    return ""


def _pairs(before: Sequence[Table], after: Sequence[Table]) -> list[tuple[Table, Table]]:
    """By title, and of the same title in their order. A table that is on one side only stands against an empty one.

    Each has the place that it had on its side: tools begin with what matters.
    """
    rest = list(enumerate(before))
    placed: list[tuple[int, tuple[Table, Table]]] = []
    for place, now in enumerate(after):
        then = next((entry for entry in rest if entry[1].title == now.title), None)
        if then:
            rest.remove(then)
        placed.append((place, (then[1] if then else _empty(now), now)))
    gone = [(place, (then, _empty(then))) for place, then in rest]
    return [pair for _, pair in sorted([*gone, *placed], key=lambda entry: entry[0])]


def _empty(table: Table) -> Table:
    return replace(table, rows=(), total_rows=0)


def _both_said(before: ToolResult, after: ToolResult) -> str:
    return f"then: {_said(before)}; now: {_said(after)}"


def _said(result: ToolResult) -> str:
    return " ".join(result.summary.split()).rstrip(".")


def _sentence(doubts: Sequence[str]) -> list[str]:
    return [f"{CAREFULLY}: {'; '.join(doubts)}"] if doubts else []


def _covered(
    before: Coverage | None, after: Coverage | None, tables: Iterable[Table], doubts: Sequence[str]
) -> Coverage | None:
    if before is None or after is None:
        return after
    notes = [f"then: {_written(before.window, after.window)}", *doubts]
    notes += [f"then: {note}" for note in before.notes if note not in after.notes]
    return replace(after, shown=sum(len(table.rows) for table in tables), notes=(*after.notes, *notes))


def _written(window: Window, beside: Window) -> str:
    """`14:02-14:07 UTC`, with its date where the other one is of another day."""
    clock = "%H:%M:%S" if window.duration_s < _SECONDS_MATTER_BELOW_S else "%H:%M"
    days = {window.since.date(), window.until.date(), beside.until.date()}
    if len(days) == 1:
        return f"{window.since:{clock}}-{window.until:{clock}} UTC"
    return f"{window.since:%Y-%m-%d {clock}} to {window.until:%Y-%m-%d {clock}} UTC"


def _other_source(before: Coverage, after: Coverage) -> Iterator[str]:
    if (before.kind, before.source) != (after.kind, after.source):
        yield f"then the events were those of {before.source}, now those of {after.source}"
    if set(before.nodes) != set(after.nodes):
        yield f"then {_nodes(before)} answered, now {_nodes(after)}"
    unknown = [name for name in after.unknown if name not in before.unknown]
    if unknown:
        yield f"now the source can't know the {', '.join(unknown)}"


def _nodes(coverage: Coverage) -> str:
    return ", ".join(coverage.nodes) or "no node by name"


def _lost(before: Coverage, after: Coverage) -> Iterator[str]:
    for when, coverage in (("then", before), ("now", after)):
        if coverage.lost:
            yield f"{human_count(coverage.lost)} events were lost {when}, so that real counts are higher"


def _other_window(before: Window, after: Window) -> Iterator[str]:
    then_s, now_s = before.duration_s, after.duration_s
    if abs(then_s - now_s) > max(_SAME_LENGTH * then_s, 1):
        yield f"then they are events of {_span(then_s)}, now of {_span(now_s)}"
    shared_s = (before.until - after.since).total_seconds()
    if before.since <= after.until and shared_s > max(_SAME_LENGTH * now_s, 0):
        yield f"{_span(min(shared_s, now_s))} of the time now were part of the time then already"


def _span(seconds: float) -> str:
    return human_duration(seconds * 1e6)
