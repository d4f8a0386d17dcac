"""What `compare_periods` brought: what is new, gone, more or less than before. Pure."""

from collections.abc import Sequence

from bot.domain.network import Outcome
from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.prose import cited, code
from bot.llm.offline.rows import Row, rows_of
from bot.tables.units import human_count, human_duration

_BAD_KINDS = frozenset({"drop", "retransmit", "reset", "error"})
_FINE = frozenset({Outcome.CONNECTED.value, Outcome.PENDING.value, Outcome.UNKNOWN.value, "NOERROR"})
_NOUNS = {"drop": "drops", "retransmit": "retransmits", "reset": "resets", "error": "socket errors", "dns": "look-ups"}


def changes(result: ToolResult, context: Context) -> Finding:
    """Trouble that came, before trouble that went, before all else."""
    rows = [row for row in rows_of(result) if row.text("change")]
    if not rows:
        return Finding(answer=_unchanged(result, context), weight=Weight.NOTHING)
    worse = [row for row in rows if _is_bad(row) and row.text("change") in {"new", "grown"}]
    better = [row for row in rows if _is_bad(row) and row.text("change") in {"gone", "shrunk"}]
    other = [row for row in rows if not _is_bad(row)]
    lead = "It got worse" if worse else "It got better" if better else "No trouble came or went; what changed"
    shown = [*worse, *better, *other]
    return Finding(
        answer=f"{lead}{context.within}, compared with {_other(context)}: {_told(shown[0])}{cited(result.tables)}.",
        weight=Weight.FAULT if worse else Weight.FACT,
        more=tuple(f"{'Also' if row in worse or not worse else 'But'}: {_told(row)}" for row in shown[1:3]),
        steps=_steps(worse, context),
    )


def _unchanged(result: ToolResult, context: Context) -> str:
    """The tool compares rows of counts; nothing may have happened at all."""
    nothing_seen = result.coverage is not None and not result.coverage.matched
    seen = "; nothing was recorded in this window" if nothing_seen else ""
    return f"Nothing changed by more than half{context.within}, compared with {_other(context)}{seen}."


def _other(context: Context) -> str:
    """The window that stands against the one in question."""
    if context.scope.earlier_s is None:
        return "the same time before"
    return f"as long a time {human_duration(1e6 * (context.scope.earlier_s + (context.duration_s or 0)))} earlier"


def _told(row: Row) -> str:
    """`curl` to `10.0.0.1:443` connected 0 -> 41."""
    to = f" to {code(row.text('destination'))}" if row.text("destination") else ""
    noun = _NOUNS.get(row.text("event") or "")
    what = " ".join(filter(None, (noun, code(row.text("what")) if row.text("what") else "")))
    return f"{code(row.text('process'))}{to}, {what}: {_count(row, 'before')} → {_count(row, 'now')}"


def _count(row: Row, name: str) -> str:
    return human_count(row.count(name))


def _is_bad(row: Row) -> bool:
    return row.text("event") in _BAD_KINDS or row.text("what") not in _FINE


def _steps(worse: Sequence[Row], context: Context) -> tuple[str, ...]:
    for row in worse:
        if row.text("event") == "connection" and row.text("process"):
            return (f"why: {context.command('failures', row.text('process'))}",)
        if row.text("event") == "drop" and row.text("what"):
            reason = row.text("what")
            return (f"what the reason means: {code(f'dropreason {reason}')}",)
    return ()
