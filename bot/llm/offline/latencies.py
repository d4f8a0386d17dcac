"""What `connection_latency` brought: whether the network is slow, a server, or nobody. Pure."""

from collections.abc import Sequence

from bot.domain.turn import ToolResult
from bot.llm.offline.failures import towards
from bot.llm.offline.finding import Context, Finding, Weight
from bot.llm.offline.handshakes import FAST_US, RETRANSMITTED_US, SENT_AGAIN, in_vain
from bot.llm.offline.local_causes import check_of, local_cause
from bot.llm.offline.prose import cited, code, counted, sentence
from bot.llm.offline.rows import Row, is_whole, rows_of
from bot.tables.units import human_duration

LONG_US = 1_000_000.0
"""A connection that stays open so long behind a short handshake is one whose server takes its time, or idles."""
_ENDS = ("destination", "host", "process", "name", "port", "pod", "node")


def latencies(result: ToolResult, context: Context) -> Finding:
    """The slowest first, as the table has them; one with a cause on this machine before those without."""
    rows = [row for row in rows_of(result) if row.number("p50") is not None]
    if not rows:
        none = f"No handshake came about{towards(context.focus.destination)}{context.within}"
        return Finding(answer=context.told(result.summary), weight=Weight.NOTHING, brief=none)
    worst = _worst(rows)
    cause = local_cause(worst)
    is_bad = bool(cause) or _slowest_us(worst) >= RETRANSMITTED_US or bool(context.stalled)
    return Finding(
        answer=f"{_verdict(rows, worst, cause, context)}{_figures(worst, result)}",
        weight=Weight.FAULT if is_bad else Weight.FACT,
        more=tuple(_why(rows, worst, result, context)),
        steps=(*check_of(worst), *_steps(worst, cause, context)),
        explains=bool(cause),
        brief=f"slowest handshakes: {_who(worst)}{_figures(worst, result)}",
    )


def _worst(rows: Sequence[Row]) -> Row:
    """Lost packets say more than a long way: a row with a cause that is known comes first."""
    return next((row for row in rows if local_cause(row)), rows[0])


def _verdict(rows: Sequence[Row], worst: Row, cause: str, context: Context) -> str:
    """Who is slow: the network, the server, or nobody."""
    if cause:
        return f"{cause}{cited([worst.table])}. {sentence(_who(worst)).removesuffix('.')}"
    return f"{_speed(rows, worst, context)}: {_who(worst)}"


def _speed(rows: Sequence[Row], worst: Row, context: Context) -> str:
    slowest, resent = max(map(_slowest_us, rows)), sum(row.count("retrans") for row in rows)
    if slowest >= FAST_US:
        is_lost = slowest >= RETRANSMITTED_US and max(rows, key=_slowest_us).count("retrans")
        why = ", a SYN or the reply to it was lost" if is_lost else ""
        return f"Connecting is {'mostly fast' if _p50_us(worst) < FAST_US else 'slow'}{why}{_in_vain(context)}"
    if context.stalled or not (resent or _is_long(worst)):
        return f"Connecting is fast{_in_vain(context)}"
    if resent:
        return f"Connecting is fast, but {counted(resent, 'segment')} had to be sent again"
    return "It is not the network but the server, or what it waits for"


def _in_vain(context: Context) -> str:
    return in_vain(context.stalled)


def _who(row: Row) -> str:
    end = next((row.text(name) for name in _ENDS if row.text(name)), None)
    return f"to {code(end)}" if row.text("destination") or row.text("host") else f"of {code(end)}"


def _figures(row: Row, result: ToolResult) -> str:
    p50, slowest = human_duration(_p50_us(row)), human_duration(_slowest_us(row))
    least = "" if is_whole(result) else ", the slowest of the table"
    resent = counted(row.count("retrans"), "retransmit") if row.count("retrans") else "no retransmit"
    lasted = f", open for {human_duration(row.number('open p50') or 0)}" if row.number("open p50") else ""
    made = counted(row.count("connects"), "handshake")
    one = f"took {p50}" if row.count("connects") == 1 else f"took {p50} (median), at most {slowest}"
    return f" {made} {one}, {resent}{lasted}{least}{cited([row.table])}."


def _why(rows: Sequence[Row], worst: Row, result: ToolResult, context: Context) -> list[str]:
    said: list[str] = []
    if _slowest_us(worst) >= RETRANSMITTED_US:
        said.append(SENT_AGAIN)
    acquits = max(map(_slowest_us, rows)) < FAST_US and not any(row.count("retrans") for row in rows)
    if acquits and is_whole(result) and not context.stalled and not local_cause(worst):
        said.append("A short handshake without retransmits acquits the network: slow answers are made in the service")
    others = [row for row in rows if local_cause(row) and row is not worst]
    return [*said, *(f"Also {_who(row)}: {local_cause(row)}{cited([row.table])}" for row in others[:1])]


def _steps(worst: Row, cause: str, context: Context) -> tuple[str, ...]:
    if cause or _slowest_us(worst) < FAST_US:
        return ()
    return (f"what had to be sent again: {context.command('health', context.scope.process)}",)


def _is_long(row: Row) -> bool:
    return (row.number("open p50") or 0.0) >= LONG_US


def _p50_us(row: Row) -> float:
    return row.number("p50") or 0.0


def _slowest_us(row: Row) -> float:
    return row.number("slowest") or _p50_us(row)
