"""The tool calls of one turn: run at once, shown in call order, identical ones answered from one execution.

The loop asks for rounds of calls. It knows no model, no storage and no platform.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from time import perf_counter
from typing import TypeAlias

from bot.codec import identity_of
from bot.conversation.transcript import Transcript
from bot.domain.ports import ToolHost
from bot.domain.turn import ToolCall, ToolResult, ToolSpec

MAX_CALLS_PER_ROUND = 16

_Asked: TypeAlias = tuple[str, str]


class Calls:
    """`known` are results that an attempt which was cut off brought: their calls are not made again."""

    def __init__(self, host: ToolHost, transcript: Transcript, *, now: datetime, known: Sequence[ToolResult]) -> None:
        self._host = host
        self._transcript = transcript
        self._now = now
        self._known = {identity_of(result.call): result for result in known if not result.failed}
        self._shown: dict[_Asked, ToolResult] = {}
        self._titles: dict[str, str] = {}

    async def run(self, calls: Sequence[ToolCall], tools: Sequence[ToolSpec]) -> tuple[ToolResult, ...]:
        """The results of one round, in call order; each is shown as soon as those before it are.

        `tools` are those that were offered.
        """
        self._titles = {tool.name: tool.title for tool in tools}
        running: dict[_Asked, asyncio.Task[ToolResult]] = {}
        async with asyncio.TaskGroup() as group:
            for call in calls[:MAX_CALLS_PER_ROUND]:
                if (asked := identity_of(call)) not in self._shown and asked not in running:
                    running[asked] = group.create_task(self._run(call))
            results = [await self._result(call, running) for call in calls[:MAX_CALLS_PER_ROUND]]
        # What failed may go through when it is asked for again in a later round.
        self._shown = {asked: shown for asked, shown in self._shown.items() if not shown.failed}
        await self._transcript.keep()
        return (*results, *map(_too_many, calls[MAX_CALLS_PER_ROUND:]))

    async def _result(self, call: ToolCall, running: dict[_Asked, asyncio.Task[ToolResult]]) -> ToolResult:
        asked = identity_of(call)
        if asked not in self._shown:
            self._shown[asked] = await self._transcript.result(await running[asked])
        return replace(self._shown[asked], call=call)

    async def _run(self, call: ToolCall) -> ToolResult:
        await self._transcript.running(call, self._titles.get(call.name, ""))
        known = self._known.get(identity_of(call))
        result = replace(known, call=call) if known else await timed(self._host, call, now=self._now)
        await self._transcript.ended(result)
        return result


async def timed(host: ToolHost, call: ToolCall, *, now: datetime) -> ToolResult:
    """The call's result, with how long it took."""
    began = perf_counter()
    result = await host.call(call, now=now)
    return replace(result, took_s=perf_counter() - began)


def _too_many(call: ToolCall) -> ToolResult:
    text = f"not run: at most {MAX_CALLS_PER_ROUND} calls run in one round. Call it again in the next one"
    return ToolResult(call, text, failed=True)
