"""A model that keeps to the turn's deadline, and the part of a turn that language models leave to whoever is next."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from bot.domain.errors import ModelError
from bot.domain.turn import ModelEvent, ModelRequest
from bot.llm.errors import AGAIN
from bot.llm.wrapping import Wrapper

RESERVE_S = 20.0
"""Kept at the end of every turn for the planner and its tools, which have no limit of their own."""


def loop_time() -> float:
    """Now, on the clock of `ModelRequest.deadline`."""
    return asyncio.get_running_loop().time()


class TimelyModel(Wrapper):
    """Ends an answer that is not complete when the reserve begins, however steadily it drips.

    Only waiting for the model is bounded; the time that a reader of the events takes is the reader's own.
    """

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        async with aclosing(self._model.answer(request)) as events:
            while event := await self._next(events, request.deadline - RESERVE_S):
                yield event

    async def _next(self, events: AsyncGenerator[ModelEvent, None], until: float) -> ModelEvent | None:
        try:
            async with asyncio.timeout_at(until):
                return await anext(events, None)
        except TimeoutError:
            raise ModelError(f"asking {self.name}", "the time for this answer was up", AGAIN) from None
