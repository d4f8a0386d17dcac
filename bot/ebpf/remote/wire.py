"""What ebpf-server and its aggregator write, as values. It knows their JSON and no HTTP; `server.py` calls it.

What is not of the promised shape raises `ValueError` that names the field. Fields that nobody needs may be anything.
"""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from bot.domain.network import UNNAMED, Connection, Drop, Endpoint, Event, EventKind
from bot.ebpf.excerpt import excerpt

ServerKind: TypeAlias = Literal["server", "aggregator", "collector"]
"""`collector`: netspy's own, which speaks ebpf-server's API and a better one."""
COLLECTOR = "netspy collector"
"""As a component."""
POINTER_TYPE = "application/vnd.netspy.pointer+json"
"""Who accepts this can ask a collector's better API: its /api/events says so, instead of giving events."""

EVENT_TYPES: Mapping[EventKind, str] = {"connection": "connection", "drop": "packet_drop"}

_COMPONENTS: Mapping[object, ServerKind] = {
    "eBPF Monitor API": "server",
    "aggregator": "aggregator",
    COLLECTOR: "collector",
}
_ANY_ADDRESS: Mapping[int | None, str] = {int(socket.AF_INET): "0.0.0.0", int(socket.AF_INET6): "::"}  # noqa: S104 - names a destination, binds nothing
"""ebpf-server leaves out an address that is all zeros."""
_PLACEHOLDER = (1, 1)
_AF_UNIX = int(socket.AF_UNIX)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of /api/events. `total` counts what matched on the server; an aggregator does not say."""

    events: tuple[Event, ...]
    total: int | None
    is_pointer: bool = False

    @property
    def kind(self) -> ServerKind:
        """Whose answer it is."""
        if self.is_pointer:
            return "collector"
        return "aggregator" if self.total is None else "server"


@dataclass(frozen=True, slots=True)
class Programs:
    """A server's eBPF programs with their status, or the nodes that an aggregator has heard of lately."""

    status: Mapping[str, str]
    agents: tuple[str, ...] = ()


def parse_json(body: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as cause:
        raise ValueError("this is not JSON") from cause
    if not isinstance(data, dict):
        raise ValueError("this is not a JSON object")  # noqa: TRY004 - a fault of the peer, not of the caller
    return data


def parse_component(health: Mapping[str, Any]) -> ServerKind | None:
    """Which of the three wrote this /health; None is none of them."""
    component = health.get("component")
    return _COMPONENTS.get(component) if isinstance(component, str) else None


def parse_page(data: Mapping[str, Any], kind: EventKind) -> Page:
    if "events" not in data:
        raise ValueError("events: missing")
    events: list[Event] = []
    for index, raw in enumerate(_objects(data, "events")):
        try:
            events.append(_connection(raw) if kind == "connection" else _drop(raw))
        except ValueError as cause:
            raise ValueError(f"events[{index}].{cause}") from cause
    return Page(tuple(events), _whole(data, "total_count"), data.get("component") == COLLECTOR)


def parse_programs(data: Mapping[str, Any]) -> Programs:
    agents = tuple(_text(agent, "node_name") or "" for agent in _objects(data, "connected_agents"))
    status = {_text(each, "name") or "": _text(each, "status") or "" for each in _objects(data, "programs")}
    return Programs(status, agents)


def _connection(raw: Mapping[str, Any]) -> Connection:
    """`return_code` is not read: the server takes it as the call begins, so its 0 says nothing of the outcome."""
    _expect_type(raw, "connection")
    family = _whole(raw, "address_family")
    return Connection(
        time=_time(raw),
        process=_text(raw, "command") or UNNAMED,
        pid=_whole(raw, "pid"),
        destination=_destination(raw, family),
        protocol=_protocol(raw, family),
        node=_text(raw, "k8s_node_name"),
    )


def _drop(raw: Mapping[str, Any]) -> Drop:
    """Live drops all have reason 1 and length 1, whatever happened, and the name of whoever ran just then."""
    _expect_type(raw, "packet_drop")
    code, size_bytes = _whole(raw, "drop_reason_code"), _whole(raw, "skb_length")
    known = (code, size_bytes) != _PLACEHOLDER
    return Drop(
        time=_time(raw),
        process=_text(raw, "command") or UNNAMED,
        pid=_whole(raw, "pid"),
        reason=_text(raw, "drop_reason") if known else None,
        size_bytes=size_bytes if known else None,
        owner="current",
        node=_text(raw, "k8s_node_name"),
    )


def _destination(raw: Mapping[str, Any], family: int | None) -> Endpoint:
    if family == _AF_UNIX:
        return Endpoint(path="")
    address = _text(raw, "destination_ip") or _ANY_ADDRESS.get(family)
    return Endpoint(address, _whole(raw, "destination_port")) if address else Endpoint(_family_name(family))


def _family_name(family: int | None) -> str:
    """For what is neither IP nor a local socket: there is no address, but the family is known."""
    if family is None:
        return "(not recorded)"
    try:
        return socket.AddressFamily(family).name
    except ValueError:
        return f"address family {family}"


def _protocol(raw: Mapping[str, Any], family: int | None) -> str | None:
    if family == _AF_UNIX:
        return "UNIX"
    protocol = _text(raw, "protocol")
    return None if protocol is None or protocol.startswith("Unknown(") else protocol


def _expect_type(raw: Mapping[str, Any], wanted: str) -> None:
    given = raw.get("type")
    if given not in (None, wanted):
        raise ValueError(f"type: {_shown(given)} where {wanted!r} was asked for")


def _time(raw: Mapping[str, Any]) -> datetime:
    text = raw.get("time")
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"time: {_shown(text)} is no RFC 3339 time")


def _whole(raw: Mapping[str, Any], name: str) -> int | None:
    value = raw.get(name)
    if value is None or type(value) is int:
        return value
    raise ValueError(f"{name}: {_shown(value)} is no whole number")


def _text(raw: Mapping[str, Any], name: str) -> str | None:
    """JSON can hold half a surrogate pair, which nothing could print."""
    value = raw.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"{name}: {_shown(value)} is no text")  # noqa: TRY004 - a fault of the peer
    return value if value.isascii() else value.encode(errors="replace").decode()


def _objects(raw: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Go writes an empty list as null."""
    value = raw.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ValueError(f"{name}: this is no list of objects")
    return value


def _shown(value: object) -> str:
    return excerpt(repr(value)[:80])
