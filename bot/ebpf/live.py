"""An `EbpfSource` over the event store of this machine's own collector."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.counters import CounterDeltas
from bot.domain.errors import CannotAnswer
from bot.domain.network import EVENT_TYPES, Coverage, EventKind, Window
from bot.domain.ports import Check
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import KindStatus, SourceStatus
from bot.ebpf.machine.state import Machine
from bot.ebpf.programs import running
from bot.ebpf.seen_sockets import ask_within
from bot.ebpf.store.clock import Clock
from bot.ebpf.store.store import EventStore, Found, Kept

THIS_MACHINE = "this machine"
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
    """`listening` is asked with each question; `clock` too, since the wall's clock steps. `node` names this machine.

    Without a `machine` it tells of events only.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        listening: Callable[[], Listening],
        node: str | None = None,
        machine: Machine | None = None,
        clock: Callable[[], Clock] = Clock.now,
    ) -> None:
        self._store = store
        self._nodes = (node,) if node else ()
        self._machine = machine
        self._listening = listening
        self._clock = clock

    async def events(self, query: EventQuery) -> Events:
        found = await asyncio.to_thread(self._store.events, query, self._clock())
        return Events(found.events, self._coverage(query, found))

    async def aggregate(self, query: Aggregate) -> Groups:
        found = await asyncio.to_thread(self._store.aggregate, query, self._clock())
        return Groups(found.groups, found.total, self._coverage(query, found))

    async def sockets(self, query: SocketQuery) -> OpenSockets:
        return await ask_within(self._of_machine().open_sockets, query)

    async def counters(self, window: Window) -> CounterDeltas:
        return await self._of_machine().counters(window, self._clock())

    async def status(self) -> SourceStatus:
        listening = self._listening()
        kinds = await asyncio.to_thread(self._kinds, listening.lost, self._clock())
        return SourceStatus(
            source=THIS_MACHINE,
            kind="live",
            since=listening.since,
            programs=listening.programs,
            missing=listening.missing,
            broken=listening.broken,
            kinds=kinds,
        )

    async def check(self) -> Check:
        listening = self._listening()
        if listening.broken:
            return Check(
                "source", "fault", f"the collector has stopped ({listening.broken})", _BEGIN_AGAIN, "collector-stopped"
            )
        missing = listening.missing
        told = f"live: {running(listening.programs, missing)}, listening since {listening.since:%H:%M:%S} UTC"
        if not missing:
            return Check("source", "ok", told)
        why = "; ".join(f"{name}: {reason}" for name, reason in missing.items())
        return Check(
            "source",
            "warning",
            f"{told}; without {why}",
            "what these tell is missing from answers",
            "programs-not-loaded",
        )

    def _of_machine(self) -> Machine:
        if self._machine is None:
            raise CannotAnswer("asking about this machine", "only its events are known here", "run netspy collect")
        return self._machine

    def _kinds(self, lost: Mapping[EventKind, int], clock: Clock) -> dict[EventKind, KindStatus]:
        return {kind: _kept_as_told(self._store.kept(kind, clock), lost.get(kind, 0)) for kind in EVENT_TYPES}

    def _coverage(self, query: EventQuery | Aggregate, found: Found) -> Coverage:
        listening = self._listening()
        return Coverage(
            source=THIS_MACHINE,
            kind="live",
            window=query.window,
            seen=found.seen,
            matched=found.matched,
            lost=listening.lost.get(query.kind, 0),
            nodes=self._nodes,
            notes=_notes(query, listening, found.kept),
        )


def _kept_as_told(kept: Kept, lost: int) -> KindStatus:
    return KindStatus(
        seen=kept.stored + kept.evicted,
        lost=lost,
        stored=kept.stored,
        evicted=kept.evicted,
        size_bytes=kept.size_bytes,
        complete_since=kept.complete_since,
    )


def _notes(query: EventQuery | Aggregate, listening: Listening, kept: Kept) -> tuple[str, ...]:
    """Within a scope no number says what is outside."""
    window, notes = query.window, []
    if listening.broken:
        notes.append(f"the collector has stopped ({listening.broken}): nothing newer is known. {_BEGIN_AGAIN}")
    if window.since < listening.since:
        notes.append(f"listening since {listening.since:%Y-%m-%d %H:%M:%S} UTC")
    if kept.complete_since and window.since < kept.complete_since:
        since = f"{kept.complete_since:%Y-%m-%d %H:%M:%S} UTC"
        evicted = f"{kept.evicted:,}: " if query.filter.within.is_everything else ""
        notes.append(f"events before {since} are gone ({evicted}memory is bounded)")
    return tuple(notes)
