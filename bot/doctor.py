"""`netspy doctor`: asks every configured part how it is, and says how to mend what is wrong."""

import asyncio
import json
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict

from adapters.terminal.render import fold
from bot.app import adapters_of, open_model, open_source, open_threads
from bot.domain.errors import InvalidSettings, NetspyError
from bot.domain.ports import Check
from bot.settings import Settings

CHECK_S = 10.0
"""A part that does not answer within this time has a fault."""
WIDTH = 80


async def examine(settings: Settings, *, server: str | None = None, as_json: bool = False) -> int:
    """Print a line or more for each part. Returns 0, or 1 where a part has a fault."""
    found = await checks(settings, server=server)
    written = json.dumps([asdict(check) for check in found], indent=2) if as_json else report(found)
    print(written)
    return 1 if any(check.state == "fault" for check in found) else 0


async def checks(settings: Settings, *, server: str | None = None) -> tuple[Check, ...]:
    """Source, model, storage and chat platforms, in this order."""
    async with AsyncExitStack() as stack:
        try:
            source = await stack.enter_async_context(open_source(settings, server=server, live=True))
            model = await stack.enter_async_context(open_model(settings))
            adapters = adapters_of(settings)
        except InvalidSettings as error:
            return (Check("settings", "fault", f"{error.asked}: {error.got}", error.remedy),)
        store = await stack.enter_async_context(open_threads(settings))
        asked = [
            _in_time("source", _alone(source.check())),
            _in_time("model", _alone(model.check())),
            _in_time("storage", _alone(store.check())),
            *(_in_time(adapter.name, adapter.check()) for adapter in adapters),
        ]
        answers = [check for answer in await asyncio.gather(*asked) for check in answer]
    names = {adapter.name for adapter in adapters}
    off = [Check(name, "ok", f"off: {how}") for name, how in _TURNED_ON_BY.items() if name not in names]
    return (*answers, *off)


def report(found: Sequence[Check]) -> str:
    """A table of part, state and detail; what to do stands below the detail."""
    part = max(len(check.part) for check in found)
    state = max(len(check.state) for check in found)
    indent = " " * (part + state + 4)
    lines: list[str] = []
    for check in found:
        head = f"{check.part:<{part}}  {check.state:<{state}}  "
        said = [check.detail, *([check.remedy] if check.remedy and check.state != "ok" else [])]
        folded = [line for text in said for line in fold(text, WIDTH - len(indent))]
        lines += [head + folded[0], *(indent + line for line in folded[1:])]
    return "\n".join(lines)


_TURNED_ON_BY = {"slack": "set SLACK_BOT_TOKEN"}


async def _alone(check: Awaitable[Check]) -> tuple[Check, ...]:
    return (await check,)


async def _in_time(part: str, checking: Awaitable[tuple[Check, ...]]) -> tuple[Check, ...]:
    try:
        async with asyncio.timeout(CHECK_S):
            return await checking
    except TimeoutError:
        return (Check(part, "fault", f"no answer within {CHECK_S:g} s"),)
    except NetspyError as error:
        return (Check(part, "fault", f"{error.asked}: {error.got}", error.remedy),)
    except Exception as error:  # noqa: BLE001 - the boundary of one check: it becomes a row
        return (Check(part, "fault", f"its check failed: {error!r}"),)
