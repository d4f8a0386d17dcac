"""What `analyze_patterns` brought: each behaviour with its first case, those that were asked for first. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from bot.domain.table import Table
from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.prose import cited, code, counted, joined, sentence
from bot.llm.offline.rows import Row, rows_in
from bot.tables.units import human_count, human_duration, human_percent

Case: TypeAlias = Callable[[Row, Context], str]


def behaviours(result: ToolResult, context: Context) -> Finding:
    tables = [table for table in result.tables if table.rows]
    if not tables:
        return Finding(answer=context.told(result.summary), weight=Weight.NOTHING)
    wanted = [table for table in tables if table.title in context.focus.behaviours]
    others = [table for table in tables if table not in wanted]
    if context.focus.behaviours:
        said = [_behaviour(table, context) for table in wanted] or [_missed(result, context)]
        said += [f"Besides: {_named(others)}"] if others else []
    else:
        said = [_behaviour(table, context) for table in tables]
    return Finding(
        answer=sentence(said[0]),
        weight=Weight.FACT,
        more=tuple(said[1:]),
        steps=_steps(wanted if context.focus.behaviours else tables, result, context),
        brief=_named(tables),
    )


def _missed(result: ToolResult, context: Context) -> str:
    """That none of the behaviours that were asked for occurs, and in what: the first half of the tool's sentence."""
    names = joined(sorted(name.lower() for name in context.focus.behaviours))
    traffic = context.told(result.summary.rpartition("; ")[0]).removesuffix(".")
    return f"No {names} in {traffic[:1].lower()}{traffic[1:]}" if traffic else f"No {names} found{context.within}"


def _named(tables: Sequence[Table]) -> str:
    return f"{joined([f'{table.title.lower()} ({human_count(table.total_rows)})' for table in tables])}{cited(tables)}"


def _behaviour(table: Table, context: Context) -> str:
    case = _CASES.get(table.title)
    count = f" ({human_count(table.total_rows)})" if table.total_rows > 1 else ""
    described = f": {case(rows_in(table)[0], context)}" if case else ""
    return f"{table.title}{count}{cited([table])}{described}"


def _burst(row: Row, context: Context) -> str:
    lasted, most_to = row.number("lasted"), row.text("most to")
    within = f" within {human_duration(lasted * 1e6)}" if lasted is not None else ""
    to = f", most to {code(most_to)}" if most_to else ""
    made = counted(row.count("attempts"), "attempt")
    return f"{code(row.text('process'))} made {made}{within}{context.at(row.time('start'))}{to}"


def _periodic(row: Row, _: Context) -> str:
    interval = row.number("interval")
    every = f" every {human_duration(interval * 1e6)}" if interval is not None else " regularly"
    calls = counted(row.count("calls"), "call")
    return f"{code(row.text('process'))} calls {code(row.text('destination'))}{every} ({calls})"


def _fan_out(row: Row, _: Context) -> str:
    return f"{code(row.text('process'))} connects to {counted(row.count('destinations'), 'destination')}"


def _repeated(row: Row, _: Context) -> str:
    share = row.number("share")
    part = f" ({human_percent(share)})" if share is not None else ""
    by = f", most by {code(row.text('process'))}" if row.text("process") else ""
    return f"{code(row.text('destination'))} took {counted(row.count('attempts'), 'attempt')}{part}{by}"


def _new(row: Row, context: Context) -> str:
    first_seen = context.at(row.time("first"))
    by = f", by {code(row.text('process'))}" if row.text("process") else ""
    return f"{code(row.text('destination'))} was first seen{first_seen}{by}"


_CASES: Mapping[str, Case] = {
    "Bursts": _burst,
    "Periodic calls": _periodic,
    "Fan-out": _fan_out,
    "Repeated destinations": _repeated,
    "New destinations": _new,
}


def _steps(tables: Sequence[Table], result: ToolResult, context: Context) -> tuple[str, ...]:
    """A burst or a fan-out is worth a look; repeated calls are what services do."""
    if result.coverage and "outcome" in result.coverage.unknown:
        return ()
    for table in tables:
        process = rows_in(table)[0].text("process")
        if table.title in {"Bursts", "Fan-out"} and process:
            return (f"whether the attempts of {code(process)} fail: {context.command('failures', process)}",)
    return ()
