"""From results to what each of them says: which reader reads what, and what the results say about each other. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import TypeAlias

from bot.domain.network import Window
from bot.domain.turn import ToolResult
from bot.llm.offline.attempts import attempts, counts_by_process, summary
from bot.llm.offline.behaviours import behaviours
from bot.llm.offline.changes import changes
from bot.llm.offline.drops import drops
from bot.llm.offline.explanations import explanation, status
from bot.llm.offline.failures import failures, matches
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.handshakes import is_stalled
from bot.llm.offline.latencies import latencies
from bot.llm.offline.lookups import lookups
from bot.llm.offline.open_sockets import open_sockets
from bot.llm.offline.plan import Focus
from bot.llm.offline.prose import code, joined, reported
from bot.llm.offline.rows import Row, is_whole, rows_of
from bot.llm.offline.scope import (
    COMPARE,
    DIFF,
    DNS,
    DROP_LIST,
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
    shared,
    takes,
)
from bot.llm.offline.segments import segments
from bot.llm.offline.talkers import talkers
from bot.llm.offline.then_and_now import then_and_now
from bot.llm.offline.trends import trends

Reader: TypeAlias = Callable[[ToolResult, Context], Finding]
Found: TypeAlias = tuple[ToolResult, Finding]

_READERS: Mapping[str, Reader] = {
    FAILURES: failures,
    SUMMARY: summary,
    LIST: attempts,
    DROP_SUMMARY: drops,
    DROP_LIST: drops,
    PATTERNS: behaviours,
    LATENCY: latencies,
    TALKERS: talkers,
    DNS: lookups,
    TREND: trends,
    COMPARE: changes,
    DIFF: then_and_now,
    HEALTH: segments,
    SOCKETS: open_sockets,
    EXPLAIN: explanation,
    SOURCE: status,
}


def context_of(focus: Focus, results: Sequence[ToolResult], *, now: datetime, zone: tzinfo) -> Context:
    calls = [(result.call.name, scope_of(result.call.arguments)) for result in results]
    scope = replace(shared(calls), include_local=any(scope.include_local for _, scope in calls))
    window = _common_window(results)
    counts = next((result for result in results if _is(SUMMARY, result) and window), None)
    counts_everyone = counts and is_whole(counts) and _are_about_the_same(results)
    return Context(
        focus=focus,
        scope=scope,
        duration_s=scope.duration_s or (window.duration_s if window else None),
        span=(window.since, window.until) if window and scope.until else None,
        now=now,
        zone=zone,
        attempts=counts_by_process(counts, "attempts") if counts else {},
        failed=counts_by_process(counts, "failed") if counts and counts_everyone else {},
        stalled=tuple(_stalled(results, focus)),
    )


def _common_window(results: Sequence[ToolResult]) -> Window | None:
    """None where they looked back differently far."""
    windows = [
        result.coverage.window for result in results if result.coverage and takes(result.call.name, "duration_s")
    ]
    return windows[0] if len({window.duration_s for window in windows}) == 1 else None


def _stalled(results: Sequence[ToolResult], focus: Focus) -> list[Row]:
    return [
        row
        for result in results
        if _is(FAILURES, result)
        for row in rows_of(result)
        if matches(row, _limited(focus, result)) and is_stalled(row)
    ]


def _are_about_the_same(results: Sequence[ToolResult]) -> bool:
    """Whether failures are those of the attempts that were counted, so that both can be set side by side."""
    scopes = [
        replace(scope_of(result.call.arguments), max_events=None)
        for result in results
        if result.call.name in {SUMMARY, FAILURES}
    ]
    return all(scope == scopes[0] for scope in scopes)


def findings_of(results: Sequence[ToolResult], context: Context) -> list[Found]:
    """In the order of the calls. Tools that failed for the same reason tell it once, where the first of them stands."""
    failed: dict[str, list[ToolResult]] = {}
    for result in results:
        if result.failed:
            failed.setdefault(_cause(result), []).append(result)
    first = {id(group[0]): _untold(group) for group in failed.values()}
    return [
        (result, first[id(result)] if result.failed else _finding(result, context))
        for result in results
        if not result.failed or id(result) in first
    ]


def _reason(result: ToolResult) -> str:
    return result.summary.removeprefix(f"{result.call.name}: ")


def _cause(result: ToolResult) -> str:
    """The reason without what was asked, which stands before it."""
    reason = _reason(result)
    return reason.partition(": ")[2] or reason


def _untold(failed: Sequence[ToolResult]) -> Finding:
    reason = _reason(failed[0]) if len(set(map(_reason, failed))) == 1 else _cause(failed[0])
    names = joined([code(result.call.name) for result in failed])
    return Finding(answer=f"{names} gave no answer. {reported(reason)}", weight=Weight.UNTOLD)


def _finding(result: ToolResult, context: Context) -> Finding:
    read = _READERS.get(result.call.name)
    if read is None:
        first, *more = map(context.told, result.summary.splitlines() or [""])
        return Finding(answer=first, weight=Weight.FACT, more=tuple(more))
    return read(result, replace(context, focus=_limited(context.focus, result)))


def _limited(focus: Focus, result: ToolResult) -> Focus:
    """The focus, for the rows of one result."""
    return replace(focus, is_limited=scope_of(result.call.arguments).has_place)


def _is(tool: str, result: ToolResult) -> bool:
    return result.call.name == tool
