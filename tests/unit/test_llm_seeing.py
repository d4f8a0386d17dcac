"""A model that is asked again without images."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace

import pytest

from bot.domain.errors import ImagesRefused, ModelError
from bot.domain.message import Attachment
from bot.domain.turn import Completion, ModelEvent, ModelRequest, TextDelta, ToolCall
from bot.llm.chain import chained
from bot.llm.errors import TakesNoImages
from bot.llm.fallback import CUT
from bot.llm.seeing import SeeingModel
from tests.fakes import ScriptedModel
from tests.unit.llm_models import FINE, REFUSED, SAID, Piece, PlayedModel
from tests.wire.llm_requests import REQUEST, after, ask, collect

SHOT = Attachment("shot.png", "iVBORw0KGgo=", "base64")
SHOWN = replace(REQUEST, images=(SHOT,))
TAKES_NONE = TakesNoImages("asking gpt", "it refused the images: no", "ask without them")
NOT_THESE = ImagesRefused("asking gpt", "it refused the images: too large", "ask without them")
BLIND = "gpt takes no images: answered without shot.png"
CALL = ToolCall("1", "find_failures")


@dataclass
class WatchedModel(PlayedModel):
    """Keeps the images that it was shown."""

    seen: list[tuple[Attachment, ...]] = field(default_factory=list)

    def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        self.seen.append(request.images)
        return super().answer(request)


def seeing(*script: tuple[Piece, ...]) -> tuple[SeeingModel, WatchedModel]:
    model = WatchedModel(script)
    return SeeingModel(model), model


async def test_a_model_that_takes_images_gets_them_and_nothing_is_said() -> None:
    model, inner = seeing(SAID)
    assert (await ask(model, SHOWN)).completion == FINE
    assert inner.seen == [(SHOT,)]


async def test_a_model_that_takes_none_answers_without_and_is_not_sent_any_again() -> None:
    model, inner = seeing((TAKES_NONE,), SAID, SAID)
    heard = [(await ask(model, SHOWN)).completion for _ in range(2)]
    assert heard == [replace(FINE, notice=BLIND)] * 2
    assert inner.seen == [(SHOT,), (), ()]


async def test_a_question_without_images_says_nothing_of_them() -> None:
    model, _ = seeing((TAKES_NONE,), SAID, SAID)
    await ask(model, SHOWN)
    assert (await ask(model)).completion == FINE


async def test_images_that_were_refused_are_not_sent_again_in_this_turn_but_others_are_in_the_next() -> None:
    called = Completion("", (CALL,), "gpt")
    model, inner = seeing((NOT_THESE,), (called,), SAID, SAID)
    first = (await ask(model, SHOWN)).completion
    second = (await ask(model, after(SHOWN, first))).completion
    assert first.notice == second.notice == "gpt refused this image: answered without shot.png"
    assert (await ask(model, SHOWN)).completion == FINE
    assert inner.seen == [(SHOT,), (), (), (SHOT,)]


async def test_what_was_said_before_the_refusal_stays() -> None:
    model, _ = seeing((TextDelta("So"), TAKES_NONE), SAID)
    heard = await ask(model, SHOWN)
    assert heard.completion.text == f"So{CUT}Fine."


async def test_another_failure_is_not_about_images() -> None:
    model, inner = seeing((REFUSED,))
    with pytest.raises(ModelError, match="refused the API key"):
        await ask(model, SHOWN)
    assert inner.seen == [(SHOT,)]


async def test_names_of_images_hide_nothing() -> None:
    model, _ = seeing((TAKES_NONE,), SAID)
    odd = replace(REQUEST, images=(replace(SHOT, name="a\n\u202eb.png"), replace(SHOT, name="x" * 90 + ".png")))
    notice = (await ask(model, odd)).completion.notice
    assert notice == f"gpt takes no images: answered without a\\n\\u202eb.png, {'x' * 60}"


async def test_each_model_of_a_chain_is_tried_without_images_before_the_next() -> None:
    by_mini = (TextDelta("Fine."), Completion("Fine.", (), "mini"))
    gpt, mini = WatchedModel([(TAKES_NONE,), (REFUSED,)]), WatchedModel([(TAKES_NONE,), by_mini], "mini")
    model = chained([gpt, mini], ScriptedModel([], name="planner"))
    completion = (await ask(model, SHOWN)).completion
    assert (gpt.seen, mini.seen) == ([(SHOT,), ()], [(SHOT,), ()])
    assert completion.notice == (
        f"mini answered instead of gpt: {REFUSED}. mini takes no images: answered without shot.png"
    )


async def test_a_chain_says_in_each_round_who_answers_and_without_what() -> None:
    gpt = PlayedModel([(REFUSED,)])
    calling, ending = Completion("", (CALL,), "mini"), Completion("Mini.", (), "mini")
    mini = PlayedModel([(TAKES_NONE,), (calling,), (TextDelta("Mini."), ending)], "mini")
    model = chained([gpt, mini], ScriptedModel([], name="planner"))
    first = (await ask(model, SHOWN)).completion
    second = (await ask(model, after(SHOWN, first))).completion
    assert first.notice == second.notice
    assert first.notice.endswith("mini takes no images: answered without shot.png")


async def test_leaving_closes_the_model() -> None:
    model, inner = seeing((TextDelta("So"), TAKES_NONE))
    events = model.answer(SHOWN)
    await anext(events)
    await events.aclose()
    assert inner.closed == 1


async def test_an_end_without_an_answer_stays_one() -> None:
    model, _ = seeing(())
    assert await collect(model.answer(SHOWN)) == []
