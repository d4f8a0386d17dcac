"""How long calls may run: so many seconds, and never beyond the end of the server. `outside` runs calls within it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

DEADLINE_S = 180.0
"""For one call: as long as a whole answer of a language model may take."""


class Limits:
    """For all calls of one server."""

    def __init__(self, *, deadline_s: float = DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        self._running = set[asyncio.Timeout]()
        self._has_ended = False

    @property
    def told(self) -> str:
        """Why a call was cut off, and what to do about it."""
        if self._has_ended:
            return "netspy was asked to end meanwhile. Ask again once it runs"
        return f"no answer within {self._deadline_s:g} s. Ask for a shorter duration"

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[None, None]:
        """Raises: TimeoutError as soon as what happens inside this block has taken too long, or the end has come."""
        async with asyncio.timeout(0 if self._has_ended else self._deadline_s) as limit:
            self._running.add(limit)
            try:
                yield
            finally:
                self._running.discard(limit)

    def end(self) -> None:
        """Cut off what runs: whoever asked gets an answer that says so, and not a broken connection."""
        self._has_ended = True
        now = asyncio.get_running_loop().time()
        for limit in self._running:
            limit.reschedule(now)
