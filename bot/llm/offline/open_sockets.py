"""What `list_sockets` brought: who listens, whose queue is full, and who waits for an answer right now. Pure."""

from collections import Counter
from collections.abc import Sequence

from bot.domain.sockets import SocketState
from bot.domain.turn import ToolResult
from bot.llm.offline.failures import goes_to, is_name, towards
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.prose import cited, code, counted, joined
from bot.llm.offline.rows import Row, is_whole, rows_of

_TROUBLE = "what holds it up"
_FULL = "accept queue full"
_NAMED = 3
MANY = 3
"""Handshakes that are half open at once: a healthy one is so for a round trip."""
_SERVERS = frozenset({SocketState.LISTEN, SocketState.SYN_RECV})


def open_sockets(result: ToolResult, context: Context) -> Finding:
    """What is stuck first, and why; else who listens, or how many there are of each state."""
    rows = [row for row in rows_of(result) if row.text("state") is not None and _is_there(row, context)]
    if not rows:
        return Finding(answer=_none(result, context), weight=Weight.NOTHING)
    half = [row for row in rows if row.text("state") == SocketState.SYN_RECV]
    if len(half) >= MANY and not any(row.text(_TROUBLE) == _FULL for row in rows):
        return _half_open(half, result, context)
    stuck = [row for row in rows if row.text(_TROUBLE)]
    if stuck:
        return _stuck(stuck, result, context)
    total = sum(table.total_rows for table in result.tables)
    if all(row.text("state") == SocketState.LISTEN for row in rows):
        answer = f"{counted(total, 'listener')}{cited(result.tables)}: {_named(rows)}."
    else:
        answer = f"{counted(total, 'open socket')}{towards(context.focus.destination)}{cited(result.tables)}, "
        answer += f"none is stuck: {_states(rows)}."
    return Finding(answer=answer, weight=Weight.FACT)


def _is_there(row: Row, context: Context) -> bool:
    """Whether it is at the destination that is asked about: towards it, or a listener and who knocks at it."""
    to = context.focus.destination
    if to is None or to.port is None:
        return True
    is_server = row.text("state") in _SERVERS and (row.text("local") or "").endswith(f":{to.port}")
    return is_server or goes_to(row.text("remote"), to) or is_name(to)


def _half_open(rows: Sequence[Row], result: ToolResult, context: Context) -> Finding:
    hosts = list(dict.fromkeys((row.text("remote") or "").rpartition(":")[0] for row in rows))
    named = joined([*map(code, hosts[:_NAMED]), *([f"{len(hosts) - _NAMED} more"] if len(hosts) > _NAMED else [])])
    least = "" if is_whole(result) else "at least "
    told = f"{least}{len(rows)} handshakes at {code(rows[0].text('local'))} are half open, from {named}"
    return Finding(
        answer=f"{told}{cited(result.tables)}: SYNs came whose senders never finish, as in a SYN flood.",
        weight=Weight.FAULT,
        steps=(f"what the kernel counted: {context.command('health', None, anywhere=True)}",),
        brief=f"{told}: SYNs came whose senders never finish, as in a SYN flood{cited(result.tables)}",
    )


def _none(result: ToolResult, context: Context) -> str:
    if context.scope.state == SocketState.LISTEN and context.scope.port:
        return f"Nobody on this machine listens on port {context.scope.port} now."
    return context.told(result.summary)


def _stuck(rows: Sequence[Row], result: ToolResult, context: Context) -> Finding:
    worst, *others = rows
    return Finding(
        answer=f"{_told(worst)}{cited(result.tables)}.",
        weight=Weight.FAULT,
        more=tuple(f"Also: {_told(row)}" for row in others[:1]),
        steps=_steps(worst, context),
        brief=f"{_told(worst)}{cited(result.tables)}",
    )


def _told(row: Row) -> str:
    trouble, who = row.text(_TROUBLE), code(row.text("process"))
    if trouble == _FULL:
        waiting, _, room = (row.text("waiting") or "").partition("/")
        queue = f" ({waiting} wait where {room} fit)" if room else ""
        return f"the accept queue of {who} at {code(row.text('local'))} is full{queue}: it accepts too slowly"
    if row.text("state") == SocketState.LISTEN:
        lost = f"{trouble}: more came than its queues hold, of handshakes or of accepted connections"
        return f"the listener of {who} at {code(row.text('local'))} has trouble: {lost}"
    to = f" to {code(row.text('remote'))}" if row.text("remote") else f" at {code(row.text('local'))}"
    what = f"a connection in {code(row.text('state'))}"
    return f"{who} holds {what}{to}: {trouble}"


def _named(rows: Sequence[Row]) -> str:
    named = [f"{code(row.text('process'))} at {code(row.text('local'))}" for row in rows[:_NAMED]]
    return joined([*named, f"{len(rows) - _NAMED} more"] if len(rows) > _NAMED else named)


def _states(rows: Sequence[Row]) -> str:
    return joined(
        [f"{count} {code(state)}" for state, count in Counter(row.text("state") for row in rows).most_common()]
    )


def _steps(worst: Row, context: Context) -> tuple[str, ...]:
    if worst.text(_TROUBLE) == _FULL:
        port = (worst.text("local") or "").rpartition(":")[2]
        return (
            f"why it does not accept: what {code(worst.text('process'))} waits for, and its file descriptors",
            f"who waits: {code(f'sockets --port {port}')}",
        )
    return (f"what was sent again so far: {context.command('health', worst.text('process'))}",)
