"""What `dns_lookups` brought: names that were not answered, not found or slow. Pure."""

from collections.abc import Sequence

from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.prose import cited, code, counted, joined
from bot.llm.offline.rows import Row, is_whole, rows_of
from bot.tables.units import human_count, human_duration

NO_ANSWER = "no answer"
SLOW_US = 500_000.0
_NAMED = 3
_MEANINGS = {
    NO_ANSWER: "Its program waits until it gives up; where the question or the answer was lost can't be seen from here",
    "NXDOMAIN": "No such name exists for that resolver: a wrong name, or one of a search list, which does no harm",
    "SERVFAIL": "The resolver failed, often because the name's own servers do not answer it",
    "REFUSED": "The resolver does not serve that name to this client",
}


def lookups(result: ToolResult, context: Context) -> Finding:
    """What keeps a program waiting comes first: no answer, then late ones, then answers that say no."""
    rows = [row for row in rows_of(result) if row.number("look-ups") is not None]
    if not rows:
        return Finding(answer=context.told(result.summary), weight=Weight.NOTHING)
    silent = [row for row in rows if row.text("answer") == NO_ANSWER]
    slow = [row for row in rows if row.text("answer") != NO_ANSWER and (row.number("slowest") or 0) >= SLOW_US]
    refused = [row for row in rows if row.text("answer") not in {NO_ANSWER, "NOERROR", None} and row not in slow]
    said = [_silent(silent)] if silent else []
    said += [_slow(slow)] if slow else []
    said += [_by_code(refused)] if refused else []
    if not said:
        return Finding(answer=_healthy(rows, result, context), weight=Weight.FACT)
    worst = (silent or slow or refused)[0]
    meaning = _MEANINGS.get(worst.text("answer") or "")
    return Finding(
        answer=f"{said[0]}{cited(result.tables)}.{f' {meaning}.' if meaning else ''}",
        weight=Weight.FAULT,
        more=tuple(said[1:]),
        steps=_steps(worst, context),
        brief=f"{said[0]}{cited(result.tables)}",
    )


def _silent(rows: Sequence[Row]) -> str:
    count = sum(row.count("look-ups") for row in rows)
    return f"{counted(count, 'look-up')} got no answer: {_names(rows)}, asked of {code(rows[0].text('resolver'))}"


def _slow(rows: Sequence[Row]) -> str:
    named = [f"{code(row.text('name'))} ({human_duration(row.number('slowest') or 0)})" for row in rows[:_NAMED]]
    return f"answers came late for {joined(named)}, from {code(rows[0].text('resolver'))}"


def _by_code(rows: Sequence[Row]) -> str:
    named = [f"{code(row.text('name'))} ({code(row.text('answer'))}, {human_count(row.count('look-ups'))})"
             for row in rows[:_NAMED]]  # fmt: skip
    return f"not found or refused: {joined(named)}"


def _names(rows: Sequence[Row]) -> str:
    named = [f"{code(row.text('name'))} ({human_count(row.count('look-ups'))})" for row in rows[:_NAMED]]
    more = [f"{len(rows) - _NAMED} more"] if len(rows) > _NAMED else []
    return joined([*named, *more])


def _healthy(rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    total = result.coverage.matched if result.coverage else sum(row.count("look-ups") for row in rows)
    slowest = max(rows, key=lambda row: row.number("slowest") or 0)
    least = "" if is_whole(result) else " of the table"
    took = human_duration(slowest.number("slowest") or 0)
    return (
        f"DNS answers: {counted(total, 'look-up')}{context.within}, none failed; the slowest{least} took {took}, "
        f"{code(slowest.text('name'))}{cited(result.tables)}."
    )


def _steps(worst: Row, context: Context) -> tuple[str, ...]:
    name, resolver = worst.text("name"), worst.text("resolver")
    by_name = f"ask by hand: {code(f'dig @{resolver} {name}')}" if name and resolver else ""
    over_time = f"since when: {context.command('trend --kind dns --by rcode', context.scope.process)}"
    return (*((by_name,) if by_name else ()), over_time)
