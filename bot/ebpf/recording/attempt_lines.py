"""Lines that tell of attempts to connect, as the steps of their stories. Pure; `recorded_lines` calls them."""

from datetime import datetime, timedelta

from bot.domain.network import Endpoint
from bot.ebpf.recording.kernel_events import (
    Begin,
    ConnectionClosed,
    ConnectReturned,
    ErrorLearnt,
    HandshakeEnded,
    ResetReceived,
    SynSentAgain,
)
from bot.ebpf.recording.line_parts import attempt_of, caller, end_of, ending_of, evidence_of, protocol_of, rtt_of
from bot.ebpf.recording.line_values import Fields, integer, number, text

_IP = ("ipv4", "ipv6")


def connect_returned(fields: Fields, returned_at: datetime) -> ConnectReturned | None:
    family = text(fields, "family")
    if family != "unix" and family not in _IP:
        return None  # netlink, packet ...: no connection attempt in anybody's words
    call_us = number(fields, "call_us")
    since_begin_us = number(fields, "attempt_us")
    if since_begin_us is not None and since_begin_us > (call_us or 0):
        return None  # a further call on a socket under way: it only fetches what its attempt came to
    begin = _begin(fields, returned_at, since_us=call_us, is_stream=text(fields, "type") in ("stream", "seqpacket"))
    return ConnectReturned(begin=begin, errno=text(fields, "errno"), call_us=call_us)


def handshake_ended(fields: Fields, ended_at: datetime) -> HandshakeEnded | None:
    if attempt_of(fields) is None:
        return None  # nobody saw it begin
    return HandshakeEnded(
        begin=_begin(fields, ended_at),
        is_connected=text(fields, "to") == "ESTABLISHED",
        errno=text(fields, "errno"),
        handshake_us=number(fields, "handshake_us") or None,
        retransmits=integer(fields, "retransmits"),
        rtt_us=rtt_of(fields),
        evidence=evidence_of(fields),
    )


def error_learnt(fields: Fields, _: datetime) -> ErrorLearnt | None:
    attempt, errno = attempt_of(fields), text(fields, "errno")
    if attempt is None or errno == "EMSGSIZE":
        return None  # nobody saw it begin; or it only learnt how large a packet may be
    return ErrorLearnt(attempt=attempt, errno=errno, after_us=number(fields, "attempt_us"))


def syn_sent_again(fields: Fields, time: datetime) -> SynSentAgain | None:
    is_of_attempt = text(fields, "state") == "SYN_SENT" and attempt_of(fields) is not None
    return SynSentAgain(_begin(fields, time)) if is_of_attempt else None


def connection_closed(fields: Fields, _: datetime) -> ConnectionClosed | None:
    attempt = attempt_of(fields)
    return ConnectionClosed(attempt, ending_of(fields)) if attempt else None


def reset_received(fields: Fields, _: datetime) -> ResetReceived | None:
    attempt = attempt_of(fields)
    return ResetReceived(attempt) if attempt else None


def _begin(fields: Fields, time: datetime, *, since_us: float | None = None, is_stream: bool = True) -> Begin:
    """`since_us`: how long ago it began, where the attempt has no identity that tells it."""
    attempt = attempt_of(fields)
    ago_us = number(fields, "attempt_us") if attempt else since_us
    return Begin(
        attempt=attempt,
        began_at=time - timedelta(microseconds=ago_us or 0),
        who=caller(fields),
        destination=_destination(fields),
        protocol=protocol_of(fields),
        is_stream=is_stream,
    )


def _destination(fields: Fields) -> Endpoint:
    if text(fields, "family") == "unix":
        return Endpoint(path=text(fields, "path") or None)
    return end_of(fields, "dst")
