"""Rounds of model and tools until the model answers. It knows nothing of threads, storage or platforms."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from bot.conversation.calling import Calls
from bot.conversation.transcript import Transcript
from bot.domain.errors import ModelTruncated
from bot.domain.message import Notice
from bot.domain.ports import ChatModel, ToolHost
from bot.domain.turn import Completion, Delay, ModelRequest, Round, TextDelta, ToolResult

MAX_ROUNDS = 8
"""Rounds with tools; one more without them follows when the model has not answered by then."""


@dataclass(frozen=True, slots=True)
class ToolLoop:
    """A model and the tools that it may call."""

    model: ChatModel
    host: ToolHost

    async def run(self, request: ModelRequest, transcript: Transcript, *, known: Sequence[ToolResult] = ()) -> None:
        """Answer `request.question` into `transcript`, which keeps what came before a failure.

        `known` are results that an earlier attempt at this turn brought. Raises: ModelError.
        """
        calls = Calls(self.host, transcript, now=request.now, known=known)
        rounds: tuple[Round, ...] = ()
        for number in range(MAX_ROUNDS + 1):
            offered = await self.host.tools() if number < MAX_ROUNDS else ()
            completion = await self._ask(replace(request, rounds=rounds, tools=offered), transcript)
            if not completion.calls or not offered:
                await self._end(completion, transcript)
                return
            rounds += (Round(completion, await calls.run(completion.calls, offered)),)

    async def _ask(self, request: ModelRequest, transcript: Transcript) -> Completion:
        await transcript.paragraph()
        completion: Completion | None = None
        async with aclosing(self.model.answer(request)) as events:
            async for event in events:
                match event:
                    case TextDelta(text):
                        await transcript.prose(text)
                    case Delay(reason):
                        await transcript.delay(reason)
                    case Completion():
                        completion = event
        if completion is None:
            raise ModelTruncated(f"asked {self.model.name}", "the answer ended without an end", "ask again")
        return completion

    async def _end(self, completion: Completion, transcript: Transcript) -> None:
        if completion.calls and not completion.text.strip():
            said = f"{completion.model} asked for more tools after {MAX_ROUNDS} rounds instead of answering. "
            await transcript.notice(Notice("warning", f"{said}What they brought stands above; ask for less at once."))
        if completion.notice:
            await transcript.notice(Notice("info", completion.notice))
