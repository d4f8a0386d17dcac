"""Events as ebpf-server writes them, with the truth where it guesses, and what it does not know beside that. Pure.

Its clients read these fields by their names; ours are added to them, and left out where nothing is known.
"""

import errno
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC, SOCK_DGRAM, SOCK_STREAM
from types import MappingProxyType
from typing import TypeAlias, assert_never
from zlib import crc32

from bot.domain.json_types import Json, JsonObject
from bot.domain.network import Connection, Drop, Endpoint, Event
from bot.domain.workload import Workload
from bot.ebpf.store.clock import Clock

RawEvent: TypeAlias = dict[str, Json]
Told: TypeAlias = Connection | Drop
"""What ebpf-server tells of."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBERS = {"ICMP": 1, "TCP": 6, "UDP": 17, "ICMPV6": 58, "SCTP": 132}
_SOCKETS = {"TCP": (int(SOCK_STREAM), "STREAM"), "UDP": (int(SOCK_DGRAM), "DGRAM")}
_UNKNOWN = "Unknown(0)"
"""What ebpf-server calls a protocol or a type of sockets that it has no name for."""
_UNKNOWN_REASON = "UNKNOWN(0)"


@dataclass(frozen=True, slots=True)
class Kernel:
    """Of which the events are: `reason_codes` are its numbers for the reasons of drops."""

    clock: Clock
    reason_codes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


def written(events: Iterable[Event], kernel: Kernel) -> Iterator[RawEvent]:
    """In the same order. Events that nothing tells apart are numbered, so that each has an id of its own."""
    alike: Counter[str] = Counter()
    for event in (each for each in events if isinstance(each, Connection | Drop)):
        identity = _identity(event)
        yield {"id": _id(f"{identity}|{alike[identity]}"), **_fields(event, kernel)}
        alike[identity] += 1


def by_pid(events: Iterable[RawEvent]) -> dict[str, list[RawEvent]]:
    """In the order of the pids as texts, as Go writes maps."""
    groups: dict[str, list[RawEvent]] = {}
    for event in events:
        groups.setdefault(str(event["pid"]), []).append(event)
    return dict(sorted(groups.items()))


def told_programs(running: Iterable[str], missing: Mapping[str, str]) -> list[RawEvent]:
    """With ids that stay; `missing` says why."""
    states: dict[str, RawEvent] = {name: {"status": "active"} for name in running}
    states |= {name: {"status": "inactive", "reason": why} for name, why in missing.items()}
    return [{"name": name, "type": "eBPF", **state, "id": crc32(name.encode())} for name, state in states.items()]


def rfc3339(moment: datetime) -> str:
    """In whole seconds, as ebpf-server writes the time of an answer."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _fields(event: Told, kernel: Kernel) -> RawEvent:
    return {**_moment(event, kernel.clock), **_kind_of(event, kernel), **_known(event)}


def _kind_of(event: Told, kernel: Kernel) -> RawEvent:
    match event:
        case Connection():
            return _connection(event)
        case Drop():
            return _drop(event, kernel.reason_codes)
        case _:
            assert_never(event)


def _moment(event: Told, clock: Clock) -> RawEvent:
    """Nanoseconds as Go writes them, without zeros at the end; `timestamp` counts since boot."""
    naive = event.time.astimezone(UTC).replace(tzinfo=None)
    since_1970 = (event.time - _EPOCH) // _MICROSECOND * 1000
    return {
        "command": event.process,
        "pid": event.pid or 0,
        "time": f"{naive.isoformat(timespec='microseconds').rstrip('0').rstrip('.')}Z",
        "timestamp": max(0, since_1970 - clock.offset_ns),
        **({"k8s_node_name": event.node} if event.node else {}),
    }


def _connection(event: Connection) -> RawEvent:
    kind, kind_name = _SOCKETS.get(event.protocol or "", (0, _UNKNOWN))
    return {
        "type": "connection",
        **_destination(event.destination),
        "protocol": event.protocol or _UNKNOWN,
        "raw_protocol": _protocol_number(event.protocol),
        "raw_socktype": kind,
        "return_code": -_errno_number(event.errno),
        "socket_type": kind_name,
        "outcome": event.outcome.value,
    }


@lru_cache(maxsize=1 << 12)
def _destination(end: Endpoint) -> JsonObject:
    ip = _ip(end.address)
    family = AF_UNIX if end.address is None else AF_UNSPEC if ip is None else AF_INET if ip.version == 4 else AF_INET6
    return {
        "address_family": int(family),
        "destination": str(end) if ip else "",
        "destination_ip": str(ip) if ip else "",
        "destination_port": end.port or 0,
        "raw_ipv4": int.from_bytes(ip.packed, "little") if isinstance(ip, IPv4Address) else 0,
        "raw_ipv6": list(ip.packed) if isinstance(ip, IPv6Address) else [0] * 16,
    }


def _drop(event: Drop, codes: Mapping[str, int]) -> RawEvent:
    return {
        "type": "packet_drop",
        "drop_reason": event.reason or _UNKNOWN_REASON,
        "drop_reason_code": codes.get(event.reason or "", 0),
        "packet_size_bytes": event.size_bytes or 0,
        "skb_length": event.size_bytes or 0,
    }


def _known(event: Told) -> RawEvent:
    """What ebpf-server has no field for."""
    own = _of_connection(event) if isinstance(event, Connection) else _of_drop(event)
    if event.workload:
        own |= _of_workload(event.workload)
    return {name: value for name, value in own.items() if value is not None}


def _of_workload(workload: Workload) -> RawEvent:
    """The first two are ebpf-server's names, for the pod that it runs in itself."""
    return {
        "k8s_pod_name": workload.pod,
        "k8s_namespace": workload.pod_namespace,
        "container": workload.container,
        "unit": workload.unit,
    }


def _of_connection(event: Connection) -> RawEvent:
    return {
        "errno": event.errno,
        "uid": event.uid,
        "waited_us": event.waited_us,
        "duration_us": event.duration_us,
        "sent_bytes": event.sent_bytes,
        "received_bytes": event.received_bytes,
        "retransmits": event.retransmits,
        "path": event.destination.path,
    }


def _of_drop(event: Drop) -> RawEvent:
    return {
        "harmless": event.harmless,
        "location": event.location,
        "owner": event.owner,
        "protocol": event.protocol,
        "interface": event.interface,
        "source": str(event.source) if event.source else None,
        "destination": str(event.destination) if event.destination else None,
    }


def _identity(event: Told) -> str:
    """What of an event never changes: an attempt's outcome comes later."""
    rest = (event.reason, event.location, event.source) if isinstance(event, Drop) else ()
    return repr((type(event).__name__, event.time.timestamp(), event.process, event.pid, str(event.destination), rest))


def _id(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _ip(address: str | None) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address) if address else None
    except ValueError:
        return None


def _protocol_number(protocol: str | None) -> int:
    """Also of what the store calls `IP 47`."""
    if protocol is None:
        return 0
    _, _, number = protocol.partition("IP ")
    return int(number) if number.isdecimal() else _NUMBERS.get(protocol, 0)


def _errno_number(name: str | None) -> int:
    """The store gives the number itself where an errno has no name."""
    if name is None:
        return 0
    number: int = int(name) if name.isdecimal() else getattr(errno, name, 0)
    return number
