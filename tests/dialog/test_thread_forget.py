"""`forget`: a thread is deleted for good, with all that hangs on it, and goes on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.domain.errors import StorageError
from bot.domain.message import Action, Again, Csv, Diff, Feedback, Page, ThreadKey, Why
from bot.domain.turn import Memory
from bot.storage import SqlThreadStore, open_store
from tests.dialog.stage import Away, Stage, called, message_of, notices, press, says, stuck
from tests.dialog.thread_stage import ThreadStage, prose, told
from tests.fakes import FakeHost, MemoryStore, ScriptedModel, connection, result

KEY = message_of("").key
ONE = (
    "Forgotten: 1 question of this thread, with answers, tables and summary. Nobody can bring them back. "
    "What was posted in the chat stays there until somebody deletes it there."
)

pytestmark = pytest.mark.usefixtures("no_waiting")


async def test_a_forgotten_thread_is_gone_with_its_feedback_and_summary() -> None:
    stage = ThreadStage(events=[connection()])
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        await stage.ask(desk, "list", thread="2", message_id="other")
        await desk.act(press(Feedback(stage.first, "up")))
        await desk.act(press(Feedback(stage.turns["other"], "up")))
        await stage.store.remember(KEY, Memory("secret", 1, told=True))
        assert prose(await stage.ask(desk, "forget")) == ONE
    assert await stage.store.turn(stage.first) is None
    assert await stage.store.memory(KEY) == Memory()
    assert {place[0] for place in stage.store._verdicts} == {stage.turns["other"]}
    assert [turn.message.text for turn in stage.store.turns.values()] == ["list", "forget"]


async def test_what_is_asked_next_knows_nothing_of_it_and_has_the_next_number() -> None:
    model = ScriptedModel([says("They met at 22:00."), says("Well.")])
    stage = ThreadStage(own=model)
    async with stage.desk() as desk:
        await stage.ask(desk, "when did they meet?")
        await stage.ask(desk, "/FORGET")
        await stage.ask(desk, "when was that?")
        why = prose(await stage.ask(desk, "why"))
        first = told(await stage.ask(desk, "why 1"))
    assert [turn.message.text for turn in model.requests[-1].history] == ["/FORGET"]
    assert why.startswith("**Question 3** ")
    assert first.startswith("why 1: this thread has no question of that number")


async def test_an_empty_thread_has_nothing_to_forget() -> None:
    stage = ThreadStage()
    async with stage.desk() as desk:
        said = prose(await stage.ask(desk, "forget"))
    assert said == "There is nothing to forget: no question before this one is stored here."


@pytest.mark.parametrize("kind", ["again", "diff", "why", "page", "csv", "up"])
async def test_buttons_below_answers_that_are_forgotten_say_so(kind: str) -> None:
    stage = ThreadStage(events=[connection()])
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        await stage.ask(desk, "forget")
        actions: dict[str, Action] = {
            "again": Again(stage.first),
            "diff": Diff(stage.first),
            "why": Why(stage.first),
            "page": Page(stage.first, "T1", 1),
            "csv": Csv(stage.first, "T1"),
            "up": Feedback(stage.first, "up"),
        }
        shown = await desk.act(press(actions[kind]))
    assert [notice.text for notice in notices(shown)] == [
        "That answer is not stored here any more. Ask the question again."
    ]
    assert len(stage.store.turns) == 1


async def test_questions_that_wait_behind_it_are_answered() -> None:
    host = stuck("list_connections")
    stage = Stage(ScriptedModel([says("", "stuck"), says("First."), says("Last.")]), host)
    async with stage.desk() as desk:
        for text in ("what is slow?", "forget", "and now?"):
            await desk.handle(message_of(text, message_id=text))
        await called(host, 1)
        host.gates["stuck"].set()
        assert prose(await stage.reply_to("what is slow?")) == "First."
        assert prose(await stage.reply_to("forget")) == ONE
        assert prose(await stage.reply_to("and now?")) == "Last."
    assert [turn.message.text for turn in stage.store.turns.values()] == ["forget", "and now?"]


class Keeping(MemoryStore):
    """A store that deletes nothing."""

    async def forget(self, key: ThreadKey) -> int:
        raise StorageError("deleting a thread from netspy.db", f"{key.channel} is locked", "try again")


async def test_a_database_that_deletes_nothing_says_so_and_nothing_is_gone() -> None:
    stage = ThreadStage(events=[connection()], store=Keeping())
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        said = told(await stage.ask(desk, "forget"))
    assert said == "deleting a thread from netspy.db: c is locked. Try again"
    assert await stage.store.turn(stage.first) is not None


async def test_what_was_asked_while_the_database_was_away_is_forgotten_too() -> None:
    store = Away()
    stage = ThreadStage(events=[connection()], store=store)
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        store.error = StorageError("storing a message in netspy.db", "the disk is gone")
        await stage.ask(desk, "list --pid 1")
        store.error = None
        said = prose(await stage.ask(desk, "forget"))
        why = told(await stage.ask(desk, "why"))
    assert said.startswith("Forgotten: 2 questions of this thread")
    assert why.startswith("why: nothing was asked in this thread before")


@asynccontextmanager
async def sql(url: str) -> AsyncGenerator[tuple[ThreadStage, SqlThreadStore], None]:
    async with open_store(url) as store:
        yield ThreadStage(other=FakeHost({"list_connections": result("list_connections")}), stored=store), store


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "netspy.db")
    return str(request.getfixturevalue("postgres_url"))


async def test_a_database_forgets_a_thread_and_goes_on_counting(url: str) -> None:
    async with sql(url) as (stage, store), stage.desk() as desk:
        await desk.adopt("test")
        await stage.ask(desk, "list", message_id="q")
        await desk.act(press(Feedback(stage.turns["q"], "up")))
        await stage.ask(desk, "diff")
        said = prose(await stage.ask(desk, "forget"))
        await stage.ask(desk, "list", message_id="next")
        gone, kept = await store.turn(stage.turns["q"]), await store.turn(stage.turns["next"])
    assert said.startswith("Forgotten: 2 questions of this thread")
    assert gone is None
    assert kept is not None
    assert kept.number == 4


async def test_two_who_forget_at_once_are_both_answered() -> None:
    stage = ThreadStage(events=[connection()])
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        await asyncio.gather(*(desk.handle(message_of("forget", message_id=name)) for name in ("a", "b")))
        said = [prose(await stage.reply_to(name)) for name in ("a", "b")]
    assert said == [ONE, ONE]
    assert [turn.message.id for turn in stage.store.turns.values()] == ["b"]
