"""Events as ebpf-server stores and writes them: its fields, its guesses, and Go's spelling of times and JSON."""

import ipaddress
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

BOOTED = datetime(2026, 11, 22, 22, 48, 17, tzinfo=UTC)
"""`timestamp` counts from here, unless an event says `booted`: nodes of one cluster have booted at different times."""
ZERO_TIME_NS = -62135596800 * 10**9
"""Go's zero time, the year 1: "not given" in a query, and the time of an event that has none."""
UDP_PORTS = frozenset({53, 67, 68, 123, 161, 162})
AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6 = 0, 1, 2, 10
DROP_REASONS = {1: "SKB_FREE", 2: "TCP_DROP", 3: "UDP_DROP", 4: "ICMP_DROP", 5: "NETFILTER_DROP"}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)")


def connection_event(
    process: str, to: str, *, at: datetime, serial: int, pid: int = 100, booted: datetime = BOOTED, **more: Any
) -> dict[str, Any]:
    """A connect to `host:port` or `[v6]:port`; an empty `to` is a unix socket, or of the family in `more`."""
    host, _, port_text = to.rpartition(":")
    ip = ipaddress.ip_address(host.strip("[]")) if to else None
    port = int(port_text) if to else 0
    udp = port in UDP_PORTS
    is_v6 = ip is not None and ip.version == 6
    named = str(ip) if ip and int(ip) else ""
    fields = {
        "address_family": AF_UNIX if ip is None else AF_INET6 if is_v6 else AF_INET,
        "destination": f"[{named}]:{port}" if named and is_v6 else f"{named}:{port}" if named else "",
        "destination_ip": named,
        "destination_port": port,
        "protocol": "Unknown(0)" if ip is None else "UDP" if udp else "TCP",
        "raw_ipv4": int.from_bytes(ip.packed, "little") if ip and not is_v6 else 0,
        "raw_ipv6": list(ip.packed) if ip and is_v6 else [0] * 16,
        "raw_protocol": 0 if ip is None else 17 if udp else 6,
        "raw_socktype": 0 if ip is None else 2 if udp else 1,
        "return_code": 0,
        "socket_type": "Unknown(0)" if ip is None else "DGRAM" if udp else "STREAM",
    }
    return {**_event("connection", process, pid, serial, at, booted), **fields, **more}


def drop_event(
    process: str, *, at: datetime, serial: int, pid: int = 100, booted: datetime = BOOTED, **more: Any
) -> dict[str, Any]:
    """A drop as every live one is: reason 1, length 1; `drop_reason_code` and `skb_length` make another."""
    code, length = more.pop("drop_reason_code", 1), more.pop("skb_length", 1)
    fields = {
        "drop_reason": DROP_REASONS.get(code, f"UNKNOWN({code})"),
        "drop_reason_code": code,
        "packet_size_bytes": length,
        "skb_length": length,
    }
    return {**_event("packet_drop", process, pid, serial, at, booted), **fields, **more}


def _event(kind: str, process: str, pid: int, serial: int, at: datetime, booted: datetime) -> dict[str, Any]:
    """The last three digits of the nanoseconds are the serial number, so that no two events share a time."""
    nanos = to_ns(at) + serial % 1000
    return {
        "command": process,
        "id": f"{serial:016x}",
        "pid": pid,
        "time": rfc3339_nano(nanos),
        "timestamp": nanos - to_ns(booted),
        "type": kind,
    }


def go_json(value: Any, *, sort_keys: bool = False) -> str:
    """As `json.Encoder` writes it: compact, and nothing in it that HTML could trip over."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys)
    for letter in "&<>\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def to_ns(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def rfc3339(ns: int) -> str:
    return (_EPOCH + timedelta(seconds=ns // 10**9)).strftime("%Y-%m-%dT%H:%M:%SZ")


def rfc3339_nano(ns: int) -> str:
    """Go's RFC3339Nano has no trailing zeros."""
    fraction = f"{ns % 10**9:09d}".rstrip("0")
    return rfc3339(ns)[:-1] + (f".{fraction}Z" if fraction else "Z")


def parse_rfc3339(text: object) -> int:
    """Nanoseconds since 1970; the zero time for everything that is no time."""
    match = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return ZERO_TIME_NS
    seconds, fraction, zone = match.groups()
    return to_ns(datetime.fromisoformat(seconds + zone)) + int((fraction or "")[:9].ljust(9, "0"))
