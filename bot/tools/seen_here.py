"""What this machine itself did to traffic with a destination: the cause that stands beside a symptom.

Failures and slow handshakes are counted by destination; so are drops, listeners that cannot accept, and full accept
queues, where these are seen from here. Where nothing of it is seen, the cause lies elsewhere, or is not recorded.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.domain.errors import CannotAnswer
from bot.domain.network import Endpoint, EventKind
from bot.domain.ports import EbpfSource
from bot.domain.query import Aggregate, Filter, Group, GroupField, GroupKey
from bot.domain.sockets import SocketQuery, SocketState
from bot.tables.units import human_count
from bot.tools.asked import Asked

_EXPECTED = frozenset({"NO_SOCKET", "TCP_RESET", "TCP_OLD_DATA", "TCP_OLD_SEQUENCE", "TCP_OLD_ACK", "QUEUE_PURGE"})
"""Reasons that only repeat what a refusal says, or what came twice."""
_LISTENING = frozenset({SocketState.LISTEN, SocketState.SYN_RECV})
_SORTED_OUT = "TCP_"
"""How reasons begin by which TCP itself did away with a packet."""


@dataclass(frozen=True, slots=True)
class SeenHere:
    """Sentences of a few words by the end (`host:port`) to which packets went, or from which they came; and by port."""

    to: Mapping[str, str] = field(default_factory=dict)
    replies: Mapping[str, str] = field(default_factory=dict)
    resets: Mapping[str, str] = field(default_factory=dict)
    """Who sent RSTs from there."""
    listening: Mapping[int, str] = field(default_factory=dict)

    def at(self, destination: str | None, *, was_reset: bool = False) -> str | None:
        """What was seen of traffic with `host:port`, or None."""
        if destination is None:
            return None
        port = destination.rpartition(":")[2]
        listener = self.listening.get(int(port)) if port.isdecimal() else None
        reset = self.resets.get(destination)
        silence = self.to.get(destination) or listener or self.replies.get(destination)
        return reset or silence if was_reset else silence

    def with_host(self, host: str | None) -> str | None:
        """The same for traffic with a host, whatever the port."""
        ends = ((end, told) for each in (self.to, self.replies) for end, told in each.items())
        return next((told for end, told in ends if host is not None and _host(end) == host), None)


async def seen_here(source: EbpfSource, asked: Asked) -> SeenHere:
    """Of all processes: what drops a packet often runs in somebody else's name. Who cannot tell adds nothing."""
    to, replies, resets, failing, full = await asyncio.gather(
        _dropped_on_the_way(source, asked),
        _dropped_replies(source, asked),
        _resets(source, asked),
        _cannot_accept(source, asked),
        _full_queues(source),
    )
    return SeenHere(to=to, replies=replies, resets=resets, listening={**failing, **full})


def _host(end: str) -> str:
    """Of `host:port`, `[v6]:port` or a host alone."""
    if end.startswith("["):
        return end[1:].partition("]")[0]
    return end.partition(":")[0] if end.count(":") == 1 else end


async def _dropped_on_the_way(source: EbpfSource, asked: Asked) -> dict[str, str]:
    told: dict[str, str] = {}
    for group in await _groups(source, _losses(asked, "destination", "reason")):
        end, reason = group.key
        if end is not None and reason is not None and reason not in _EXPECTED:
            told.setdefault(str(end), f"{reason} {human_count(group.count)}")
    return told


async def _dropped_replies(source: EbpfSource, asked: Asked) -> dict[str, str]:
    """What TCP itself sorted out was no reply that somebody missed."""
    told: dict[str, str] = {}
    for group in await _groups(source, _losses(asked, "source", "source_port", "reason")):
        host, port, reason = group.key
        is_lost = reason is not None and reason not in _EXPECTED and not str(reason).startswith(_SORTED_OUT)
        if is_lost and host is not None and port is not None:
            told.setdefault(_end(host, port), f"reply: {reason} {human_count(group.count)}")
    return told


async def _resets(source: EbpfSource, asked: Asked) -> dict[str, str]:
    """Of connections that were there: a refusal is an RST too."""
    told: dict[str, str] = {}
    for group in await _groups(
        source, _of_all(asked, "reset", "source", "source_port", "process", "reason", "direction")
    ):
        host, port, process, reason, direction = group.key
        if direction == "out" and host is not None and port is not None and reason not in _EXPECTED:
            why = f": {reason}" if reason else ""
            told.setdefault(_end(host, port), f"reset by {process}{why} {human_count(group.count)}")
    return told


def _end(host: GroupKey, port: GroupKey) -> str:
    return str(Endpoint(str(host), int(port or 0)))


def _losses(asked: Asked, *group_by: GroupField) -> Aggregate:
    return replace(_of_all(asked, "drop", *group_by), filter=Filter(harmless=False))


async def _cannot_accept(source: EbpfSource, asked: Asked) -> dict[int, str]:
    """By port: a listener has as many addresses as its machine."""
    groups = await _groups(source, _of_all(asked, "error", "port", "errno", "call"))
    failed = [group for group in reversed(groups) if group.key[2] == "accept" and group.key[0] is not None]
    return {int(group.key[0] or 0): f"accept: {group.key[1]} {human_count(group.count)}" for group in failed}


async def _full_queues(source: EbpfSource) -> dict[int, str]:
    """Of connections that wait for accept(2), and of handshakes that wait for their last packet."""
    try:
        found = await source.sockets(SocketQuery(states=_LISTENING, holders=False))
    except CannotAnswer:
        return {}
    half_open = Counter(each.local.port for each in found.sockets if each.state is SocketState.SYN_RECV)
    told: dict[int, str] = {}
    for listener in found.sockets:
        port, room = listener.local.port, listener.backlog_limit
        if listener.state is not SocketState.LISTEN or port is None or room is None:
            continue
        if listener.is_backlog_full:
            told[port] = f"accept queue full, {listener.backlog}/{room}"
        elif half_open[port] >= max(room, 1):
            told.setdefault(port, f"{half_open[port]} handshakes half open, {room} fit")
    return told


def _of_all(asked: Asked, kind: EventKind, *group_by: GroupField) -> Aggregate:
    return Aggregate(kind=kind, window=asked.window, group_by=group_by)


async def _groups(source: EbpfSource, query: Aggregate) -> tuple[Group, ...]:
    try:
        return (await source.aggregate(query)).groups
    except CannotAnswer:
        return ()
