"""Database work that cancellation does not cut. Knows asyncio only."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def unbroken(work: Coroutine[Any, Any, Result]) -> Result:
    """Await `work` to its end; a cancellation that comes meanwhile goes on after it.

    It takes milliseconds (with a locked SQLite file, the busy timeout). Cut in between, nobody would know what is
    stored, and the driver's thread would outlive the event loop, with a traceback on the terminal.
    """
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled from (None if task.cancelled() else task.exception())
    return task.result()
