"""The sockets that are open now: (EbpfSource, Asked) -> Found. `network.py` calls it."""

from collections.abc import Sequence

from bot.domain.network import Coverage, Endpoint, SourceKind, Window
from bot.domain.ports import EbpfSource
from bot.domain.sockets import OpenSocket, OpenSockets, SocketQuery, SocketState
from bot.domain.source_status import SourceStatus
from bot.tables.units import human_count
from bot.tools.asked import Asked, Found
from bot.tools.columns import Field, field, tabulate
from bot.tools.socket_filter import matches
from bot.tools.wording import behind, counted

LIMITED_SHARE = 0.1
"""Of the time in which there was something to send: less than that is how every transfer begins and ends."""
_ALIVE = frozenset(SocketState) - {SocketState.TIME_WAIT}
_CONNECTING = frozenset({SocketState.SYN_SENT, SocketState.SYN_RECV})


async def list_sockets(source: EbpfSource, asked: Asked) -> Found:
    """One row a socket: full accept queues first, then those that wait for an answer, then by bytes in their queues.

    Ties by state and address. Those in TIME_WAIT are shown when they are asked for. Raises: CannotAnswer.
    """
    state = asked.arguments.state
    found = await source.sockets(SocketQuery(states=frozenset({state}) if state else _ALIVE))
    rows = sorted((each for each in found.sockets if matches(each, asked.filter)), key=_order)
    tables = tabulate("Open sockets", _SOCKET, rows[: asked.arguments.max_events], total_rows=len(rows))
    return Found(_sentence(asked, rows), tables, _coverage(found, rows, await source.status()))


def trouble(socket: OpenSocket) -> str | None:
    """What is wrong with it, or what holds it up; None for a healthy one."""
    if socket.is_backlog_full:
        return "accept queue full"
    if socket.state in _CONNECTING and socket.retransmits_now:
        return f"SYN sent again {counted(socket.retransmits_now, 'time')}"
    if socket.retransmits_now:
        return f"unanswered, sent again {counted(socket.retransmits_now, 'time')}"
    if socket.window_probes_now:
        return "peer has no room"
    return _limit(socket)


def _limit(socket: OpenSocket) -> str | None:
    transfer = socket.transfer
    if transfer and (transfer.receiver_limited_share or 0) >= LIMITED_SHARE:
        return f"{transfer.receiver_limited_share:.0%} of the time the peer had no room"
    if transfer and (transfer.send_buffer_limited_share or 0) >= LIMITED_SHARE:
        return f"{transfer.send_buffer_limited_share:.0%} of the time the send buffer was too small"
    if socket.buffers and socket.buffers.drops:
        return f"{counted(socket.buffers.drops, 'packet')} lost since it was opened"
    return None


def _order(socket: OpenSocket) -> tuple[bool, bool, bool, int, str, str]:
    queued = (socket.receive_queue_bytes or 0) + (socket.send_queue_bytes or 0)
    return (
        not socket.is_backlog_full,
        not (socket.retransmits_now or socket.window_probes_now),
        trouble(socket) is None,
        -(socket.backlog or queued),
        socket.state,
        f"{socket.local} {socket.remote}",
    )


def _rtt_us(socket: OpenSocket) -> int | None:
    return socket.transfer.rtt_us if socket.transfer else None


def _waiting(socket: OpenSocket) -> str | None:
    """Of a listener: connections that wait for accept(2), and how many fit."""
    if socket.state is not SocketState.LISTEN or socket.backlog is None:
        return None
    return f"{socket.backlog}/{socket.backlog_limit}"


_SOCKET: tuple[Field[OpenSocket], ...] = (
    field("state", lambda socket: socket.state.value, kind="id"),
    field("local", lambda socket: str(socket.local), kind="address"),
    field("remote", lambda socket: _written(socket.remote), kind="address"),
    field("process", lambda socket: socket.process),
    field("waiting", _waiting, kind="id", remark=True),
    field("unread", lambda socket: socket.receive_queue_bytes or None, kind="integer", unit="bytes"),
    field("unsent", lambda socket: socket.send_queue_bytes or None, kind="integer", unit="bytes"),
    field("RTT", _rtt_us, kind="decimal", unit="us", spare=True),
    field("what holds it up", trouble),
    field("pid", lambda socket: socket.pid, kind="id", spare=True, remark=True),
    field("node", lambda socket: socket.node, spare=True),
)


def _written(end: Endpoint | None) -> str | None:
    return str(end) if end else None


def _sentence(asked: Asked, rows: Sequence[OpenSocket]) -> str:
    full = sum(socket.is_backlog_full for socket in rows)
    stuck = sum(bool(socket.retransmits_now or socket.window_probes_now) for socket in rows)
    state = f" in {asked.arguments.state}" if asked.arguments.state else ""
    said = f"{counted(len(rows), 'open socket')}{state}{behind('of', asked.arguments)}"
    told = [f"{counted(full, 'listener')} with a full accept queue"] if full else []
    told += [f"{human_count(stuck)} waiting for a peer that does not answer"] if stuck else []
    return f"{said}; {', '.join(told) or 'none is stuck'}" if rows else said


def _coverage(found: OpenSockets, rows: Sequence[OpenSocket], status: SourceStatus) -> Coverage:
    """Of one moment: the window is a point."""
    kind: SourceKind = status.kind
    left_out = [f"{human_count(found.left_out)} more sockets were left out"] if found.left_out else []
    return Coverage(
        source=status.source,
        kind=kind,
        window=Window(found.time, found.time),
        seen=len(found.sockets) + found.left_out,
        matched=len(rows),
        nodes=tuple(dict.fromkeys(socket.node for socket in found.sockets if socket.node)),
        notes=(*left_out, *found.notes),
    )
