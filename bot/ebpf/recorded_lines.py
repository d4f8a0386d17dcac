"""How one line of a recording becomes a kernel event: the collector's field names, and where its labels mislead.

Kinds of events that no question needs yet are left out. `recorded` gives it lines; what comes from a live collector is
fields already (`bot.ebpf.collector.decode`).
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

from bot.domain.network import Drop, Endpoint
from bot.ebpf.kernel_events import (
    ConnectionClosed,
    ConnectReturned,
    HandshakeEnded,
    KernelEvent,
    ResetReceived,
    SkbDropped,
    SocketServes,
)

_UNNAMED = "(unknown)"
_IP = ("ipv4", "ipv6")
_WITH_PORTS = ("TCP", "UDP", "SCTP")
_ICMP_ERRORS = {"ICMP": (3, 11, 12), "ICMPV6": (1, 2, 3, 4)}
_ICMP_UNREACHABLE = {"ICMP": 3, "ICMPV6": 1}
_MAX_NUMBER = 1e15
"""Microseconds of thirty years: what is beyond is no measurement."""
_MAX_TIME_S = 1e11

Fields: TypeAlias = Mapping[str, Any]


def parse_line(line: str) -> tuple[datetime, KernelEvent | None]:
    """The time of a recorded line, and its event unless no question needs that kind.

    Raises: json.JSONDecodeError when it is not JSON; ValueError when it is not an event.
    """
    try:
        fields = json.loads(line)
    except RecursionError:
        raise ValueError("it is nested too deep for an event") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("event"), str):
        raise ValueError('it is not an event: an object with "ts" and "event"')  # noqa: TRY004 - bad data, not a bad call
    return parse_fields(fields)


def parse_fields(fields: Fields) -> tuple[datetime, KernelEvent | None]:
    """The same for fields, which have a text as "event". Raises: ValueError when they are not an event."""
    time = _time(fields)
    parse = _PARSERS.get(fields["event"])
    return time, parse(fields, time) if parse else None


def _connect(fields: Fields, returned_at: datetime) -> ConnectReturned | None:
    family = _text(fields, "family")
    if family != "unix" and family not in _IP:
        return None  # netlink, packet ...: no connection attempt in anybody's words
    call_us = _number(fields, "call_us")
    return ConnectReturned(
        began_at=returned_at - timedelta(microseconds=call_us or 0),
        returned_at=returned_at,
        process=_text(fields, "comm") or _UNNAMED,
        pid=_integer(fields, "pid") or None,
        uid=_integer(fields, "uid"),
        destination=_destination(fields, family),
        protocol=_protocol(fields),
        is_stream=_text(fields, "type") in ("stream", "seqpacket"),
        sock=_text(fields, "sock"),
        errno=_text(fields, "errno"),
        call_us=call_us,
    )


def _tcp_open(fields: Fields, ended_at: datetime) -> HandshakeEnded:
    handshake_us = _number(fields, "handshake_us") or None
    return HandshakeEnded(
        began_at=ended_at - timedelta(microseconds=handshake_us or 0),
        ended_at=ended_at,
        process=_text(fields, "comm") or _UNNAMED,
        pid=_integer(fields, "pid") or None,
        uid=_integer(fields, "uid"),
        destination=_destination(fields, _text(fields, "family")),
        sock=_socket(fields),
        is_connected=_text(fields, "to") == "ESTABLISHED",
        errno=_text(fields, "errno"),
        handshake_us=handshake_us,
        retransmits=_integer(fields, "retransmits"),
    )


def _tcp_close(fields: Fields, _: datetime) -> ConnectionClosed:
    return ConnectionClosed(
        sock=_socket(fields),
        errno=_text(fields, "errno"),
        duration_us=_number(fields, "duration_us"),
        sent_bytes=_integer(fields, "tx_bytes"),
        received_bytes=_integer(fields, "rx_bytes"),
        retransmits=_integer(fields, "retransmits"),
    )


def _reset_received(fields: Fields, _: datetime) -> ResetReceived:
    return ResetReceived(_socket(fields), _text(fields, "state") == "SYN_SENT")


def _serves(fields: Fields, _: datetime) -> SocketServes:
    return SocketServes(_socket(fields))


def _drop(fields: Fields, time: datetime) -> SkbDropped:
    protocol = _protocol(fields)
    icmp_type = _icmp_type(fields)
    owner = _text(fields, "owner")
    drop = Drop(
        time=time,
        process=_text(fields, "comm") or _UNNAMED,
        pid=_integer(fields, "pid") or None,
        reason=_text(fields, "reason"),
        location=_text(fields, "location"),
        size_bytes=_integer(fields, "len"),
        harmless=_is_harmless(fields, protocol, icmp_type),
        owner=_OWNERS.get(owner or ""),
        protocol=protocol,
        source=_flow_end(fields, "src", "sport", protocol),
        destination=_flow_end(fields, "dst", "dport", protocol),
        interface=_text(fields, "if") or None,
    )
    unreachable = icmp_type is not None and icmp_type == _ICMP_UNREACHABLE.get(protocol or "")
    return SkbDropped(drop=drop, sock=_text(fields, "sock"), is_unreachable_message=unreachable)


_PARSERS: dict[str, Callable[[Fields, datetime], KernelEvent | None]] = {
    "connect": _connect,
    "tcp_open": _tcp_open,
    "tcp_close": _tcp_close,
    "tcp_reset_received": _reset_received,
    "tcp_accept": _serves,
    "tcp_listen": _serves,
    "drop": _drop,
}
_OWNERS: dict[str, Literal["socket", "current"]] = {"socket": "socket", "current": "current"}


def _is_harmless(fields: Fields, protocol: str | None, icmp_type: int | None) -> bool | None:
    """The collector's word, but for two kinds that it takes for their opposite."""
    if icmp_type in _ICMP_ERRORS.get(protocol or "", ()):
        return False  # freed in a healthy way, but it may be the only word about why a flow fails
    destination = _text(fields, "dst") or ""
    if destination.startswith("ff02:") and _text(fields, "reason") in (None, "NOT_SPECIFIED"):
        return True  # multicast on this link to a group that nobody here has joined, such as router solicitations
    benign = fields.get("benign")
    return benign if isinstance(benign, bool) else None


def _destination(fields: Fields, family: str | None) -> Endpoint:
    if family == "unix":
        return Endpoint(path=_text(fields, "path") or None)
    return Endpoint(_text(fields, "dst"), _integer(fields, "dport"))


def _flow_end(fields: Fields, address: str, port: str, protocol: str | None) -> Endpoint | None:
    """A dropped skb's end. Where the protocol has no ports, the recorded ones are those of some socket."""
    host = _text(fields, address)
    if host is None:
        return None
    return Endpoint(host, _integer(fields, port) or None) if protocol in _WITH_PORTS else Endpoint(host)


def _protocol(fields: Fields) -> str | None:
    """TCP, UDP, UNIX, ICMP ...; `IP 200` for a number without a name."""
    proto = fields.get("proto")
    if isinstance(proto, str):
        return proto.upper()
    if proto == 0:
        return "HOPOPT" if fields.get("family") == "ipv6" else None  # 0 is also what a frame without IP has
    return f"IP {proto}" if isinstance(proto, int) else None


def _icmp_type(fields: Fields) -> int | None:
    icmp = fields.get("icmp")
    return icmp[0] if isinstance(icmp, list) and icmp and isinstance(icmp[0], int) else None


def _time(fields: Fields) -> datetime:
    seconds = _number(fields, "ts")
    if seconds is None:
        raise ValueError('"ts" is missing')
    if seconds > _MAX_TIME_S:
        raise ValueError(f'"ts" is no time in seconds: {seconds}')
    return datetime.fromtimestamp(seconds, UTC)


def _socket(fields: Fields) -> str:
    sock = _text(fields, "sock")
    if sock is None:
        raise ValueError('"sock" is missing')
    return sock


def _text(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    if value is None or isinstance(value, str):
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
