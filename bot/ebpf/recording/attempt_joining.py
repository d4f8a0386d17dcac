"""One `Connection` per attempt to connect, with its outcome, from the events that carry its identity. Pure.

An attempt that has none (a local socket, a call that failed before a SYN) is complete when its call returns. What it
came to is for `outcomes` to say.
"""

from dataclasses import dataclass

from bot.domain.network import UNDECIDED_OUTCOMES, Connection
from bot.ebpf.outcomes import UNDER_WAY, Evidence, outcome_of
from bot.ebpf.recording.kernel_events import (
    Begin,
    ConnectionClosed,
    ConnectReturned,
    Ending,
    ErrorLearnt,
    FailureEvidence,
    HandshakeEnded,
    ResetReceived,
    SynSentAgain,
)


@dataclass(slots=True)
class _Attempt:
    """The events of one attempt that are known so far; `begin` is told by the first."""

    begin: Begin
    call: ConnectReturned | None = None
    handshake: HandshakeEnded | None = None
    learnt: ErrorLearnt | None = None
    ending: Ending | None = None
    got_reset: bool = False
    neighbour_failed: bool = False
    got_unreachable_message: bool = False


class Attempts:
    """In the order of their first events."""

    def __init__(self) -> None:
        self._attempts: list[_Attempt] = []
        self._open: dict[str, _Attempt] = {}

    def connections(self) -> tuple[Connection, ...]:
        return tuple(map(_connection, self._attempts))

    def begin_or_go_on(self, event: ConnectReturned | HandshakeEnded | SynSentAgain) -> None:
        known = self._known_or_begun(event.begin)
        match event:
            case ConnectReturned():
                known.call = event
            case HandshakeEnded():
                known.handshake = event
                self.explain(event.begin.attempt, event.evidence)
            case SynSentAgain():
                pass

    def go_on(self, event: ConnectionClosed | ResetReceived | ErrorLearnt) -> None:
        known = self._open.get(event.attempt)
        if known is None:
            return
        match event:
            case ConnectionClosed():
                known.ending = event.ending
                del self._open[event.attempt]
            case ResetReceived():
                known.got_reset = True
            case ErrorLearnt():
                known.learnt = event

    def explain(self, identity: str | None, evidence: FailureEvidence) -> None:
        """What waited for an answer is often dropped only when its socket has given up: after the handshake's end."""
        known = self._open.get(identity) if identity else None
        if known:
            known.got_reset |= evidence.got_reset
            known.neighbour_failed |= evidence.neighbour_failed
            known.got_unreachable_message |= evidence.got_unreachable_message

    def _known_or_begun(self, begin: Begin) -> _Attempt:
        known = self._open.get(begin.attempt) if begin.attempt else None
        if known is None:
            known = _Attempt(begin)
            self._attempts.append(known)
            if begin.attempt:
                self._open[begin.attempt] = known
        return known


def _connection(attempt: _Attempt) -> Connection:
    begin, ending = attempt.begin, attempt.ending
    latest = ending or attempt.handshake
    outcome = outcome_of(_evidence(attempt))
    return Connection(
        **begin.who.at(begin.began_at),
        destination=begin.destination,
        protocol=begin.protocol,
        outcome=outcome,
        errno=_errno(attempt),
        waited_us=None if outcome in UNDECIDED_OUTCOMES else _waited_us(attempt),
        duration_us=ending.duration_us if ending else None,
        sent_bytes=ending.sent_bytes if ending else None,
        received_bytes=ending.received_bytes if ending else None,
        retransmits=latest.retransmits if latest else None,
        rtt_us=latest.rtt_us if latest else None,
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
        closed=attempt.ending is not None,
        got_reset=attempt.got_reset,
        neighbour_failed=attempt.neighbour_failed,
        got_unreachable_message=attempt.got_unreachable_message,
        is_local=begin.destination.address is None,
        is_stream=begin.is_stream,
    )


def _errno(attempt: _Attempt) -> str | None:
    """The last word on it; "under way" only while that is the last word."""
    for event in (attempt.ending, attempt.handshake, attempt.learnt):
        if event and event.errno:
            return event.errno
    errno = attempt.call.errno if attempt.call else None
    has_ended = attempt.ending or attempt.handshake
    return None if has_ended and errno in UNDER_WAY else errno


def _waited_us(attempt: _Attempt) -> float | None:
    """The time in the call is that of a handshake only where there was none to be seen, and nothing came of it."""
    if attempt.handshake:
        return attempt.handshake.handshake_us
    if attempt.learnt:
        return attempt.learnt.after_us
    return attempt.call.call_us if attempt.call and not attempt.ending else None
