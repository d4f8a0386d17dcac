"""A language model that is told placeholders instead of addresses and names; whoever asks it reads the real ones.

It stands inside of everything else around a language model: what tells of failures, counts or falls back sees real
names. The planner, which tells nobody, needs none.
"""

import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from hashlib import blake2b
from typing import TypeAlias

from bot.domain.errors import ModelError
from bot.domain.message import ThreadKey
from bot.domain.ports import ChatModel
from bot.domain.turn import Completion, Delay, Made, ModelEvent, ModelRequest, TextDelta
from bot.llm.masking.names import Names
from bot.llm.masking.request import Masking
from bot.llm.masking.streaming import Unmasking
from bot.llm.masking.vocabulary import Kind
from bot.llm.wrapping import Wrapper, imageless, joined

MAX_THREADS = 200
"""Threads whose placeholders are remembered. In one that was forgotten they are numbered anew: what is stored holds
real names, so that nothing but a server's cache is lost."""

Known: TypeAlias = Callable[[], Awaitable[Iterable[tuple[str, Kind]]]]


async def nobody_known() -> Iterable[tuple[str, Kind]]:
    return ()


class Threads:
    """The placeholders of each thread, the same for all models of a chain. Another process has others.

    Who may see something else there has others, too: a model can be made to say any placeholder, and what it stands
    for is then read.
    """

    def __init__(self, *, most: int = MAX_THREADS) -> None:
        self._most = most
        self._key = secrets.token_bytes(32)
        self._maskings: OrderedDict[tuple[ThreadKey, Made], Masking] = OrderedDict()

    def masking(self, request: ModelRequest) -> Masking:
        """In the middle of a turn never a new one: a provider's own items name the old placeholders."""
        asked = (request.thread, request.seen)
        masking = self._maskings.pop(asked, None)
        if masking is None or (masking.is_full and not request.rounds):
            masking = Masking(Names())
        self._maskings[asked] = masking
        while len(self._maskings) > self._most:
            self._maskings.popitem(last=False)
        return masking

    def key(self, thread: ThreadKey) -> ThreadKey:
        """A key that is the same for a thread, and does not name it."""
        digest = blake2b(str(thread).encode(errors="replace"), key=self._key, digest_size=16).hexdigest()
        return ThreadKey("masked", "", "", digest)


class MaskingModel(Wrapper):
    """Asks `model` without a name or an address. What it streams is held back where a placeholder may go on."""

    def __init__(self, model: ChatModel, threads: Threads, known: Known = nobody_known) -> None:
        super().__init__(model)
        self._threads, self._known = threads, known

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        masking = self._threads.masking(request)
        for value, kind in await self._known():
            masking.learn(value, kind)
        masked = masking.request(request, self._threads.key(request.thread))
        unmasking = Unmasking(masking)
        try:
            async with aclosing(self._model.answer(masked)) as events:
                async for event in events:
                    for told in _told(event, masking, unmasking):
                        yield _with_notice(told, request)
        except ModelError as error:
            error.got = masking.unmasked(error.got)
            if rest := unmasking.rest():
                yield TextDelta(rest)
            raise


def _told(event: ModelEvent, masking: Masking, unmasking: Unmasking) -> Iterator[ModelEvent]:
    match event:
        case TextDelta(text):
            if ready := unmasking.feed(text):
                yield replace(event, text=ready)
        case Delay(reason):
            yield Delay(masking.unmasked(reason))
        case Completion():
            if rest := unmasking.rest():
                yield TextDelta(rest)
            yield masking.answer(event)


def _with_notice(event: ModelEvent, request: ModelRequest) -> ModelEvent:
    if not isinstance(event, Completion) or not request.images:
        return event
    return replace(event, notice=joined(event.notice, imageless("Images cannot be masked", request.images)))


def masked(models: Sequence[ChatModel], known: Known = nobody_known) -> tuple[ChatModel, ...]:
    """Each of these language models, told placeholders; they share those of a thread."""
    threads = Threads()
    return tuple(MaskingModel(model, threads, known) for model in models)
