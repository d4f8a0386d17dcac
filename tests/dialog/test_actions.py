"""What people do to a turn besides asking: stop, edit, delete, again, page, CSV, feedback."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.errors import ModelUnreachable, StorageError, StorageFull
from bot.domain.message import (
    Action,
    Again,
    Attachment,
    Author,
    Block,
    Csv,
    Delete,
    Edit,
    Feedback,
    Footer,
    MessageId,
    Notice,
    Page,
    Press,
    Prose,
    Reply,
    Stop,
    TurnId,
)
from bot.domain.stores import Wish, WorkerId
from bot.domain.table import Table
from bot.domain.turn import Turn
from tests.dialog.stage import Away, Stage, called, message_of, notices, press, says, some_looks, stuck
from tests.fakes import FakeHost, MemoryStore, RecordingOutlet, ScriptedModel, result

pytestmark = pytest.mark.usefixtures("no_waiting")


async def test_stop_of_a_waiting_turn_ends_it_when_its_time_comes() -> None:
    host = stuck()
    stage = Stage(ScriptedModel([says("", "stuck")]), host)
    async with stage.desk() as desk:
        await desk.handle(message_of("what is slow?", message_id="first"))
        await desk.handle(message_of("and this?", message_id="second"))
        await called(host, 1)
        while "second" not in stage.turns:
            await asyncio.sleep(0)
        shown = await desk.act(press(Stop(stage.turns["second"])))
        await desk.act(press(Stop(stage.turns["first"])))
        second = await stage.reply_to("second")
    assert notices(shown)[0].text == "Stopping."
    assert [notice.text for notice in notices(second)] == ["Stopped."]


async def test_stop_of_an_answer_that_is_complete_says_so() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        shown = await desk.act(press(Stop(stage.turns["q"])))
    assert "nothing to stop" in notices(shown)[0].text


async def test_an_edited_question_is_answered_once_with_its_new_text() -> None:
    host = stuck("list_connections")
    stage = Stage(ScriptedModel([says("", "list_connections"), says("", "stuck"), says("New.")]), host)
    message = message_of("old?")
    async with stage.desk() as desk:
        await desk.handle(message)
        await called(host, 2)
        await desk.act(press(Edit(message.key, message.id, "new?")))
        reply = await stage.reply_to(message.id)
    assert reply.blocks == (Prose("New."),)
    assert stage.model.requests[-1].question == "new?"
    assert [turn.message.text for turn in stage.store.turns.values()] == ["new?"]


async def test_an_edit_of_an_answered_question_changes_nothing_and_says_so() -> None:
    stage = Stage(ScriptedModel([]))
    message = message_of("list")
    async with stage.desk() as desk:
        await desk.handle(message)
        await stage.reply_to(message.id)
        shown = await desk.act(press(Edit(message.key, message.id, "droplist")))
    assert "answered already" in notices(shown)[0].text
    assert len(stage.host.calls) == 1


async def test_a_deleted_question_is_given_up_and_is_no_history() -> None:
    host = stuck()
    stage = Stage(ScriptedModel([says("", "stuck"), says("Next.")]), host)
    message = message_of("what is slow?")
    async with stage.desk() as desk:
        await desk.handle(message)
        await called(host, 1)
        await desk.act(press(Delete(message.key, message.id)))
        await stage.ask(desk, "and now?")
    assert stage.outlets[message.id].replies[0].blocks == ()
    assert stage.model.requests[-1].history == ()


async def test_a_deleted_question_that_shows_something_ends_with_a_word() -> None:
    host = stuck("list_connections")
    stage = Stage(ScriptedModel([says("", "list_connections"), says("", "stuck")]), host)
    message = message_of("what is slow?")
    async with stage.desk() as desk:
        await desk.handle(message)
        await called(host, 2)
        await desk.act(press(Delete(message.key, message.id)))
        reply = await stage.reply_to(message.id)
    assert notices(reply)[0].text == "Stopped, because the question was deleted."


async def test_again_asks_the_same_question_as_the_next_turn_and_once_for_one_press() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        await stage.ask(desk, "list --pid 3", message_id="q")
        pressed = press(Again(stage.turns["q"]))
        for _ in range(2):
            await desk.act(pressed)
        await stage.reply_to("q'")
        await stage.ask(desk, "tools")
    assert [call.arguments for call in stage.host.calls] == [{"pid": "3"}, {"pid": "3"}]


async def test_pages_and_csv_come_from_the_store_whole() -> None:
    stage = Stage(ScriptedModel([]), FakeHost({"list_connections": result("list_connections", rows=40)}))
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        page = await desk.act(press(Page(stage.turns["q"], "T1", 3)))
        csv = await desk.act(press(Csv(stage.turns["q"], "T1")))
    table, footer, notice = page.blocks
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == [f"list_connections-{number}" for number in range(30, 40)]
    assert isinstance(footer, Footer)
    assert notice == Notice("info", "Page 3 of 3.")
    file = csv.blocks[0]
    assert isinstance(file, Attachment)
    assert file.name == "t1.csv"
    assert len(file.content.splitlines()) == 41


@pytest.mark.parametrize("action", [Page(TurnId("?"), "T1", 1), Csv(TurnId("?"), "T1"), Again(TurnId("?"))])
async def test_an_action_on_a_turn_that_is_gone_says_so(action: Action) -> None:
    async with Stage(ScriptedModel([])).desk() as desk:
        shown = await desk.act(press(action))
    assert "not stored here any more" in notices(shown)[0].text


async def test_a_table_that_an_answer_does_not_have_is_named_with_those_that_it_has() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        shown = await desk.act(press(Csv(stage.turns["q"], "T9")))
    assert notices(shown)[0].text == "That answer has no table T9; it has T1."


async def test_feedback_is_kept_with_the_turn() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        await desk.act(press(Feedback(stage.turns["q"], "up")))
        await desk.act(press(Feedback(stage.turns["q"], "down")))
    assert stage.store._verdicts == {(stage.turns["q"], "u"): "down"}


async def test_an_edited_question_is_answered_anew_also_when_the_database_takes_no_answer() -> None:
    host = stuck()
    store = Away()
    store.among = frozenset({"finish"})
    stage = Stage(ScriptedModel([says("", "stuck"), says("New.")]), host, store)
    message = message_of("old?", message_id="q")
    async with stage.desk() as desk:
        await desk.handle(message)
        await called(host, 1)
        store.error = StorageFull("storing an answer", "the disk is full")
        await desk.act(press(Edit(message.key, message.id, "new?")))
        reply = await stage.reply_to("q")
        store.error = None
    assert reply.blocks[0] == Prose("New.")


async def test_an_edit_that_another_process_heard_of_just_before_the_end_is_answered_instead() -> None:
    class EditedLate(MemoryStore):
        edited = False

        async def finish(self, turn: Turn, reply: Reply, *, kept: int, worker: WorkerId) -> bool:
            if not self.edited:
                self.edited = True
                await self.edit(turn.message.key, turn.message.id, "new?")
            return await super().finish(turn, reply, kept=kept, worker=worker)

    stage = Stage(ScriptedModel([says("Old."), says("New.")]), store=EditedLate())
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "old?")
    assert reply.blocks == (Prose("New."),)


class NoWishes(MemoryStore):
    async def wish(self, turn: TurnId, wish: Wish) -> Turn | None:
        raise StorageError("changing a turn", "no connection")


async def test_a_turn_at_work_here_is_stopped_also_while_the_database_is_away() -> None:
    host = stuck()
    stage = Stage(ScriptedModel([says("", "stuck")]), host, NoWishes())
    async with stage.desk() as desk:
        await desk.handle(message_of("what is slow?", message_id="q"))
        await called(host, 1)
        shown = await desk.act(press(Stop(stage.turns["q"])))
        reply = await stage.reply_to("q")
    assert notices(shown)[0].text == "Stopping."
    assert notices(reply)[0].text == "Stopped."


async def test_a_stop_that_nobody_can_be_told_of_is_not_promised() -> None:
    async with Stage(ScriptedModel([]), store=NoWishes()).desk() as desk:
        with pytest.raises(StorageError, match="no connection"):
            await desk.act(press(Stop(TurnId("at work elsewhere"))))


@pytest.mark.parametrize("stop_first", [True, False])
async def test_a_question_that_is_stopped_and_deleted_is_no_history_whichever_came_first(*, stop_first: bool) -> None:
    host = stuck()
    stage = Stage(ScriptedModel([says("", "stuck")]), host)
    message = message_of("what is slow?", message_id="q")
    async with stage.desk() as desk:
        await desk.handle(message)
        await called(host, 1)
        actions: list[Action] = [Stop(stage.turns["q"]), Delete(message.key, message.id)]
        for action in actions if stop_first else reversed(actions):
            await desk.act(press(action))
        await stage.reply_to("q")
    assert [turn.state for turn in stage.store.turns.values()] == ["deleted"]


async def test_an_edit_reaches_a_turn_at_work_here_without_a_look() -> None:
    host = stuck()
    stage = Stage(ScriptedModel([says("", "stuck"), says("New.")]), host)
    message = message_of("old?")
    async with stage.desk() as desk:
        await desk.handle(message)
        await called(host, 1)
        await some_looks()
        await desk.act(press(Edit(message.key, message.id, "new?")))
        await some_looks()
        assert len(stage.outlets[message.id].replies) == 1


async def test_who_asks_again_is_the_author_of_the_new_question() -> None:
    stage = Stage(ScriptedModel([]))
    eve = Author("v", "eve")
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        await desk.act(Press(Again(stage.turns["q"]), MessageId("pressed"), eve))
        await stage.reply_to("q'")
    assert stage.store.turns[message_of("").key, MessageId("pressed")].message.author == eve


async def test_a_csv_that_has_not_all_rows_says_so() -> None:
    brought = result("list_connections", rows=2)
    more = replace(brought, tables=(replace(brought.tables[0], total_rows=1300),))
    stage = Stage(ScriptedModel([]), FakeHost({"list_connections": more}))
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        csv = await desk.act(press(Csv(stage.turns["q"], "T1")))
    assert notices(csv)[0].text.startswith("2 of 1,300 rows were fetched")


async def test_feedback_on_a_turn_that_is_gone_is_not_kept() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        shown = await desk.act(press(Feedback(TurnId("?"), "up")))
    assert "not stored here any more" in notices(shown)[0].text
    assert stage.store._verdicts == {}


async def test_a_stop_while_an_error_is_being_told_is_no_failure() -> None:
    class Slow(RecordingOutlet):
        telling = asyncio.Event()
        told = asyncio.Event()

        async def show(self, block: Block) -> None:
            self.telling.set()
            await self.told.wait()
            await super().show(block)

    stage = Stage(ScriptedModel([ModelUnreachable("asked gpt", "no answer")]))
    stage.outlets["q"] = outlet = Slow()
    async with stage.desk() as desk:
        await desk.handle(message_of("what fails?", message_id="q"))
        await outlet.telling.wait()
        shown = await desk.act(press(Stop(stage.turns["q"])))
        outlet.told.set()
        await stage.reply_to("q")
    assert notices(shown)[0].text == "Stopping."
