"""What `tcp_health` brought: who sends again, who resets whom, and what the kernel counted meanwhile. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.local_causes import check_of, local_cause
from bot.llm.offline.meanings import RESET_REASONS
from bot.llm.offline.prose import cited, code, counted, joined
from bot.llm.offline.rows import Row, rows_of
from bot.llm.offline.scope import Scope
from bot.tables.units import human_count

_CONNECTING = "SYN_SENT"
_COUNTERS: Mapping[str, str] = {
    "listen overflows": "full accept queues: programs accept too slowly",
    "listen drops": "connections that listeners dropped",
    "request queue full drops": "handshakes that found no room, as in a SYN flood",
    "syn cookies sent": "handshakes that found no room, as in a SYN flood",
    "reverse path filtered": "packets that came by another way than their replies would go",
    "udp receive buffer errors": "datagrams that a program read too slowly",
    "conntrack drops": "packets that connection tracking had no room for",
    "conntrack invalid": "packets of connections that connection tracking does not know",
}
"""What counters tell that stand for a cause of their own."""
_SENT, _RECEIVED, _RESENT = "RST out", "RST in", "retrans"


def segments(result: ToolResult, context: Context) -> Finding:
    """Resets where they are asked for, else what was sent again; counters behind it."""
    rows = [row for row in rows_of(result) if row.number(_RESENT) is not None or row.number(_SENT) is not None]
    counters = [row for row in rows_of(result) if row.text("counter") in _COUNTERS]
    if not rows and context.scope.process:
        answer = f"Nothing of {code(context.scope.process)} was sent again or reset{context.within}."
        return Finding(answer=answer, weight=Weight.NOTHING)
    if not rows:
        return Finding(
            answer=f"{context.told(result.summary)}", weight=Weight.NOTHING, more=_counted(counters, context)
        )
    said = _resets(rows, context) if context.focus.resets else _resent(rows, context)
    other = _resent(rows, context) if context.focus.resets else _resets(rows, context)
    first, *more = [*said, *other]
    return Finding(
        answer=f"{first}{cited([rows[0].table])}.",
        weight=Weight.FAULT,
        more=(*more, *_counted(counters, context)),
        steps=_steps(rows, context),
        brief=f"{first}{cited([rows[0].table])}",
    )


def _resets(rows: Sequence[Row], context: Context) -> list[str]:
    """Who sends them is told before who gets them."""
    sent = [row for row in rows if row.count(_SENT) and row.text("process") == context.scope.process] or [
        row for row in rows if row.count(_SENT)
    ]
    received = [row for row in rows if row.count(_RECEIVED)]
    said = [_sender(row) for row in sent[:1]] + [_receiver(row) for row in received[:1]]
    if context.scope.process and received and not any(row.text("process") == context.scope.process for row in sent):
        said.reverse()
    return said


def _sender(row: Row) -> str:
    reason = row.text("reason")
    meaning = f": {RESET_REASONS[reason]}" if reason and reason in RESET_REASONS else ""
    why = f" as {code(reason)}{meaning}" if reason else ""
    times = counted(row.count(_SENT), "RST")
    return f"{code(row.text('process'))} on this machine sends {times} to {code(row.text('destination'))}{why}"


def _receiver(row: Row) -> str:
    times = counted(row.count(_RECEIVED), "time")
    told = f"{code(row.text('destination'))} resets {code(row.text('process'))} {times}"
    cause = local_cause(row)
    return f"{told}. {cause}" if cause else told


def _resent(rows: Sequence[Row], context: Context) -> list[str]:
    resent = [row for row in rows if row.count(_RESENT)]
    if not resent:
        return [] if context.focus.resets else ["Nothing was sent again"]
    worst = max(resent, key=lambda row: (bool(local_cause(row)), row.count(_RESENT)))
    state = "while it connects" if worst.text("in state") == _CONNECTING else f"in {code(worst.text('in state'))}"
    who = f"{code(worst.text('process'))} to {code(worst.text('destination'))}"
    told = f"{counted(worst.count(_RESENT), 'segment')} of {who} had to be sent again, {state}"
    cause = local_cause(worst)
    unseen = "where they or their acknowledgements were lost can't be seen from this node"
    return [f"{told}. {cause}" if cause else f"{told}: {unseen}"]


def _counted(rows: Sequence[Row], context: Context) -> tuple[str, ...]:
    """Counters are those of everybody, and no cause of what happens to one."""
    if not rows or replace(context.scope, duration_s=None, since=None, until=None) != Scope():
        return ()
    totals = Counter[str]()
    for row in rows:
        totals[row.text("counter") or ""] += row.count("count")
    named = [f"{human_count(count)} {code(name)} ({_COUNTERS[name]})" for name, count in totals.most_common(2)]
    return (f"The kernel counted {joined(named)}{cited([rows[0].table])}",)


def _steps(rows: Sequence[Row], context: Context) -> tuple[str, ...]:
    of_cause = [step for row in rows if local_cause(row) for step in check_of(row)]
    sent = next((row for row in rows if row.count(_SENT) and row.text("reason")), None)
    explained = f"dropreason {sent.text('reason')}" if sent and context.focus.resets else ""
    why = [f"what the reason means: {code(explained)}"] if explained else []
    since_when = f"since when: {context.command('trend --kind retransmit --by process', None)}"
    return (*of_cause[:2], *why, since_when)
