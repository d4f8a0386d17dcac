"""What adapters share: work in the background, and memory that is bounded."""

import asyncio
import logging

import pytest

from adapters.background import Background
from adapters.bounded import Bounded
from bot.domain.errors import PlatformError


async def test_work_that_breaks_is_logged_under_the_platform_and_leaves_the_rest_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done = asyncio.Event()

    async def fails(error: Exception) -> None:
        raise error

    async def works() -> None:
        done.set()

    background = Background("slack")
    with caplog.at_level(logging.WARNING, "netspy.slack"):
        async with background.open():
            background.spawn(fails(PlatformError("posting", "it said no")))
            background.spawn(fails(KeyError("ts")))
            background.spawn(works())

    assert done.is_set()
    assert [record.getMessage() for record in caplog.records] == ["slack.failed", "slack.broke"]


async def test_a_platform_error_comes_out_by_itself_and_ends_what_is_under_way() -> None:
    ended = asyncio.Event()

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def runs() -> None:
        background = Background("slack")
        async with background.open():
            background.spawn(hangs())
            await asyncio.sleep(0)
            raise PlatformError("connecting", "it said no")

    with pytest.raises(PlatformError, match="it said no"):
        await runs()
    assert ended.is_set()


async def test_work_for_an_adapter_that_does_not_run_is_dropped() -> None:
    begun = False

    async def works() -> None:
        nonlocal begun
        begun = True

    background = Background("slack")
    async with background.open():
        pass
    background.spawn(works())
    await asyncio.sleep(0)
    assert not begun


def test_the_oldest_entry_makes_room() -> None:
    known: Bounded[str, int] = Bounded(2)
    for number, name in enumerate("abc"):
        known[name] = number
    known["b"] = 7

    assert known == {"b": 7, "c": 2}
