"""Why a source that answers has nothing to tell: silent, only netspy's own traffic, or nothing of late."""

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.access import is_loopback
from bot.domain.errors import CannotAnswer
from bot.domain.network import Event, EventKind, Window
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import Aggregate, EventQuery, GroupField
from bot.ebpf.remote.address import parse_address, parse_nodes
from bot.tables.units import human_duration
from bot.tools.registry import NOW_S

BEGINNING = timedelta(seconds=60)
"""A collector that listens for less may have seen nothing yet."""
AHEAD = timedelta(seconds=5)
"""So far a clock may be ahead of ours before anybody is told; times lag by up to a second in any case."""
_EVER: Final = datetime(2000, 1, 1, tzinfo=UTC)
_WHO: Final[dict[EventKind, tuple[GroupField, ...]]] = {
    "connection": ("process", "pid", "address", "port"),
    "drop": ("process", "pid"),
}
"""What every source tells of, and what tells whose it was."""
_OWN: Final = frozenset({"netspy", "ebpf-server", "ebpf-aggregator"})
_TRAFFIC = "make some traffic there (curl -s http://google.com), then run netspy doctor again"


@dataclass(frozen=True, slots=True)
class Own:
    """What netspy and its server cause by themselves. `pid` is this process, as the source sees it, where it does."""

    pid: int | None = None
    addresses: frozenset[str] = frozenset()
    port: int = 0

    def has(self, key: Sequence[object]) -> bool:
        """Whether a group of `_WHO` is that."""
        process, pid, *destination = key
        is_ours = process in _OWN or (self.pid is not None and pid == self.pid)
        return is_ours or (len(destination) == 2 and destination[0] in self.addresses and destination[1] == self.port)


async def with_data(check: Check, source: EbpfSource, url: str) -> Check:
    """The check of a source that is well, or a warning that names why answers are empty. Raises: SourceError."""
    now = datetime.now(UTC)
    status = await source.status()
    if status.since and now - status.since < BEGINNING:
        return check
    own = await _own_of(url)
    groups = [key for kind in _WHO for key in await _groups(source, kind, _until(now, NOW_S))]
    if not all(own.has(key) for key in groups):
        return check
    if groups:
        detail = f"all that it saw in the last {_span(NOW_S)} is netspy's own traffic, or the server's"
        return _warning(check, detail, _TRAFFIC, "own-traffic-only")
    return _nothing_of_late(check, await _newest(source, now), now)


def _nothing_of_late(check: Check, newest: Event | None, now: datetime) -> Check:
    if newest is None:
        remedy = f"{_TRAFFIC}; where it stays silent, see the server's log"
        return _warning(check, "it has seen no connection and no drop at all", remedy, "server-silent")
    when = f"{newest.time:%Y-%m-%d %H:%M:%S} UTC"
    if newest.time > now:
        detail = f"its newest event is of {when}, which is yet to come by this machine's clock"
        return _warning(check, detail, "set both clocks by NTP", "clock-ahead")
    ago = _span((now - newest.time).total_seconds())
    detail = f"nothing in the last {_span(NOW_S)}; its newest event is of {when}, {ago} ago"
    remedy = f"ask for more time, such as --duration {_round_up((now - newest.time).total_seconds())}; or {_TRAFFIC}"
    return _warning(check, detail, remedy, "outside-window")


def _warning(check: Check, detail: str, remedy: str, finding: str) -> Check:
    return replace(check, state="warning", detail=f"{check.detail}; {detail}", remedy=remedy, finding=finding)


async def _own_of(url: str) -> Own:
    """Of many nodes only the names of processes are known; a pid means nothing on another machine."""
    if parse_nodes(url) is not None:
        return Own()
    address = parse_address(url)
    if is_loopback(address.host):
        return Own(os.getpid(), frozenset({"127.0.0.1", "::1"}), address.port)
    loop, found = asyncio.get_running_loop(), []
    with suppress(OSError):
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    return Own(None, frozenset(str(place[0]) for *_, place in found), address.port)


async def _groups(source: EbpfSource, kind: EventKind, window: Window) -> list[Sequence[object]]:
    with suppress(CannotAnswer):
        found = await source.aggregate(Aggregate(kind=kind, window=window, group_by=_WHO[kind]))
        return [group.key for group in found.groups]
    return []


async def _newest(source: EbpfSource, now: datetime) -> Event | None:
    """Of either kind, however long ago; a clock that is ahead has it in the future."""
    found: list[Event] = []
    for kind in _WHO:
        with suppress(CannotAnswer):
            asked = EventQuery(kind=kind, window=Window(_EVER, now + timedelta(days=1)), limit=1)
            found += (await source.events(asked)).events
    return max(found, key=lambda event: event.time, default=None)


def _until(now: datetime, seconds: float) -> Window:
    return Window(now - timedelta(seconds=seconds), now + AHEAD)


def _span(seconds: float) -> str:
    return human_duration(seconds * 1e6)


def _round_up(seconds: float) -> int:
    """To whole minutes, and a little more: time goes on."""
    return (int(seconds) // 60 + 2) * 60
