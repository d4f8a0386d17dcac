"""What the drop tools brought: losses apart from harmless frees, which are never named as a cause. Pure."""

from collections import Counter
from collections.abc import Sequence

from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.phrases import DROP_REASONS, TELLING, counted, span
from bot.llm.offline.plan import DROP_LIST
from bot.llm.offline.rows import Row, cited, code, command, is_whole, rows_of, told
from bot.tables.units import human_count

HEADING = "Packet drops"


def drops(result: ToolResult, context: Context) -> Finding:
    rows = rows_of(result)
    if not rows:
        return Finding(heading=HEADING, answer=told(result.summary), weight=Weight.NOTHING)
    losses = [row for row in rows if row.text("harmless") == "no"]
    if losses:
        return Finding(
            heading=HEADING,
            answer=_lost(losses, rows, result, context),
            weight=Weight.FAULT,
            more=_meaning(losses[0]),
            steps=_steps(losses[0], result, context),
        )
    is_healthy = all(row.text("harmless") == "yes" for row in rows)
    answer = _healthy(rows, result, context) if is_healthy else _unsorted(rows, result, context)
    return Finding(heading=HEADING, answer=answer, weight=Weight.NOTHING if is_healthy else Weight.FACT)


def evidence(result: ToolResult, failure: Row) -> str:
    """What losses of the very process that fails say about how it fails; empty where they say nothing."""
    process = failure.text("process")
    losses = [row for row in rows_of(result) if row.text("harmless") == "no" and row.text("process") == process]
    for reason in TELLING.get(failure.outcome or "", ()):
        of_reason = [row for row in losses if row.text("reason") == reason]
        if of_reason and process:
            lost = f"{counted(_total(of_reason), 'skb')} of {code(process)} as {code(reason)}{cited(result.tables)}"
            return f"In the same time the kernel dropped {lost}, which points to {DROP_REASONS[reason]}"
    return ""


def _skbs(row: Row) -> int:
    """A row of the list is one skb, a row of the summary counts them."""
    return row.count("skbs") if row.number("skbs") is not None else 1


def _total(rows: Sequence[Row]) -> int:
    return sum(map(_skbs, rows))


def _lost(losses: Sequence[Row], rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    by_reason = Counter[str]()
    for row in losses:
        by_reason[row.text("reason") or "no reason recorded"] += _skbs(row)
    reason, count = by_reason.most_common(1)[0]
    first = next(row for row in losses if (row.text("reason") or "no reason recorded") == reason)
    where = f", at {code(first.text('location'))}" if first.text("location") else ""
    harmless = _total([row for row in rows if row.text("harmless") == "yes"])
    aside = f"; {human_count(harmless)} harmless besides" if harmless else ""
    most = f"most as {code(reason)} ({human_count(count)}, {code(first.text('process'))}{where})"
    return f"{_how_many(losses, rows, result, context)}, {most}{aside}."


def _how_many(losses: Sequence[Row], rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    if result.call.name == DROP_LIST:
        return f"{len(losses)} of the newest {counted(len(rows), 'drop')} are losses{cited(result.tables)}"
    least = "" if is_whole(result) else "at least "
    return f"{least}{counted(_total(losses), 'skb')} lost{_within(context)}{cited(result.tables)}"


def _healthy(rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    shown = "" if is_whole(result) else " in the table"
    verb = "belongs" if _total(rows) == 1 else "belong"
    count = f"{counted(_total(rows), 'dropped skb')}{_within(context)}"
    return f"No loss{shown}: {count} {verb} to healthy traffic{cited(result.tables)}."


def _unsorted(rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    total = result.coverage.matched if result.coverage else _total(rows)
    return (
        f"{counted(total, 'dropped skb')}{_within(context)}{cited(result.tables)}; this source can't tell losses from "
        "harmless frees, so they prove nothing."
    )


def _within(context: Context) -> str:
    return f" in the {span(context.duration_s)}" if context.duration_s else ""


def _meaning(row: Row) -> tuple[str, ...]:
    meaning = DROP_REASONS.get(row.text("reason") or "")
    return (f"{code(row.text('reason'))} points to {meaning}",) if meaning else ()


def _steps(row: Row, result: ToolResult, context: Context) -> tuple[str, ...]:
    if result.call.name == DROP_LIST:
        return ()
    duration_s = round(context.duration_s) if context.duration_s else None
    words = command("droplist", process=row.text("process"), duration_s=duration_s)
    return (f"the drops of {code(row.text('process'))} one by one: {words}",)
