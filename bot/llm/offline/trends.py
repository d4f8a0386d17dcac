"""What `event_trend` brought: when it began, when there was most of it, and whether it goes on. Pure."""

from datetime import datetime

from bot.domain.network import FAILED_OUTCOMES
from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.prose import cited, code
from bot.llm.offline.rows import Row, rows_of
from bot.tables.units import human_count

_FAILED = frozenset(outcome.value for outcome in FAILED_OUTCOMES)


def trends(result: ToolResult, context: Context) -> Finding:
    """Of failures where there are any, else of everything."""
    rows = [row for row in rows_of(result) if _time(row)]
    if not rows:
        return Finding(answer=context.told(result.summary), weight=Weight.NOTHING)
    columns = [column.name for column in rows[0].table.columns if column.kind == "integer"]
    bad = [name for name in columns if name in _FAILED]
    wanted = bad or (["all"] if "all" in columns else columns)
    counts = [sum(row.count(name) for name in wanted) for row in rows]
    what = f"failures ({', '.join(map(code, bad))})" if bad else "events"
    if not any(counts):
        return Finding(answer=context.told(result.summary), weight=Weight.FACT)
    return Finding(
        answer=f"{_course(rows, counts, what, context)}{cited(result.tables)}.",
        weight=Weight.FAULT if bad else Weight.FACT,
        more=_waves(counts),
    )


def _course(rows: list[Row], counts: list[int], what: str, context: Context) -> str:
    first = next(place for place, count in enumerate(counts) if count)
    last = max(place for place, count in enumerate(counts) if count)
    most = max(range(len(counts)), key=lambda place: (counts[place], -place))
    began = "were there from the beginning of the window" if first == 0 else f"began{_at(rows[first], context)}"
    peak = f"most{_at(rows[most], context)} ({human_count(counts[most])} in one slot)"
    goes_on = last >= len(counts) - 2
    end = "and go on" if goes_on else f"and ended after{_at(rows[last], context).replace(' at', '')}"
    return f"{what[:1].upper()}{what[1:]} {began}, {peak}, {end}"


def _at(row: Row, context: Context) -> str:
    return context.at(_time(row))


def _time(row: Row) -> datetime | None:
    times = (cell for cell in row.cells if isinstance(cell, datetime))
    return next(times, None)


def _waves(counts: list[int]) -> tuple[str, ...]:
    """That they come in waves, where quiet slots stand between busy ones."""
    busy = [place for place, count in enumerate(counts) if count]
    quiet = sum(not count for count in counts[busy[0] : busy[-1]])
    return ("They come and go: quiet slots stand between busy ones",) if len(busy) > 2 and quiet > len(busy) else ()
