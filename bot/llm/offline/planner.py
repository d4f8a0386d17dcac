"""The offline planner: a `ChatModel` that needs no language model. Round one turns the question into calls, round two
their results into prose.

It is the default without a key, the fallback when the model is down, and the deterministic analyst behind the AI tools.
It keeps no state and calls no AI tool, so it can neither recurse nor wait for anything.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

from bot.domain.ports import Check
from bot.domain.turn import ATTACHED_FILE, Completion, ModelEvent, ModelRequest, Round, TextDelta, ToolResult, Usage
from bot.llm.offline.composing import NO_TOOLS, compose, not_understood
from bot.llm.offline.offering import offered_calls
from bot.llm.offline.plan import Plan
from bot.llm.offline.small_talk import small_talk
from bot.llm.offline.summarising import summarised
from bot.llm.offline.understanding import understand
from bot.llm.wrapping import imageless, joined, without

NAME = "planner"


@dataclass(frozen=True, slots=True)
class Planner:
    """`reason` says why no language model answers; without one the planner gives no notice of itself.

    `is_wanted`: nobody should look for a remedy, since it answers because somebody has decided so.
    Clock times in questions and answers are those of `zone`.
    """

    reason: str = ""
    zone: tzinfo = UTC
    is_wanted: bool = False

    @property
    def name(self) -> str:
        return NAME

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        completion = await self._summary(request) if request.task == "summarise" else self._completion(request)
        for line in completion.text.splitlines(keepends=True):
            yield TextDelta(line, checked=True)
        yield completion

    async def check(self) -> Check:
        if not self.reason:
            return Check("model", "ok", "the offline planner answers")
        if self.is_wanted:
            return Check("model", "ok", f"off by a setting, the offline planner answers: {self.reason}")
        return Check("model", "warning", "off, the offline planner answers", self.reason)

    async def _summary(self, request: ModelRequest) -> Completion:
        """In a thread: 10,000 turns take a second, in which others are served."""
        text = await asyncio.to_thread(summarised, request.history, request.summary, room=request.max_characters)
        return Completion(text, (), NAME, usage=Usage(), notice=self._notice(request))

    def _completion(self, request: ModelRequest) -> Completion:
        """Nothing to a remark: the planner's numbers come from the results already."""
        notice = self._notice(request)
        if request.remark:
            return Completion("", (), NAME, usage=Usage(), notice=notice)
        history = [replace(turn, results=_own(turn.results)) for turn in request.history]
        plan = understand(request.question, history, now=request.now, zone=self.zone)
        results = [result for past in request.rounds for result in _own(past.results)]
        calls = () if results else tuple(offered_calls(plan, request.tools))
        text = "" if calls else self._text(plan, results, request)
        return Completion(text, calls, NAME, usage=Usage(), notice=notice)

    def _notice(self, request: ModelRequest) -> str:
        unused = f"No language model was used ({self.reason})." if self.reason else ""
        unseen = imageless(f"The {NAME} takes no images", request.images) if request.images else ""
        files = [str(result.call.arguments.get("name", "")) for past in request.rounds for result in _files(past)]
        return joined(unused, unseen, without(f"The {NAME} reads no files", files) if files else "")

    def _text(self, plan: Plan, results: list[ToolResult], request: ModelRequest) -> str:
        if results:
            return compose(plan, results, now=request.now, zone=self.zone)
        if plan.calls:
            return NO_TOOLS
        return small_talk(request.question) or not_understood(plan.notes)


def _files(past: Round) -> tuple[ToolResult, ...]:
    return tuple(result for result in past.results if result.call.name == ATTACHED_FILE)


def _own(results: Sequence[ToolResult]) -> tuple[ToolResult, ...]:
    """Without those of other MCP servers, which a language model asked for, and of files: they are no such events."""
    return tuple(result for result in results if result.coverage is None or result.coverage.kind != "foreign")
