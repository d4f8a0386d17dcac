"""What `top_talkers` brought: who has the most bytes, connections or retransmits. Pure."""

from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.prose import cited, code, counted, joined
from bot.llm.offline.rows import Row, rows_of
from bot.tables.units import human_bytes, human_count, human_percent

_FIGURES = frozenset({"bytes", "sent", "received", "connections", "retransmits"})
_NAMED = 3


def talkers(result: ToolResult, context: Context) -> Finding:
    """The first of the table, with its share, and who comes behind it."""
    rows = [row for row in rows_of(result) if row.number("connections") is not None]
    if not rows:
        return Finding(answer=context.told(result.summary), weight=Weight.NOTHING)
    measure = str(result.call.arguments.get("measure") or "bytes")
    behind = [f"{_who(row)} ({_amount(row, measure)})" for row in rows[1:_NAMED]]
    first = rows[0]
    return Finding(
        answer=f"{_most(first, rows, measure, context)}{cited(result.tables)}.",
        weight=Weight.FACT,
        more=(f"Behind it: {joined(behind)}",) if behind else (),
        steps=_steps(first, context),
    )


def _most(row: Row, rows: list[Row], measure: str, context: Context) -> str:
    total = sum(other.number(measure) or 0 for other in rows)
    share = 100 * (row.number(measure) or 0) / total if total else 0
    of_all = f", {human_percent(share)} of what the table shows" if len(rows) > 1 and total else ""
    if measure != "bytes":
        return f"{_who(row)} has the most {measure}{context.within}: {_amount(row, measure)}{of_all}"
    parts = f"{human_bytes(row.number('sent') or 0)} sent, {human_bytes(row.number('received') or 0)} received"
    over = f"over {counted(row.count('connections'), 'connection')}"
    return f"{_who(row)} moved the most{context.within}: {_amount(row, measure)} ({parts}) {over}{of_all}"


def _who(row: Row) -> str:
    """All that names the row, such as both ends of a pair; a DNS name only where nothing else does."""
    named = [str(cell) for column, cell in zip(row.table.columns, row.cells, strict=True)
             if column.name not in _FIGURES and cell is not None]  # fmt: skip
    if {"destination", "host"} & {column.name for column in row.table.columns} and row.text("name"):
        named = named[:-1]
    return " to ".join(map(code, named)) or code(None)


def _amount(row: Row, measure: str) -> str:
    value = row.number(measure) or 0
    return human_bytes(value) if measure == "bytes" else human_count(value)


def _steps(row: Row, context: Context) -> tuple[str, ...]:
    process = row.text("process")
    if process is None or context.scope.by == "pair":
        return ()
    return (f"where its traffic goes: {context.command('talkers --by destination', process)}",)
