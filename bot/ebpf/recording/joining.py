"""Puts the kernel's events together: one `Connection` per attempt with its outcome, one `Drop` per dropped skb. Pure.

Events come in the order in which the kernel reported them. Those of one attempt carry its identity; an attempt that has
none (a local socket, a call that failed before a SYN) is complete when its call returns. What it came to is
for `outcomes` to say. The event store does the same to many raw events at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from bot.domain.network import UNDECIDED_OUTCOMES, Connection, Drop
from bot.ebpf.outcomes import UNDER_WAY, Evidence, outcome_of
from bot.ebpf.recording.kernel_events import (
    Begin,
    ConnectionClosed,
    ConnectReturned,
    ErrorLearnt,
    FailureEvidence,
    HandshakeEnded,
    KernelEvent,
    ResetReceived,
    SkbDropped,
    SynSentAgain,
)


def join(events: Iterable[KernelEvent]) -> tuple[tuple[Connection, ...], tuple[Drop, ...]]:
    """Attempts in the order of their first event, and drops in theirs."""
    joiner = Joiner()
    for event in events:
        joiner.add(event)
    return joiner.connections(), tuple(joiner.drops)


@dataclass(slots=True)
class _Attempt:
    """The events of one attempt that are known so far; `begin` is told by the first."""

    begin: Begin
    call: ConnectReturned | None = None
    handshake: HandshakeEnded | None = None
    learnt: ErrorLearnt | None = None
    closed: ConnectionClosed | None = None
    got_reset: bool = False
    neighbour_failed: bool = False
    got_unreachable_message: bool = False


class Joiner:
    """The joining under way: `add` every event, then read."""

    def __init__(self) -> None:
        self.drops: list[Drop] = []
        self._attempts: list[_Attempt] = []
        self._open: dict[str, _Attempt] = {}

    def add(self, event: KernelEvent) -> None:
        match event:
            case SkbDropped():
                self.drops.append(event.drop)
                self._explained(event.attempt, event.evidence)
            case ConnectReturned() | HandshakeEnded() | SynSentAgain():
                self._known_or_begun(event)
            case ConnectionClosed() | ResetReceived() | ErrorLearnt():
                self._known(event)
            case _:
                assert_never(event)

    def connections(self) -> tuple[Connection, ...]:
        return tuple(map(_connection, self._attempts))

    def _known_or_begun(self, event: ConnectReturned | HandshakeEnded | SynSentAgain) -> None:
        identity = event.begin.attempt
        known = self._open.get(identity) if identity else None
        if known is None:
            known = _Attempt(event.begin)
            self._attempts.append(known)
            if identity:
                self._open[identity] = known
        match event:
            case ConnectReturned():
                known.call = event
            case HandshakeEnded():
                known.handshake = event
                self._explained(identity, event.evidence)
            case SynSentAgain():
                pass

    def _known(self, event: ConnectionClosed | ResetReceived | ErrorLearnt) -> None:
        known = self._open.get(event.attempt)
        if known is None:
            return
        match event:
            case ConnectionClosed():
                known.closed = event
                del self._open[event.attempt]
            case ResetReceived():
                known.got_reset = True
            case ErrorLearnt():
                known.learnt = event

    def _explained(self, identity: str | None, evidence: FailureEvidence) -> None:
        """What waited for an answer is often dropped only when its socket has given up: after the handshake's end."""
        known = self._open.get(identity) if identity else None
        if known:
            known.got_reset |= evidence.got_reset
            known.neighbour_failed |= evidence.neighbour_failed
            known.got_unreachable_message |= evidence.got_unreachable_message


def _connection(attempt: _Attempt) -> Connection:
    begin, closed = attempt.begin, attempt.closed
    latest = closed or attempt.handshake
    outcome = outcome_of(_evidence(attempt))
    return Connection(
        time=begin.began_at,
        process=begin.process,
        pid=begin.pid,
        uid=begin.uid,
        destination=begin.destination,
        protocol=begin.protocol,
        outcome=outcome,
        errno=_errno(attempt),
        waited_us=None if outcome in UNDECIDED_OUTCOMES else _waited_us(attempt),
        duration_us=closed.duration_us if closed else None,
        sent_bytes=closed.sent_bytes if closed else None,
        received_bytes=closed.received_bytes if closed else None,
        retransmits=latest.retransmits if latest else None,
    )


def _evidence(attempt: _Attempt) -> Evidence:
    begin, call, handshake = attempt.begin, attempt.call, attempt.handshake
    ended = handshake or attempt.learnt
    return Evidence(
        called=call is not None,
        call_errno=call.errno if call else None,
        handshaken=ended is not None,
        handshake_errno=ended.errno if ended else None,
        connected=handshake is not None and handshake.is_connected,
        closed=attempt.closed is not None,
        got_reset=attempt.got_reset,
        neighbour_failed=attempt.neighbour_failed,
        got_unreachable_message=attempt.got_unreachable_message,
        is_local=begin.destination.address is None,
        is_stream=begin.is_stream,
    )


def _errno(attempt: _Attempt) -> str | None:
    """The last word on it; "under way" only while that is the last word."""
    for event in (attempt.closed, attempt.handshake, attempt.learnt):
        if event and event.errno:
            return event.errno
    errno = attempt.call.errno if attempt.call else None
    has_ended = attempt.closed or attempt.handshake
    return None if has_ended and errno in UNDER_WAY else errno


def _waited_us(attempt: _Attempt) -> float | None:
    """The time in the call is that of a handshake only where there was none to be seen, and nothing came of it."""
    if attempt.handshake:
        return attempt.handshake.handshake_us
    if attempt.learnt:
        return attempt.learnt.after_us
    return attempt.call.call_us if attempt.call and not attempt.closed else None
