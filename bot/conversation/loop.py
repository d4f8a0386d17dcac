"""Rounds of model and tools until the model answers. It knows nothing of threads, storage or platforms."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from bot.conversation.transcript import Transcript
from bot.domain.errors import ModelTruncated
from bot.domain.message import Notice
from bot.domain.ports import ChatModel, ToolHost
from bot.domain.turn import Completion, ModelRequest, Round, TextDelta, ToolCall, ToolResult

MAX_ROUNDS = 8
"""Rounds with tools; one more without them follows when the model has not answered by then."""
MAX_CALLS_PER_ROUND = 16


@dataclass(frozen=True, slots=True)
class ToolLoop:
    """A model and the tools that it may call."""

    model: ChatModel
    host: ToolHost

    async def run(self, request: ModelRequest, transcript: Transcript) -> None:
        """Answer `request.question` into `transcript`, which keeps what came before a failure. Raises: ModelError."""
        tools = await self.host.tools()
        rounds: tuple[Round, ...] = ()
        for number in range(MAX_ROUNDS + 1):
            offered = tools if number < MAX_ROUNDS else ()
            completion = await self._ask(replace(request, rounds=rounds, tools=offered), transcript)
            if not completion.calls or not offered:
                if completion.notice:
                    await transcript.notice(Notice("info", completion.notice))
                return
            results = await self._call_all(completion.calls, request, transcript)
            rounds += (Round(completion, results),)

    async def _ask(self, request: ModelRequest, transcript: Transcript) -> Completion:
        await transcript.paragraph()
        completion: Completion | None = None
        async with aclosing(self.model.answer(request)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    await transcript.prose(event.text)
                else:
                    completion = event
        if completion is None:
            raise ModelTruncated(f"asked {self.model.name}", "the answer ended without an end", "ask again")
        return completion

    async def _call_all(
        self, calls: Sequence[ToolCall], request: ModelRequest, transcript: Transcript
    ) -> tuple[ToolResult, ...]:
        """Run a round's calls at once; results are shown in call order, each as soon as those before it are."""
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(self._call(call, request, transcript)) for call in calls[:MAX_CALLS_PER_ROUND]]
            shown = [await transcript.result(await task) for task in running]
        refused = [_too_many(call) for call in calls[MAX_CALLS_PER_ROUND:]]
        return (*shown, *refused)

    async def _call(self, call: ToolCall, request: ModelRequest, transcript: Transcript) -> ToolResult:
        await transcript.running(call)
        result = await self.host.call(call, now=request.now)
        await transcript.ended(result)
        return result


def _too_many(call: ToolCall) -> ToolResult:
    text = f"not run: at most {MAX_CALLS_PER_ROUND} calls run in one round. Call it again in the next one"
    return ToolResult(call, text, failed=True)
