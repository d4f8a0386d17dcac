"""Tool hosts, models and outlets that tell an observer what they do: those who use them need not know.

They know the ports only. `app.py`, `serve.py` and a turn at work wrap with them.
"""

from collections.abc import AsyncGenerator, Awaitable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from bot.domain.correlation import within
from bot.domain.errors import PlatformError, ToolHostError, Undeliverable
from bot.domain.message import Block, Reply, Step
from bot.domain.observing import ModelWork, Observer, PlatformFailed, Progress, ToolWork, observed, told
from bot.domain.ports import ChatModel, Check, Outlet, ToolHost
from bot.domain.turn import Completion, ModelEvent, ModelRequest, TextDelta, ToolCall, ToolResult, ToolSpec


@dataclass(frozen=True, slots=True)
class ObservedHost:
    """`host`, and each of its calls told. A name that no tool has is not repeated: a model may have made it up."""

    host: ToolHost
    observer: Observer

    async def tools(self) -> tuple[ToolSpec, ...]:
        return await self.host.tools()

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        with observed(self.observer, await self._work(call)) as progress:
            result = await self.host.call(call, now=now)
            progress.outcome = "failed" if result.failed else "ok"
        return result

    async def check(self) -> tuple[Check, ...]:
        return await self.host.check()

    async def _work(self, call: ToolCall) -> ToolWork:
        try:
            found = next((spec for spec in await self.host.tools() if spec.name == call.name), None)
        except ToolHostError:
            found = None
        return ToolWork(call.id, found.name if found else "", found.server if found else "")


@dataclass(frozen=True, slots=True)
class ObservedModel:
    """`model`, and each request to it told as `work`."""

    model: ChatModel
    observer: Observer
    work: ModelWork

    @property
    def name(self) -> str:
        return self.model.name

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        began = perf_counter()
        with told(self.observer, self.work) as progress:
            async with aclosing(self.model.answer(request)) as events:
                while event := await _next(events, progress):
                    if isinstance(event, TextDelta) and progress.first_s is None:
                        progress.first_s = perf_counter() - began
                    elif isinstance(event, Completion):
                        progress.usage, progress.model = event.usage, event.served_by
                    yield event

    async def check(self) -> Check:
        return await self.model.check()


async def _next(events: AsyncGenerator[ModelEvent, None], progress: Progress) -> ModelEvent | None:
    """Only what the model does belongs to its span, not what is done with its words in between."""
    with within(progress.parent):
        return await anext(events, None)


@dataclass(frozen=True, slots=True)
class ObservedOutlet:
    """`outlet`, and whatever its platform does not take told."""

    outlet: Outlet
    observer: Observer
    platform: str

    async def step(self, step: Step) -> None:
        await self._told(self.outlet.step(step))

    async def prose(self, delta: str) -> None:
        await self._told(self.outlet.prose(delta))

    async def show(self, block: Block) -> None:
        await self._told(self.outlet.show(block))

    async def reply(self, reply: Reply) -> None:
        await self._told(self.outlet.reply(reply))

    async def delivered(self) -> bool:
        with self._telling():
            return await self.outlet.delivered()

    async def _told(self, work: Awaitable[None]) -> None:
        with self._telling():
            await work

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except PlatformError as error:
            never = isinstance(error, Undeliverable)
            self.observer.note(PlatformFailed(self.platform, "undeliverable" if never else "failed"))
            raise
