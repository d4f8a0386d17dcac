"""Taking messages in comes before working on them: in a burst, the last one shall not wait for the first ones' answers.

The manager enters it for every message, and asks it before a turn begins.
"""

import asyncio
from contextlib import suppress
from types import TracebackType

PATIENCE_S = 0.15
"""How long a turn may be held back, however many messages come. Nobody notices it."""


class Intake:
    """Use it as a context manager, as often at once as messages come."""

    def __init__(self) -> None:
        self._taking = 0
        self._over = asyncio.Event()
        self._over.set()

    async def __aenter__(self) -> None:
        self._taking += 1
        self._over.clear()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._taking -= 1
        if not self._taking:
            self._over.set()

    async def over(self) -> None:
        """Returns when no message is being taken in, or after a moment."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                await self._over.wait()
