"""A model that plays pieces of answers and failures, and a clock that waits without waiting. For tests of wrappers."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.domain.errors import ModelRefused, ModelUnreachable
from bot.domain.ports import Check
from bot.domain.turn import Completion, ModelEvent, ModelRequest, TextDelta

Piece: TypeAlias = ModelEvent | Exception | asyncio.Event
"""An exception is raised, an `asyncio.Event` waited for."""

DOWN = ModelUnreachable("asking gpt", "it failed with status 500", "ask again")
REFUSED = ModelRefused("asking gpt", "it refused the API key (401)", "set OPENAI_API_KEY")
FINE = Completion("Fine.", (), "gpt")
SAID: tuple[Piece, ...] = (TextDelta("Fine."), FINE)


@dataclass
class PlayedModel:
    """Plays one entry of its script a question; `asked` and `closed` count them."""

    script: Sequence[Sequence[Piece]]
    name: str = "gpt"
    asked: int = 0
    closed: int = 0

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        self.asked += 1
        assert self.asked <= len(self.script), "asked once more than scripted"
        try:
            for piece in self.script[self.asked - 1]:
                if isinstance(piece, asyncio.Event):
                    await piece.wait()
                elif isinstance(piece, Exception):
                    raise piece
                else:
                    yield piece
        finally:
            self.closed += 1

    async def check(self) -> Check:
        return Check("model", "ok", self.name)


@dataclass
class FakeClock:
    """Sleeping moves it on at once."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, duration_s: float) -> None:
        self.slept.append(duration_s)
        self.now += duration_s
