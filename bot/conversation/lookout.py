"""Looks after leases: beats for this worker, hears wishes of other processes, takes over from workers that are gone.

It knows who owns which turn, not what is done with one. The manager runs it beside the turns.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from bot.conversation.attempt import Interruption
from bot.domain.errors import StorageError
from bot.domain.message import TurnId
from bot.domain.stores import Claim, Leases, ThreadStore, View, WorkerId

log = logging.getLogger("netspy.conversation")

LOOK_S = 0.5
"""How often a process looks: a stop on another replica has a second."""
LEASE_S = 10.0
"""How long a worker's beat may stand still before others take its turns."""
CLAIMS = 100
"""Turns that one look takes at the most."""


class Watch:
    """Which workers are gone: those whose beat stood still for `lease_s`, by our own clock, while we kept looking."""

    def __init__(self, lease_s: float) -> None:
        self._lease_s = lease_s
        self._since: dict[WorkerId, tuple[int, float]] = {}
        self._looked_at: float | None = None

    def gone(self, beats: Mapping[WorkerId, int], now: float) -> dict[WorkerId, int]:
        """The workers that are gone, with their last beats. `now` is in seconds of a clock that never steps.

        After a pause of ours (the database was away, the machine slept) everybody has the whole time again.
        """
        if self._looked_at is not None and now - self._looked_at > self._lease_s / 2:
            self._since.clear()
        self._looked_at = now
        fresh = {worker: (beat, now) for worker, beat in beats.items()}
        kept = {worker: seen for worker, seen in self._since.items() if seen[0] == beats.get(worker)}
        self._since = fresh | kept
        return {worker: beat for worker, (beat, since) in self._since.items() if now - since >= self._lease_s}


@dataclass(slots=True)
class Lookout:
    """`interrupt` and `take` are told of what is found; `working` says which stored turns are at work here.

    Leave `platforms` empty to look after this worker's own turns only.
    """

    store: ThreadStore
    leases: Leases
    worker: WorkerId
    lease_s: float
    working: Callable[[], Collection[TurnId]]
    interrupt: Callable[[TurnId, Interruption], bool]
    take: Callable[[Claim], None]
    platforms: set[str] = field(default_factory=set)
    _watch: Watch = field(init=False)
    _needed: asyncio.Event = field(default_factory=asyncio.Event)
    _next_beat: float = 0.0
    _strays: frozenset[TurnId] = frozenset()
    _blind: str = ""
    """Why the last look failed."""

    def __post_init__(self) -> None:
        self._watch = Watch(self.lease_s)

    def begin(self) -> None:
        """There is something to look after: a turn at work here, or a platform."""
        self._needed.set()

    async def run(self) -> None:
        """Look until cancelled. A database that is away is looked for until it is back."""
        while True:
            await self._needed.wait()
            try:
                await self._look()
            except StorageError as error:
                self._sees_nothing(str(error))
            else:
                self._sees()
            if not (self.platforms or self.working()):
                self._needed.clear()
            await asyncio.sleep(min(LOOK_S, self.lease_s / 4))

    def _sees_nothing(self, cause: str) -> None:
        """Said once for each cause: a database may be away for hours, and this looks twice a second."""
        if cause != self._blind:
            log.warning("lookout.blind", extra={"cause": cause})
        self._blind = cause

    def _sees(self) -> None:
        if self._blind:
            log.info("lookout.sees")
        self._blind = ""

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        before = frozenset(self.working())
        if before and now >= self._next_beat:
            await self.leases.beat(self.worker)
            self._next_beat = now + self.lease_s / 4
        view = await self.leases.look(self.worker, self.platforms)
        self._hear(view, before)
        await self._gather_strays(view, before)
        buried = await self._bury(view, now)
        if view.free or buried:
            for claim in await self.leases.claim(self.worker, self.platforms, limit=CLAIMS):
                self.take(claim)

    def _hear(self, view: View, before: frozenset[TurnId]) -> None:
        for turn in before & frozenset(self.working()):
            if turn not in view.own:
                if self.interrupt(turn, "lost"):
                    log.warning("turn.lost", extra={"turn": turn})
            elif wish := view.own[turn]:
                self.interrupt(turn, wish)

    async def _gather_strays(self, view: View, before: frozenset[TurnId]) -> None:
        """Take up turns that are this worker's by the store, and that nobody here works on, in two looks running.

        That happens when the connection broke just behind the transaction that took them.
        """
        idle = frozenset(view.own) - before - frozenset(self.working())
        for turn in idle & self._strays:
            found = await self.store.turn(turn)
            claim = await self.leases.take_over(self.worker, found.message.key) if found else None
            if claim:
                log.warning("turn.stray", extra={"turn": claim.turn.id})
                self.take(claim)
        self._strays = idle

    async def _bury(self, view: View, now: float) -> int:
        buried = 0
        for worker, beat in self._watch.gone(view.others, now).items():
            freed = await self.leases.bury(worker, beat=beat)
            log.warning("worker.gone", extra={"worker": worker, "turns": freed})
            buried += freed
        return buried
