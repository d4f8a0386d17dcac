"""How long connecting took, and what that says about who is slow. Pure; reads rows of `list_connections`."""

from collections.abc import Sequence
from statistics import median

from bot.domain.network import LOCAL_SOCKET, Outcome
from bot.domain.turn import ToolResult
from bot.llm.offline.finding import Context
from bot.llm.offline.prose import cited, code, counted
from bot.llm.offline.rows import Row, is_whole
from bot.tables.units import human_count, human_duration

FAST_US = 100_000.0
"""A handshake below this is no slow network, also between continents."""
RETRANSMITTED_US = 1_000_000.0
"""The kernel sends a SYN again after 1 s: who waited longer had lost one, or its answer."""

SENT_AGAIN = "A handshake of 1 s and more had lost its SYN or the reply to it: a SYN is sent again after 1, 3 and 7 s"
_NOT_THE_NETWORK = "If answers are slow all the same, the time goes by after connecting, in the service"


def is_stalled(row: Row) -> bool:
    """Whether a group of failures waited as long as it takes to notice."""
    return (row.number("p50 wait") or 0.0) >= RETRANSMITTED_US


def handshake_times(rows: Sequence[Row], result: ToolResult, context: Context) -> tuple[str, ...]:
    """A sentence with the times, and what they mean; nothing where no row tells.

    The network is acquitted only where every attempt was looked at, and none waited in vain.
    """
    made = sorted((row for row in rows if _is_handshake(row)), key=_waited_us)
    if not made:
        return ()
    middle_us, slowest = median(map(_waited_us, made)), made[-1]
    longest = human_duration(_waited_us(slowest))
    where = f"{code(slowest.text('process'))} to {code(slowest.text('destination'))}"
    total = sum(table.total_rows for table in result.tables)
    shown = sum(len(table.rows) for table in result.tables)
    among = "" if is_whole(result) else f" among the newest {human_count(shown)} of {counted(total, 'attempt')}"
    answer = (
        f"{_verdict(middle_us, _waited_us(slowest))}{in_vain(context.stalled)}: the median of "
        f"{counted(len(made), 'handshake')}{among} is {human_duration(middle_us)}, the slowest {longest}, "
        f"{where}{cited([slowest.table])}."
    )
    if _waited_us(slowest) >= RETRANSMITTED_US:
        return answer, SENT_AGAIN
    acquits = _waited_us(slowest) < FAST_US and is_whole(result) and not context.stalled
    return (answer, _NOT_THE_NETWORK) if acquits else (answer,)


def in_vain(stalled: Sequence[Row]) -> str:
    """The failures that waited long, which no handshake shows."""
    if not stalled:
        return ""
    most = max(stalled, key=lambda row: row.count("attempts"))
    count = sum(row.count("attempts") for row in stalled)
    who = f"{code(most.text('process'))} to {code(most.text('destination'))}"
    return (
        f", but {counted(count, 'attempt')} failed after waiting a second or more, most often {who} "
        f"({human_count(most.count('attempts'))}, {human_duration(most.number('p50 wait') or 0)}){cited([most.table])}"
    )


def _verdict(middle_us: float, slowest_us: float) -> str:
    if slowest_us < FAST_US:
        return "Connecting is fast"
    return "Connecting is mostly fast" if middle_us < FAST_US else "Connecting is slow"


def _is_handshake(row: Row) -> bool:
    """A connect of UDP or to a local socket waits for nobody."""
    is_tcp = row.text("protocol") in {"TCP", None} and row.text("destination") != LOCAL_SOCKET
    return is_tcp and row.outcome == Outcome.CONNECTED and row.number("waited") is not None


def _waited_us(row: Row) -> float:
    return row.number("waited") or 0.0
