"""What the drop tools brought: losses apart from harmless frees, which are never named as a cause. Pure."""

from collections import Counter
from collections.abc import Sequence

from bot.domain.network import Outcome
from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.meanings import DROP_REASONS, TELLING
from bot.llm.offline.prose import cited, code, counted, joined
from bot.llm.offline.rows import Row, is_whole, rows_of
from bot.llm.offline.scope import DROP_LIST, DROP_SUMMARY, scope_of
from bot.tables.units import human_count

_UDP_RECEIVE = "__udp"
"""What the kernel functions that receive UDP begin with."""


def drops(result: ToolResult, context: Context) -> Finding:
    rows = rows_of(result)
    if not rows and context.focus.drop_reasons:
        return _of_reasons(rows, result, context)
    if not rows:
        return Finding(answer=context.told(result.summary), weight=Weight.NOTHING)
    if context.focus.drop_reasons:
        return _of_reasons(rows, result, context)
    losses = [row for row in rows if row.text("harmless") == "no"]
    if losses:
        return _lost(losses, result, context)
    if all(row.text("harmless") == "yes" for row in rows):
        return Finding(answer=_healthy(rows, result, context), weight=Weight.NOTHING)
    return Finding(answer=_unsorted(rows, result, context), weight=Weight.FACT)


def _of_reasons(rows: Sequence[Row], result: ToolResult, context: Context) -> Finding:
    """The drops of the reasons that are asked for, and what those mean."""
    reasons = sorted(context.focus.drop_reasons)
    named = joined([code(reason) for reason in reasons])
    more = tuple(f"{code(reason)} points to {DROP_REASONS[reason]}" for reason in reasons if reason in DROP_REASONS)
    wanted = [row for row in rows if row.text("reason") in context.focus.drop_reasons]
    if not wanted:
        among = "" if is_whole(result) else " among the most frequent drops"
        answer = f"No skb was dropped as {named}{context.within}{among}{cited(result.tables)}."
        return Finding(answer=answer, weight=Weight.FACT, more=more)
    most = max(wanted, key=_skbs)
    at = f" at {code(most.text('location'))}" if most.text("location") else ""
    least = "" if is_whole(result) else "at least "
    answer = (
        f"{least}{counted(_total(wanted), 'skb')} dropped as {named}{context.within}{cited(result.tables)}, "
        f"most ({human_count(_skbs(most))}) of {code(most.text('process'))}{at}."
    )
    harmless = all(row.text("harmless") == "yes" for row in wanted)
    return Finding(answer=answer, weight=Weight.FACT if harmless else Weight.FAULT, more=more)


def evidence(result: ToolResult, failure: Row) -> str:
    """What losses of the very process that fails say about how it fails; empty where they say nothing."""
    process = failure.text("process")
    is_limited = scope_of(result.call.arguments).has_place
    losses = [
        row
        for row in rows_of(result)
        if row.text("harmless") == "no" and (is_limited or row.text("process") == process)
    ]
    for reason in TELLING.get(failure.outcome or "", ()):
        of_reason = [row for row in losses if row.text("reason") == reason and _can_explain(row, failure)]
        if of_reason and process:
            least = "" if _has_all_losses(result) else "at least "
            whose = f"to {code(failure.text('destination'))}" if is_limited else f"of {code(process)}"
            lost = f"{least}{counted(_total(of_reason), 'skb')} {whose} as {code(reason)}"
            return (
                f"In the same time the kernel dropped {lost}{cited(result.tables)}, "
                f"which points to {DROP_REASONS[reason]}"
            )
    return ""


def _can_explain(drop: Row, failure: Row) -> bool:
    """Only TCP is refused: a UDP packet without a socket is another matter."""
    is_udp = (drop.text("location") or "").startswith(_UDP_RECEIVE)
    return not (is_udp and failure.outcome == Outcome.REFUSED)


def _has_all_losses(result: ToolResult) -> bool:
    """In the summary losses stand before harmless frees: where one of these is shown, no loss is cut off."""
    shows_harmless = any(row.text("harmless") == "yes" for row in rows_of(result))
    return is_whole(result) or (result.call.name == DROP_SUMMARY and shows_harmless)


def _skbs(row: Row) -> int:
    """A row of the list is one skb, a row of the summary counts them."""
    return row.count("skbs") if row.number("skbs") is not None else 1


def _total(rows: Sequence[Row]) -> int:
    return sum(map(_skbs, rows))


def _lost(losses: Sequence[Row], result: ToolResult, context: Context) -> Finding:
    by_kind = Counter[tuple[str | None, str | None, str | None]]()
    for row in losses:
        by_kind[row.text("reason"), row.text("process"), row.text("location")] += _skbs(row)
    (reason, process, location), count = by_kind.most_common(1)[0]
    where = f", at {code(location)}" if location else ""
    most = f"{code(reason or 'no reason recorded')} ({human_count(count)}, {code(process)}{where})"
    meaning = DROP_REASONS.get(reason or "")
    whose = None if context.focus.is_limited else process
    of = "of all" if context.focus.is_limited else f"of {code(process)}"
    step = f"the drops {of} one by one: {context.command('droplist', whose)}"
    return Finding(
        answer=_how_many(losses, most, result, context),
        weight=Weight.FAULT,
        more=(f"{code(reason)} points to {meaning}",) if meaning else (),
        steps=(step,) if result.call.name != DROP_LIST else (),
    )


def _how_many(losses: Sequence[Row], most: str, result: ToolResult, context: Context) -> str:
    """Where the table may lack losses the tool's own sentence has the totals."""
    labels = cited(result.tables)
    if result.call.name == DROP_LIST:
        shown = len(rows_of(result))
        lost = f"the newest {counted(shown, 'drop')}{labels}: all lost"
        if len(losses) < shown:
            lost = f"{len(losses)} of the newest {counted(shown, 'drop')} are losses{labels}"
        return f"{lost}, most as {most}{_harmless_besides(result)}."
    if _has_all_losses(result):
        lost = f"{counted(_total(losses), 'skb')} lost{context.within}{labels}"
        return f"{lost}, most as {most}{_harmless_besides(result)}."
    return f"{context.told(result.summary).removesuffix('.')}{labels}. Most of the losses: {most}."


def _harmless_besides(result: ToolResult) -> str:
    if not is_whole(result):
        return ""
    harmless = _total([row for row in rows_of(result) if row.text("harmless") == "yes"])
    return f"; {human_count(harmless)} harmless besides" if harmless else ""


def _healthy(rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    if not _has_all_losses(result):
        return f"None of the newest {counted(len(rows), 'drop')} is a loss{cited(result.tables)}."
    count = result.coverage.matched if result.coverage else _total(rows)
    verb = "belongs" if count == 1 else "belong"
    dropped = f"{counted(count, 'dropped skb')}{context.within}"
    return f"No loss: {dropped} {verb} to healthy traffic{cited(result.tables)}."


def _unsorted(rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    total = result.coverage.matched if result.coverage else _total(rows)
    return (
        f"{counted(total, 'dropped skb')}{context.within}{cited(result.tables)}; this source can't tell losses from "
        "harmless frees, so they prove nothing."
    )
