"""What a connection attempt came to, from everything that the kernel said about it. Pure.

Two readers of the kernel's events ask it: `joining`, for recordings, and the event store, for live ones.

How outcomes are told apart, where the errno does not say it:

- A datagram socket that connects only notes its peer. Whether anybody is there is not recorded (`Outcome.UNKNOWN`),
  until an ICMP message tells the socket that nobody is.
- An error of the call itself, without a handshake, is a routing rule's: `NO_ROUTE`, with the errno beside it (EINVAL:
  blackhole, EACCES: prohibit, EHOSTUNREACH: unreachable).
- A refusal with an RST is `REFUSED`, one without was an ICMP message: `REJECTED`.
- A handshake that ended without any errno was given up by its own process: `UNANSWERED`. Two kinds of drops at its
  socket say more, also about an ETIMEDOUT: an ICMP message (`REJECTED`), and a SYN for a neighbour that does not answer
  (NEIGH_FAILED: `UNREACHABLE`).
- An RST behind the handshake is `RESET`, whichever side had begun to close.
"""

from dataclasses import dataclass

from bot.domain.network import Outcome

UNDER_WAY = frozenset({"EINPROGRESS", "EINTR"})
"""What a connect(2) that does not wait says: the outcome is the handshake's."""

_OF_CALL = {
    "EHOSTUNREACH": Outcome.NO_ROUTE,
    "ENETUNREACH": Outcome.NO_ROUTE,
    "EINVAL": Outcome.NO_ROUTE,
    "EACCES": Outcome.NO_ROUTE,
    "EADDRNOTAVAIL": Outcome.NO_PORTS,
    "ECONNREFUSED": Outcome.REFUSED,
    "ETIMEDOUT": Outcome.TIMED_OUT,
}
_OF_HANDSHAKE = {
    None: Outcome.UNANSWERED,
    "ETIMEDOUT": Outcome.TIMED_OUT,
    "EHOSTUNREACH": Outcome.UNREACHABLE,
    "ENETUNREACH": Outcome.UNREACHABLE,
    "ECONNREFUSED": Outcome.REJECTED,
    "EACCES": Outcome.REJECTED,
    "ENOPROTOOPT": Outcome.REJECTED,
}
_OF_DATAGRAM = {
    "ECONNREFUSED": Outcome.REFUSED,
    "EHOSTUNREACH": Outcome.UNREACHABLE,
    "ENETUNREACH": Outcome.UNREACHABLE,
    "EACCES": Outcome.REJECTED,
    "ENOPROTOOPT": Outcome.REJECTED,
}
_OF_LOCAL_CALL = {"ECONNREFUSED": Outcome.REFUSED}
_UNEXPLAINED = (Outcome.UNANSWERED, Outcome.TIMED_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one attempt so far. An errno is None for success, and where there was no such step.

    `called`: connect(2) returned. `handshaken`: the TCP handshake ended, well (`connected`) or not, or a datagram
    socket learnt of an error. `got_reset`: an RST came, during the handshake or later. `is_local`: to a unix socket.
    `is_stream`: to a socket that has connections.
    """

    called: bool = False
    call_errno: str | None = None
    handshaken: bool = False
    handshake_errno: str | None = None
    connected: bool = False
    closed: bool = False
    got_reset: bool = False
    neighbour_failed: bool = False
    got_unreachable_message: bool = False
    is_local: bool = False
    is_stream: bool = True


def outcome_of(known: Evidence) -> Outcome:
    if known.closed or known.connected:
        return Outcome.RESET if known.got_reset else Outcome.CONNECTED
    if known.handshaken and not known.is_stream:
        return _OF_DATAGRAM.get(known.handshake_errno or "", Outcome.FAILED)
    if known.got_reset and known.handshaken:
        return Outcome.REFUSED
    if not known.handshaken or _ended_in_call(known):
        return outcome_of_call(known)
    outcome = _OF_HANDSHAKE.get(known.handshake_errno, Outcome.FAILED)
    return _explained(known, outcome) if outcome in _UNEXPLAINED else outcome


def _ended_in_call(known: Evidence) -> bool:
    """Whether the kernel took the handshake back before a SYN was sent: for want of a port it finds out that late."""
    return known.handshake_errno is None and known.called and known.call_errno not in {None, *UNDER_WAY}


def outcome_of_call(known: Evidence) -> Outcome:
    """What the call alone says, where no handshake followed."""
    if not known.called:
        return Outcome.PENDING
    if known.call_errno in UNDER_WAY:
        return Outcome.PENDING
    if known.call_errno is None:
        return Outcome.CONNECTED if known.is_local or known.is_stream else Outcome.UNKNOWN
    return (_OF_LOCAL_CALL if known.is_local else _OF_CALL).get(known.call_errno, Outcome.FAILED)


def _explained(known: Evidence, outcome: Outcome) -> Outcome:
    if known.neighbour_failed:
        return Outcome.UNREACHABLE
    return Outcome.REJECTED if known.got_unreachable_message else outcome
