"""The chain of models that answers questions: wraps each language model, and puts the planner behind them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.domain.observing import UNOBSERVED, Observer
from bot.domain.ports import ChatModel
from bot.llm.breaker import BreakerModel
from bot.llm.fallback import FallbackModel
from bot.llm.limits import TimelyModel
from bot.llm.retrying import RetryingModel
from bot.llm.seeing import SeeingModel


def chained(
    models: Sequence[ChatModel],
    planner: ChatModel,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    observer: Observer = UNOBSERVED,
) -> ChatModel:
    """`models` in their order of preference, then `planner`.

    The order of the wrappers around each model, from the inside:
    - its time: what drips past the limit ends as this model's failure, and the planner still has the reserve;
    - its breaker: every single try counts, and a try that it does not let through is not repeated;
    - its retries: inside of the fallback, since a second try of the preferred model is better than another model;
    - its images: what it refuses because of them it is asked again without them, before another model is;
    - its fallback. The planner needs none of them: it waits for nobody, and has to answer after any deadline.

    The breakers live in the chain. Build one for a process, not one for a turn.
    """
    chain = planner
    for model in reversed(models):
        tried = RetryingModel(BreakerModel(TimelyModel(model), observer=observer), sleep=sleep)
        chain = FallbackModel(SeeingModel(tried), chain, observer)
    return chain
