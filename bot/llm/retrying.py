"""A model that is asked again after a failure that may pass.

Own code, because none of the usual libraries fits a generator: stamina and tenacity sleep inside of their own iterator
or decorator, where nothing can be yielded, and here the person is told why it takes longer before the wait begins.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from itertools import count
from math import ceil

from bot.domain.errors import ModelBusy, ModelError, ModelSilent, ModelTruncated, ModelUnreachable
from bot.domain.ports import ChatModel
from bot.domain.turn import Completion, Delay, ModelEvent, ModelRequest, TextDelta
from bot.llm.errors import EmptyAnswer
from bot.llm.fallback import cut
from bot.llm.limits import RESERVE_S, loop_time
from bot.llm.wrapping import Wrapper

log = logging.getLogger("netspy.llm")

TRIES = 3
BASE_S = 0.5
"""The longest first wait; each further one is twice as long, so three tries need no cap."""
MAX_RETRY_AFTER_S = 20.0
"""A provider that asks for a longer wait is not waited for: the next model answers sooner."""


class RetryingModel(Wrapper):
    """Asks at most `TRIES` times, with exponential back-off and full jitter, or after the wait that the provider names.

    It never waits into the reserve at the end of a turn. Text of a try that failed stays, marked as cut, and the
    completion holds it too. Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = loop_time,
    ) -> None:
        """`chance` is evenly spread from 0 to 1."""
        super().__init__(model)
        self._sleep, self._chance, self._clock = sleep, chance, clock

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        said = ""
        for tries in count(1):
            before = said
            try:
                async with aclosing(self._model.answer(request)) as events:
                    async for event in events:
                        said += event.text if isinstance(event, TextDelta) else ""
                        yield replace(event, text=before + event.text) if isinstance(event, Completion) else event
            except ModelError as error:
                failure, wait_s = error, self._wait_s(error, tries, request.deadline)
                if wait_s is None:
                    raise
            else:
                return
            if mark := cut(said):
                said += mark
                yield TextDelta(mark)
            log.info("model.retried", extra={"model": self.name, "cause": str(failure), "wait_s": wait_s})
            yield Delay(f"{self.name}: {failure.got}; asked again in {ceil(wait_s)} s")
            await self._sleep(wait_s)

    def _wait_s(self, failure: ModelError, tries: int, deadline: float) -> float | None:
        """How long to wait before the next try; None: there is none."""
        if tries >= _tries_worth(failure):
            return None
        wait_s = BASE_S * 2 ** (tries - 1) * self._chance()
        if isinstance(failure, ModelBusy) and failure.retry_after_s is not None:
            wait_s = failure.retry_after_s
            if wait_s > MAX_RETRY_AFTER_S:
                return None
        return wait_s if self._clock() + wait_s < deadline - RESERVE_S else None


def _tries_worth(failure: ModelError) -> int:
    """How many tries a failure is worth. A silence has cost enough waiting; what was refused will be refused again."""
    match failure:
        case ModelSilent():
            return 1
        case EmptyAnswer():
            return 2
        case ModelUnreachable() | ModelBusy() | ModelTruncated():
            return TRIES
    return 1
