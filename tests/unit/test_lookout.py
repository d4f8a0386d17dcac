"""Who is gone, what is heard from other processes, and what is taken up."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bot.conversation.attempt import Interruption
from bot.conversation.lookout import Lookout, Watch
from bot.domain.errors import StorageError
from bot.domain.message import TurnId
from bot.domain.stores import Claim, View, Wish, WorkerId
from tests.contract.test_thread_store import KEY, turn
from tests.fakes import MemoryStore

ME, OTHER = WorkerId("me"), WorkerId("other")


def test_a_worker_whose_beat_stands_still_for_the_lease_is_gone() -> None:
    watch = Watch(10)
    assert [watch.gone({OTHER: 3}, now) for now in (100, 104, 108)] == [{}, {}, {}]
    assert watch.gone({OTHER: 3}, 110) == {OTHER: 3}


def test_a_beat_gives_the_whole_lease_again() -> None:
    watch = Watch(10)
    assert [watch.gone({OTHER: beat}, now) for beat, now in ((1, 100), (1, 104), (2, 108), (2, 112), (2, 116))] == [
        {}
    ] * 5
    assert watch.gone({OTHER: 2}, 118) == {OTHER: 2}


def test_after_a_pause_of_ours_everybody_has_the_whole_lease_again() -> None:
    watch = Watch(10)
    watch.gone({OTHER: 1}, 100)
    assert watch.gone({OTHER: 1}, 160) == {}
    assert watch.gone({OTHER: 1}, 165) == {}
    assert watch.gone({OTHER: 1}, 170) == {OTHER: 1}


def test_a_worker_that_was_away_is_watched_anew() -> None:
    watch = Watch(10)
    assert [watch.gone(beats, now) for beats, now in (({OTHER: 1}, 100), ({}, 104), ({OTHER: 1}, 108))] == [{}] * 3
    assert watch.gone({OTHER: 1}, 112) == {}


@dataclass
class Post:
    """A lookout over a store in memory, and what it found."""

    store: MemoryStore = field(default_factory=MemoryStore)
    working: set[TurnId] = field(default_factory=set)
    interrupted: list[tuple[TurnId, Interruption]] = field(default_factory=list)
    taken: list[Claim] = field(default_factory=list)

    def interrupt(self, turn: TurnId, why: Interruption) -> bool:
        self.interrupted.append((turn, why))
        return True

    @asynccontextmanager
    async def looking(self, *platforms: str, lease_s: float = 0.02) -> AsyncIterator[Lookout]:
        eye = Lookout(
            store=self.store,
            leases=self.store,
            worker=ME,
            lease_s=lease_s,
            working=lambda: self.working,
            interrupt=self.interrupt,
            take=self.taken.append,
            platforms=set(platforms),
        )
        eye.begin()
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            running = group.create_task(eye.run())
            yield eye
            running.cancel()


async def passes(condition: object) -> None:
    assert callable(condition)
    while not condition():
        await asyncio.sleep(0)


@pytest.mark.parametrize("wish", ["stop", "restart", "delete"])
async def test_a_wish_for_a_turn_at_work_here_interrupts_it(wish: Wish) -> None:
    post = Post(working={turn().id})
    await post.store.begin(turn(), worker=ME)
    await post.store.wish(turn().id, wish)
    async with post.looking():
        await passes(lambda: post.interrupted)
    assert post.interrupted[0] == (turn().id, wish)


async def test_a_turn_that_another_worker_took_is_lost() -> None:
    post = Post(working={turn().id})
    await post.store.begin(turn(), worker=ME)
    await post.store.take_over(OTHER, KEY)
    async with post.looking():
        await passes(lambda: post.interrupted)
    assert post.interrupted[0] == (turn().id, "lost")


async def test_while_it_works_this_worker_beats() -> None:
    post = Post(working={turn().id})
    await post.store.begin(turn(), worker=ME)
    async with post.looking():
        await passes(lambda: post.store._beats.get(ME, 0) > 2)


async def test_turns_of_a_worker_that_is_gone_are_taken_on_adopted_platforms_only() -> None:
    post = Post()
    await post.store.begin(turn(), worker=OTHER)
    async with post.looking("slack", "terminal"):
        await passes(lambda: post.taken)
    assert [(claim.turn.id, claim.attempt) for claim in post.taken] == [(turn().id, 2)]

    elsewhere = Post(store=MemoryStore())
    await elsewhere.store.begin(turn(), worker=OTHER)
    async with elsewhere.looking("slack"):
        await asyncio.sleep(0.1)
    assert elsewhere.taken == []


async def test_a_worker_that_beats_keeps_its_turns() -> None:
    post = Post()
    await post.store.begin(turn(), worker=OTHER)
    async with post.looking("terminal", lease_s=0.4):
        for _ in range(20):
            await post.store.beat(OTHER)
            await asyncio.sleep(0.05)
        assert post.taken == []


async def test_a_turn_that_is_ours_by_the_store_only_is_taken_up() -> None:
    post = Post()
    await post.store.begin(turn(), worker=ME)
    async with post.looking("terminal"):
        await passes(lambda: post.taken)
    assert post.taken[0].turn.id == turn().id


async def test_a_database_that_is_away_is_looked_for_until_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    class Away(MemoryStore):
        fails = 3

        async def look(self, worker: WorkerId, platforms: object) -> View:
            self.fails -= 1
            if self.fails >= 0:
                raise StorageError("looking", "no connection")
            return await super().look(worker, {"terminal"})

    post = Post(store=Away())
    await post.store.begin(turn(), worker=OTHER)
    await post.store.release(OTHER)
    with caplog.at_level(logging.INFO, logger="netspy"):
        async with post.looking("terminal"):
            await passes(lambda: post.taken)
    assert [record.message for record in caplog.records] == ["lookout.blind", "lookout.sees"]


async def test_with_nothing_to_look_after_nothing_is_asked() -> None:
    class Counting(MemoryStore):
        looks = 0

        async def look(self, worker: WorkerId, platforms: object) -> View:
            self.looks += 1
            return await super().look(worker, set())

    post = Post(store=(store := Counting()))
    async with post.looking() as eye:
        await passes(lambda: store.looks == 1)
        await asyncio.sleep(0.1)
        assert store.looks == 1
        eye.begin()
        await passes(lambda: store.looks == 2)


def test_a_pause_of_more_than_half_a_lease_is_one() -> None:
    watch = Watch(10)
    assert [watch.gone({OTHER: 1}, now) for now in (100, 106, 110, 114)] == [{}] * 4
    assert watch.gone({OTHER: 1}, 116) == {OTHER: 1}


class Recording(MemoryStore):
    """Whose calls a test may look at."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.buried: list[tuple[WorkerId, int]] = []

    async def look(self, worker: WorkerId, platforms: Collection[str]) -> View:
        self.calls.append("look")
        return await super().look(worker, platforms)

    async def bury(self, dead: WorkerId, *, beat: int) -> int:
        self.calls.append("bury")
        self.buried.append((dead, beat))
        return await super().bury(dead, beat=beat)

    async def claim(self, worker: WorkerId, platforms: Collection[str], *, limit: int) -> tuple[Claim, ...]:
        self.calls.append("claim")
        return await super().claim(worker, platforms, limit=limit)


async def test_a_worker_without_turns_does_not_beat() -> None:
    post = Post(store=(store := Recording()))
    async with post.looking("terminal"):
        await passes(lambda: store.calls.count("look") > 2)
    assert store._beats == {}


async def test_a_worker_beats_several_times_in_a_lease() -> None:
    post = Post(working={turn().id})
    await post.store.begin(turn(), worker=ME)
    async with post.looking(lease_s=400) as eye:
        await passes(lambda: ME in post.store._beats)
        assert eye._next_beat <= asyncio.get_running_loop().time() + 400 / 3


async def test_turns_of_a_worker_that_is_gone_are_taken_in_the_same_look() -> None:
    post = Post(store=(store := Recording()))
    await store.begin(turn(), worker=OTHER)
    await store.beat(OTHER)
    async with post.looking("terminal"):
        await passes(lambda: post.taken)
    assert store.calls[store.calls.index("bury") :][:2] == ["bury", "claim"]
    assert store.buried == [(OTHER, 1)]


async def test_a_turn_that_begins_during_a_look_is_not_lost() -> None:
    class Meanwhile(Recording):
        async def look(self, worker: WorkerId, platforms: Collection[str]) -> View:
            view = await super().look(worker, platforms)
            if self.calls.count("look") == 1:
                await self.begin(turn(), worker=ME)
                post.working.add(turn().id)
            return view

    post = Post(store=(store := Meanwhile()))
    async with post.looking("terminal"):
        await passes(lambda: store.calls.count("look") > 2)
    assert post.interrupted == []


@pytest.mark.parametrize("during_the_next_look", [False, True])
async def test_a_turn_that_is_ours_and_begun_before_the_next_look_ends_is_not_taken_up(
    *, during_the_next_look: bool
) -> None:
    class Slow(Recording):
        async def look(self, worker: WorkerId, platforms: Collection[str]) -> View:
            view = await super().look(worker, platforms)
            if during_the_next_look and self.calls.count("look") == 2:
                post.working.add(turn().id)
            return view

    post = Post(store=(store := Slow()))
    await store.begin(turn(), worker=ME)
    async with post.looking("terminal"):
        await passes(lambda: store.calls.count("look") == 1)
        if not during_the_next_look:
            post.working.add(turn().id)
        await passes(lambda: store.calls.count("look") > 3)
    assert post.taken == []
