"""The offline planner: a `ChatModel` that needs no language model. Round one turns the question into calls, round two
their results into prose.

It is the default without a key, the fallback when the model is down, and the deterministic analyst behind the AI tools.
It keeps no state and calls no AI tool, so it can neither recurse nor wait for anything.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

from bot.domain.ports import Check
from bot.domain.turn import Completion, ModelEvent, ModelRequest, TextDelta, ToolResult
from bot.llm.offline.composing import NO_TOOLS, compose, not_understood
from bot.llm.offline.offering import offered_calls
from bot.llm.offline.plan import Plan
from bot.llm.offline.small_talk import small_talk
from bot.llm.offline.understanding import understand

NAME = "planner"


@dataclass(frozen=True, slots=True)
class Planner:
    """`reason` says why no language model answers; without one the planner gives no notice of itself.

    Clock times in questions and answers are those of `zone`.
    """

    reason: str = ""
    zone: tzinfo = UTC

    @property
    def name(self) -> str:
        return NAME

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        history = [replace(turn, results=_own(turn.results)) for turn in request.history]
        plan = understand(request.question, history, now=request.now, zone=self.zone)
        results = [result for past in request.rounds for result in _own(past.results)]
        calls = () if results else tuple(offered_calls(plan, request.tools))
        if calls:
            yield Completion("", calls, NAME, notice=self._notice)
            return
        text = self._text(plan, results, request)
        for line in text.splitlines(keepends=True):
            yield TextDelta(line)
        yield Completion(text, (), NAME, notice=self._notice)

    async def check(self) -> Check:
        if not self.reason:
            return Check("model", "ok", "the offline planner answers")
        return Check("model", "warning", "off, the offline planner answers", self.reason)

    @property
    def _notice(self) -> str:
        return f"No language model was used ({self.reason})." if self.reason else ""

    def _text(self, plan: Plan, results: list[ToolResult], request: ModelRequest) -> str:
        if results:
            return compose(plan, results, now=request.now, zone=self.zone)
        if plan.calls:
            return NO_TOOLS
        return small_talk(request.question) or not_understood(plan.notes)


def _own(results: Sequence[ToolResult]) -> tuple[ToolResult, ...]:
    """Without those of other MCP servers, which a language model asked for: they say nothing about these events."""
    return tuple(result for result in results if result.coverage is None or result.coverage.kind != "foreign")
