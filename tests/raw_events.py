"""Events as the kernel program writes them, made by hand."""

import errno
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM
from typing import Any, assert_never

from bot.domain.network import (
    Accepted,
    Connection,
    DnsLookup,
    Drop,
    Endpoint,
    Event,
    IcmpSent,
    Listen,
    Reset,
    Retransmit,
    SocketError,
)
from bot.ebpf.collector import dns, layout
from bot.ebpf.collector.details import state_name
from bot.ebpf.store.clock import Clock
from tests.dns_messages import AAAA, A, message, name, record
from tests.fakes import NOW

BOOT = NOW - timedelta(days=1)
"""When the machine began of which these events are."""
CLOCK = Clock((BOOT - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1) * 1000)
ESTABLISHED, SYN_SENT, FIN_WAIT2, CLOSE, LISTEN = 1, 2, 5, 7, 10
RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
_BLANK = layout.read(bytes(layout.EVENT.size))


def raw(kind: int, at_ns: int, *, to: Endpoint | None = None, **fields: Any) -> bytes:
    """A TCP event of pid 100, `curl`, towards `to`."""
    usual = {"pid": 100, "comm": b"curl", "proto": 6, "socktype": SOCK_STREAM, "reason": -1}
    event = _BLANK._replace(**{"kind": kind, "ts": at_ns, **usual, **_towards(to), **fields})
    return layout.EVENT.pack(*event)


def attempt(begun_ns: int, *, cpu: int = 0) -> int:
    """The identity of an attempt."""
    return begun_ns << 8 | cpu


def boot_ns(moment: datetime) -> int:
    return (moment - BOOT) // timedelta(microseconds=1) * 1000


def of(event: Event) -> Iterator[bytes]:
    """What the kernel would have told of an event. Of a connection's outcome only that of connect(2) itself.

    Numbers that mean something on one machine only (cgroups, reasons of drops, places in the kernel) are left out.
    """
    at = boot_ns(event.time)
    who: dict[str, Any] = {
        "pid": event.pid or 0,
        "uid": event.uid or 0,
        "comm": event.process.encode(errors="surrogateescape"),
        "flags": layout.OWNED if event.uid is not None else 0,
    }
    match event:
        case Connection():
            waited = _ns(event.waited_us)
            called = {**who, "ret": _ret(event.errno), "elapsed_ns": waited}
            yield raw(layout.CONNECT, at + waited, to=event.destination, **called)
        case Accepted():
            yield from _accepted(event, at, who)
        case DnsLookup():
            yield from _asked(event, at, who)
        case _:
            yield _at_once(event, at, who)


def _at_once(  # noqa: PLR0911 - one for each kind
    event: Drop | Retransmit | Reset | Listen | SocketError | IcmpSent, at: int, who: dict[str, Any]
) -> bytes:
    """Of a kind that one event of the kernel tells."""
    match event:
        case Drop():
            return raw(layout.DROP, at, to=event.destination, **who, **_from(event.source))
        case Retransmit():
            return raw(layout.TCP_RETRANSMIT, at, to=event.destination, **_retransmitted(event, who))
        case Reset():
            sent = layout.TCP_RESET_SENT if event.direction == "out" else layout.TCP_RESET_RECEIVED
            return raw(sent, at, to=event.destination, sock=1, **_of_connection(event, who))
        case Listen():
            state = LISTEN if event.began else CLOSE
            return raw(layout.TCP_LISTEN, at, to=Endpoint("0.0.0.0"), newstate=state, **who, **_from(event.destination))
        case SocketError(call="accept"):
            return raw(layout.ACCEPT_FAILED, at, ret=_ret(event.errno), **who, **_from(event.destination))
        case SocketError():
            ends = {"proto": 17, **_from(event.source)}
            return raw(layout.SOCK_ERROR, at, to=event.destination, ret=_ret(event.errno), **who, **ends)
        case IcmpSent():
            told = {"icmp_type": event.type, "icmp_code": event.code, **_from(event.source)}
            return raw(layout.ICMP_SENT, at, to=event.destination, **who, **told)
    assert_never(event)


def _accepted(event: Accepted, at: int, who: dict[str, Any]) -> Iterator[bytes]:
    """Its socket is closed at once where no duration is known."""
    ends = {"sock": at, **_from(event.destination), "flags": layout.ACCEPTED | layout.OWNED}
    yield raw(
        layout.TCP_ACCEPT, at, to=event.source, **{**who, **ends, "flags": layout.ACCEPTED, "pid": 0, "comm": b""}
    )
    figures: dict[str, Any] = {
        "elapsed_ns": _ns(event.duration_us),
        "tx_bytes": event.sent_bytes or 0,
        "rx_bytes": event.received_bytes or 0,
        "retransmits": event.retransmits or 0,
        "srtt_us": int(event.rtt_us or 0),
        "ret": _ret(event.errno),
    }
    yield raw(layout.TCP_CLOSE, at + figures["elapsed_ns"], to=event.source, **{**who, **ends}, **figures)


def _asked(event: DnsLookup, at: int, who: dict[str, Any]) -> Iterator[bytes]:
    host = name(*(label.encode() for label in event.name.split(".") if label)) if event.name is not None else b""
    kind = next(number for number in range(256) if dns.type_name(number) == (event.type or "A"))
    asked = message(host, kind=kind, number=at & 0xFFFF) if host else b""
    for place in range(event.tries):
        query = {**who, "proto": 17, "sport": 5000, "netns": 7, "tail_len": len(asked)}
        yield raw(layout.DNS_QUERY, at + place, to=event.destination, **query) + asked
    if event.latency_us is not None:
        records = [record(A if "." in each else AAAA, ip_address(each).packed) for each in event.answers]
        flags = 0x8180 + RCODES.index(event.rcode or RCODES[0])
        answer = message(host, *records, kind=kind, number=at & 0xFFFF, flags=flags) if event.rcode else b""
        reply: dict[str, Any] = {"proto": 17, "dport": 5000, "netns": 7, "tail_len": len(answer)}
        yield raw(layout.DNS_REPLY, at + _ns(event.latency_us), **reply) + answer


def _retransmitted(event: Retransmit, who: dict[str, Any]) -> dict[str, Any]:
    return {
        **_of_connection(event, who),
        "len": event.size_bytes or 0,
        "retransmits": event.retransmits or 0,
        "srtt_us": int(event.rtt_us or 0),
        "ret": _ret(event.errno),
    }


def _of_connection(event: Retransmit | Reset, who: dict[str, Any]) -> dict[str, Any]:
    flag = {"client": layout.OPENED, "server": layout.ACCEPTED, None: 0}[event.role]
    state = next(number for number in range(13) if state_name(number) == event.state)
    return {**who, **_from(event.source), "flags": who["flags"] | flag, "newstate": state}


def _ret(errno_name: str | None) -> int:
    return -getattr(errno, errno_name) if errno_name else 0


def _ns(duration_us: float | None) -> int:
    return int((duration_us or 0) * 1000)


def _from(end: Endpoint | None) -> dict[str, Any]:
    if end is None or end.address is None:
        return {}
    address = ip_address(end.address)
    family = AF_INET if address.version == 4 else AF_INET6
    return {"family": family, "saddr": address.packed, "sport": end.port or 0}


def _towards(end: Endpoint | None) -> dict[str, Any]:
    if end is None:
        return {}
    if end.address is None:
        return {"family": AF_UNIX, "proto": 0}
    address = ip_address(end.address)
    return {
        "family": AF_INET if address.version == 4 else AF_INET6,
        "daddr": address.packed,
        "dport": end.port or 0,
    }
