"""Deletes what is older than it may be kept, once an hour. The manager runs it beside the turns."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.domain.errors import StorageError
from bot.domain.stores import ThreadStore

log = logging.getLogger("netspy.conversation")

EVERY_S = 3600.0


async def expire(store: ThreadStore, *, days: int, clock: Callable[[], datetime]) -> None:
    """Until it is cancelled. A database that fails is asked again in an hour."""
    while True:
        try:
            count = await store.expire(clock() - timedelta(days=days))
        except StorageError as error:
            log.warning("storage.not_expired", extra={"cause": str(error)})
        else:
            log.info("storage.expired", extra={"turns": count, "older_than_days": days})
        await asyncio.sleep(EVERY_S)
