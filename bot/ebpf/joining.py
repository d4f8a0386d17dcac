"""Puts the kernel's events together: one `Connection` per attempt with its outcome, one `Drop` per dropped skb. Pure.

Events come in the order in which the kernel reported them. An attempt is a connect(2) call or, without one (io_uring,
fast open), a handshake. What happens to it later is known by its socket, until another attempt takes that over.
What it came to is for `outcomes` to say.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from bot.domain.network import UNDECIDED_OUTCOMES, Connection, Drop
from bot.ebpf.kernel_events import (
    ConnectionClosed,
    ConnectReturned,
    HandshakeEnded,
    KernelEvent,
    ResetReceived,
    SkbDropped,
    SocketServes,
)
from bot.ebpf.outcomes import UNDER_WAY, Evidence, outcome_of, outcome_of_call

_ASKS_AGAIN = ("EALREADY", "EISCONN")
"""What a repeated connect(2) says about the attempt that the first one made."""


def join(events: Iterable[KernelEvent]) -> tuple[tuple[Connection, ...], tuple[Drop, ...]]:
    """Attempts in the order of their first event, and drops in theirs."""
    joiner = Joiner()
    for event in events:
        joiner.add(event)
    return joiner.connections(), tuple(joiner.drops)


@dataclass(slots=True)
class _Attempt:
    """The events of one attempt that are known so far. `begin` is its call or, failing that, its handshake."""

    begin: ConnectReturned | HandshakeEnded
    call: ConnectReturned | None = None
    handshake: HandshakeEnded | None = None
    closed: ConnectionClosed | None = None
    got_reset: bool = False
    neighbour_failed: bool = False
    got_unreachable_message: bool = False


class Joiner:
    """The joining under way: `add` every event, then read."""

    def __init__(self) -> None:
        self.drops: list[Drop] = []
        self._attempts: list[_Attempt] = []
        self._by_socket: dict[str | None, _Attempt] = {}
        self._refused: set[str] = set()
        """Sockets whose SYN was answered with an RST, until the end of their handshake is reported."""

    def add(self, event: KernelEvent) -> None:
        match event:
            case ConnectReturned():
                self._connect_returned(event)
            case HandshakeEnded():
                self._handshake_ended(event)
            case ConnectionClosed():
                self._closed(event)
            case ResetReceived():
                self._reset(event)
            case SocketServes():
                self._by_socket.pop(event.sock, None)
            case SkbDropped():
                self._dropped(event)
            case _:
                assert_never(event)

    def connections(self) -> tuple[Connection, ...]:
        return tuple(map(_connection, self._attempts))

    def _connect_returned(self, call: ConnectReturned) -> None:
        known = self._by_socket.get(call.sock)
        if known and _ended_within(known, call):
            known.begin = known.call = call
        elif not _asks_again(known, call):
            self._begin(_Attempt(call, call=call), call.sock)

    def _handshake_ended(self, event: HandshakeEnded) -> None:
        known = self._by_socket.get(event.sock)
        if known is None or not _began_within(known, event):
            known = _Attempt(event)
            self._begin(known, event.sock)
        known.handshake = event
        known.got_reset = event.sock in self._refused
        self._refused.discard(event.sock)

    def _closed(self, event: ConnectionClosed) -> None:
        known = self._by_socket.get(event.sock)
        if known and known.closed is None:
            known.closed = event

    def _reset(self, event: ResetReceived) -> None:
        known = self._by_socket.get(event.sock)
        if event.in_handshake:
            self._refused.add(event.sock)
        elif known and known.closed is None:
            known.got_reset = True

    def _dropped(self, event: SkbDropped) -> None:
        self.drops.append(event.drop)
        known = self._by_socket.get(event.sock)
        if known and event.drop.reason == "NEIGH_FAILED":
            known.neighbour_failed = True
        if known and event.is_unreachable_message:
            known.got_unreachable_message = True

    def _begin(self, attempt: _Attempt, sock: str | None) -> None:
        self._attempts.append(attempt)
        if sock is not None:
            self._by_socket[sock] = attempt


def _ended_within(known: _Attempt, call: ConnectReturned) -> bool:
    """Whether the handshake, which no call has claimed, ended inside this one: when the call waited, or on loopback."""
    return known.call is None and known.handshake is not None and known.handshake.ended_at >= call.began_at


def _began_within(known: _Attempt, handshake: HandshakeEnded) -> bool:
    """Whether the handshake is what the call left under way, and not one of a later owner of the socket's name."""
    call = known.call
    if call is None or call.errno not in UNDER_WAY or known.handshake:
        return False
    return handshake.handshake_us is None or handshake.began_at <= call.returned_at


def _asks_again(known: _Attempt | None, call: ConnectReturned) -> bool:
    """Whether a further connect(2) on the same socket only fetched the result of the first one."""
    if call.is_stream and call.errno in _ASKS_AGAIN:
        return True
    handshake = known.handshake if known else None
    return handshake is not None and (handshake.destination, handshake.errno) == (call.destination, call.errno)


def _connection(attempt: _Attempt) -> Connection:
    begin, handshake, closed = attempt.begin, attempt.handshake, attempt.closed
    latest = closed or handshake
    return Connection(
        time=begin.began_at,
        process=begin.process,
        pid=begin.pid,
        uid=begin.uid,
        destination=begin.destination,
        protocol=attempt.call.protocol if attempt.call else "TCP",
        outcome=outcome_of(_evidence(attempt)),
        errno=_errno(attempt),
        waited_us=handshake.handshake_us if handshake else _time_in_call(attempt),
        duration_us=closed.duration_us if closed else None,
        sent_bytes=closed.sent_bytes if closed else None,
        received_bytes=closed.received_bytes if closed else None,
        retransmits=latest.retransmits if latest else None,
    )


def _evidence(attempt: _Attempt) -> Evidence:
    call, handshake = attempt.call, attempt.handshake
    return Evidence(
        called=call is not None,
        call_errno=call.errno if call else None,
        handshaken=handshake is not None,
        handshake_errno=handshake.errno if handshake else None,
        connected=handshake is not None and handshake.is_connected,
        closed=attempt.closed is not None,
        got_reset=attempt.got_reset,
        neighbour_failed=attempt.neighbour_failed,
        got_unreachable_message=attempt.got_unreachable_message,
        is_local=call is not None and call.destination.address is None,
        is_stream=call is None or call.is_stream,
    )


def _errno(attempt: _Attempt) -> str | None:
    """The last word on it; "under way" only while that is the last word."""
    for event in (attempt.closed, attempt.handshake):
        if event and event.errno:
            return event.errno
    errno = attempt.call.errno if attempt.call else None
    has_ended = attempt.closed or attempt.handshake
    return None if has_ended and errno in UNDER_WAY else errno


def _time_in_call(attempt: _Attempt) -> float | None:
    """For attempts without a handshake, whose outcome is the call's, if they have one."""
    call = attempt.call
    if call is None or attempt.closed or outcome_of_call(_evidence(attempt)) in UNDECIDED_OUTCOMES:
        return None
    return call.call_us
