"""What every `ThreadStore` keeps of old turns and of what models cost, and what it deletes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.domain.message import Author, ThreadKey
from bot.domain.stores import Ledger, Spent, ThreadStore
from bot.domain.turn import Memory, ToolCall, ToolResult, Turn, Usage, author_of
from tests.contract.test_thread_store import KEY, begun, end, ended, full_turn, store, turn
from tests.fakes import NOW

__all__ = ["store"]  # the fixture


class Store(ThreadStore, Ledger, Protocol):
    """A store that keeps accounts, as all of them do."""


OTHER = ThreadKey("terminal", "", "tty", "2")


async def test_turns_are_numbered_from_one_within_their_thread(store: Store) -> None:
    await ended(store, turn(1), turn(2), turn(1, key=OTHER))
    assert [each.number for each in await store.history(KEY, limit=9, whole=9)] == [1, 2]
    found = await store.numbered(KEY, 2)
    assert found == replace(turn(2), state="answered")
    assert await store.numbered(OTHER, 2) is None
    assert await store.numbered(OTHER, 10**12) is None
    assert await store.numbered(OTHER, -(10**12)) is None


async def test_a_numbered_turn_comes_with_its_tables(store: Store) -> None:
    done = replace(full_turn(), state="answered")
    await begun(store, done)
    await end(store, done)
    found = await store.numbered(KEY, 1)
    assert found == done


async def test_a_running_and_a_deleted_turn_have_no_number_that_can_be_asked_for(store: Store) -> None:
    await ended(store, replace(turn(1), state="deleted"))
    await begun(store, turn(2))
    assert await store.numbered(KEY, 1) is None
    assert await store.numbered(KEY, 2) is None


async def test_history_begins_behind_a_number(store: Store) -> None:
    await ended(store, *(turn(number) for number in range(1, 6)))
    found = await store.history(KEY, limit=9, whole=0, after=3)
    assert [each.number for each in found] == [4, 5]


async def test_what_a_turn_cost_and_how_long_its_calls_took_comes_back(store: Store) -> None:
    result = ToolResult(ToolCall("c", "failures"), "none", took_s=0.25)
    done = replace(turn(), state="answered", results=(result,), model="gpt-x", usage=Usage(1200, 34))
    await begun(store, turn())
    await end(store, done)
    assert await store.history(KEY, limit=1, whole=1) == (done,)


async def test_a_thread_remembers_what_it_was_last_told(store: Store) -> None:
    assert await store.memory(KEY) == Memory()
    await ended(store, turn())
    for memory in (Memory("short", 3, NOW, told=True), Memory("shorter", 9, NOW - timedelta(days=1), told=True)):
        await store.remember(KEY, memory)
        assert await store.memory(KEY) == memory
    assert await store.memory(OTHER) == Memory()


async def test_a_thread_without_turns_remembers_nothing(store: Store) -> None:
    await store.remember(KEY, Memory("of nothing", 1))
    assert await store.memory(KEY) == Memory()


async def test_a_forgotten_thread_is_gone_but_for_its_open_turn(store: Store) -> None:
    await ended(store, turn(1), turn(2), turn(1, key=OTHER))
    await store.remember(KEY, Memory("secret", 1, NOW))
    await store.rate(turn(1).id, "up", by="u1")
    await begun(store, turn(3))

    assert await store.forget(KEY) == 2

    assert await store.history(KEY, limit=9, whole=9) == ()
    assert await store.turn(turn(1).id) is None
    assert await store.memory(KEY) == Memory()
    assert await store.turn(turn(3).id) is not None
    assert len(await store.history(OTHER, limit=9, whole=9)) == 1
    await end(store, replace(turn(3), state="answered"))
    assert [each.number for each in await store.history(KEY, limit=9, whole=9)] == [3]


async def test_old_turns_expire_with_their_results_and_memories(store: Store) -> None:
    old = replace(full_turn(), state="answered", started_at=NOW - timedelta(days=31))
    await begun(store, old)
    await end(store, old)
    await ended(store, turn(2), turn(1, key=OTHER))
    await store.remember(KEY, Memory("of the old one", 1, old.started_at, told=True))
    await store.remember(OTHER, Memory("of new ones", 1, NOW))

    assert await store.expire(NOW - timedelta(days=30)) == 1

    assert await store.turn(old.id) is None
    assert [each.number for each in await store.history(KEY, limit=9, whole=9)] == [2]
    assert await store.memory(KEY) == Memory(told=True)
    assert await store.memory(OTHER) == Memory("of new ones", 1, NOW)
    assert await store.expire(NOW - timedelta(days=30)) == 0


async def test_an_open_turn_never_expires_and_a_thread_without_turns_does(store: Store) -> None:
    await begun(store, turn())
    await ended(store, turn(1, key=OTHER))
    assert await store.expire(NOW + timedelta(days=1)) == 1
    assert await store.turn(turn().id) is not None
    assert await store.standing(OTHER) is None
    assert await begun(store, turn(1, key=OTHER))


async def test_what_models_cost_adds_up_by_day_and_person(store: Store) -> None:
    today = datetime.now(UTC).date()
    dana, sam = author_of(turn().message), author_of(by("sam", turn()).message)
    await spend(store, replace(turn(1), usage=Usage(100, 10)))
    await spend(store, replace(turn(2), usage=Usage(200, 20)))
    await spend(store, replace(by("sam", turn(3)), usage=Usage(5, 0)))
    await spend(store, turn(4))
    assert await store.spent(today, dana) == Spent(335, 330)
    assert await store.spent(today, sam) == Spent(335, 5)
    assert await store.spent(today - timedelta(days=1), dana) == Spent(0, 0)


async def test_forgetting_a_thread_gives_nobody_their_tokens_back(store: Store) -> None:
    today = datetime.now(UTC).date()
    await spend(store, replace(turn(1), usage=Usage(100, 10)))
    await store.forget(KEY)
    assert await store.spent(today, author_of(turn().message)) == Spent(110, 110)


def by(person: str, asked: Turn) -> Turn:
    return replace(asked, message=replace(asked.message, author=Author(person, person)))


async def spend(store: Store, asked: Turn) -> None:
    await begun(store, asked)
    await end(store, replace(asked, state="answered"))
