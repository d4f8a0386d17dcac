import asyncio
import logging
from collections.abc import Iterator
from itertools import repeat

import pytest

from bot.domain.errors import PlatformError
from bot.domain.message import Address, TurnId
from bot.domain.observing import UNOBSERVED, AdapterFailed, Observer
from bot.domain.ports import Check, Desk, Outlet
from bot.supervision import FIRST_PAUSE_S, LONGEST_PAUSE_S, PROVEN_S, STEADY_S, Supervised
from tests.fakes import IdleDesk, RecordingObserver, RecordingOutlet
from tests.loopback.waiting import until

REFUSED = PlatformError("Slack's auth.test", "invalid_auth", "copy the token anew")


class Faulty:
    """An `Adapter` that fails as told, once a run; then it runs on. `lasts_s` is how long each run takes."""

    name = "faulty"

    def __init__(self, failures: Iterator[BaseException | None], *, lasts_s: float = 0.0) -> None:
        self.desks: list[Desk] = []
        self.now = 0.0
        self.pauses: list[float] = []
        self._failures = failures
        self._lasts_s = lasts_s

    def clock(self) -> float:
        return self.now

    async def sleep(self, pause_s: float) -> None:
        self.pauses.append(pause_s)
        self.now += pause_s
        await asyncio.sleep(0)

    async def run(self, desk: Desk) -> None:
        self.desks.append(desk)
        try:
            failure = next(self._failures)
        except StopIteration:
            await asyncio.Event().wait()
        else:
            self.now += self._lasts_s
            if failure:
                raise failure

    def outlet(self, turn: TurnId, address: Address) -> Outlet:
        return RecordingOutlet()

    async def check(self) -> tuple[Check, ...]:
        raise AssertionError("a supervisor asks whether it runs, not its platform")


def supervised(adapter: Faulty, observer: Observer = UNOBSERVED) -> Supervised:
    return Supervised(adapter, sleep=adapter.sleep, clock=adapter.clock, observer=observer)


async def run_until_steady(adapter: Faulty, runs: int, *, proven_s: float = PROVEN_S) -> Check:
    """Its state `proven_s` after it has been begun so many times; then it is stopped."""
    each = supervised(adapter)
    task = asyncio.create_task(each.run(IdleDesk()))
    await until(lambda: len(adapter.desks) == runs or task.done())
    await asyncio.sleep(0)
    adapter.now += proven_s
    state = await each.check()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return state


async def test_pauses_double_up_to_a_minute() -> None:
    adapter = Faulty(iter([REFUSED] * 8))
    await run_until_steady(adapter, 9)
    assert adapter.pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert (adapter.pauses[0], adapter.pauses[-1]) == (FIRST_PAUSE_S, LONGEST_PAUSE_S)


async def test_one_that_ran_a_while_begins_again_after_the_first_pause() -> None:
    adapter = Faulty(iter([REFUSED] * 4), lasts_s=STEADY_S)
    await run_until_steady(adapter, 5)
    assert adapter.pauses == [FIRST_PAUSE_S] * 4


async def test_every_run_gets_the_same_desk() -> None:
    adapter = Faulty(iter([REFUSED]))
    await run_until_steady(adapter, 2)
    assert adapter.desks[0] is adapter.desks[1]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (REFUSED, "Slack's auth.test: invalid_auth. Copy the token anew"),
        (RuntimeError("wss://h/?ticket=hush"), "it broke (RuntimeError)"),
        (ExceptionGroup("tasks", [KeyError("hush")]), "it broke (KeyError)"),
        (asyncio.CancelledError(), "it was cancelled from inside"),
        (None, "it ended without being asked to"),
    ],
)
async def test_whatever_ends_it_is_told_and_it_begins_again(
    failure: BaseException | None, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = Faulty(iter([failure]))
    with caplog.at_level(logging.INFO, "netspy.serve"):
        after = await run_until_steady(adapter, 2)
    failed = [record.__dict__ for record in caplog.records if record.getMessage() == "adapter.failed"]
    assert [(each["adapter"], each["cause"], each["pause_s"]) for each in failed] == [("faulty", told, 1.0)]
    assert after == Check("faulty", "ok", "running")


async def test_what_begins_again_is_not_well_before_it_has_run_a_while() -> None:
    again = await run_until_steady(Faulty(iter([REFUSED])), 2, proven_s=PROVEN_S - 1)
    first = await run_until_steady(Faulty(iter([])), 1, proven_s=0)
    assert (again.state, again.detail) == ("fault", str(REFUSED))
    assert first.state == "ok"


async def test_the_traceback_of_what_broke_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    await run_until_steady(Faulty(iter([RuntimeError("of the SDK")])), 2)
    assert "RuntimeError: of the SDK" in caplog.text


async def test_it_has_a_fault_before_it_begins_and_while_it_waits() -> None:
    adapter = Faulty(repeat(REFUSED))
    each = Supervised(adapter, sleep=lambda _: asyncio.Event().wait(), clock=adapter.clock)
    assert (await each.check()).state == "fault"
    task = asyncio.create_task(each.run(IdleDesk()))
    await until(lambda: adapter.desks)
    await asyncio.sleep(0)
    assert await each.check() == Check(
        "faulty",
        "fault",
        "Slack's auth.test: invalid_auth. Copy the token anew",
        "it begins again within 1 s",
    )
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_observer_hears_of_every_failure() -> None:
    adapter, observer = Faulty(iter([REFUSED, None])), RecordingObserver()
    task = asyncio.create_task(supervised(adapter, observer).run(IdleDesk()))
    await until(lambda: len(adapter.desks) == 3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert observer.facts == [AdapterFailed("faulty"), AdapterFailed("faulty")]
