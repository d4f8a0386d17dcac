"""Stored turns as somebody may see them now: what was made under limits that are not theirs is hidden, prose and all.

One wrapper on the reading side of the store: history, summaries, `why`, `diff`, pages and files read through it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.domain.message import ThreadKey, TurnId
from bot.domain.turn import Made, Memory, ToolResult, Turn
from bot.policy.marks import may_be_shown

HIDDEN = "This was made when another part of the network could be seen here, so it is not shown: ask again."
"""What stands in the place of such an answer."""


class Turns(Protocol):
    """What a turn needs of a `ThreadStore`."""

    async def history(self, key: ThreadKey, *, limit: int, whole: int, after: int = 0) -> tuple[Turn, ...]: ...

    async def numbered(self, key: ThreadKey, number: int) -> Turn | None: ...

    async def turn(self, turn: TurnId) -> Turn | None: ...

    async def memory(self, key: ThreadKey) -> Memory: ...

    async def remember(self, key: ThreadKey, memory: Memory) -> None: ...

    async def forget(self, key: ThreadKey) -> int: ...


@dataclass(frozen=True, slots=True)
class VisibleTurns:
    """The `Turns` of a store. `seen` are the marks of what may be seen; what is remembered is made under them."""

    store: Turns
    seen: Made

    async def history(self, key: ThreadKey, *, limit: int, whole: int, after: int = 0) -> tuple[Turn, ...]:
        turns = await self.store.history(key, limit=limit, whole=whole, after=after)
        return tuple(visible(turn, self.seen) for turn in turns)

    async def numbered(self, key: ThreadKey, number: int) -> Turn | None:
        found = await self.store.numbered(key, number)
        return visible(found, self.seen) if found else None

    async def turn(self, turn: TurnId) -> Turn | None:
        found = await self.store.turn(turn)
        return visible(found, self.seen) if found else None

    async def memory(self, key: ThreadKey) -> Memory:
        """One that is hidden stands for no turn, so that they are read again."""
        memory = await self.store.memory(key)
        return memory if may_be_shown(memory.made, self.seen) else Memory(told=memory.told)

    async def remember(self, key: ThreadKey, memory: Memory) -> None:
        await self.store.remember(key, replace(memory, made=self.seen))

    async def forget(self, key: ThreadKey) -> int:
        return await self.store.forget(key)


def visible(turn: Turn, seen: Made) -> Turn:
    """The turn, or only what was asked.

    A running one has no `made` yet; of older ones, results may be read without theirs.
    """
    rests_on = [result.made for result in turn.results] if turn.state == "running" else [turn.made]
    if all(may_be_shown(made, seen) for made in rests_on):
        return turn
    return replace(turn, results=(), answer=HIDDEN)


def visible_results(results: Sequence[ToolResult], seen: Made) -> tuple[ToolResult, ...]:
    return tuple(result for result in results if may_be_shown(result.made, seen))


def is_hidden(turn: Turn) -> bool:
    return turn.answer == HIDDEN
