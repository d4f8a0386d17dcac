"""A model that is asked again."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest

from bot.domain.errors import ModelBusy, ModelError, ModelSilent, ModelTruncated
from bot.domain.ports import Check
from bot.domain.turn import Delay, TextDelta
from bot.llm.breaker import BreakerOpen
from bot.llm.errors import empty, too_long
from bot.llm.fallback import CUT
from bot.llm.limits import RESERVE_S
from bot.llm.retrying import RetryingModel
from tests.unit.llm_models import DOWN, FINE, REFUSED, SAID, FakeClock, Piece, PlayedModel
from tests.wire.llm_requests import REQUEST, ask, collect

BROKE = ModelTruncated("asking gpt", "the answer broke off", "ask again")


def busy(retry_after_s: float | None) -> ModelBusy:
    return ModelBusy("asking gpt", "its rate limit is reached", "wait", retry_after_s=retry_after_s)


def retrying(script: Sequence[Sequence[Piece]], clock: FakeClock, chance: float = 1.0) -> RetryingModel:
    return RetryingModel(PlayedModel(script), sleep=clock.sleep, chance=lambda: chance, clock=clock)


async def test_an_answer_passes_through_as_it_is() -> None:
    assert await collect(retrying([SAID], clock := FakeClock()).answer(REQUEST)) == [*SAID]
    assert clock.slept == []


@pytest.mark.parametrize("failure", [DOWN, BROKE, busy(None)])
async def test_what_may_pass_is_asked_again_twice_and_longer_each_time(failure: ModelError) -> None:
    clock = FakeClock()
    heard = await ask(retrying([[failure], [failure], SAID], clock))
    assert heard.completion == FINE
    assert clock.slept == [0.5, 1.0]
    assert heard.delays == [f"gpt: {failure.got}; asked again in 1 s"] * 2


async def test_the_third_failure_is_the_answer() -> None:
    clock = FakeClock()
    with pytest.raises(ModelError) as caught:
        await ask(retrying([[BROKE], [BROKE], [DOWN]], clock))
    assert caught.value is DOWN
    assert len(clock.slept) == 2


@pytest.mark.parametrize("chance", [0.0, 0.25])
async def test_waits_are_spread_down_to_nothing(chance: float) -> None:
    clock = FakeClock()
    await ask(retrying([[DOWN], [DOWN], SAID], clock, chance))
    assert clock.slept == [0.5 * chance, 1.0 * chance]


@pytest.mark.parametrize(
    "failure",
    [
        REFUSED,
        ModelSilent("asking gpt", "no answer began in time"),
        BreakerOpen("asking gpt", "it is not asked again for 9 s"),
        too_long("asking gpt"),
        busy(20.5),
    ],
)
async def test_what_asking_again_cannot_mend_is_asked_once(failure: ModelError) -> None:
    clock = FakeClock()
    with pytest.raises(ModelError) as caught:
        await ask(retrying([[failure]], clock))
    assert caught.value is failure
    assert clock.slept == []


async def test_an_empty_answer_is_asked_again_once() -> None:
    clock = FakeClock()
    with pytest.raises(ModelError, match="empty"):
        await ask(retrying([[empty("asking gpt")], [TextDelta(" "), empty("asking gpt")]], clock))
    assert len(clock.slept) == 1


@pytest.mark.parametrize("wait_s", [0.0, 3.5, 20.0])
async def test_the_wait_that_a_provider_asks_for_is_kept_to(wait_s: float) -> None:
    clock = FakeClock()
    await ask(retrying([[busy(wait_s)], SAID], clock, chance=0.1))
    assert clock.slept == [wait_s]


@pytest.mark.parametrize(("spare_s", "asked"), [(5.1, 2), (4.9, 1)])
async def test_no_wait_reaches_into_the_reserve(spare_s: float, asked: int) -> None:
    clock = FakeClock()
    model = PlayedModel([[busy(5.0)], [DOWN]])
    request = replace(REQUEST, deadline=clock.now + spare_s + RESERVE_S)
    with pytest.raises(ModelError):
        await ask(RetryingModel(model, sleep=clock.sleep, chance=lambda: 1.0, clock=clock), request)
    assert model.asked == asked


async def test_text_that_was_shown_stays_and_is_marked_as_cut_before_the_wait() -> None:
    tries = [(TextDelta("There"), TextDelta(" are"), BROKE), (TextDelta("Some"), BROKE), SAID]
    events = await collect(retrying(tries, FakeClock()).answer(REQUEST))
    delay = Delay("gpt: the answer broke off; asked again in 1 s")
    first = [TextDelta("There"), TextDelta(" are"), TextDelta(CUT), delay]
    text = f"There are{CUT}Some{CUT}Fine."
    assert events == [*first, TextDelta("Some"), TextDelta(CUT), delay, TextDelta("Fine."), replace(FINE, text=text)]


async def test_a_try_that_says_nothing_is_not_marked_as_cut_again() -> None:
    heard = await ask(retrying([(TextDelta("So"), BROKE), (DOWN,), SAID], FakeClock()))
    assert heard.completion.text == f"So{CUT}Fine."


async def test_the_delay_is_told_before_the_wait() -> None:
    clock = FakeClock()
    async with aclosing(retrying([[DOWN], SAID], clock).answer(REQUEST)) as events:
        assert isinstance(await anext(events), Delay)
        assert clock.slept == []


async def test_leaving_closes_the_model() -> None:
    model = PlayedModel([SAID])
    events = RetryingModel(model).answer(REQUEST)
    await anext(events)
    await events.aclose()
    assert model.closed == 1


async def test_name_and_check_are_the_models() -> None:
    model = RetryingModel(PlayedModel([], name="mini"))
    assert model.name == "mini"
    assert await model.check() == Check("model", "ok", "mini")
