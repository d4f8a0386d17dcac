"""What `get_network_summary` and `list_connections` brought: how many attempts, whose, what became of them. Pure."""

from collections import Counter
from collections.abc import Sequence

from bot.domain.turn import ToolResult
from bot.llm.offline.accepted import accepted
from bot.llm.offline.failures import goes_to, is_name, towards
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.handshakes import handshake_times, in_vain
from bot.llm.offline.prose import cited, code, counted, joined
from bot.llm.offline.rows import Row, is_whole, rows_of
from bot.tables.units import human_count, human_percent


def summary(result: ToolResult, context: Context) -> Finding:
    rows = [row for row in rows_of(result) if row.number("attempts") is not None]
    if not rows:
        return Finding(answer=context.told(result.summary), weight=Weight.NOTHING)
    failed = [row for row in rows if row.count("failed")]
    return Finding(
        answer=f"{_made(rows, result, context)}{_became(rows, result)}{_most(rows)}",
        weight=Weight.FACT,
        steps=tuple(_where_they_failed(row, context) for row in failed[:1]),
    )


def counts_by_process(result: ToolResult, column: str) -> dict[str, int]:
    """What a column of the summary counts, without those that count nothing."""
    counts = {process: row.count(column) for row in rows_of(result) if (process := row.text("process")) is not None}
    return {process: count for process, count in counts.items() if count}


def attempts(result: ToolResult, context: Context) -> Finding:
    """Single attempts: what became of those that the question is about, and how long they took."""
    came_in = [row for row in rows_of(result) if row.text("from") is not None]
    if came_in:
        return accepted(came_in, result, context)
    rows = [row for row in rows_of(result) if row.text("destination") is not None]
    if not rows:
        return Finding(answer=context.told(result.summary), weight=Weight.NOTHING)
    wanted = _wanted(rows, context)
    if context.focus.slow and (speed := handshake_times(wanted, result, context)):
        return Finding(answer=speed[0], weight=Weight.FACT, more=speed[1:])
    if context.focus.destination and not context.focus.is_limited and not is_name(context.focus.destination):
        answer = _to_destination(wanted, rows, result, context)
    else:
        answer = f"{_how_many(rows, result, context)}{_outcomes(rows)}. {_newest(rows[0], context)}"
    if context.focus.slow:
        answer = f"None of the listed attempts tells how long connecting took{in_vain(context.stalled)}. {answer}"
    return Finding(answer=answer, weight=Weight.FACT)


def _made(rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    total = result.coverage.matched if result.coverage else sum(row.count("attempts") for row in rows)
    anywhere = towards(context.focus.destination) if context.focus.is_limited else ""
    anywhere = anywhere or (" to anywhere" if context.focus.destination else "")
    made = f"{counted(total, 'connection attempt')}{anywhere}{context.within}{cited(result.tables)}"
    if len(rows) == 1 and is_whole(result):
        return f"{code(rows[0].text('process'))} made {made}"
    processes = sum(table.total_rows for table in result.tables)
    return f"{human_count(processes)} processes made {made}"


def _most(rows: Sequence[Row]) -> str:
    first = rows[0]
    return (
        f" {code(first.text('process'))} made the most: {human_count(first.count('attempts'))}."
        if len(rows) > 1
        else ""
    )


def _became(rows: Sequence[Row], result: ToolResult) -> str:
    if result.coverage and "outcome" in result.coverage.unknown:
        return ". This source records no outcomes: what became of them is not known."
    known = [name for name in ("connected", "failed") if any(row.number(name) is not None for row in rows)]
    if not known:
        return "."
    total = sum(row.count("attempts") for row in rows)
    failed = sum(row.count("failed") for row in rows)
    if failed == total:
        return ": all failed."
    open_ended = {"in progress": "still in progress", "not recorded": "without a recorded outcome"}
    parts = [f"{human_count(sum(row.count(name) for row in rows))} {name}" for name in known]
    for name, phrase in open_ended.items():
        count = sum(row.count(name) for row in rows)
        parts += [f"{human_count(count)} {phrase}"] if count else []
    of_shown = "" if is_whole(result) else " of those in the table"
    share = f" ({human_percent(100 * failed / total)} failed)" if failed else ""
    return f": {joined(parts)}{of_shown}{share}."


def _where_they_failed(row: Row, context: Context) -> str:
    process, failed = row.text("process"), counted(row.count("failed"), "failed attempt")
    return f"where the {failed} of {code(process)} went: {context.command('failures', process)}"


def _wanted(rows: Sequence[Row], context: Context) -> list[Row]:
    to = context.focus.destination
    is_any = to is None or context.focus.is_limited or is_name(to)
    return [row for row in rows if is_any or (to and goes_to(row.text("destination"), to))]


def _how_many(rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    total = sum(table.total_rows for table in result.tables)
    by = f" of {code(context.scope.process)}" if context.scope.process else ""
    shown = f"The newest {len(rows)} of " if len(rows) < total else ""
    to = towards(context.focus.destination) if context.focus.is_limited else ""
    return f"{shown}{counted(total, 'connection attempt')}{by}{to}{context.within}{cited(result.tables)}"


def _outcomes(rows: Sequence[Row]) -> str:
    """What became of the rows, where that is recorded."""
    counts = Counter(outcome for row in rows if (outcome := row.outcome) is not None)
    if not counts:
        return "; what became of them is not recorded"
    return f": {joined([f'{human_count(count)} {outcome}' for outcome, count in counts.most_common()])}"


def _newest(row: Row, context: Context) -> str:
    return f"The newest{context.at(row.time('time'))}: {code(row.text('process'))} to {code(row.text('destination'))}."


def _to_destination(wanted: Sequence[Row], rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    to = towards(context.focus.destination)
    whole = is_whole(result)
    among = counted(len(rows), "attempt") if whole else f"the newest {counted(len(rows), 'attempt')}"
    if not wanted:
        return f"None of {among} went{to}{cited(result.tables)}."
    return f"{human_count(len(wanted))} of {among} went{to}{cited(result.tables)}{_outcomes(wanted)}."
