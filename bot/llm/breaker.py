"""A circuit breaker: a model that keeps failing is left alone for a while, so that it does not slow every turn."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from math import ceil

from bot.domain.errors import ModelBusy, ModelError, ModelSilent, ModelTruncated, ModelUnreachable
from bot.domain.observing import UNOBSERVED, BreakerTurned, Observer
from bot.domain.ports import ChatModel
from bot.domain.turn import Completion, ModelEvent, ModelRequest
from bot.llm.limits import loop_time
from bot.llm.wrapping import Wrapper

FAILURES = 3
"""So many in a row open it. One silence is enough: it has cost a whole patience."""
COOL_DOWN_S = 30.0


class BreakerOpen(ModelError):
    """The model is not asked again for a while: neither this question nor another."""


class BreakerModel(Wrapper):
    """Open, it raises `BreakerOpen` at once; after the cool-down one question at a time is let through as a probe.

    The failure that opens it is raised as `BreakerOpen` too: it tells whoever would ask again that it is no use.

    Failures count that cost time or would be the same for any question: unreachable, silent, busy, truncated. Others
    (a refused question, a refused key, spent credits, an empty answer) come at once or concern one question: they
    neither count nor reset the count, and a probe that ends so leaves the next question to be the next probe.
    A complete answer closes it. It lives as long as its model, over all turns and threads.
    """

    def __init__(
        self, model: ChatModel, *, clock: Callable[[], float] = loop_time, observer: Observer = UNOBSERVED
    ) -> None:
        super().__init__(model)
        self._clock = clock
        self._observer = observer
        self._failures = 0
        self._opened_by: ModelError | None = None
        self._open_until = 0.0
        self._probing = False

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        is_probe = self._begin()
        try:
            async with aclosing(self._model.answer(request)) as events:
                async for event in events:
                    if isinstance(event, Completion):
                        self._close()
                    yield event
        except (ModelUnreachable, ModelBusy, ModelTruncated) as failure:
            if self._opens(failure):
                raise self._left_alone(failure) from None
            raise
        finally:
            if is_probe:
                self._probing = False

    def _begin(self) -> bool:
        """Whether this question is the probe. Raises: BreakerOpen when it may not be asked at all."""
        if self._opened_by is None:
            return False
        if self._probing or self._clock() < self._open_until:
            raise self._left_alone(self._opened_by)
        self._probing = True
        return True

    def _close(self) -> None:
        if self._opened_by:
            self._observer.note(BreakerTurned(self.name, is_open=False))
        self._failures, self._opened_by = 0, None

    def _opens(self, failure: ModelError) -> bool:
        self._failures = FAILURES if isinstance(failure, ModelSilent) else self._failures + 1
        if self._failures < FAILURES:
            return False
        self._opened_by, self._open_until = failure, self._clock() + COOL_DOWN_S
        self._observer.note(BreakerTurned(self.name, is_open=True))
        return True

    def _left_alone(self, failure: ModelError) -> BreakerOpen:
        wait_s = ceil(self._open_until - self._clock())
        until = f"for {wait_s} s" if wait_s > 0 else "until a first try has ended"
        return BreakerOpen(failure.asked, f"it is not asked again {until}, since {failure.got}", failure.remedy)
