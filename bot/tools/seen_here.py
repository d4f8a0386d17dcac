"""What this machine itself did to traffic with a destination: the cause that stands beside a symptom.

Failures and slow handshakes are counted by destination; so are drops, listeners that cannot accept, and full accept
queues, where these are seen from here. Where nothing of it is seen, the cause lies elsewhere, or is not recorded.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from bot.domain.errors import CannotAnswer
from bot.domain.network import EventKind
from bot.domain.ports import EbpfSource
from bot.domain.query import Aggregate, Filter, Group, GroupField
from bot.domain.sockets import SocketQuery, SocketState
from bot.tables.units import human_count
from bot.tools.asked import Asked

_EXPECTED = frozenset({"NO_SOCKET", "TCP_RESET", "TCP_OLD_DATA", "TCP_OLD_SEQUENCE", "TCP_OLD_ACK", "QUEUE_PURGE"})
"""Reasons that only repeat what a refusal says, or what came twice."""
_SORTED_OUT = "TCP_"
"""How reasons begin by which TCP itself did away with a packet."""


@dataclass(frozen=True, slots=True)
class SeenHere:
    """By destination (`host:port`), by host and by port: sentences of a few words, the most frequent first."""

    to: Mapping[str, str] = field(default_factory=dict)
    back: Mapping[str, str] = field(default_factory=dict)
    listening: Mapping[int, str] = field(default_factory=dict)

    def at(self, destination: str | None) -> str | None:
        """What was seen of traffic with `host:port`, or None."""
        if destination is None:
            return None
        host, _, port = destination.rpartition(":")
        listener = self.listening.get(int(port)) if port.isdecimal() else None
        return self.to.get(destination) or listener or self.back.get(host.strip("[]"))

    def with_host(self, host: str | None) -> str | None:
        """The same for traffic with a host, whatever the port."""
        if host is None:
            return None
        to_host = (told for end, told in self.to.items() if end.rpartition(":")[0].strip("[]") == host or end == host)
        return next(to_host, None) or self.back.get(host)


async def seen_here(source: EbpfSource, asked: Asked) -> SeenHere:
    """Of all processes: what drops a packet often runs in somebody else's name. Who cannot tell adds nothing."""
    to, back, failing, full = await asyncio.gather(
        _dropped(source, asked, "destination"),
        _dropped(source, asked, "source"),
        _cannot_accept(source, asked),
        _full_queues(source),
    )
    return SeenHere(to=to, back=_replies(back), listening={**failing, **full})


def _replies(dropped: Mapping[str, str]) -> dict[str, str]:
    """Of other machines: of our own everything comes. What TCP itself sorted out was no reply that somebody missed."""
    return {
        host: f"reply: {told}"
        for host, told in dropped.items()
        if not told.startswith(_SORTED_OUT) and not ip_address(host).is_loopback
    }


async def _dropped(source: EbpfSource, asked: Asked, field_: GroupField) -> dict[str, str]:
    query = _of_all(asked, "drop", field_, "reason")
    told: dict[str, str] = {}
    for group in await _groups(source, replace(query, filter=Filter(harmless=False))):
        end, reason = group.key
        if end is not None and reason is not None and reason not in _EXPECTED:
            told.setdefault(str(end), f"{reason} {human_count(group.count)}")
    return told


async def _cannot_accept(source: EbpfSource, asked: Asked) -> dict[int, str]:
    """By port: a listener has as many addresses as its machine."""
    groups = await _groups(source, _of_all(asked, "error", "port", "errno", "call"))
    failed = [group for group in reversed(groups) if group.key[2] == "accept" and group.key[0] is not None]
    return {int(group.key[0] or 0): f"accept: {group.key[1]} {human_count(group.count)}" for group in failed}


async def _full_queues(source: EbpfSource) -> dict[int, str]:
    try:
        found = await source.sockets(SocketQuery(states=frozenset({SocketState.LISTEN}), holders=False))
    except CannotAnswer:
        return {}
    full = [socket for socket in found.sockets if socket.is_backlog_full and socket.local.port]
    return {socket.local.port or 0: f"accept queue full, {socket.backlog}/{socket.backlog_limit}" for socket in full}


def _of_all(asked: Asked, kind: EventKind, *group_by: GroupField) -> Aggregate:
    return Aggregate(kind=kind, window=asked.window, group_by=group_by)


async def _groups(source: EbpfSource, query: Aggregate) -> tuple[Group, ...]:
    try:
        return (await source.aggregate(query)).groups
    except CannotAnswer:
        return ()
