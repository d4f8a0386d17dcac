"""What the desk does when turns are cut off, stopped, edited, deleted or asked for again, and when its peers fail."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.conversation import sending
from bot.conversation.attempt import MAX_ATTEMPTS
from bot.domain.errors import StorageError, StorageFull, Undeliverable
from bot.domain.message import (
    Action,
    Address,
    Again,
    Attachment,
    Csv,
    Delete,
    Edit,
    Feedback,
    Footer,
    Message,
    MessageId,
    Notice,
    Page,
    Prose,
    Reply,
    Stop,
    TurnId,
)
from bot.domain.ports import Begun, WorkerId
from bot.domain.table import Table
from bot.domain.turn import Turn
from tests.dialog.stage import Stage, message_of, notices, press, says
from tests.fakes import NOW, FakeHost, MemoryStore, RecordingOutlet, ScriptedModel, result

GONE = WorkerId("a process that was killed")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SENDING_WAITS_S", (0.0, 0.0))
    monkeypatch.setattr(sending, "FIRST_WAIT_S", 0.0)


def stuck(*quick: str) -> FakeHost:
    """A host whose tool `stuck` never answers."""
    return FakeHost({name: result(name) for name in (*quick, "stuck")}, gates={"stuck": asyncio.Event()})


async def called(host: FakeHost, times: int) -> None:
    while len(host.calls) < times:
        await asyncio.sleep(0)


def turn_of(message: Message) -> Turn:
    return Turn(TurnId(f"turn of {message.id}"), message, NOW)


async def left_behind(store: MemoryStore, text: str, *, attempts: int = 1) -> Message:
    """A turn that as many processes died of."""
    message = message_of(text)
    await store.begin(turn_of(message), worker=GONE)
    for _ in range(attempts - 1):
        await store.take_over(GONE, message.key)
    return message


async def test_a_turn_that_was_cut_off_is_answered_when_its_thread_is_resumed() -> None:
    stage = Stage(ScriptedModel([says("Fine.")]))
    message = await left_behind(stage.store, "what fails?")
    async with stage.desk() as desk:
        assert await desk.resume(message.key) == message
        reply = await stage.reply_to(message.id)
        assert await desk.resume(message.key) is None
    assert reply.blocks == (Prose("Fine."),)


async def test_what_a_released_worker_left_is_answered_once_its_platform_is_adopted() -> None:
    stage = Stage(ScriptedModel([says("Fine.")]))
    message = await left_behind(stage.store, "what fails?")
    await stage.store.release(GONE)
    async with stage.desk() as desk:
        await desk.adopt("test")
        assert (await stage.reply_to(message.id)).blocks == (Prose("Fine."),)


async def test_a_reply_that_stands_on_its_platform_is_not_sent_again() -> None:
    stage = Stage(ScriptedModel([says("And this.")]))
    message = await left_behind(stage.store, "what fails?")
    outlet = stage.outlet(turn_of(message).id, Address("test", message.id))
    outlet.replies.append(Reply(turn_of(message).id, ()))
    async with stage.desk() as desk:
        await desk.resume(message.key)
        await stage.ask(desk, "and this?")
    assert len(outlet.replies) == 1
    assert [turn.state for turn in stage.store.turns.values()] == ["answered", "answered"]


async def test_a_turn_handed_over_while_its_reply_was_sent_is_not_answered_again() -> None:
    stage = Stage(ScriptedModel([]))
    message = await left_behind(stage.store, "what fails?")
    sent = Reply(turn_of(message).id, (Prose("Sent."),))
    await stage.store.finish(replace(turn_of(message), state="answered"), sent, kept=0, worker=GONE)
    await stage.store.release(GONE)
    outlet = stage.outlet(turn_of(message).id, Address("test", message.id))
    outlet.replies.append(sent)
    async with stage.desk() as desk:
        await desk.resume(message.key)
        await stage.ask(desk, "list")
    assert outlet.replies == [sent]


async def test_a_reply_that_was_recorded_and_not_sent_is_sent_as_it_is() -> None:
    stage = Stage(ScriptedModel([]))
    message = await left_behind(stage.store, "what fails?")
    recorded = Reply(turn_of(message).id, (Prose("Recorded."),))
    await stage.store.finish(replace(turn_of(message), state="answered"), recorded, kept=0, worker=GONE)
    async with stage.desk() as desk:
        await desk.resume(message.key)
        assert await stage.reply_to(message.id) == recorded


async def test_a_question_that_brought_down_three_processes_is_not_tried_again() -> None:
    stage = Stage(ScriptedModel([]))
    message = await left_behind(stage.store, "what fails?", attempts=MAX_ATTEMPTS)
    await stage.store.keep(turn_of(message).id, [result("list")], first=0)
    async with stage.desk() as desk:
        await desk.resume(message.key)
        reply = await stage.reply_to(message.id)
    assert [type(block) for block in reply.blocks] == [Table, Footer, Notice]
    assert "does not try again" in notices(reply)[0].text


async def test_leaving_hands_turns_over_as_if_never_begun() -> None:
    host = stuck()
    stage = Stage(ScriptedModel([says("", "stuck")]), host)
    async with stage.desk() as desk:
        await desk.handle(message_of("what is slow?"))
        await called(host, 1)
    claims = await stage.store.claim(WorkerId("next"), ["test"], limit=9)
    assert [claim.attempt for claim in claims] == [1]


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


class Away(MemoryStore):
    """A store that takes nothing while `error` is set. `among`: the methods that fail then."""

    error: StorageError | None = None
    shares = False
    among: frozenset[str] = frozenset({"begin", "keep", "finish", "history"})

    @property
    def shared(self) -> bool:
        return self.shares

    async def begin(self, turn: Turn, *, worker: WorkerId) -> Begun:
        self._fail("begin")
        return await super().begin(turn, worker=worker)

    async def finish(self, turn: Turn, reply: Reply, *, kept: int, worker: WorkerId) -> bool:
        self._fail("finish")
        return await super().finish(turn, reply, kept=kept, worker=worker)

    def _fail(self, method: str) -> None:
        if self.error and method in self.among:
            raise self.error


async def test_where_others_share_the_store_a_message_that_cannot_be_stored_is_not_taken() -> None:
    store = Away()
    store.error, store.shares = StorageError("storing a message", "no connection"), True
    stage = Stage(ScriptedModel([]), store=store)
    async with stage.desk() as desk:
        await desk.adopt("test")
        with pytest.raises(StorageError, match="no connection"):
            await desk.handle(message_of("list"))
        store.error = None
        await stage.ask(desk, "list")
    assert len(stage.host.calls) == 1


async def test_a_message_that_was_stored_though_the_database_said_no_is_answered_once() -> None:
    class Ambiguous(Away):
        async def begin(self, turn: Turn, *, worker: WorkerId) -> Begun:
            begun = await super().begin(turn, worker=worker)
            if turn.message.id == "q":
                raise StorageError("storing a message", "the connection broke behind the commit")
            return begun

    stage = Stage(ScriptedModel([]), store=Ambiguous(), lease_s=0.02)
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        await desk.adopt("test")
        while [turn.state for turn in stage.store.turns.values()] != ["answered"]:
            await asyncio.sleep(0.01)
        await stage.ask(desk, "list")
    assert len(stage.outlets["q"].replies) == 1


async def test_a_message_that_nobody_else_gets_is_answered_without_a_shared_store_too() -> None:
    store = Away()
    store.error, store.shares = StorageError("storing a message", "no connection"), True
    stage = Stage(ScriptedModel([]), store=store)
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "list")
    assert "remembered only until netspy ends" in notices(reply)[0].text


async def test_without_a_database_follow_ups_still_know_their_thread_and_repeats_are_known() -> None:
    store = Away()
    store.error = StorageFull("storing a message", "the disk is full")
    stage = Stage(ScriptedModel([says("It was curl.")]), store=store)
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="first")
        await desk.handle(message_of("list", message_id="first"))
        reply = await stage.ask(desk, "who was that?")
    assert [turn.message.text for turn in stage.model.requests[0].history] == ["list"]
    assert "remembered only until netspy ends. storing a message: the disk is full" in notices(reply)[0].text
    assert len(stage.host.calls) == 1


async def test_an_answer_that_cannot_be_recorded_goes_out_and_is_recorded_when_the_database_is_back() -> None:
    store = Away()
    store.among = frozenset({"finish"})
    store.error = StorageFull("storing an answer", "the disk is full")
    stage = Stage(ScriptedModel([]), store=store)
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "list", message_id="q")
        assert [turn.state for turn in store.turns.values()] == ["running"]
        store.error = None
        await stage.ask(desk, "list", message_id="next")
    assert "may not be remembered in the thread. storing an answer: the disk is full" in notices(reply)[0].text
    assert [turn.state for turn in store.turns.values()] == ["answered", "answered"]
    assert len(stage.outlets["q"].replies) == 1


async def test_a_reply_that_can_never_be_delivered_does_not_hold_up_its_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Closed(RecordingOutlet):
        async def reply(self, reply: Reply) -> None:
            raise Undeliverable("a reply", "the channel is gone")

    stage = Stage(ScriptedModel([]))
    stage.outlets["q"] = Closed()
    async with stage.desk() as desk:
        await desk.handle(message_of("list", message_id="q"))
        await stage.ask(desk, "list")
    assert "reply.not_sent" in [record.message for record in caplog.records]


async def test_an_adapter_that_breaks_costs_its_answer_only(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(RecordingOutlet):
        async def reply(self, reply: Reply) -> None:
            raise RuntimeError("boom")

    stage = Stage(ScriptedModel([]))
    stage.outlets["q"] = Broken()
    with caplog.at_level(logging.ERROR):
        async with stage.desk() as desk:
            await desk.handle(message_of("list", message_id="q"))
            await stage.ask(desk, "list")
    assert "boom" in caplog.text


async def test_ten_messages_of_a_thread_are_answered_in_their_order() -> None:
    stage = Stage(ScriptedModel([says(f"answer {number}") for number in range(10)]))
    async with stage.desk() as desk:
        for number in range(10):
            await desk.handle(message_of(f"question {number}?", message_id=f"q{number}"))
        replies = [await stage.reply_to(f"q{number}") for number in range(10)]
    assert [request.question for request in stage.model.requests] == [f"question {number}?" for number in range(10)]
    assert [reply.blocks for reply in replies] == [(Prose(f"answer {number}"),) for number in range(10)]
    assert stage.store.turns[message_of("").key, MessageId("q9")].state == "answered"


async def test_a_clock_that_steps_back_and_forth_changes_no_order_and_loses_nothing() -> None:
    steps = iter([0, 86_400, -86_400, 5, -7200] * 2)
    stage = Stage(ScriptedModel([]), clock=lambda: NOW + timedelta(seconds=next(steps)))
    async with stage.desk() as desk:
        for number in range(5):
            await desk.handle(message_of(f"list --pid {number}", message_id=f"q{number}"))
        for number in range(5):
            await stage.reply_to(f"q{number}")
    assert [call.arguments["pid"] for call in stage.host.calls] == ["0", "1", "2", "3", "4"]
    assert [turn.state for turn in stage.store.turns.values()] == ["answered"] * 5


async def test_messages_that_arrive_out_of_order_are_answered_in_order_of_arrival() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        for number in (3, 1, 2):
            sent_at = NOW + timedelta(seconds=number)
            await desk.handle(replace(message_of(f"list --pid {number}", message_id=f"q{number}"), sent_at=sent_at))
        for number in (3, 1, 2):
            await stage.reply_to(f"q{number}")
    assert [call.arguments["pid"] for call in stage.host.calls] == ["3", "1", "2"]
