"""A model behind a model: when the preferred one fails, the next one finishes the turn and says so; last the planner.

A wrapper, so that the loop has no branch for it. It imports no SDK.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from bot.domain.errors import ModelError
from bot.domain.observing import UNOBSERVED, FellBack, Observer
from bot.domain.ports import ChatModel, Check
from bot.domain.turn import Completion, Delay, ModelEvent, ModelRequest, TextDelta
from bot.llm.wrapping import joined

log = logging.getLogger("netspy.llm")

NOT_PERMITTED = "The policy permits no language model here: the planner answered"
NO_OTHER_PERMITTED = "The policy permits no other language model here: the planner answered"
"""Why the planner answers although there are models that were not asked."""
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
    observer: Observer = UNOBSERVED

    @property
    def name(self) -> str:
        return self.preferred.name

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        said, failure, earlier = "", None, self._earlier(request)
        is_permitted = self._is_permitted(request)
        if earlier is None and is_permitted:
            try:
                async with aclosing(self.preferred.answer(request)) as events:
                    async for event in events:
                        yield event
                        said += event.text if isinstance(event, TextDelta) else ""
            except ModelError as error:
                failure = error
                log.warning("model.fell_back", extra={"model": self.name, "cause": str(error)})
                self.observer.note(FellBack(self.name))
            else:
                return
        if mark := cut(said):
            said += mark
            yield TextDelta(mark)
        if failure and isinstance(self.fallback, FallbackModel):
            yield Delay(f"{self.name}: {failure.got}; {self._next(request)} is asked instead")
        async with aclosing(self.fallback.answer(request)) as events:
            async for event in events:
                if isinstance(event, Completion):
                    notice = self._notice(event, failure) if failure else _going_on(event, earlier)
                    if not is_permitted and not isinstance(self.fallback, FallbackModel):
                        notice = joined(NO_OTHER_PERMITTED if request.models else NOT_PERMITTED, notice)
                    yield replace(event, text=said + event.text, notice=notice)
                else:
                    yield event

    async def check(self) -> Check:
        """The state of every language model in the chain, asked at once."""
        models = self.language_models
        checks = await asyncio.gather(*(model.check() for model in models))
        details = [check.detail for check in checks]
        if checks[0].state == "fault":
            pairs = zip(models, checks, strict=True)
            answering = next((model.name for model, check in pairs if check.state != "fault"), "the planner")
            details.append(f"{answering} answers instead")
        remedies = dict.fromkeys(check.remedy for check in checks if check.remedy)
        is_well = all(check.state == "ok" for check in checks)
        finding = next((check.finding for check in checks if check.finding), "")
        return Check("model", "ok" if is_well else "warning", "; ".join(details), "; ".join(remedies), finding)

    @property
    def language_models(self) -> tuple[ChatModel, ...]:
        """All of the chain but the planner, in order of preference."""
        further = self.fallback.language_models if isinstance(self.fallback, FallbackModel) else ()
        return self.preferred, *further

    @property
    def behind(self) -> frozenset[str]:
        """The names of all models that may answer in place of the preferred one."""
        further = self.fallback.behind if isinstance(self.fallback, FallbackModel) else frozenset()
        return frozenset({self.fallback.name}) | further

    def _is_permitted(self, request: ModelRequest) -> bool:
        """Whether the preferred model may be told the request at all."""
        return request.models is None or any(fnmatchcase(self.name, name) for name in request.models)

    def _next(self, request: ModelRequest) -> str:
        """Who is asked when the preferred model fails."""
        if isinstance(self.fallback, FallbackModel) and not self.fallback._is_permitted(request):  # noqa: SLF001 (its own class)
            return self.fallback._next(request)  # noqa: SLF001
        return self.fallback.name

    def _earlier(self, request: ModelRequest) -> Completion | None:
        """The first round that a model behind took over; None while the preferred one answers."""
        rounds = (past.completion for past in request.rounds)
        return next((completion for completion in rounds if completion.model in self.behind), None)

    def _notice(self, completion: Completion, error: ModelError) -> str:
        """Names the latest failure first: it decided who answers."""
        if not isinstance(self.fallback, FallbackModel):
            return joined(f"No language model answered, the {completion.model} did: {error}", completion.notice)
        if completion.model == self.fallback.name:
            return joined(f"{completion.model} answered instead of {self.name}: {error}", completion.notice)
        return joined(completion.notice, f"Before that, {error}")


def _going_on(completion: Completion, earlier: Completion | None) -> str:
    """What was said when this model took over, and what it says itself; where yet another one did, only that."""
    if earlier and completion.model == earlier.model:
        return joined(earlier.notice, completion.notice)
    return completion.notice or (earlier.notice if earlier else "")
