"""Replies and records get through failures that pass."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from bot.conversation import sending
from bot.conversation.sending import send, stored, was_delivered
from bot.domain.errors import PlatformError, StorageCorrupt, StorageError, StorageFull, Undeliverable
from bot.domain.message import Reply, TurnId
from tests.fakes import RecordingOutlet

REPLY = Reply(TurnId("t"), ())


pytestmark = pytest.mark.usefixtures("no_waiting")


class Failing(RecordingOutlet):
    def __init__(self, *errors: PlatformError) -> None:
        super().__init__()
        self.errors = list(errors)
        self.asked = 0

    async def reply(self, reply: Reply) -> None:
        self._fail()
        await super().reply(reply)

    async def delivered(self) -> bool:
        self._fail()
        return True

    def _fail(self) -> None:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)


DOWN = PlatformError("a reply", "status 503")


async def test_a_reply_is_sent_again_until_the_platform_takes_it() -> None:
    outlet = Failing(DOWN, DOWN)
    assert await send(outlet, REPLY)
    assert outlet.replies == [REPLY]


async def test_a_platform_that_never_takes_a_reply_is_left_with_an_error(caplog: pytest.LogCaptureFixture) -> None:
    outlet = Failing(DOWN, DOWN, DOWN)
    assert not await send(outlet, REPLY)
    assert outlet.asked == 3
    assert caplog.records[-1].message == "reply.not_sent"


async def test_what_can_never_be_delivered_is_tried_once() -> None:
    outlet = Failing(Undeliverable("a reply", "the channel is gone"))
    assert not await send(outlet, REPLY)
    assert outlet.asked == 1


async def test_a_platform_that_hangs_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(RecordingOutlet):
        async def reply(self, reply: Reply) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(sending, "PLATFORM_DEADLINE_S", 0.0)
    assert not await send(Hanging(), REPLY)


async def test_whether_a_reply_stands_there_is_asked_again_and_then_denied() -> None:
    assert await was_delivered(Failing(DOWN, DOWN), TurnId("t"))
    assert not await was_delivered(Failing(DOWN, DOWN, DOWN), TurnId("t"))


def failing(error: StorageError, times: int) -> tuple[Callable[[], Awaitable[int]], list[int]]:
    tries: list[int] = []

    async def work() -> int:
        tries.append(1)
        if len(tries) <= times:
            raise error
        return 7

    return work, tries


async def test_a_database_that_is_away_is_waited_for_and_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    work, tries = failing(StorageError("storing", "no connection"), 3)
    assert await stored(work) == 7
    assert len(tries) == 4
    assert [record.message for record in caplog.records] == ["storage.waiting"]


async def test_patience_with_a_database_ends() -> None:
    work, _ = failing(StorageError("storing", "no connection"), 10**9)
    with pytest.raises(StorageError, match="no connection"):
        await stored(work, patience_s=0.01)


async def test_an_answer_does_not_wait_for_a_full_disk() -> None:
    work, tries = failing(StorageFull("storing", "the disk is full"), 3)
    with pytest.raises(StorageFull):
        await stored(work, patience_s=1000.0)
    assert len(tries) == 1
    assert await stored(work) == 7


async def test_an_answer_does_not_wait_for_a_damaged_file() -> None:
    work, tries = failing(StorageCorrupt("storing", "the file is damaged"), 3)
    with pytest.raises(StorageCorrupt):
        await stored(work, patience_s=1000.0)
    assert len(tries) == 1


async def test_waits_for_a_database_grow_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sending, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(sending, "LONGEST_WAIT_S", 0.003)
    work, _ = failing(StorageError("storing", "no connection"), 4)
    with caplog.at_level(logging.DEBUG, logger="netspy"):
        await stored(work)
    assert [record.__dict__["wait_s"] for record in caplog.records] == [0.001, 0.002, 0.003, 0.003]
