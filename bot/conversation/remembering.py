"""What a question knows of its thread: the newest turns, and a summary of those that no longer fit beside them.

Turns are summarised once, many at a time, so that it happens seldom; the summary is stored and grows with the thread.
Everything stays stored as it was said: the summary is for models only.
"""

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass, replace

from bot.conversation.prompt import SUMMARISING
from bot.conversation.thread import Thread
from bot.conversation.tokens import tokens_of
from bot.conversation.transcript import Transcript
from bot.conversation.window import HISTORY_SHARE, SUMMARISED_SHARE, Fitted, Window, without_rows
from bot.domain.errors import ModelError, StorageError
from bot.domain.message import Notice, Step
from bot.domain.ports import ChatModel
from bot.domain.turn import Completion, Memory, ModelRequest, Usage

log = logging.getLogger("netspy.conversation")

SUMMARY_S = 20.0
"""How long a language model may take for a summary, of which a person waits every second."""
_STEP = Step("memory", "summarising the older part of this thread", "running")


@dataclass(frozen=True, slots=True)
class Remembering:
    """`planner` summarises what is too much to ask `model` for at once, and whatever `model` cannot."""

    model: ChatModel
    planner: ChatModel
    window: Window

    async def recall(self, request: ModelRequest, thread: Thread, transcript: Transcript) -> ModelRequest:
        """The request with what fits of the thread beside its tools.

        Raises: UnusableMessage for a question that fits into nothing.
        """
        memory = await thread.memory()
        request = replace(request, history=await thread.history(memory), summary=memory.summary)
        fitted = self.window.fit(request, share=HISTORY_SHARE)
        if not fitted.left_out:
            return replace(request, history=fitted.request.history)
        still_to_be_made = "summary " * (self.window.max_summary // 8)
        left_out = self.window.fit(replace(request, summary=still_to_be_made), share=SUMMARISED_SHARE).left_out
        upto = max(memory.upto, *(turn.number for turn in left_out))
        await transcript.step(_STEP)
        summary = await self._summary(replace(request, history=left_out), transcript)
        await transcript.step(replace(_STEP, state="done"))
        if not memory.told:
            await transcript.notice(_left_out(upto))
        since = memory.since or left_out[0].started_at
        await _keep(Memory(summary, upto, since, told=True), thread)
        return replace(request, history=request.history[len(left_out) :], summary=summary)

    async def _summary(self, request: ModelRequest, transcript: Transcript) -> str:
        """What stands for the request's history, and for the summary that it had."""
        told = tuple(map(without_rows, request.history))
        most = self.window.max_summary
        asked = replace(
            request,
            task="summarise",
            instructions=SUMMARISING,
            question=f"Write the new summary, in at most {most:,} characters.",
            max_characters=most,
            history=told,
            tools=(),
            images=(),
        )
        fitted = self.window.fit(asked)
        if fitted.left_out:
            begun = await _said(self.planner, replace(asked, history=fitted.left_out))
            fitted = replace(fitted, request=replace(fitted.request, summary=begun.text))
        completion = await self._of_model(fitted) or await _said(self.planner, fitted.request)
        transcript.used("", completion.usage or Usage(fitted.tokens, tokens_of(completion.text)))
        return completion.text.strip()[:most]

    async def _of_model(self, fitted: Fitted) -> Completion | None:
        try:
            async with asyncio.timeout(SUMMARY_S):
                completion = await _said(self.model, fitted.request)
        except (ModelError, TimeoutError) as error:
            log.warning("thread.not_summarised", extra={"model": self.model.name, "cause": str(error)})
            return None
        if completion.usage:
            self.window.learn(fitted, completion.usage.input_tokens)
        return completion if completion.text.strip() else None


async def _said(model: ChatModel, request: ModelRequest) -> Completion:
    async with aclosing(model.answer(request)) as events:
        found = [event async for event in events if isinstance(event, Completion)]
    if not found:
        raise ModelError(f"asked {model.name}", "the answer ended without an end")
    return found[-1]


async def _keep(memory: Memory, thread: Thread) -> None:
    """What cannot be stored now is summarised anew by the next question."""
    try:
        await thread.remember(memory)
    except StorageError as error:
        log.warning("thread.not_remembered", extra={"key": thread.key, "cause": str(error)})


def _left_out(upto: int) -> Notice:
    which = f"first {upto:,} questions" if upto else "older questions, which are not stored,"
    told = f"This thread has grown long: of its {which} the language model now knows a summary"
    if not upto:
        return Notice("info", f"{told}.")
    return Notice("info", f"{told}. All of it is stored: `why {upto}` recalls one, `why` the summary.")
