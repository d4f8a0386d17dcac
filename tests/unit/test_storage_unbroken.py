"""Cancellation waits for the database, and is not lost."""

import asyncio
from pathlib import Path

import pytest

from bot.storage import open_store
from bot.storage.unbroken import unbroken
from tests.contract.test_thread_store import begun, turn


async def test_work_that_is_cancelled_twice_ends_first_and_the_cancellation_goes_on() -> None:
    may_end = asyncio.Event()
    ended = False

    async def work() -> None:
        nonlocal ended
        await may_end.wait()
        ended = True

    task = asyncio.create_task(unbroken(work()))
    for _ in range(2):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    await asyncio.wait([task])
    assert task.cancelled()
    assert ended


async def test_cancellation_wins_over_a_failure() -> None:
    async def work() -> None:
        raise OSError("the disk is gone")

    task = asyncio.create_task(unbroken(work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await task
    assert isinstance(raised.value.__cause__, OSError)


async def test_result_and_failure_come_through() -> None:
    async def work(number: int) -> int:
        return 1 // number

    assert await unbroken(work(1)) == 1
    with pytest.raises(ZeroDivisionError):
        await unbroken(work(0))


async def test_a_message_whose_storing_is_cancelled_is_stored(tmp_path: Path) -> None:
    async with open_store(str(tmp_path / "netspy.db")) as store:
        task = asyncio.create_task(begun(store, turn()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert not await begun(store, turn())
