"""What an adapter does that nobody waits for: it ends with the adapter, and what breaks with one stays there."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from bot.domain.errors import PlatformError


class Background:
    """The tasks of an adapter while it runs. `name` is the platform's: its failures are logged under it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._log = logging.getLogger(f"netspy.{name}")
        self._tasks: asyncio.TaskGroup | None = None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None, None]:
        """Leaving waits for the tasks, or ends them when something is raised. Raises: PlatformError by itself."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                yield
        except* PlatformError as group:
            raise group.exceptions[0] from None
        finally:
            self._tasks = None

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin it, unless the adapter does not run."""
        if self._tasks is None:
            work.close()
        else:
            self._tasks.create_task(self._guarded(work))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except PlatformError as error:
            self._log.warning("%s.failed", self._name, extra={"cause": str(error)})
        except Exception:  # noqa: BLE001 (the boundary of one message: it is logged)
            self._log.exception("%s.broke", self._name)
