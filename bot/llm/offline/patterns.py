"""What `analyze_patterns` brought: each behaviour with its first case. Pure."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from bot.domain.table import Table
from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.phrases import counted
from bot.llm.offline.rows import Row, cited, code, command, rows_in, told
from bot.tables.units import human_count, human_duration, human_percent, human_time

HEADING = "Patterns"
Case: TypeAlias = Callable[[Row, Context], str]


def patterns(result: ToolResult, context: Context) -> Finding:
    tables = [table for table in result.tables if table.rows]
    if not tables:
        return Finding(heading=HEADING, answer=told(result.summary), weight=Weight.NOTHING)
    first, *others = [_behaviour(table, context) for table in tables]
    return Finding(
        heading=HEADING, answer=f"{first}.", weight=Weight.FACT, more=tuple(others), steps=_steps(tables, context)
    )


def brief(result: ToolResult) -> str:
    """The behaviours by name and number only, for an overall picture."""
    named = [f"{table.title.lower()} ({human_count(table.total_rows)})" for table in result.tables if table.rows]
    return f"{', '.join(named)}{cited(result.tables)}"


def _behaviour(table: Table, context: Context) -> str:
    case = _CASES.get(table.title)
    described = case(rows_in(table)[0], context) if case else ""
    count = f" ({human_count(table.total_rows)})" if table.total_rows > 1 else ""
    return (
        f"{table.title}{count}{cited([table])}: {described}" if described else f"{table.title}{count}{cited([table])}"
    )


def _burst(row: Row, context: Context) -> str:
    lasted, start, most_to = row.number("lasted"), row.time("start"), row.text("most to")
    within = f" within {human_duration(lasted * 1e6)}" if lasted is not None else ""
    at = f" at {human_time(start, zone=context.zone, now=context.now)}" if start else ""
    to = f", most to {code(most_to)}" if most_to else ""
    return f"{code(row.text('process'))} made {counted(row.count('attempts'), 'attempt')}{within}{at}{to}"


def _periodic(row: Row, context: Context) -> str:
    del context
    interval = row.number("interval")
    every = f" every {human_duration(interval * 1e6)}" if interval is not None else " regularly"
    calls = counted(row.count("calls"), "call")
    return f"{code(row.text('process'))} calls {code(row.text('destination'))}{every} ({calls})"


def _fan_out(row: Row, context: Context) -> str:
    del context
    return f"{code(row.text('process'))} connects to {counted(row.count('destinations'), 'destination')}"


def _repeated(row: Row, context: Context) -> str:
    del context
    share = row.number("share")
    part = f" ({human_percent(share)})" if share is not None else ""
    by = f", most by {code(row.text('process'))}" if row.text("process") else ""
    return f"{code(row.text('destination'))} took {counted(row.count('attempts'), 'attempt')}{part}{by}"


def _new(row: Row, context: Context) -> str:
    first = row.time("first")
    since = f" since {human_time(first, zone=context.zone, now=context.now)}" if first else ""
    by = f", by {code(row.text('process'))}" if row.text("process") else ""
    return f"{code(row.text('destination'))} is new{since}{by}"


_CASES: Mapping[str, Case] = {
    "Bursts": _burst,
    "Periodic calls": _periodic,
    "Fan-out": _fan_out,
    "Repeated destinations": _repeated,
    "New destinations": _new,
}


def _steps(tables: list[Table], context: Context) -> tuple[str, ...]:
    """A burst or a fan-out is worth a look; repeated calls are what services do."""
    duration_s = round(context.duration_s) if context.duration_s else None
    for table in tables:
        process = rows_in(table)[0].text("process")
        if table.title in {"Bursts", "Fan-out"} and process:
            words = command("failures", process=process, duration_s=duration_s)
            return (f"whether the attempts of {code(process)} fail: {words}",)
    return ()
