"""Files of a question that is worked on a second time: after a crash, or because somebody asks again."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest

from bot.conversation.manager import Manager
from bot.domain.message import Again, Footer, Notice, Prose, Reply
from bot.domain.ports import Check
from bot.domain.table import Table
from bot.domain.turn import ABOUT_FILES, ATTACHED_FILE, Completion, ModelEvent, ModelRequest, ToolCall
from bot.tools.direct import DirectHost
from tests.dialog.files_stage import (
    CSV,
    GONE_FILE,
    PNG,
    SHOT,
    FilesStage,
    attached,
    questions,
    rows,
    scripted,
    told,
)
from tests.dialog.stage import GONE, notices, press, says, turn_of
from tests.fakes import FakeEbpf, HeldFiles


@dataclass
class WaitingModel:
    """Is asked, and never answers."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    name: str = "waiting"

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        self.asked.set()
        await asyncio.Event().wait()
        yield Completion("", (), self.name)

    async def check(self) -> Check:
        return Check("model", "ok", self.name)


async def test_a_second_attempt_reads_no_file_that_the_first_one_has_read() -> None:
    waiting = WaitingModel()
    first = scripted(answers=waiting)
    message = attached("what is slow here?", CSV, SHOT)
    async with first.desk() as desk:
        await desk.handle(message)
        await asyncio.wait_for(waiting.asked.wait(), 10)
        (stored,) = first.store.turns.values()
        assert [each.call.arguments for each in stored.results] == [{"name": "times.csv"}]
    assert first.outlets[message.id].replies == []

    second = scripted(says("Seen."), store=first.store, files=HeldFiles({SHOT.id: PNG}))
    async with second.desk() as desk:
        await desk.resume(message.key)
        reply = await second.reply_to(message.id)
    assert reply.blocks == (Prose("Seen."),)
    assert rows(second.model.requests[0]) == [["db", 12.5], ["web", 771]]
    assert [image.name for image in second.model.requests[0].images] == ["shot.png"]
    (ended,) = first.store.turns.values()
    assert ended.results == stored.results


async def test_a_second_attempt_reads_what_the_first_one_could_not() -> None:
    stage = scripted(says("Seen."))
    message = attached("what is slow here?", GONE_FILE, CSV)
    await stage.store.begin(turn_of(message), worker=GONE)
    stage.files.held[GONE_FILE.id] = b"a,b\n1,2\n"
    async with stage.desk() as desk:
        await desk.resume(message.key)
        reply = await stage.reply_to(message.id)
    assert told(reply) == []
    assert rows(stage.model.requests[0]) == [[1, 2], ["db", 12.5], ["web", 771]]


async def test_a_model_that_calls_for_a_file_itself_is_not_shown_it_as_another_servers() -> None:
    first = scripted(answers=WaitingModel())
    message = attached("what is slow here?", CSV)
    async with first.desk() as desk:
        await desk.handle(message)
        assert isinstance(first.answers, WaitingModel)
        await asyncio.wait_for(first.answers.asked.wait(), 10)
    call = ToolCall("c1", ATTACHED_FILE, {"name": "times.csv"})
    script = (Completion("", (call,), "scripted"), says("Seen."))
    second = scripted(*script, store=first.store, tools=DirectHost(FakeEbpf()))
    async with second.desk() as desk:
        await desk.resume(message.key)
        reply = await second.reply_to(message.id)
    assert reply.blocks == (Prose("Seen."),)
    (failed,) = second.model.requests[1].rounds[1].results
    assert failed.failed
    assert "there is no such tool" in failed.summary


async def again(stage: FilesStage, desk: Manager, *, typed: bool) -> Reply:
    """Ask the question of the message `q` again."""
    if typed:
        return await stage.ask(desk, "again 1")
    await desk.act(press(Again(stage.turns["q"])))
    return await stage.reply_to("q'")


@pytest.mark.parametrize("typed", [True, False])
async def test_again_keeps_what_the_file_held_and_makes_the_calls_anew(*, typed: bool) -> None:
    stage = scripted(says("", "list_connections"), says("Slow."), says("Still slow."))
    async with stage.desk() as desk:
        await stage.ask_of(desk, "compare this with now", CSV, SHOT, message_id="q")
        del stage.files.held[CSV.id]
        reply = await again(stage, desk, typed=typed)
    request = stage.model.requests[-1]
    assert rows(request) == [["db", 12.5], ["web", 771]]
    assert [image.name for image in request.images] == ["shot.png"]
    assert questions(request)[-1] == "compare this with now"
    assert [call.name for call in stage.host.calls] == ["list_connections"] * 2
    assert [type(block) for block in reply.blocks] == [Table, Footer, Prose]


async def test_again_of_again_still_has_the_file() -> None:
    stage = scripted(says("Slow."), says("Slow."), says("Slow."))
    async with stage.desk() as desk:
        await stage.ask_of(desk, "", CSV, message_id="q")
        await again(stage, desk, typed=False)
        del stage.files.held[CSV.id]
        await stage.ask(desk, "again 2")
    assert [rows(request) for request in stage.model.requests] == [[["db", 12.5], ["web", 771]]] * 3
    assert [questions(request)[-1] for request in stage.model.requests] == [ABOUT_FILES] * 3


async def test_diff_compares_the_calls_and_leaves_the_file_alone() -> None:
    stage = scripted(says("", "list_connections"), says("Slow."))
    async with stage.desk() as desk:
        await stage.ask_of(desk, "compare this with now", CSV)
        reply = await stage.ask(desk, "diff")
    assert [call.name for call in stage.host.calls] == ["list_connections"] * 2
    assert not [notice for notice in notices(reply) if notice.level == "error"]
    assert "times.csv" not in str(reply.blocks)


async def test_diff_of_a_question_about_a_file_alone_says_that_there_is_nothing_to_compare() -> None:
    stage = scripted(says("Slow."))
    async with stage.desk() as desk:
        await stage.ask_of(desk, "what is slow here?", CSV)
        reply = await stage.ask(desk, "diff")
    (error,) = reply.blocks
    assert isinstance(error, Notice)
    assert error.text == "diff: no tool was called in this thread before. Ask a question first"
    assert stage.host.calls == []
