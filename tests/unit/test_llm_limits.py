"""A model that keeps to the turn's deadline."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.errors import ModelError, ModelTruncated, ModelUnreachable
from bot.domain.turn import TextDelta
from bot.llm.limits import RESERVE_S, TimelyModel, loop_time
from tests.unit.llm_models import DOWN, FINE, SAID, PlayedModel
from tests.wire.llm_requests import REQUEST, ask


async def test_without_a_deadline_an_answer_passes_through() -> None:
    assert (await ask(TimelyModel(PlayedModel([SAID])))).completion == FINE


async def test_an_answer_that_drips_ends_when_the_reserve_begins() -> None:
    model = PlayedModel([[TextDelta("One"), asyncio.Event(), *SAID]])
    request = replace(REQUEST, deadline=loop_time() + RESERVE_S + 0.01)
    events = TimelyModel(model).answer(request)
    assert await anext(events) == TextDelta("One")
    with pytest.raises(ModelError, match="asking gpt: the time for this answer was up") as caught:
        async with asyncio.timeout(RESERVE_S / 2):
            await anext(events)
    assert not isinstance(caught.value, ModelUnreachable | ModelTruncated)
    assert model.closed == 1


async def test_after_its_limit_a_model_that_has_to_be_waited_for_is_not() -> None:
    model = PlayedModel([[asyncio.Event(), *SAID]])
    with pytest.raises(ModelError, match="the time for this answer was up"):
        await ask(TimelyModel(model), replace(REQUEST, deadline=loop_time() + RESERVE_S - 1))


async def test_the_time_of_the_reader_is_not_the_models() -> None:
    request = replace(REQUEST, deadline=loop_time() + RESERVE_S + 0.01)
    events = TimelyModel(PlayedModel([SAID])).answer(request)
    await anext(events)
    await asyncio.sleep(0.02)
    assert await anext(events) == FINE


async def test_a_failure_passes_through() -> None:
    with pytest.raises(ModelError) as caught:
        await ask(TimelyModel(PlayedModel([[DOWN]])))
    assert caught.value is DOWN
