"""One thread as a turn of it sees it: what was asked before, what is remembered of it, and that it can be forgotten.

It joins the database with the turns that the database could not take, and says so where something is not known.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from heapq import merge
from operator import attrgetter

from bot.conversation import thread_commands
from bot.conversation.retracing import calls_of
from bot.conversation.visible import Turns, VisibleTurns, is_hidden
from bot.conversation.window import WHOLE_TURNS
from bot.domain.errors import StorageError
from bot.domain.message import Notice, ThreadKey
from bot.domain.turn import Made, Memory, Turn

MAX_TURNS = 10_000
"""The newest turns that are read at once. They are many only once: then a summary stands for them."""
LATEST = 10
FAR_BACK = 1_000
"""How far back the last question is looked for: at first among a few turns, with their tables."""


@dataclass(frozen=True, slots=True)
class Thread:
    """`spare` holds what `store` could not take. `tell` shows a notice in the turn's answer."""

    key: ThreadKey
    store: Turns
    spare: Turns | None
    tell: Callable[[Notice], Awaitable[None]]

    def seen_under(self, made: Made) -> "Thread":
        """The same without what may not be seen under these marks."""
        spare = VisibleTurns(self.spare, made) if self.spare else None
        return replace(self, store=VisibleTurns(self.store, made), spare=spare)

    async def history(self, memory: Memory) -> tuple[Turn, ...]:
        """The turns that no summary stands for, oldest first, the newest with their tables."""
        try:
            return await self._newest(MAX_TURNS, whole=WHOLE_TURNS, after=memory.upto)
        except StorageError as error:
            await self.tell(Notice("warning", f"Answered without this thread's history. {error}"))
            return ()

    async def memory(self) -> Memory:
        try:
            return await self.store.memory(self.key)
        except StorageError:
            return Memory()  # the history says it

    async def remember(self, memory: Memory) -> None:
        """Raises: StorageError."""
        await self.store.remember(self.key, memory)

    async def forget(self) -> int:
        """Delete all turns but the one at work. Returns how many there were. Raises: StorageError."""
        spared = await self.spare.forget(self.key) if self.spare else 0
        return spared + await self.store.forget(self.key)

    async def numbered(self, number: int) -> Turn | None:
        """Raises: StorageError."""
        return await self.store.numbered(self.key, number)

    async def last_asked(self, *, before: int = 0) -> Turn | None:
        """The newest question, or command that called a tool, before the turn of that number (0: of all).

        It comes with its tables. Raises: StorageError.
        """
        return await self._last(is_asked, before)

    async def last_called(self, *, before: int = 0) -> Turn | None:
        """The same of turns whose calls can be made again. Raises: StorageError."""
        return await self._last(lambda turn: bool(calls_of(turn)), before)

    async def _last(self, is_wanted: Callable[[Turn], bool], before: int) -> Turn | None:
        for limit, whole in ((LATEST, LATEST), (FAR_BACK, 0)):
            newest = reversed(await self._newest(limit, whole=whole))
            earlier = (turn for turn in newest if not before or 0 < turn.number < before)
            if found := next(filter(is_wanted, earlier), None):
                return found if whole else await self.numbered(found.number) or found
        return None

    async def _newest(self, limit: int, *, whole: int, after: int = 0) -> tuple[Turn, ...]:
        """What the thread holds, in the database and in memory. Raises: StorageError where nothing is known of it.

        Numbers are those of the database: what is only in memory has none.
        """
        spared = await self.spare.history(self.key, limit=limit, whole=whole) if self.spare else ()
        try:
            known = await self.store.history(self.key, limit=limit, whole=whole, after=after)
        except StorageError:
            if not spared:
                raise
            known = ()
        unnumbered = (replace(turn, number=0) for turn in spared)
        return tuple(merge(known, unnumbered, key=attrgetter("started_at")))


def is_asked(turn: Turn) -> bool:
    """`help` and its like ask nothing of a tool or a model; what failed before it could is asked all the same."""
    is_about_netspy = turn.state == "answered" and not (turn.model or turn.results or is_hidden(turn))
    return not is_about_netspy and thread_commands.read(turn.message) is None
