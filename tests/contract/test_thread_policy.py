"""What every `ThreadStore` knows for the policy: how often was asked, and under which limits something was made."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.message import Author, Channel, Reply, ThreadKey
from bot.domain.stores import ThreadStore
from bot.domain.turn import Memory, ToolCall, ToolResult, author_of
from tests.contract.test_thread_store import KEY, WORKER, begun, end, store, turn
from tests.fakes import NOW

__all__ = ["store"]  # the fixture

HERE = Channel("slack", "T1", "C1")
DANA = "slack/T1/u1"


async def asked(store: ThreadStore, number: int, *, by: str = "u1", channel: str = "C1") -> None:
    key = ThreadKey("slack", "T1", channel, f"thread {number}")
    each = turn(number, key=key)
    message = replace(each.message, author=Author(by, by))
    await begun(store, replace(each, message=message, started_at=NOW + timedelta(seconds=number)))


async def test_the_nth_newest_question_of_a_person_and_of_a_channel(store: ThreadStore) -> None:
    await asked(store, 1)
    await asked(store, 2, by="u2")
    await asked(store, 3, channel="C2")
    await asked(store, 4)
    at = [NOW + timedelta(seconds=number) for number in range(5)]
    of_dana = [await store.nth_newest(nth, since=NOW, author=DANA) for nth in (1, 2, 3, 4)]
    assert of_dana == [at[4], at[3], at[1], None]
    of_here = [await store.nth_newest(nth, since=NOW, channel=HERE) for nth in (1, 2, 3, 4)]
    assert of_here == [at[4], at[2], at[1], None]
    assert await store.nth_newest(2, since=at[3], author=DANA) is None, "what came before is too long ago"
    assert author_of(replace(turn().message, key=ThreadKey("slack", "T1", "C1", "1"))) == DANA


async def test_a_message_is_held_by_its_own_thread(store: ThreadStore) -> None:
    await begun(store, turn(1))
    assert await store.holds(KEY, turn(1).message.id)
    assert not await store.holds(KEY, turn(2).message.id)
    assert not await store.holds(ThreadKey("terminal", "", "tty", "2"), turn(1).message.id)


async def test_under_which_limits_something_was_made_comes_back(store: ThreadStore) -> None:
    made = frozenset({"mark a", "mark b"})
    results = (
        ToolResult(ToolCall("c1", "x"), "under limits", made=made),
        ToolResult(ToolCall("c2", "x"), "under none"),
    )
    await begun(store, turn(1))
    await store.keep(turn(1).id, results, first=0)
    found = await store.turn(turn(1).id)
    assert found is not None
    assert [result.made for result in found.results] == [made, None]
    await store.finish(
        replace(turn(1), state="answered", results=results, made=made), Reply(turn(1).id, ()), kept=2, worker=WORKER
    )
    await store.close(turn(1).id, worker=WORKER)
    await begun(store, turn(2))
    await end(store, replace(turn(2), state="answered", made=frozenset()))
    await begun(store, turn(3))
    await end(store, replace(turn(3), state="answered"))
    assert [each.made for each in await store.history(KEY, limit=9, whole=0)] == [made, frozenset(), None]


async def test_a_summary_keeps_under_which_limits_it_was_made(store: ThreadStore) -> None:
    await begun(store, turn(1))
    for made in (frozenset({"mark"}), frozenset[str](), None):
        memory = Memory("said", 1, NOW, told=True, made=made)
        await store.remember(KEY, memory)
        assert await store.memory(KEY) == memory
    await end(store, replace(turn(1), state="answered"))
    await store.remember(KEY, Memory("said", 1, NOW, made=frozenset({"mark"})))
    await store.forget(KEY)
    assert await store.memory(KEY) == Memory()
