"""What is looked up of the source, the database and the adapters, and when."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bot.domain.errors import SourceUnreachable, StorageError
from bot.domain.ports import Check
from bot.domain.source_status import KindStatus, NodeStatus, SourceStatus
from bot.telemetry.health import LOOK_S, Health, Parts
from bot.telemetry.metrics import PrometheusObserver
from tests.fakes import QUIET
from tests.loopback.waiting import until

FINE = Check("storage", "ok", "fine")
RUNNING = Check("slack", "ok", "running")
AWAY = SourceUnreachable("asking http://a", "connection refused")


def lost(*, drops: int | None, connections: int | None = None) -> SourceStatus:
    kinds = {"drop": KindStatus(lost=drops), "connection": KindStatus(lost=connections)}
    return SourceStatus(source="fake", kind="live", kinds=kinds)  # type: ignore[arg-type]  # names of kinds


def fleet(*nodes: SourceStatus | None) -> SourceStatus:
    found = tuple(NodeStatus(name=f"node-{number}", status=status) for number, status in enumerate(nodes))
    return SourceStatus(source="fleet", kind="live", nodes=found)


@dataclass
class Looked:
    """Parts that are as a test says; `looks` counts how often they were asked."""

    metrics: PrometheusObserver = field(default_factory=lambda: PrometheusObserver(version="1"))
    status: SourceStatus | Exception = QUIET
    storage: Check = FINE
    queue: int | StorageError = 0
    adapter: Check = RUNNING
    looks: int = 0
    slept: list[float] = field(default_factory=list)
    due: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def source(self) -> SourceStatus:
        self.looks += 1
        if isinstance(self.status, Exception):
            raise self.status
        return self.status

    async def check(self) -> Check:
        return self.storage

    async def waiting(self) -> int:
        if isinstance(self.queue, StorageError):
            raise self.queue
        return self.queue

    async def adapter_check(self) -> Check:
        return self.adapter

    async def sleep(self, duration_s: float) -> None:
        self.slept.append(duration_s)
        await self.due.acquire()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Health, None]:
        parts = Parts(source=self.source, storage=self.check, waiting=self.waiting, adapters=[self.adapter_check])
        health = Health(self.metrics, parts, sleep=self.sleep)
        task = asyncio.create_task(health.run())
        await until(lambda: self.slept or task.done())
        yield health
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def look_again(self, health: Health) -> None:
        before = len(self.slept)
        health.exposition()
        self.due.release()
        await until(lambda: len(self.slept) > before)

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


async def test_parts_that_are_well_are_up() -> None:
    looked = Looked(queue=3)
    async with looked.running():
        ups = [looked.value(name) for name in ("netspy_source_up", "netspy_storage_up", "netspy_turns_waiting")]
        assert ups == [1, 1, 3]
        assert looked.value("netspy_adapter_up", platform="slack") == 1


async def test_parts_that_fail_are_down_and_come_back() -> None:
    looked = Looked(status=AWAY, queue=StorageError("reading", "it is gone"), adapter=Check("slack", "fault", "x"))
    async with looked.running() as health:
        assert looked.value("netspy_source_up") == 0
        assert looked.value("netspy_storage_up") == 0
        assert looked.value("netspy_adapter_up", platform="slack") == 0
        looked.status, looked.queue, looked.adapter = QUIET, 0, RUNNING
        await looked.look_again(health)
        assert looked.value("netspy_source_up") == 1
        assert looked.value("netspy_storage_up") == 1
        looked.storage = Check("storage", "fault", "kept in memory")
        await looked.look_again(health)
        assert looked.value("netspy_storage_up") == 0


async def test_a_source_that_stopped_listening_is_down() -> None:
    looked = Looked(status=SourceStatus(source="x", kind="live", broken="the ring is gone"))
    async with looked.running():
        assert looked.value("netspy_source_up") == 0


async def test_who_scrapes_often_makes_no_part_work_and_who_does_not_scrape_neither() -> None:
    looked = Looked()
    async with looked.running() as health:
        for _ in range(20):
            health.exposition()
            await asyncio.sleep(0)
        assert (looked.looks, looked.slept) == (1, [LOOK_S])
        looked.due.release()
        await until(lambda: len(looked.slept) == 2)
        looked.due.release()
        for _ in range(20):
            await asyncio.sleep(0)
        assert looked.looks == 2, "nobody has scraped since"


async def test_a_scrape_does_not_wait_for_a_source_that_hangs() -> None:
    looked = Looked()
    async with looked.running() as health:
        looked.source = asyncio.Event().wait  # type: ignore[method-assign,assignment]
        text, _ = health.exposition()
    assert b"netspy_source_up 1.0" in text


async def test_losses_are_counted_from_the_first_look_and_never_fall() -> None:
    looked = Looked(status=lost(drops=100))
    async with looked.running() as health:
        told = []
        for drops in (None, 130, 7):  # unknown, more, and anew after a restart
            looked.status = lost(drops=drops)
            await looked.look_again(health)
            told.append(looked.value("netspy_source_events_lost_total", kind="drop"))
    assert told == [0, 30, 37]


async def test_nodes_are_counted_and_one_that_is_away_for_a_while_loses_nothing() -> None:
    looked = Looked(status=fleet(lost(drops=5), lost(drops=50)))
    async with looked.running() as health:
        looked.status = fleet(lost(drops=6), None)
        await looked.look_again(health)
        states = [looked.value("netspy_source_nodes", state=state) for state in ("up", "down")]
        assert (looked.value("netspy_source_up"), states) == (1, [1, 1])
        looked.status = fleet(lost(drops=6), lost(drops=52))
        await looked.look_again(health)
        assert looked.value("netspy_source_events_lost_total", kind="drop") == 3
        looked.status = fleet(None, None)
        await looked.look_again(health)
        assert looked.value("netspy_source_up") == 0


async def test_a_part_that_breaks_ends_nobody(caplog: pytest.LogCaptureFixture) -> None:
    looked = Looked(status=RuntimeError("a bug of ours"))
    async with looked.running() as health:
        assert "health.broke" in caplog.text
        looked.status = QUIET
        await looked.look_again(health)
        assert looked.value("netspy_source_up") == 1
