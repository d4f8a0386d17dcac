"""Every language model: whether its server lists it, and whether it answers a tiny question, which costs some tokens.

A list alone tells nothing of credits, and often nothing of the key.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from bot.app import open_placed
from bot.doctor.certificates import with_certificate
from bot.domain.errors import ModelBusy, ModelError
from bot.domain.message import ThreadKey
from bot.domain.ports import ChatModel, Check
from bot.domain.turn import Completion, ModelRequest
from bot.llm.errors import EmptyAnswer
from bot.model_settings import PlacedModel
from bot.settings import Settings

ANSWER_S = 8.0
"""For the answer; a list has five seconds of its own."""
_UNLISTED: Final = "model-unknown"
_PASSING: Final = (ModelBusy, EmptyAnswer)
"""What the next question may not meet."""


async def check_models(settings: Settings) -> tuple[Check, ...]:
    """One each, in their order of preference. One that fails is no fault while another answers.

    Raises: InvalidSettings.
    """
    said = await asyncio.gather(*(_check(placed, settings) for placed in settings.language_models))
    return tuple(_softened(said))


def _softened(checks: Sequence[Check]) -> Iterator[Check]:
    answers = any(check.state == "ok" for check in checks)
    for check in checks:
        yield replace(check, state="warning") if answers and check.state == "fault" else check


async def _check(placed: PlacedModel, settings: Settings) -> Check:
    async with open_placed(placed, settings) as model:
        listed = await model.check()
        said = await _asked(model, listed) if listed.state == "ok" or listed.finding == _UNLISTED else listed
    return (await with_certificate([said], placed.base_url))[0]


async def _asked(model: ChatModel, listed: Check) -> Check:
    """Some servers list nothing, or other names, and answer all the same: what it says decides."""
    try:
        async with asyncio.timeout(ANSWER_S):
            tokens = await _tokens_of_an_answer(model)
    except TimeoutError:
        detail = f"{model.name}: no whole answer to one word within {ANSWER_S:g} s"
        remedy = "see what keeps the server; NETSPY_MODEL_PATIENCE_S is how long netspy waits for a beginning"
        return Check("model", "warning", detail, remedy, "model-slow")
    except ModelError as error:
        check = Check.of("model", error, "warning" if isinstance(error, _PASSING) else "fault")
        return _with_list(check, listed) if check.finding == _UNLISTED else check
    return Check("model", "ok", f"{listed.detail if listed.state == 'ok' else model.name}; a trial took {tokens}")


def _with_list(check: Check, listed: Check) -> Check:
    """What there is instead, where the server told."""
    others = listed.detail.rpartition("it lists ")[2] if listed.state == "warning" else ""
    return replace(check, detail=f"{check.detail}; it lists {others}") if others else check


async def _tokens_of_an_answer(model: ChatModel) -> str:
    request = ModelRequest(
        thread=ThreadKey("doctor", "", "", ""),
        instructions="Answer with one word.",
        history=(),
        question="Say ok.",
        now=datetime.now(UTC),
    )
    async with aclosing(model.answer(request)) as events:
        spent = [event.usage async for event in events if isinstance(event, Completion)]
    tokens = sum(usage.total for usage in spent if usage)
    return f"{tokens} tokens" if tokens else "a handful of tokens"
