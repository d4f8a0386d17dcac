"""What `explain_drop_reason` and `source_status` brought: sentences that the tools have made. Pure."""

from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.prose import cited, code, counted, joined, told
from bot.llm.offline.rows import rows_of


def explanation(result: ToolResult, context: Context) -> Finding:
    """The tool's own sentence, and who had such drops."""
    reason = context.scope.reason or min(context.focus.drop_reasons, default="")
    step = (f"where it happens: {code(f'droplist --reason {reason}')}",) if reason else ()
    return Finding(
        answer=f"{told(result.summary).removesuffix('.')}{cited(result.tables)}.", weight=Weight.FACT, steps=step
    )


def status(result: ToolResult, context: Context) -> Finding:
    """Where events come from, what does not run, and what was lost."""
    rows = rows_of(result)
    idle = [row.text("program") for row in rows if row.text("program")]
    lost = [row for row in rows if row.count("lost")]
    named = joined([code(name) for name in idle[:3]])
    said = [f"{counted(len(idle), 'program')} {'does' if len(idle) == 1 else 'do'} not run: {named}"] if idle else []
    losses = [f"{counted(row.count('lost'), 'event')} of kind {code(row.text('event'))}" for row in lost[:3]]
    said += [f"Lost: {joined(losses)}"] if losses else []
    is_bad = bool(lost) or bool(idle)
    return Finding(
        answer=f"{context.told(result.summary).removesuffix('.')}{cited(result.tables)}.",
        weight=Weight.FAULT if is_bad else Weight.FACT,
        more=tuple(said),
    )
