"""An `EbpfSource` over the event store of this machine's own collector."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.network import Coverage, EventKind, Window
from bot.domain.ports import Check
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.ebpf.programs import running
from bot.ebpf.store.clock import Clock
from bot.ebpf.store.store import EventStore, Found, Kept

_BEGIN_AGAIN = "begin again, and tell us what its log says"


@dataclass(frozen=True, slots=True)
class Listening:
    """How the collector does: since when it listens, what it could not keep, which programs do not run, and why.

    `broken`: why it stopped listening, when it has.
    """

    since: datetime
    lost: dict[EventKind, int]
    programs: tuple[str, ...]
    missing: dict[str, str]
    broken: str = ""


class LiveSource:
    """`listening` is asked with each question; `clock` too, since the wall's clock steps. `node` names this machine."""

    def __init__(
        self,
        store: EventStore,
        *,
        listening: Callable[[], Listening],
        node: str | None = None,
        clock: Callable[[], Clock] = Clock.now,
    ) -> None:
        self._store = store
        self._nodes = (node,) if node else ()
        self._listening = listening
        self._clock = clock

    async def events(self, query: EventQuery) -> Events:
        found = await asyncio.to_thread(self._store.events, query, self._clock())
        return Events(found.events, self._coverage(query.kind, query.window, found))

    async def aggregate(self, query: Aggregate) -> Groups:
        found = await asyncio.to_thread(self._store.aggregate, query, self._clock())
        return Groups(found.groups, found.total, self._coverage(query.kind, query.window, found))

    async def check(self) -> Check:
        listening = self._listening()
        if listening.broken:
            return Check("source", "fault", f"the collector has stopped ({listening.broken})", _BEGIN_AGAIN)
        missing = listening.missing
        told = f"live: {running(listening.programs, missing)}, listening since {listening.since:%H:%M:%S} UTC"
        if not missing:
            return Check("source", "ok", told)
        why = "; ".join(f"{name}: {reason}" for name, reason in missing.items())
        return Check("source", "warning", f"{told}; without {why}", "what these tell is missing from answers")

    def _coverage(self, kind: EventKind, window: Window, found: Found) -> Coverage:
        listening = self._listening()
        return Coverage(
            source="this machine",
            kind="live",
            window=window,
            seen=found.seen,
            matched=found.matched,
            lost=listening.lost.get(kind, 0),
            nodes=self._nodes,
            notes=_notes(window, listening, found.kept),
        )


def _notes(window: Window, listening: Listening, kept: Kept) -> tuple[str, ...]:
    notes = []
    if listening.broken:
        notes.append(f"the collector has stopped ({listening.broken}): nothing newer is known. {_BEGIN_AGAIN}")
    if window.since < listening.since:
        notes.append(f"listening since {listening.since:%Y-%m-%d %H:%M:%S} UTC")
    if kept.complete_since and window.since < kept.complete_since:
        since = f"{kept.complete_since:%Y-%m-%d %H:%M:%S} UTC"
        notes.append(f"events before {since} are gone ({kept.evicted:,}: memory is bounded)")
    return tuple(notes)
