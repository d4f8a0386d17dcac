"""What a platform says of something: asked once however many wait for it, and remembered for a while."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Generic, TypeVar

from adapters.bounded import Bounded

K = TypeVar("K")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """A failure is not remembered. Whoever waits may give up: the question goes on, for those who ask next."""

    def __init__(self, ask: Callable[[K], Coroutine[Any, Any, V]], *, for_s: float, most: int) -> None:
        self._ask = ask
        self._for_s = for_s
        self._known: Bounded[K, tuple[float, asyncio.Task[V]]] = Bounded(most)

    async def of(self, key: K) -> V:
        """Raises: what asking raises."""
        now = asyncio.get_running_loop().time()
        known = self._known.get(key)
        if known is None or known[0] < now:
            known = self._known[key] = (now + self._for_s, asyncio.create_task(self._ask(key)))
            known[1].add_done_callback(partial(self._forget_failure, key))
        return await asyncio.shield(known[1])

    def _forget_failure(self, key: K, task: asyncio.Task[V]) -> None:
        known = self._known.get(key)
        if (task.cancelled() or task.exception()) and known and known[1] is task:
            del self._known[key]
