"""What `find_failures` brought: who could not connect where, how often, and what that means. Pure."""

from collections import Counter
from collections.abc import Sequence
from ipaddress import ip_address

from bot.domain.network import LOCAL_SOCKET
from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.phrases import OUTCOMES, UNNAMED, counted, joined, span
from bot.llm.offline.plan import Destination, Focus
from bot.llm.offline.rows import Row, cited, code, command, is_whole, rows_of, told
from bot.tables.units import human_count, human_duration

HEADING = "Failed connections"
NAMED = 3
"""Processes that are named; the table has all of them."""


def failures(result: ToolResult, context: Context) -> Finding:
    """Rows that the question is about come first, then the most frequent."""
    rows = [row for row in rows_of(result) if row.text("process") is not None and row.outcome is not None]
    if not rows:
        return Finding(heading=HEADING, answer=told(result.summary), weight=Weight.NOTHING)
    wanted = [row for row in rows if matches(row, context.focus)]
    if not wanted:
        instead = f"What failed: {_answer(rows, result, context)}"
        return Finding(heading=HEADING, answer=_missed(result, context), weight=Weight.FACT, more=(instead,))
    return Finding(
        heading=HEADING,
        answer=_answer(wanted, result, context),
        weight=Weight.FAULT,
        more=_others(wanted, result, context),
        steps=_steps(wanted[0], context),
    )


def matches(row: Row, focus: Focus) -> bool:
    """Whether the question is about this row."""
    by_outcome = not focus.outcomes or row.outcome in focus.outcomes
    return by_outcome and (focus.destination is None or goes_to(row.text("destination"), focus.destination))


def goes_to(written: str | None, wanted: Destination) -> bool:
    """`written` as tables have it (`host:port`, `[v6]:port`); a name in `wanted` may be matched only by a name."""
    host, _, port = (written or "").rpartition(":")
    right_port = wanted.port is None or port == str(wanted.port)
    return right_port and (wanted.host is None or _same_host(host.strip("[]"), wanted.host))


def is_name(destination: Destination | None) -> bool:
    """Whether it is a host's name, which events (they have addresses) cannot be matched by."""
    return destination is not None and destination.host is not None and _address(destination.host) is None


def _same_host(one: str, other: str) -> bool:
    return one.lower() == other.lower() or (_address(one) is not None and _address(one) == _address(other))


def _address(text: str) -> object:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _missed(result: ToolResult, context: Context) -> str:
    """That no row is what the question is about, and how far that can be said."""
    focus, scope = context.focus, context.scope
    if is_name(focus.destination):
        name = code(str(focus.destination))
        return f"Events have addresses and no host names, so attempts to {name} can't be told from the others"
    parts = [
        f"No failed attempt{f' of {code(scope.process)}' if scope.process else ''}",
        f"to {code(str(focus.destination))}" if focus.destination else "",
        f"that ended as {' or '.join(sorted(focus.outcomes))}" if focus.outcomes else "",
        f"in the {span(context.duration_s)}" if context.duration_s else "",
        "" if is_whole(result) else "among the most frequent ones",
    ]
    return " ".join(part for part in parts if part) + cited(result.tables)


def _answer(rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    by_process = Counter[str]()
    for row in rows:
        by_process[row.text("process") or ""] += row.count("attempts")
    first = _sentence(rows[0], result, context)
    if len(by_process) == 1:
        return first
    least = "" if is_whole(result) else "at least "
    names = [f"{code(name)} ({human_count(count)})" for name, count in by_process.most_common(NAMED)]
    if len(by_process) > NAMED:
        names.append(f"{len(by_process) - NAMED} more")
    within = f" in the {span(context.duration_s)}" if context.duration_s else ""
    return f"{least}{len(by_process)} processes had failed connections{within}: {joined(names)}. {first}".lstrip()


def _sentence(row: Row, result: ToolResult, context: Context) -> str:
    meaning = OUTCOMES.get(row.outcome or "", UNNAMED)
    to = code(row.text("destination"))
    details = [code(row.text("errno"))] if row.text("errno") else []
    waited = row.number("p50 wait")
    if waited is not None:
        details.append(f"after {human_duration(waited)}")
    aside = f" ({', '.join(details)})" if details else ""
    how_many = _how_many(row, result, context)
    return f"{code(row.text('process'))} {meaning.verb} {to}: {how_many}{aside}{cited([row.table])}. {meaning.means}."


def _how_many(row: Row, result: ToolResult, context: Context) -> str:
    count = row.count("attempts")
    made = context.attempts.get(row.text("process") or "")
    if made is not None and made >= count:
        return f"{human_count(count)} of its {counted(made, 'attempt')}"
    failed = result.coverage.matched if result.coverage else None
    if failed is not None and failed >= count:
        return f"{human_count(count)} of {counted(failed, 'failed attempt')}"
    return counted(count, "failed attempt")


def _others(rows: Sequence[Row], result: ToolResult, context: Context) -> tuple[str, ...]:
    """The next row in words, and how much more there is."""
    said: list[str] = []
    if len(rows) > 1:
        second = rows[1]
        meaning = OUTCOMES.get(second.outcome or "", UNNAMED)
        process, to = code(second.text("process")), code(second.text("destination"))
        said.append(f"Also: {process} {meaning.verb} {to} ({human_count(second.count('attempts'))})")
    total = sum(table.total_rows for table in result.tables)
    if not is_whole(result) and not context.focus.narrows:
        shown = sum(len(table.rows) for table in result.tables)
        said.append(f"The table shows {shown} of {total} combinations of process, destination and outcome")
    return tuple(said)


def _steps(row: Row, context: Context) -> tuple[str, ...]:
    meaning = OUTCOMES.get(row.outcome or "", UNNAMED)
    process = row.text("process")
    duration_s = round(context.duration_s) if context.duration_s else None
    is_remote = row.text("destination") != LOCAL_SOCKET
    steps = [meaning.check.format(to=code(row.text("destination")))] if is_remote else []
    if process and context.scope.process is None and context.scope.pid is None:
        steps.append(f"all failures of this process: {command('failures', process=process, duration_s=duration_s)}")
    return tuple(steps)
