"""What is older than it may be kept is deleted: when a desk opens, and each hour."""

import asyncio
import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.conversation import retention
from bot.domain.errors import StorageError
from bot.domain.message import TurnId
from bot.domain.turn import Memory
from bot.storage import SqlThreadStore, open_store
from tests.dialog.stage import message_of
from tests.dialog.thread_stage import ThreadStage
from tests.fakes import NOW, FakeHost, MemoryStore, result


class Counting(MemoryStore):
    """Notes what was asked of it; it fails as often as `fails` says."""

    def __init__(self, fails: int = 0) -> None:
        super().__init__()
        self.fails = fails
        self.asked: list[datetime] = []

    async def expire(self, before: datetime) -> int:
        self.asked.append(before)
        if len(self.asked) <= self.fails:
            raise StorageError("deleting old turns from netspy.db", "it is locked")
        return await super().expire(before)

    async def times(self, count: int) -> None:
        while len(self.asked) < count:
            await asyncio.sleep(0)


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """They pass at once."""
    monkeypatch.setattr(retention, "EVERY_S", 0.0)


async def test_old_turns_are_deleted_when_a_desk_opens_and_then_every_hour() -> None:
    assert retention.EVERY_S == 3_600
    store = Counting()
    stage = ThreadStage(store=store, retention_days=30)
    async with stage.desk():
        await store.times(1)
        for _ in range(100):
            await asyncio.sleep(0)
    assert store.asked == [NOW - timedelta(days=30)]


@pytest.mark.usefixtures("hours")
async def test_each_time_it_is_the_time_then_that_counts() -> None:
    store = Counting()
    stage = ThreadStage(store=store, retention_days=1)
    async with stage.desk():
        await store.times(2)
        stage.later(3_600)
        await store.times(len(store.asked) + 2)
    assert store.asked[0] == NOW - timedelta(days=1)
    assert store.asked[-1] == NOW - timedelta(hours=23)


@pytest.mark.usefixtures("hours")
async def test_a_store_that_fails_is_logged_and_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "netspy.conversation")
    store = Counting(fails=2)
    async with ThreadStage(store=store, retention_days=1).desk():
        await store.times(4)
    events = [record.message for record in caplog.records]
    assert events[:3] == ["storage.not_expired", "storage.not_expired", "storage.expired"]
    assert vars(caplog.records[0])["cause"] == "deleting old turns from netspy.db: it is locked"


async def test_without_a_limit_nothing_is_ever_deleted() -> None:
    store = Counting()
    stage = ThreadStage(store=store)
    async with stage.desk() as desk:
        await stage.ask(desk, "help")
    assert store.asked == []


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "netspy.db")
    return str(request.getfixturevalue("postgres_url"))


def over(store: SqlThreadStore, *, days: int | None, now: datetime) -> ThreadStage:
    host = FakeHost({"list_connections": result("list_connections")})
    return ThreadStage(other=host, stored=store, retention_days=days, now=now)


async def gone(store: SqlThreadStore, turn: TurnId) -> None:
    while await store.turn(turn) is not None:
        await asyncio.sleep(0)


async def test_a_database_loses_what_is_old_and_keeps_the_rest(url: str) -> None:
    key = message_of("").key
    async with open_store(url) as store:
        stage = over(store, days=None, now=NOW - timedelta(days=31))
        async with stage.desk() as desk:
            await desk.adopt("test")
            await stage.ask(desk, "list", message_id="old")
            stage.later(2 * 86_400)
            await stage.ask(desk, "list", message_id="new")
            await store.remember(key, Memory("of the old one", 1, NOW - timedelta(days=31), told=True))
        later = over(store, days=30, now=NOW)
        async with later.desk() as desk:
            await desk.adopt("test")
            await asyncio.wait_for(gone(store, stage.turns["old"]), 10)
            await later.ask(desk, "list", message_id="next")
        kept = await store.history(key, limit=9, whole=9)
        memory = await store.memory(key)
    assert [(turn.message.id, turn.number) for turn in kept] == [("new", 2), ("next", 3)]
    assert all(turn.results[0].tables for turn in kept)
    assert memory == Memory(told=True)
