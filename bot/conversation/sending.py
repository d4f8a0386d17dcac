"""Gets a reply to its platform and its record into the store, through failures of either that pass."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.domain.errors import PlatformError, StorageCorrupt, StorageError, StorageFull, Undeliverable
from bot.domain.message import Reply, TurnId
from bot.domain.ports import Outlet

log = logging.getLogger("netspy.conversation")

Value = TypeVar("Value")

SENDING_WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 60.0)
"""Between the tries to send a reply: together three minutes. Platforms are away for one now and then."""
PLATFORM_DEADLINE_S = 60.0
STORING_PATIENCE_S = 10.0
"""How long an answer waits for a database that is away. Then it goes out without being remembered."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0


async def send(outlet: Outlet, reply: Reply) -> bool:
    """Send a reply, or log why it cannot be sent."""
    try:
        await _insisting(lambda: outlet.reply(reply), reply.turn)
    except PlatformError as error:
        log.error("reply.not_sent", extra={"turn": reply.turn, "cause": str(error)})  # noqa: TRY400 (the cause is the platform's)
        return False
    return True


async def was_delivered(outlet: Outlet, turn: TurnId) -> bool:
    """Whether the platform has the whole reply; False when it does not say."""
    try:
        return await _insisting(outlet.delivered, turn)
    except PlatformError as error:
        log.error("reply.unknown", extra={"turn": turn, "cause": str(error)})  # noqa: TRY400 (the cause is the platform's)
        return False


async def _insisting(asking: Callable[[], Awaitable[Value]], turn: TurnId) -> Value:
    """Ask the platform again for a while. Raises: PlatformError, which is Undeliverable when it will never do it."""
    for wait_s in SENDING_WAITS_S:
        try:
            return await _in_time(asking)
        except Undeliverable:
            raise
        except PlatformError as error:
            log.warning("platform.failed", extra={"turn": turn, "cause": str(error), "wait_s": wait_s})
        await asyncio.sleep(wait_s)
    return await _in_time(asking)


async def _in_time(asking: Callable[[], Awaitable[Value]]) -> Value:
    try:
        async with asyncio.timeout(PLATFORM_DEADLINE_S):
            return await asking()
    except TimeoutError:
        raise PlatformError("a reply", f"the platform took none within {PLATFORM_DEADLINE_S:g} s") from None


async def stored(work: Callable[[], Awaitable[Value]], *, patience_s: float | None = None) -> Value:
    """Do `work` again until the database takes it, for at most `patience_s` (None: for ever).

    Raises: StorageError after that time, and at once where it was given and waiting helps nobody.
    """
    loop = asyncio.get_running_loop()
    began, wait_s, told = loop.time(), FIRST_WAIT_S, ""
    while True:
        try:
            return await work()
        except StorageError as error:
            hopeless = isinstance(error, StorageFull | StorageCorrupt) or loop.time() - began > (patience_s or 0)
            if patience_s is not None and hopeless:
                raise
            level = logging.DEBUG if str(error) == told else logging.WARNING  # it may be away for hours
            log.log(level, "storage.waiting", extra={"cause": str(error), "wait_s": wait_s})
            told = str(error)
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)
