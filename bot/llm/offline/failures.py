"""What `find_failures` brought: who could not connect where, how often, and what that means. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address

from bot.domain.network import LOCAL_SOCKET
from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.handshakes import is_stalled
from bot.llm.offline.local_causes import check_of, local_cause
from bot.llm.offline.meanings import OUTCOMES, UNNAMED, Meaning
from bot.llm.offline.plan import Focus
from bot.llm.offline.prose import cited, code, counted, joined
from bot.llm.offline.rows import Row, is_whole, rows_of
from bot.llm.offline.scope import Destination
from bot.tables.units import human_count, human_duration

NAMED = 3
"""Processes that are named; the table has all of them."""


def failures(result: ToolResult, context: Context) -> Finding:
    """Rows that the question is about come first, then the most frequent."""
    rows = [row for row in rows_of(result) if row.text("process") is not None and row.outcome is not None]
    if not rows:
        return Finding(answer=context.told(result.summary), weight=Weight.NOTHING)
    if context.focus.slow:
        stalled = [row for row in rows if is_stalled(row)]
        rows, context = (stalled or rows), replace(context, focus=replace(context.focus, slow=bool(stalled)))
    wanted = [row for row in rows if matches(row, context.focus)]
    if not wanted:
        to = context.focus.destination
        other = f"What failed: {_answer(rows, result, replace(context, focus=Focus()))}"
        return Finding(
            answer=_missed(result, context),
            weight=Weight.FACT,
            more=() if to and not is_name(to) and not context.focus.is_limited else (other,),
        )
    return Finding(
        answer=f"{_total(wanted, result, context)}{_answer(wanted, result, context)}",
        weight=Weight.FAULT,
        explains=bool(local_cause(wanted[0])),
        more=_second(wanted),
        unless_proven="" if local_cause(wanted[0]) else _meaning(wanted[0]).unseen,
        steps=_steps(wanted[0], context),
        brief=_brief(wanted, result, context),
    )


def matches(row: Row, focus: Focus) -> bool:
    """Whether the question is about this row."""
    by_outcome = not focus.outcomes or row.outcome in focus.outcomes
    by_errno = not focus.errnos or row.text("errno") in focus.errnos
    is_any = focus.destination is None or focus.is_limited
    return (
        by_outcome
        and by_errno
        and (is_any or (focus.destination is not None and goes_to(row.text("destination"), focus.destination)))
    )


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


def towards(destination: Destination | None) -> str:
    """` to port 443`, ` to `10.0.0.1:443``, or nothing."""
    if destination is None:
        return ""
    return f" to {code(str(destination))}" if destination.host else f" to {destination}"


def _missed(result: ToolResult, context: Context) -> str:
    """That no row is what the question is about, and how far that can be said."""
    focus = context.focus
    if is_name(focus.destination) and not focus.is_limited:
        attempts = f"attempts{towards(focus.destination)}"
        return f"Events have addresses and no host names, so {attempts} can't be told from the others"
    of = f" of {code(context.scope.process)}" if context.scope.process else ""
    among = "" if is_whole(result) else " among the most frequent ones"
    return f"No failed attempt{of}{_aim(focus)}{context.within}{among}{cited(result.tables)}"


def _aim(focus: Focus) -> str:
    """What the question limits failures to."""
    ended = f" that ended as {' or '.join(sorted(focus.outcomes))}" if focus.outcomes else ""
    errno = f" with {' or '.join(map(code, sorted(focus.errnos)))}" if focus.errnos else ""
    waited = " after a second or more" if focus.slow else ""
    return f"{towards(focus.destination)}{ended}{errno}{waited}"


def _total(rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    """The number of failures, where one is asked for."""
    if not context.focus.counts:
        return ""
    count = sum(row.count("attempts") for row in rows)
    is_complete = is_whole(result)
    if not context.focus.narrows and result.coverage:
        count, is_complete = result.coverage.matched, True
    least = "" if is_complete else "at least "
    by = f" of {code(context.scope.process)}" if context.scope.process else ""
    return f"{least}{counted(count, 'attempt')}{by}{_aim(context.focus)} failed{context.within}. "


def _answer(rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    first, who = _most_frequent(rows[0], result, context), _who(rows, result, context)
    return f"{who}. {first}" if who else first


def _brief(rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    who, first = _who(rows, result, context), f"{_fate(rows[0])}: {_how_many(rows[0], result, context)}"
    return f"{f'{who}; most often ' if who else ''}{first}{cited(result.tables)}"


def _who(rows: Sequence[Row], result: ToolResult, context: Context) -> str:
    """How many processes fail and which do most; empty where it is one. Counts are told where none is cut off."""
    by_process = Counter[str]()
    for row in rows:
        by_process[row.text("process") or ""] += row.count("attempts")
    is_complete = is_whole(result)
    if not is_complete and context.failed and not context.focus.narrows:
        by_process, is_complete = Counter(context.failed), True
    if len(by_process) == 1:
        return ""
    most = by_process.most_common(context.focus.top or NAMED)
    named = [f"{code(name)} ({human_count(count)})" if is_complete else code(name) for name, count in most]
    if len(by_process) > len(most):
        named.append(f"{len(by_process) - len(most)} more")
    least = "" if is_complete else "at least "
    had = f"{least}{len(by_process)} processes had failed connections{_aim(context.focus)}{context.within}"
    return f"{had}: {joined(named)}"


def _most_frequent(row: Row, result: ToolResult, context: Context) -> str:
    meaning = _meaning(row)
    waited = row.number("p50 wait")
    errno = code(row.text("errno")) if row.text("errno") else ""
    details = [detail for detail in (errno, f"after {human_duration(waited)}" if waited is not None else "") if detail]
    aside = f" ({', '.join(details)})" if details else ""
    why = local_cause(row) or meaning.means
    return f"{_fate(row)}: {_how_many(row, result, context)}{aside}{cited([row.table])}. {why}."


def _fate(row: Row) -> str:
    return f"{code(row.text('process'))} {_meaning(row).verb} {code(row.text('destination'))}"


def _meaning(row: Row) -> Meaning:
    return OUTCOMES.get(row.outcome or "", UNNAMED)


def _how_many(row: Row, result: ToolResult, context: Context) -> str:
    count = row.count("attempts")
    made = context.attempts.get(row.text("process") or "")
    if made is not None and made >= count:
        if made == count:
            return f"all {human_count(count)} of its attempts" if count > 1 else "its one attempt"
        anywhere = "" if context.focus.is_limited else " to anywhere"
        return f"{counted(count, 'failed attempt')} (of {counted(made, 'attempt')}{anywhere})"
    failed = result.coverage.matched if result.coverage else None
    if failed is not None and failed >= count:
        its = "its " if context.scope.process else ""
        if failed == count:
            return (
                f"all {human_count(count)} of {its or 'the '}failed attempts"
                if count > 1
                else f"{its or 'the '}one failed attempt"
            )
        return f"{human_count(count)} of {its}{counted(failed, 'failed attempt')}"
    return counted(count, "failed attempt")


def _second(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(f"Also: {_fate(row)} ({human_count(row.count('attempts'))})" for row in rows[1:2])


def _steps(row: Row, context: Context) -> tuple[str, ...]:
    process, to = row.text("process"), row.text("destination")
    steps = list(check_of(row)) if local_cause(row) else []
    if not steps and to != LOCAL_SOCKET:
        steps = [_meaning(row).check.format(to=code(to))]
    if process and context.scope.process is None and context.scope.pid is None:
        steps.append(f"all failures of this process: {context.command('failures', process, anywhere=True)}")
    return tuple(steps)
