"""Events as the kernel program writes them, made by hand."""

import errno
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM
from typing import Any

from bot.domain.network import Connection, Drop, Endpoint, Event
from bot.ebpf.collector import layout
from bot.ebpf.store.clock import Clock
from tests.fakes import NOW

BOOT = NOW - timedelta(days=1)
"""When the machine began of which these events are."""
CLOCK = Clock((BOOT - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1) * 1000)
ESTABLISHED, SYN_SENT, FIN_WAIT2, CLOSE = 1, 2, 5, 7
_BLANK = layout.read(bytes(layout.EVENT.size))


def raw(kind: int, at_ns: int, *, to: Endpoint | None = None, **fields: Any) -> bytes:
    """A TCP event of pid 100, `curl`, towards `to`."""
    usual = {"pid": 100, "comm": b"curl", "proto": 6, "socktype": SOCK_STREAM, "reason": -1}
    event = _BLANK._replace(**{"kind": kind, "ts": at_ns, **usual, **_towards(to), **fields})
    return layout.EVENT.pack(*event)


def attempt(begun_ns: int, *, cpu: int = 0) -> int:
    """The identity of an attempt."""
    return begun_ns << 8 | cpu


def since_boot(event: Connection | Drop) -> int:
    return boot_ns(event.time)


def boot_ns(moment: datetime) -> int:
    return (moment - BOOT) // timedelta(microseconds=1) * 1000


def of(event: Event) -> Iterator[bytes]:
    """What the kernel would have told of an event. Of the outcome only that of connect(2) itself."""
    assert isinstance(event, Connection | Drop), f"of {type(event).__name__} nothing is written by hand yet"
    who: dict[str, Any] = {"pid": event.pid or 0, "comm": event.process.encode(errors="surrogateescape")}
    at = since_boot(event)
    if isinstance(event, Drop):
        yield raw(layout.DROP, at, to=event.destination, **who)
        return
    ret = -getattr(errno, event.errno) if event.errno else 0
    waited = int((event.waited_us or 0) * 1000)
    yield raw(layout.CONNECT, at + waited, to=event.destination, ret=ret, elapsed_ns=waited, **who)


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
