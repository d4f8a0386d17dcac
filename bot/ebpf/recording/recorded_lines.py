"""How one line of a recording becomes a kernel event: the collector's field names.

Kinds of events that no question needs yet are left out. The fields are those of `bot.ebpf.collector.decode`.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

from bot.domain.network import UNNAMED, Drop, Endpoint
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

_IP = ("ipv4", "ipv6")
_WITH_PORTS = ("TCP", "UDP", "SCTP", "UDPLITE")
_MAX_NUMBER = 1e15
"""Microseconds of thirty years: what is beyond is no measurement."""
_MAX_TIME_S = 1e11
_NO_EVENT = 'it is not an event: an object with "ts" and "event"'

Fields: TypeAlias = Mapping[str, Any]


def parse_object(line: str) -> Fields:
    """Raises: json.JSONDecodeError when it is not JSON; ValueError when it is not an object."""
    try:
        fields = json.loads(line)
    except RecursionError:
        raise ValueError("it is nested too deep for an event") from None
    if not isinstance(fields, dict):
        raise ValueError(_NO_EVENT)  # noqa: TRY004 - bad data, not a bad call
    return fields


def parse_fields(fields: Fields) -> tuple[datetime, KernelEvent | None]:
    """The time of an event, and the event unless no question needs that kind. Raises: ValueError when it is none."""
    if not isinstance(fields.get("event"), str):
        raise ValueError(_NO_EVENT)  # noqa: TRY004 - bad data, not a bad call
    time = _time(fields)
    parse = _PARSERS.get(fields["event"])
    return time, parse(fields, time) if parse else None


def _connect(fields: Fields, returned_at: datetime) -> ConnectReturned | None:
    family = _text(fields, "family")
    if family != "unix" and family not in _IP:
        return None  # netlink, packet ...: no connection attempt in anybody's words
    call_us = _number(fields, "call_us")
    since_begin_us = _number(fields, "attempt_us")
    if since_begin_us is not None and since_begin_us > (call_us or 0):
        return None  # a further call on a socket under way: it only fetches what its attempt came to
    begin = _begin(fields, returned_at, since_us=call_us, is_stream=_text(fields, "type") in ("stream", "seqpacket"))
    return ConnectReturned(begin=begin, errno=_text(fields, "errno"), call_us=call_us)


def _tcp_open(fields: Fields, ended_at: datetime) -> HandshakeEnded | None:
    if _attempt(fields) is None:
        return None  # nobody saw it begin
    return HandshakeEnded(
        begin=_begin(fields, ended_at),
        is_connected=_text(fields, "to") == "ESTABLISHED",
        errno=_text(fields, "errno"),
        handshake_us=_number(fields, "handshake_us") or None,
        retransmits=_integer(fields, "retransmits"),
        evidence=_evidence(fields),
    )


def _sock_error(fields: Fields, _: datetime) -> ErrorLearnt | None:
    attempt, errno = _attempt(fields), _text(fields, "errno")
    if attempt is None or errno == "EMSGSIZE":
        return None  # nobody saw it begin; or it only learnt how large a packet may be
    return ErrorLearnt(attempt=attempt, errno=errno, after_us=_number(fields, "attempt_us"))


def _tcp_retransmit(fields: Fields, time: datetime) -> SynSentAgain | None:
    is_of_attempt = _text(fields, "state") == "SYN_SENT" and _attempt(fields) is not None
    return SynSentAgain(_begin(fields, time)) if is_of_attempt else None


def _tcp_close(fields: Fields, _: datetime) -> ConnectionClosed | None:
    attempt = _attempt(fields)
    if attempt is None:
        return None
    return ConnectionClosed(
        attempt=attempt,
        errno=_text(fields, "errno"),
        duration_us=_number(fields, "duration_us"),
        sent_bytes=_integer(fields, "tx_bytes"),
        received_bytes=_integer(fields, "rx_bytes"),
        retransmits=_integer(fields, "retransmits"),
    )


def _reset_received(fields: Fields, _: datetime) -> ResetReceived | None:
    attempt = _attempt(fields)
    return ResetReceived(attempt) if attempt else None


def _begin(fields: Fields, time: datetime, *, since_us: float | None = None, is_stream: bool = True) -> Begin:
    """`since_us`: how long ago it began, where the attempt has no identity that tells it."""
    attempt = _attempt(fields)
    ago_us = _number(fields, "attempt_us") if attempt else since_us
    return Begin(
        attempt=attempt,
        began_at=time - timedelta(microseconds=ago_us or 0),
        process=_text(fields, "comm") or UNNAMED,
        pid=_integer(fields, "pid") or None,
        uid=_integer(fields, "uid"),
        destination=_destination(fields),
        protocol=_protocol(fields),
        is_stream=is_stream,
    )


def _drop(fields: Fields, time: datetime) -> SkbDropped:
    begins_with_options = (_text(fields, "family"), fields.get("proto")) == ("ipv6", 0)
    protocol = "HOPOPT" if begins_with_options else _protocol(fields)
    drop = Drop(
        time=time,
        process=_text(fields, "comm") or UNNAMED,
        pid=_integer(fields, "pid") or None,
        reason=_text(fields, "reason"),
        location=_text(fields, "location"),
        size_bytes=_integer(fields, "len"),
        harmless=_flag(fields, "benign"),
        owner=_OWNERS.get(_text(fields, "owner") or ""),
        protocol=protocol,
        source=_flow_end(fields, "src", "sport", protocol),
        destination=_flow_end(fields, "dst", "dport", protocol),
        interface=_text(fields, "if") or None,
    )
    return SkbDropped(drop=drop, attempt=_text(fields, "attempt"), evidence=_evidence(fields))


_PARSERS: dict[str, Callable[[Fields, datetime], KernelEvent | None]] = {
    "connect": _connect,
    "tcp_open": _tcp_open,
    "tcp_close": _tcp_close,
    "sock_error": _sock_error,
    "tcp_reset_received": _reset_received,
    "tcp_retransmit": _tcp_retransmit,
    "drop": _drop,
}
_OWNERS: dict[str, Literal["socket", "current"]] = {"socket": "socket", "current": "current"}


def _destination(fields: Fields) -> Endpoint:
    if _text(fields, "family") == "unix":
        return Endpoint(path=_text(fields, "path") or None)
    return Endpoint(_text(fields, "dst"), _integer(fields, "dport") or None)


def _flow_end(fields: Fields, address: str, port: str, protocol: str | None) -> Endpoint | None:
    """A dropped skb's end. Where the protocol has no ports, the recorded ones are those of some socket."""
    host = _text(fields, address)
    if host is None:
        return None
    return Endpoint(host, _integer(fields, port) or None) if protocol in _WITH_PORTS else Endpoint(host)


def _protocol(fields: Fields) -> str | None:
    """TCP, UDP, UNIX, ICMP ...; `IP 200` for a number without a name. None for 0, which a frame without IP has."""
    proto = fields.get("proto")
    if isinstance(proto, str):
        return proto.upper()
    return f"IP {proto}" if isinstance(proto, int) and proto else None


def _time(fields: Fields) -> datetime:
    seconds = _number(fields, "ts")
    if seconds is None:
        raise ValueError('"ts" is missing')
    if seconds > _MAX_TIME_S:
        raise ValueError(f'"ts" is no time in seconds: {seconds}')
    return datetime.fromtimestamp(seconds, UTC)


def _attempt(fields: Fields) -> str | None:
    if "attempt" not in fields:
        raise ValueError('"attempt" is missing: an older netspy recorded it')
    return _text(fields, "attempt")


def _evidence(fields: Fields) -> FailureEvidence:
    said = fields.get("evidence", [])
    if not isinstance(said, list):
        raise _wrong("evidence", said)
    return FailureEvidence(
        got_reset="reset" in said,
        neighbour_failed="neighbour failed" in said,
        got_unreachable_message="unreachable" in said,
    )


def _text(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    raise _wrong(name, value)


def _flag(fields: Fields, name: str) -> bool | None:
    value = fields.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise _wrong(name, value)


def _integer(fields: Fields, name: str) -> int | None:
    value = fields.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise _wrong(name, value)


def _number(fields: Fields, name: str) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MAX_NUMBER:
        return value
    raise _wrong(name, value)


def _wrong(name: str, value: object) -> ValueError:
    return ValueError(f'"{name}" is {value!r:.40}')
