"""What the desk does when turns are cut off, stopped, edited, deleted or asked for again, and when its peers fail."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from itertools import cycle

import pytest

from bot.conversation import forgetful, lookout
from bot.conversation.attempt import MAX_ATTEMPTS
from bot.domain.errors import PlatformError, StorageError, StorageFull, Undeliverable
from bot.domain.message import (
    Address,
    Footer,
    MessageId,
    Notice,
    Prose,
    Reply,
    Step,
    ThreadKey,
    TurnId,
)
from bot.domain.stores import Begun, Claim, View, WorkerId
from bot.domain.table import Table
from bot.domain.turn import Turn
from tests.dialog.stage import (
    GONE,
    Away,
    Stage,
    called,
    left_behind,
    message_of,
    notices,
    says,
    some_looks,
    stuck,
    turn_of,
)
from tests.fakes import NOW, MemoryStore, RecordingOutlet, ScriptedModel, result

pytestmark = pytest.mark.usefixtures("no_waiting")


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
    steps = cycle([0, 86_400, -86_400, 5, -7200])
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


def waiting_steps(outlet: RecordingOutlet) -> list[str]:
    return [step.state for step in outlet.steps if step.id == "queue"]


async def test_only_a_message_that_waits_is_said_to_wait_and_told_when_its_time_comes() -> None:
    host = stuck("list_connections")
    stage = Stage(ScriptedModel([says("", "stuck")]), host)
    async with stage.desk() as desk:
        await desk.handle(message_of("what is slow?", message_id="first"))
        await desk.handle(message_of("list", message_id="second"))
        await called(host, 1)
        host.gates["stuck"].set()
        stage.model.script = [*stage.model.script, says("Nothing.")]
        await stage.reply_to("second")
    assert waiting_steps(stage.outlets["first"]) == []
    assert waiting_steps(stage.outlets["second"]) == ["running", "done"]


async def test_a_platform_that_shows_no_steps_costs_no_message_its_answer() -> None:
    class Mute(RecordingOutlet):
        async def step(self, step: Step) -> None:
            raise PlatformError("a step", "no connection")

    stage = Stage(ScriptedModel([]))
    stage.outlets |= {"first": Mute(), "second": Mute()}
    async with stage.desk() as desk:
        await desk.handle(message_of("list", message_id="first"))
        await desk.handle(message_of("list", message_id="second"))
        await stage.reply_to("second")
    assert len(stage.outlets["first"].replies) == 1


async def test_a_platform_is_not_asked_for_the_reply_of_a_turn_that_was_never_begun() -> None:
    class Unasked(RecordingOutlet):
        async def delivered(self) -> bool:
            raise AssertionError

    stage = Stage(ScriptedModel([]))
    stage.outlets["q"] = Unasked()
    async with stage.desk() as desk:
        assert not notices(await stage.ask(desk, "list", message_id="q"))


async def test_a_recorded_end_stays_when_its_reply_stands_on_its_platform() -> None:
    stage = Stage(ScriptedModel([]))
    message = await left_behind(stage.store, "what fails?")
    reply = Reply(turn_of(message).id, (Prose("Half."),))
    await stage.store.finish(replace(turn_of(message), state="stopped", answer="Half."), reply, kept=0, worker=GONE)
    stage.outlet(turn_of(message).id, message.reply_to).replies.append(reply)
    async with stage.desk() as desk:
        await desk.resume(message.key)
        await stage.ask(desk, "list")
    taken_up = stage.store.turns[message.key, message.id]
    assert (taken_up.state, taken_up.answer) == ("stopped", "Half.")


async def test_a_thread_that_cannot_be_read_is_not_resumed_and_the_desk_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Blind(MemoryStore):
        async def take_over(self, worker: WorkerId, key: ThreadKey) -> Claim | None:
            raise StorageError("taking a turn", "no connection")

    stage = Stage(ScriptedModel([]), store=Blind())
    async with stage.desk() as desk:
        assert await desk.resume(message_of("").key) is None
        await stage.ask(desk, "list")
    assert [record.message for record in caplog.records] == ["resume.failed"]


async def test_leaving_while_the_database_is_away_is_no_failure() -> None:
    class Away(MemoryStore):
        async def release(self, worker: WorkerId) -> None:
            raise StorageError("releasing turns", "no connection")

    stage = Stage(ScriptedModel([]), store=Away())
    async with stage.desk() as desk:
        await stage.ask(desk, "list")


async def test_a_turn_that_is_taken_while_the_desk_closes_is_handed_over_too() -> None:
    class Unbroken(MemoryStore):
        """Its transactions end, also when their caller is cancelled."""

        closing = asyncio.Event()

        async def close(self, turn: TurnId, *, worker: WorkerId) -> Claim | None:
            self.closing.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                await super().close(turn, worker=worker)
            return None

    store = Unbroken()
    stage = Stage(ScriptedModel([]), store=store)
    async with stage.desk() as desk:
        await desk.handle(message_of("list", message_id="first"))
        await desk.handle(message_of("list", message_id="second"))
        await store.closing.wait()
    claims = await store.claim(WorkerId("next"), ["test"], limit=9)
    assert [(claim.turn.message.id, claim.attempt) for claim in claims] == [("second", 1)]


@pytest.fixture
def looking_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookout, "LOOK_S", 0.0)


@pytest.mark.usefixtures("looking_always")
async def test_a_turn_that_another_process_took_is_not_answered_here_also_when_the_database_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    host = stuck()
    store = Away()
    store.among = frozenset({"finish"})
    stage = Stage(ScriptedModel([says("", "stuck")]), host, store)
    message = message_of("what is slow?", message_id="q")
    async with stage.desk() as desk:
        await desk.handle(message)
        await called(host, 1)
        store.error = StorageFull("storing an answer", "the disk is full")
        await store.take_over(WorkerId("another"), message.key)
        async with asyncio.timeout(5):
            while "turn.lost" not in caplog.messages or desk._service._attempts:
                await asyncio.sleep(0)
        await some_looks()
        store.error = None
    assert stage.outlets["q"].replies == []
    assert [turn.state for turn in store.turns.values()] == ["running"]


@pytest.mark.usefixtures("looking_always")
async def test_a_turn_in_memory_is_not_lost_to_a_database_that_does_not_know_it() -> None:
    host = stuck("list_connections")
    store = Away()
    store.error = StorageFull("storing a message", "the disk is full")
    stage = Stage(ScriptedModel([says("", "stuck"), says("Fine.")]), host, store)
    async with stage.desk() as desk:
        await desk.adopt("test")
        await desk.handle(message_of("what is slow?", message_id="q"))
        await called(host, 1)
        await some_looks()
        host.gates["stuck"].set()
        reply = await stage.reply_to("q")
    assert Prose("Fine.") in reply.blocks
    assert len(stage.model.requests[1].rounds) == 1


@pytest.mark.usefixtures("looking_always")
async def test_a_desk_that_has_answered_everything_asks_the_store_nothing() -> None:
    class Counting(MemoryStore):
        looks = 0

        async def look(self, worker: WorkerId, platforms: Collection[str]) -> View:
            self.looks += 1
            return await super().look(worker, platforms)

    store = Counting()
    stage = Stage(ScriptedModel([]), store=store)
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        await some_looks()
        looks = store.looks
        await some_looks()
        assert store.looks == looks


async def test_a_question_that_brought_down_two_processes_is_tried_a_third_time() -> None:
    stage = Stage(ScriptedModel([says("Fine.")]))
    message = await left_behind(stage.store, "what fails?", attempts=MAX_ATTEMPTS - 1)
    async with stage.desk() as desk:
        await desk.resume(message.key)
        assert (await stage.reply_to(message.id)).blocks == (Prose("Fine."),)


async def test_a_thread_whose_history_cannot_be_read_is_answered_without_it() -> None:
    store = Away()
    store.among, store.error = frozenset({"history"}), StorageError("reading the history", "no connection")
    stage = Stage(ScriptedModel([says("Fine.")]), store=store)
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "what fails?")
    notice, prose = reply.blocks
    told = "Answered without this thread's history. reading the history: no connection"
    assert (notice, prose) == (Notice("warning", told), Prose("Fine."))


async def test_what_was_said_before_the_database_failed_comes_before_what_was_said_since() -> None:
    store = Away()
    stage = Stage(ScriptedModel([says("Both.")]), store=store)
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        store.among, store.error = frozenset({"begin"}), StorageFull("storing a message", "the disk is full")
        await stage.ask(desk, "list --pid 3")
        await stage.ask(desk, "what was that?")
    assert [turn.message.text for turn in stage.model.requests[0].history] == ["list", "list --pid 3"]


async def test_results_that_cannot_be_kept_meanwhile_are_stored_with_the_end() -> None:
    class Counting(Away):
        stored_before = -1

        async def finish(self, turn: Turn, reply: Reply, *, kept: int, worker: WorkerId) -> bool:
            self.stored_before = kept
            return await super().finish(turn, reply, kept=kept, worker=worker)

    store = Counting()
    store.among, store.error = frozenset({"keep"}), StorageError("storing results", "no connection")
    stage = Stage(ScriptedModel([says("", "list_connections"), says("Fine.")]), store=store)
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "what fails?")
    assert not notices(reply)
    assert store.stored_before == 0
    assert [len(turn.results) for turn in store.turns.values()] == [1]


async def test_the_model_is_told_when_the_turn_ends() -> None:
    stage = Stage(ScriptedModel([says("Fine.")]))
    before = asyncio.get_running_loop().time()
    async with stage.desk() as desk:
        await stage.ask(desk, "what fails?")
    after = asyncio.get_running_loop().time()
    assert before <= stage.model.requests[0].deadline - stage.deadline_s <= after


async def test_a_time_limit_inside_an_answer_is_not_the_deadline() -> None:
    stage = Stage(ScriptedModel([TimeoutError()]))
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "what fails?")
    assert "something in netspy is wrong" in notices(reply)[0].text


async def test_threads_in_memory_forget_the_oldest_closed_turns_and_no_open_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forgetful, "MAX_TURNS_KEPT", 2)
    store = MemoryStore()
    still_open = turn_of(message_of("open", thread="other"))
    await store.begin(still_open, worker=GONE)
    turns = [turn_of(message_of(f"{number}", message_id=f"q{number}")) for number in range(5)]
    for turn in turns:
        await store.begin(turn, worker=GONE)
        await store.finish(replace(turn, state="answered"), Reply(turn.id, ()), kept=0, worker=GONE)
        if turn is not turns[-1]:
            await store.close(turn.id, worker=GONE)
    history = await store.history(turns[0].message.key, limit=9, whole=9)
    assert [turn.message.text for turn in history] == ["2", "3"]
    assert await store.turn(still_open.id) == still_open
    assert await store.begin(turns[3], worker=GONE) == "repeated"
    assert await store.begin(turns[0], worker=GONE) == "waiting"
