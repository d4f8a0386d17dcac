"""Keeps one chat platform's adapter running: whatever fails is logged and begun again, and the others do not notice.

It knows adapters by their port. `serve.py` runs one of these a platform.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from bot.checking import name_of
from bot.domain.errors import NetspyError
from bot.domain.observing import UNOBSERVED, AdapterFailed, Observer
from bot.domain.ports import Adapter, Check, Desk

log = logging.getLogger("netspy.serve")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""Before an adapter that failed begins again; each pause is twice the one before."""
STEADY_S = 60.0
"""One that ran so long before it failed begins again after the first pause."""
PROVEN_S = 5.0
"""One that failed is well again once it has run so long: many a failure shows after a while only."""


class Supervised:
    """An adapter that is begun again whenever it fails."""

    def __init__(
        self,
        adapter: Adapter,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._adapter = adapter
        self._sleep = sleep
        self._clock = clock
        self._observer = observer
        self._fault: Check | None = Check(adapter.name, "fault", "it has not begun yet")
        self._proven_at: float | None = None

    @property
    def name(self) -> str:
        return self._adapter.name

    async def check(self) -> Check:
        """Whether it runs; what its platform says is the adapter's own `check`."""
        if self._proven_at is not None and self._clock() >= self._proven_at:
            self._fault = None
        return self._fault or Check(self.name, "ok", "running")

    async def run(self, desk: Desk) -> None:
        """Returns only when cancelled."""
        pause_s, has_failed = FIRST_PAUSE_S, False
        while True:
            began = self._clock()
            self._proven_at = began + (PROVEN_S if has_failed else 0)
            log.info("adapter.started", extra={"adapter": self.name})
            cause = await self._failure(desk)
            if self._clock() - began >= STEADY_S:
                pause_s = FIRST_PAUSE_S
            self._fault, self._proven_at, has_failed = Check(self.name, "fault", cause, _again(pause_s)), None, True
            log.error("adapter.failed", extra={"adapter": self.name, "cause": cause, "pause_s": pause_s})
            self._observer.note(AdapterFailed(self.name))
            await self._sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _failure(self, desk: Desk) -> str:
        """Run it until it fails, and say why."""
        try:
            await self._adapter.run(desk)
        except NetspyError as error:
            return str(error)
        except Exception as error:
            log.exception("adapter.broke", extra={"adapter": self.name})
            return f"it broke ({name_of(error)})"
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) and task.cancelling():
                raise
            return "it was cancelled from inside"
        return "it ended without being asked to"


def _again(pause_s: float) -> str:
    return f"it begins again within {pause_s:g} s"
