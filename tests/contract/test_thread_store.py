"""What every `ThreadStore` does, one body over all of them. Another database is one more function in `STORES`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.conversation.forgetful import ForgetfulStore
from bot.domain.errors import StorageFull
from bot.domain.message import Address, Attachment, Author, Command, Message, MessageId, Reply, ThreadKey, TurnId
from bot.domain.network import Coverage, Window
from bot.domain.stores import Standing, ThreadStore, WorkerId
from bot.domain.table import Column, Table
from bot.domain.turn import ToolCall, ToolResult, Turn, TurnState
from bot.storage import open_store
from tests.fakes import NOW, MemoryStore

KEY = ThreadKey("terminal", "", "tty", "1")
HOSTILE = "@everyone <!channel> '); DROP TABLE turns; -- \x00\x1b[31m %s {x} \u202e 🕸️ 網路 \ufeff"


PICTURES = (Attachment("a.png", "iVBORw==", "base64"), Attachment("a.txt", "text"))


def turn(number: int = 1, *, key: ThreadKey = KEY, text: str = "why?", state: TurnState = "running") -> Turn:
    """A turn and its message, both numbered."""
    message = Message(key, MessageId(f"m{number}"), Author("u1", "dana"), text, NOW, Address("terminal", "tty"))
    return Turn(TurnId(f"{key}#{number}"), message, NOW, state)


def full_turn() -> Turn:
    """A turn with a value of every kind in it."""
    columns = (Column("when", "time"), Column("name"), Column("n", "integer"), Column("share", "decimal", "percent"))
    rows = ((NOW + timedelta(microseconds=1), "2026-11-23T14:07:00Z", 2**60, 0.1), (None, None, None, 3.0))
    coverage = Coverage(source="s", kind="server", window=Window.last(60, NOW), seen=None, matched=2, unknown=("size",))
    call = ToolCall("c1", "list_connections", {"pid": None, "names": ["a", "b"], "deep": {"x": 1.5}})
    failed = ToolResult(ToolCall("c2", "nope"), "there is no such tool", failed=True)
    base = turn()
    command = Command("list_connections", {"max_events": 3})
    sent_at = datetime(2026, 11, 23, 15, 7, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    return replace(
        base,
        message=replace(base.message, command=command, sent_at=sent_at),
        started_at=NOW + timedelta(microseconds=7),
        results=(
            ToolResult(call, "2 rows", (Table("T", columns, rows, 9, "T1"),), coverage, attachments=PICTURES),
            failed,
        ),
        answer="two **rows**",
    )


WORKER = WorkerId("w1")


async def ended(store: ThreadStore, *turns: Turn) -> None:
    """Begin all turns, in order, then end them as they are (those that run: as answered)."""
    for each in turns:
        assert await begun(store, each)
    for each in turns:
        await end(store, each if each.state != "running" else replace(each, state="answered"))


async def begun(store: ThreadStore, turn: Turn) -> bool:
    return await store.begin(replace(turn, state="running", results=(), answer=""), worker=WORKER) != "repeated"


async def end(store: ThreadStore, turn: Turn) -> None:
    """Finish and close a turn that the worker owns; it then owns the next one of the thread."""
    assert await store.finish(turn, Reply(turn.id, ()), kept=0, worker=WORKER)
    await store.close(turn.id, worker=WORKER)


@asynccontextmanager
async def memory(_: pytest.FixtureRequest) -> AsyncIterator[ThreadStore]:
    yield MemoryStore()


@asynccontextmanager
async def forgetful(_: pytest.FixtureRequest) -> AsyncIterator[ThreadStore]:
    yield ForgetfulStore(StorageFull("opening", "the disk is full"))


@asynccontextmanager
async def sqlite_file(test: pytest.FixtureRequest) -> AsyncIterator[ThreadStore]:
    async with open_store(str(test.getfixturevalue("tmp_path") / "netspy.db")) as store:
        yield store


@asynccontextmanager
async def postgresql(test: pytest.FixtureRequest) -> AsyncIterator[ThreadStore]:
    async with open_store(test.getfixturevalue("postgres_url")) as store:
        yield store


STORES: list[Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[ThreadStore]]] = [
    memory,
    forgetful,
    sqlite_file,
    postgresql,
]


@pytest.fixture(params=STORES, ids=lambda opened: opened.__name__)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[ThreadStore]:
    async with request.param(request) as opened:
        yield opened


async def test_a_message_delivered_twice_begins_one_turn(store: ThreadStore) -> None:
    again = replace(turn(), id=TurnId("another turn"))
    assert [await begun(store, turn()), await begun(store, again)] == [True, False]


async def test_a_second_delivery_changes_nothing(store: ThreadStore) -> None:
    done = replace(turn(), state="answered", answer="because")
    await begun(store, turn())
    await end(store, done)
    assert not await begun(store, replace(turn(text="changed"), id=TurnId("another turn")))
    assert await store.history(KEY, limit=10, whole=10) == (done,)


async def test_of_deliveries_at_the_same_moment_one_begins(store: ThreadStore) -> None:
    deliveries = [replace(turn(), id=TurnId(f"t{number}")) for number in range(20)]
    assert sorted(await asyncio.gather(*(begun(store, each) for each in deliveries))) == [False] * 19 + [True]


@pytest.mark.parametrize("part", ["platform", "workspace", "channel", "thread"])
async def test_the_same_message_id_in_another_thread_is_another_message(store: ThreadStore, part: str) -> None:
    other = turn(key=replace(KEY, **{part: "other"}))
    await ended(store, turn(), other)
    assert await store.history(other.message.key, limit=10, whole=10) == (replace(other, state="answered"),)


async def test_a_turn_comes_back_exactly_as_it_ended(store: ThreadStore) -> None:
    done = replace(full_turn(), state="answered")
    await begun(store, replace(done, state="running", results=(), answer=""))
    await end(store, done)
    (back,) = await store.history(KEY, limit=1, whole=1)
    assert back == done
    assert [type(cell) for cell in back.results[0].tables[0].rows[0]] == [datetime, str, int, float]
    assert back.started_at.tzinfo is not None


async def test_history_holds_the_newest_turns_oldest_first(store: ThreadStore) -> None:
    await ended(store, *map(turn, range(5)))
    assert [each.message.id for each in await store.history(KEY, limit=3, whole=3)] == ["m2", "m3", "m4"]


async def test_order_is_that_of_arrival_whatever_the_clock_says(store: ThreadStore) -> None:
    await ended(store, *(replace(turn(number), started_at=NOW - timedelta(hours=number)) for number in range(3)))
    assert [each.message.id for each in await store.history(KEY, limit=10, whole=10)] == ["m0", "m1", "m2"]


async def test_a_running_turn_is_not_history_and_takes_no_place_in_it(store: ThreadStore) -> None:
    await ended(store, turn(1))
    await begun(store, turn(2))
    assert [each.message.id for each in await store.history(KEY, limit=1, whole=1)] == ["m1"]


@pytest.mark.parametrize("state", ["answered", "stopped", "failed"])
async def test_every_end_is_history(store: ThreadStore, state: TurnState) -> None:
    await begun(store, turn())
    await end(store, turn(state=state))
    assert await store.history(KEY, limit=1, whole=1) == (turn(state=state),)


async def test_an_unknown_thread_has_no_history(store: ThreadStore) -> None:
    assert await store.history(KEY, limit=5, whole=5) == ()


@pytest.mark.parametrize("text", [HOSTILE, "x" * 100_000, ""], ids=["hostile", "100 kB", "empty"])
async def test_any_text_comes_back_unchanged(store: ThreadStore, text: str) -> None:
    done = turn(key=replace(KEY, thread=f"'\"{text[:20]}".replace("\x00", "")), text=text, state="answered")
    await begun(store, replace(done, state="running"))
    await end(store, done)
    assert await store.history(done.message.key, limit=1, whole=1) == (done,)


async def test_times_come_back_in_utc(store: ThreadStore) -> None:
    away = datetime(2026, 11, 23, 9, 7, tzinfo=timezone(timedelta(hours=-5)))
    await ended(store, replace(turn(), started_at=away))
    (back,) = await store.history(KEY, limit=1, whole=1)
    assert back.started_at == datetime(2026, 11, 23, 14, 7, tzinfo=UTC)


async def test_a_working_store_says_so(store: ThreadStore) -> None:
    check = await store.check()
    state = "fault" if type(store) is ForgetfulStore else "ok"
    assert (check.part, check.state) == ("storage", state)


def by(number: int, author: str, *, opens: bool = False) -> Turn:
    """A numbered turn whose message somebody wrote."""
    plain = turn(number)
    return replace(plain, message=replace(plain.message, author=Author(author, author), opens=opens))


async def test_a_thread_without_turns_has_no_standing(store: ThreadStore) -> None:
    assert await store.standing(KEY) is None
    assert not await store.hush(KEY, quiet=True)


@pytest.mark.parametrize("opens", [True, False])
async def test_the_first_message_says_whose_thread_it_is(store: ThreadStore, *, opens: bool) -> None:
    await ended(store, by(1, "dana", opens=opens), by(2, "dana", opens=not opens))
    assert await store.standing(KEY) == Standing(ours=opens, first_author="dana", crowded=False, quiet=False)


async def test_a_second_author_makes_a_crowd_for_good(store: ThreadStore) -> None:
    await ended(store, by(1, "dana"), by(2, "bob"), by(3, "dana"))
    assert await store.standing(KEY) == Standing(ours=False, first_author="dana", crowded=True, quiet=False)


async def test_in_a_thread_that_an_alert_began_the_first_person_is_who_asks_first(store: ThreadStore) -> None:
    alert = by(1, "alertmanager", opens=True)
    alert = replace(alert, message=replace(alert.message, author=Author("alertmanager", "", kind="service")))
    await ended(store, alert)
    assert await store.standing(KEY) == Standing(ours=True, first_author="", crowded=False, quiet=False)
    again = replace(alert, id=TurnId("again"), message=replace(alert.message, id=MessageId("again")))
    await ended(store, by(2, "dana"), again)
    assert await store.standing(KEY) == Standing(ours=True, first_author="dana", crowded=False, quiet=False)
    await ended(store, by(3, "bob"))
    assert await store.standing(KEY) == Standing(ours=True, first_author="dana", crowded=True, quiet=False)


async def test_of_those_who_hush_a_thread_at_once_one_makes_the_change(store: ThreadStore) -> None:
    await ended(store, by(1, "dana"))
    assert sorted(await asyncio.gather(*(store.hush(KEY, quiet=True) for _ in range(5)))) == [False] * 4 + [True]
    assert await store.standing(KEY) == Standing(ours=False, first_author="dana", crowded=False, quiet=True)
    assert await store.hush(KEY, quiet=False)
