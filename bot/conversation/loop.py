"""Rounds of model and tools until the model answers. It knows nothing of threads, storage or platforms."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from bot.conversation.calling import Calls
from bot.conversation.grounds import Grounds
from bot.conversation.speaking import Speech
from bot.conversation.tokens import tokens_of
from bot.conversation.transcript import Transcript
from bot.conversation.window import Window
from bot.domain.errors import ModelError, ModelTruncated
from bot.domain.message import Notice
from bot.domain.ports import ChatModel, ToolHost
from bot.domain.turn import (
    Completion,
    Delay,
    ModelRequest,
    Round,
    TextDelta,
    ToolCall,
    ToolResult,
    Usage,
)

MAX_ROUNDS = 8
"""Rounds with tools; one more without them follows when the model has not answered by then."""
CHECKING = "a figure is not in the data: asking the model about it"


@dataclass(frozen=True, slots=True)
class ToolLoop:
    """A model, the tools that it may call, and how much it may be told at once."""

    model: ChatModel
    host: ToolHost
    window: Window = field(default_factory=Window)

    async def run(
        self,
        request: ModelRequest,
        transcript: Transcript,
        *,
        known: Sequence[ToolResult] = (),
        first: Sequence[ToolCall] = (),
        given: Sequence[ToolResult] = (),
    ) -> None:
        """Answer `request.question` into `transcript`, which keeps what came before a failure.

        `known` are results that an earlier attempt at this turn brought. The model is asked as if it had made the calls
        `first` already, and those of the results `given`, which the person has.
        Raises: ModelError; UnusableMessage for what fits into no window.
        """
        calls = Calls(self.host, transcript, now=request.now, known=known)
        grounds = Grounds(request)
        removed = 0
        for result in given:
            transcript.hold(result)
        await transcript.keep()
        rounds = _begun(given)
        if first:
            rounds += _begun(await calls.run(first, await self.host.tools()))
        for number in range(MAX_ROUNDS + 1):
            offered = await self.host.tools() if number < MAX_ROUNDS else ()
            asked = replace(request, rounds=rounds, tools=offered)
            speech = Speech(transcript, lambda: grounds.upto(transcript.results))
            completion = await self._speak(asked, transcript, speech)
            is_last = not completion.calls or not offered
            if is_last:
                await self._correct(asked, completion, transcript, speech)
            else:
                await speech.settle("", partial(grounds.with_calls, transcript.results, completion.calls))
            removed += speech.removed
            if is_last:
                await self._end(completion, transcript, removed)
                return
            rounds += (Round(completion, await calls.run(completion.calls, offered)),)

    async def _speak(self, request: ModelRequest, transcript: Transcript, speech: Speech) -> Completion:
        """One round, shown as far as its figures are known. What waits when a model fails is not lost."""
        await transcript.paragraph()
        try:
            completion = await self._ask(request, transcript, speech)
        except ModelError:
            await speech.end()
            await speech.settle("")
            raise
        await speech.end()
        return completion

    async def _ask(self, request: ModelRequest, transcript: Transcript, speech: Speech | None) -> Completion:
        """Without a `speech` the words stand in the completion only."""
        fitted = self.window.fit(request)
        completion: Completion | None = None
        async with aclosing(self.model.answer(fitted.request)) as events:
            async for event in events:
                match event:
                    case TextDelta() as delta:
                        if speech:
                            await speech.say(delta)
                    case Delay(reason):
                        await transcript.delay(reason)
                    case Completion():
                        completion = event
        if completion is None:
            raise ModelTruncated(f"asked {self.model.name}", "the answer ended without an end", "ask again")
        if completion.usage:
            self.window.learn(fitted, completion.usage.input_tokens)
        transcript.used(completion.model, completion.usage or Usage(fitted.tokens, tokens_of(completion.text)))
        return completion

    async def _correct(
        self, request: ModelRequest, completion: Completion, transcript: Transcript, speech: Speech
    ) -> None:
        """Ask the model once for what it said without a base, and show what is left of it."""
        corrections = ""
        if remark := speech.remark:
            await transcript.delay(CHECKING)
            rounds = (*request.rounds, Round(replace(completion, calls=()), ()))
            try:
                asked = replace(request, rounds=rounds, tools=(), remark=remark)
                corrections = (await self._ask(asked, transcript, None)).text
            except ModelError:
                corrections = ""  # a model that fails now has answered all the same: the sentences are left out
        await speech.settle(corrections)

    async def _end(self, completion: Completion, transcript: Transcript, removed: int) -> None:
        if completion.calls and not completion.text.strip():
            said = f"{completion.model} asked for more tools after {MAX_ROUNDS} rounds instead of answering. "
            await transcript.notice(Notice("warning", f"{said}What they brought stands above; ask for less at once."))
        if removed:
            statements = "statement" if removed == 1 else "statements"
            told = f"{removed} unsupported {statements} removed: with figures that are not in the data."
            await transcript.notice(Notice("info", told))
        if completion.notice:
            await transcript.notice(Notice("info", completion.notice))


def _begun(results: Sequence[ToolResult]) -> tuple[Round, ...]:
    """A round of calls that no model made."""
    calls = tuple(result.call for result in results)
    return (Round(Completion("", calls, ""), tuple(results)),) if results else ()
