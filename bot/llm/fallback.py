"""A model behind a model: when the preferred one fails, the next one finishes the turn and says so; last the planner.

A wrapper, so that the loop has no branch for it. It imports no SDK.
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from bot.domain.errors import ModelError
from bot.domain.ports import ChatModel, Check
from bot.domain.turn import Completion, Delay, ModelEvent, ModelRequest, TextDelta

log = logging.getLogger("netspy.llm")

CUT = " …\n\n"
"""Ends prose that was already shown when its model failed; what the fallback says follows as a new paragraph."""


def cut(said: str) -> str:
    """What marks `said` as cut: nothing where nothing was said, or where it is marked already."""
    return CUT if said.strip() and not said.endswith(CUT) else ""


@dataclass(frozen=True, slots=True)
class FallbackModel:
    """Answers with `preferred`, and from its first failure in a turn until that turn's end with `fallback`.

    A chain is nested: `fallback` is the offline planner, or another `FallbackModel`. Names in a chain are distinct.
    It keeps no state: which model answered the earlier rounds of a turn stands in the request. A completion of the
    fallback says in its notice who answered instead, and why: the same text until the turn ends or another model fails.
    """

    preferred: ChatModel
    fallback: ChatModel

    @property
    def name(self) -> str:
        return self.preferred.name

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        said, failure, earlier = "", None, self._earlier_notice(request)
        if earlier is None:
            try:
                async with aclosing(self.preferred.answer(request)) as events:
                    async for event in events:
                        yield event
                        said += event.text if isinstance(event, TextDelta) else ""
            except ModelError as error:
                failure = error
                log.warning("model.fell_back", extra={"model": self.name, "cause": str(error)})
            else:
                return
        if mark := cut(said):
            said += mark
            yield TextDelta(mark)
        if failure and isinstance(self.fallback, FallbackModel):
            yield Delay(f"{self.name}: {failure.got}; {self.fallback.name} is asked instead")
        async with aclosing(self.fallback.answer(request)) as events:
            async for event in events:
                if isinstance(event, Completion):
                    notice = self._notice(event, failure) if failure else event.notice or earlier or ""
                    yield replace(event, text=said + event.text, notice=notice)
                else:
                    yield event

    async def check(self) -> Check:
        check = await self.preferred.check()
        if check.state != "fault":
            return check
        return replace(check, state="warning", detail=f"{check.detail}; the {self.fallback.name} answers instead")

    @property
    def behind(self) -> frozenset[str]:
        """The names of all models that may answer in place of the preferred one."""
        further = self.fallback.behind if isinstance(self.fallback, FallbackModel) else frozenset()
        return frozenset({self.fallback.name}) | further

    def _earlier_notice(self, request: ModelRequest) -> str | None:
        """What was said when a model behind took over in an earlier round; None while the preferred one answers."""
        rounds = (past.completion for past in request.rounds)
        return next((completion.notice for completion in rounds if completion.model in self.behind), None)

    def _notice(self, completion: Completion, error: ModelError) -> str:
        """Names the latest failure first: it decided who answers."""
        if completion.notice:
            return f"{completion.notice}. Before that, {error}"
        if isinstance(self.fallback, FallbackModel):
            return f"{completion.model} answered instead of {self.name}: {error}"
        return f"No language model answered, the {completion.model} did: {error}"
