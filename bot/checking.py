"""How parts are asked how they are: each within a deadline, none in the way of the others. Pure but for the waiting.

It knows `Check`, not the parts. The desk, `serve` and `doctor` call it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from bot.domain.errors import NetspyError
from bot.domain.ports import Check

log = logging.getLogger("netspy.checking")

Asking: TypeAlias = Callable[[], Awaitable[Check | tuple[Check, ...]]]


async def checked(parts: Mapping[str, Asking], *, deadline_s: float) -> tuple[Check, ...]:
    """What all parts say, asked at once, in their order. One that hangs or fails has a fault; nothing is raised."""
    said = await asyncio.gather(*(_in_time(part, ask, deadline_s) for part, ask in parts.items()))
    return tuple(check for checks in said for check in checks)


async def _in_time(part: str, ask: Asking, deadline_s: float) -> tuple[Check, ...]:
    try:
        async with asyncio.timeout(deadline_s):
            said = await ask()
    except TimeoutError:
        return (Check(part, "fault", f"it does not say within {deadline_s:g} s how it is", finding="no-answer"),)
    except NetspyError as error:
        return (Check.of(part, error),)
    except Exception as error:
        log.exception("check.broke", extra={"part": part})
        return (Check(part, "fault", f"its check broke ({name_of(error)})", "see the log", "check-broke"),)
    return (said,) if isinstance(said, Check) else said


def name_of(error: BaseException) -> str:
    """What kind of error it is. Its text is for the log: that of a library may hold an address with a token in it."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(dict.fromkeys(map(name_of, error.exceptions)))
    return type(error).__name__
