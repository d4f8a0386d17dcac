"""A model that is left alone while it fails."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.domain.errors import ModelBusy, ModelError, ModelSilent, ModelTruncated
from bot.domain.observing import BreakerTurned
from bot.llm.breaker import COOL_DOWN_S, BreakerModel, BreakerOpen
from bot.llm.errors import empty
from tests.fakes import RecordingObserver
from tests.unit.llm_models import DOWN, FINE, REFUSED, SAID, FakeClock, Piece, PlayedModel
from tests.wire.llm_requests import REQUEST, ask

SILENT = ModelSilent("asking gpt", "no answer began in time", "ask again")
BROKE = ModelTruncated("asking gpt", "the answer broke off", "ask again")
BUSY = ModelBusy("asking gpt", "its rate limit is reached", "wait")


class Setting:
    """A breaker around a scripted model, and its clock."""

    def __init__(self, *script: Sequence[Piece]) -> None:
        self.played = PlayedModel(script)
        self.clock = FakeClock()
        self.model = BreakerModel(self.played, clock=self.clock)

    async def fails(self) -> ModelError:
        with pytest.raises(ModelError) as caught:
            await ask(self.model)
        return caught.value

    async def is_open(self) -> bool:
        asked = self.played.asked
        return isinstance(await self.fails(), BreakerOpen) and self.played.asked == asked


async def test_three_failures_in_a_row_open_it() -> None:
    setting = Setting([DOWN], [BROKE], [BUSY])
    assert await setting.fails() is DOWN
    assert await setting.fails() is BROKE
    assert str(await setting.fails()) == (
        "asking gpt: it is not asked again for 30 s, since its rate limit is reached. Wait"
    )
    assert await setting.is_open()


async def test_one_silence_opens_it() -> None:
    setting = Setting([SILENT])
    assert isinstance(await setting.fails(), BreakerOpen)
    assert await setting.is_open()


async def test_it_says_what_failed_last_and_how_long_it_stays_open() -> None:
    setting = Setting([SILENT])
    await setting.fails()
    setting.clock.now += 10.5
    error = await setting.fails()
    assert error.got == "it is not asked again for 20 s, since no answer began in time"


async def test_an_answer_in_between_starts_the_count_anew() -> None:
    setting = Setting([DOWN], [DOWN], SAID, [DOWN], [DOWN], SAID)
    for _ in range(2):
        await setting.fails()
        await setting.fails()
        assert (await ask(setting.model)).completion == FINE


@pytest.mark.parametrize("refusal", [REFUSED, empty("asking gpt")])
async def test_a_refusal_neither_counts_nor_starts_the_count_anew(refusal: ModelError) -> None:
    setting = Setting([DOWN], [refusal], [refusal], [DOWN], [refusal], [DOWN])
    failures = [await setting.fails() for _ in range(6)]
    assert failures[:-1] == [DOWN, refusal, refusal, DOWN, refusal]
    assert isinstance(failures[-1], BreakerOpen)


async def test_after_the_cool_down_an_answer_closes_it() -> None:
    setting = Setting([SILENT], SAID, [DOWN], SAID)
    await setting.fails()
    setting.clock.now += COOL_DOWN_S
    assert (await ask(setting.model)).completion == FINE
    assert await setting.fails() is DOWN
    assert (await ask(setting.model)).completion == FINE


async def test_a_probe_that_fails_opens_it_again() -> None:
    setting = Setting([SILENT], [DOWN], SAID)
    await setting.fails()
    setting.clock.now += COOL_DOWN_S
    assert isinstance(await setting.fails(), BreakerOpen)
    setting.clock.now += COOL_DOWN_S - 1
    assert await setting.is_open()
    setting.clock.now += 1
    assert (await ask(setting.model)).completion == FINE


async def test_a_probe_that_is_refused_leaves_the_next_question_to_probe() -> None:
    setting = Setting([SILENT], [REFUSED], SAID)
    await setting.fails()
    setting.clock.now += COOL_DOWN_S
    assert await setting.fails() is REFUSED
    assert (await ask(setting.model)).completion == FINE


async def test_one_question_at_a_time_is_a_probe() -> None:
    gate = asyncio.Event()
    setting = Setting([SILENT], [gate, *SAID], SAID)
    await setting.fails()
    setting.clock.now += COOL_DOWN_S
    probe = asyncio.create_task(ask(setting.model))
    while setting.played.asked < 2:
        await asyncio.sleep(0)
    error = await setting.fails()
    assert error.got == "it is not asked again until a first try has ended, since no answer began in time"
    gate.set()
    assert (await probe).completion == FINE
    assert (await ask(setting.model)).completion == FINE


async def test_a_cancelled_probe_lets_the_next_one_through() -> None:
    setting = Setting([SILENT], [asyncio.Event()], SAID)
    await setting.fails()
    setting.clock.now += COOL_DOWN_S
    probe = asyncio.create_task(ask(setting.model))
    while setting.played.asked < 2:
        await asyncio.sleep(0)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert (await ask(setting.model)).completion == FINE


async def test_a_probe_that_its_reader_leaves_lets_the_next_one_through() -> None:
    setting = Setting([SILENT], SAID, SAID)
    await setting.fails()
    setting.clock.now += COOL_DOWN_S
    events = setting.model.answer(replace(REQUEST, question="and now?"))
    await anext(events)
    await events.aclose()
    assert setting.played.closed == 2
    assert (await ask(setting.model)).completion == FINE


async def test_an_observer_hears_when_it_opens_and_when_it_closes() -> None:
    observer = RecordingObserver()
    clock = FakeClock()
    model = BreakerModel(PlayedModel([[SILENT], SAID, SAID]), clock=clock, observer=observer)
    with pytest.raises(BreakerOpen):
        await ask(model)
    clock.now += COOL_DOWN_S
    await ask(model)
    await ask(model)
    assert observer.facts == [BreakerTurned("gpt", is_open=True), BreakerTurned("gpt", is_open=False)]
