"""The desk, from message to reply, with a scripted model and tools that wait when a test says so."""

import asyncio

import pytest

from bot.conversation.answering import MAX_MESSAGE
from bot.domain.errors import ModelUnreachable, NetspyError, StorageFull
from bot.domain.message import (
    Author,
    Channel,
    Command,
    Footer,
    Notice,
    Prose,
    Stop,
)
from bot.domain.ports import Check
from bot.domain.stores import Begun, WorkerId
from bot.domain.table import Table
from bot.domain.turn import Turn
from bot.tools.registry import TOOLS
from tests.dialog.stage import Stage, message_of, notices, press, says
from tests.fakes import FakeHost, MemoryStore, ScriptedModel, result


class FullStore(MemoryStore):
    async def begin(self, turn: Turn, *, worker: WorkerId) -> Begun:
        raise StorageFull("storing the turn", "the disk is full", "free some space")


async def test_a_command_shows_its_table_and_asks_no_model() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "list --process curl --max-events 3")

    assert [type(block) for block in reply.blocks] == [Prose, Table, Footer]
    assert stage.host.calls[0].arguments == {"process_name": "curl", "max_events": "3"}


async def test_a_command_shows_all_the_rows_that_were_asked_for() -> None:
    stage = Stage(ScriptedModel([]), FakeHost({"list_connections": result("list_connections", rows=300)}))
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "list --max-events 300")

    table = reply.blocks[1]
    assert isinstance(table, Table)
    assert len(table.rows) == 300


async def test_what_a_command_showed_is_part_of_the_history() -> None:
    stage = Stage(ScriptedModel([says("It was curl.")]))
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        await stage.ask(desk, "who was that?")

    history = stage.model.requests[0].history
    assert [turn.message.text for turn in history] == ["list"]
    assert history[0].results[0].tables[0].rows == (("list_connections-0", 0),)


async def test_a_structured_command_needs_no_text() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "", command=Command("list_connections", {"pid": 3}))

    assert not notices(reply)
    assert stage.host.calls[0].arguments == {"pid": 3}


async def test_a_command_that_asks_a_question_goes_to_the_loop() -> None:
    stage = Stage(ScriptedModel([says("All is well.")]))
    async with stage.desk() as desk:
        await stage.ask(desk, 'contextual "is all well?"')

    assert stage.model.requests[0].question == "is all well?"


async def test_a_failed_tool_of_a_command_is_an_error_notice() -> None:
    host = FakeHost({"list_connections": result("list_connections", rows=0, failed=True)})
    stage = Stage(ScriptedModel([]), host)
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "list")

    assert reply.blocks == (Notice("error", "0 by list_connections"),)


async def test_second_message_of_a_thread_waits_for_the_first_and_other_threads_do_not() -> None:
    gate = asyncio.Event()
    host = FakeHost(
        {"list_connections": result("list_connections"), "list_packet_drops": result("list_packet_drops")},
        gates={"list_connections": gate},
    )
    stage = Stage(ScriptedModel([]), host)
    async with stage.desk() as desk:
        await desk.handle(message_of("list", message_id="first"))
        await desk.handle(message_of("droplist", message_id="second"))
        await stage.ask(desk, "droplist", thread="other")
        assert [call.name for call in host.calls] == ["list_connections", "list_packet_drops"]
        assert [step.state for step in stage.outlets["second"].steps] == ["running"]
        gate.set()
        await stage.reply_to("second")

    assert host.ended == ["list_packet_drops", "list_connections", "list_packet_drops"]


async def test_a_message_delivered_twice_is_answered_once() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="same")
        await desk.handle(message_of("list", message_id="same"))
        await stage.ask(desk, "tools")

    assert len(stage.host.calls) == 1


async def test_stop_ends_a_running_turn_and_keeps_what_was_found() -> None:
    host = FakeHost({"quick": result("quick"), "stuck": result("stuck")}, gates={"stuck": asyncio.Event()})
    stage = Stage(ScriptedModel([says("", "quick"), says("", "stuck")]), host)
    async with stage.desk() as desk:
        await desk.handle(message_of("what is slow?", message_id="q"))
        while len(host.calls) < 2:
            await asyncio.sleep(0)
        await desk.act(press(Stop(stage.turns["q"])))
        reply = await stage.reply_to("q")

    assert [type(block) for block in reply.blocks] == [Table, Footer, Notice]
    assert notices(reply)[0].text.startswith("Stopped.")
    assert [turn.state for turn in stage.store.turns.values()] == ["stopped"]


async def test_stop_of_a_turn_that_has_ended_changes_nothing() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        await desk.act(press(Stop(stage.turns["q"])))
        assert not notices(await stage.ask(desk, "list"))


async def test_a_turn_ends_at_its_deadline_and_says_so() -> None:
    host = FakeHost({"list_connections": result("list_connections")}, gates={"list_connections": asyncio.Event()})
    stage = Stage(ScriptedModel([]), host, deadline_s=0.01)
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "list")

    assert notices(reply)[0].text.startswith("No whole answer within 0.01 s")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("   ", "nothing to answer"),
        ("x" * (MAX_MESSAGE + 1), "20,001 characters"),
        ("what\x1b[31m", "control character '\\x1b'"),
        ("lst --pid 3", "Did you mean list?"),
        ("list --pidd 3", "Did you mean --pid?"),
        ("help lits", "did you mean list?"),
    ],
)
async def test_a_message_that_cannot_be_used_gets_a_sentence(text: str, told: str) -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        reply = await stage.ask(desk, text)

    assert told.lower() in notices(reply)[0].text.lower()
    assert notices(reply)[0].level == "error"


async def test_help_and_tools_answer_from_the_registry() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        overview = await stage.ask(desk, "help")
        tools = await stage.ask(desk, "tools")
        details = await stage.ask(desk, "help dropsummary")

    for tool in TOOLS:
        assert f"`{tool.command} " in str(overview.blocks)
        assert tool.name in str(tools.blocks)
    assert "--max-events" in str(details.blocks)


async def test_an_emoji_is_not_a_control_character() -> None:
    stage = Stage(ScriptedModel([says("Fine.")]))
    async with stage.desk() as desk:
        assert not notices(await stage.ask(desk, "is it ok \N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}?"))


@pytest.mark.parametrize("error", [ModelUnreachable("asked gpt", "no answer", "try again"), RuntimeError("boom")])
async def test_a_failure_is_told_and_the_next_message_works(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(ScriptedModel([error]))
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "what?")
        assert not notices(await stage.ask(desk, "list"))

    told = notices(reply)[0]
    assert told.level == "error"
    if isinstance(error, NetspyError):
        assert told.text == "asked gpt: no answer. Try again"
    else:
        assert stage.turns
        assert "boom" not in told.text
        assert "boom" in caplog.text


async def test_without_a_database_the_answer_comes_and_says_that_it_is_not_remembered() -> None:
    stage = Stage(ScriptedModel([]), store=FullStore())
    async with stage.desk() as desk:
        reply = await stage.ask(desk, "list")

    assert isinstance(reply.blocks[1], Table)
    assert "remembered only until netspy ends" in notices(reply)[0].text
    assert "the disk is full" in notices(reply)[0].text


async def test_process_names_complete_from_what_was_seen() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        assert await desk.complete(
            "process_name", "cu", by=Author("U1", "dana"), channel=Channel("slack", "T1", "C1")
        ) == ("cupsd", "curl")
        assert await desk.complete("query", "cu", by=Author("U1", "dana"), channel=Channel("slack", "T1", "C1")) == ()


async def test_status_names_other_mcp_servers_too() -> None:
    away = Check("mcp sky", "warning", "not connected: it ended")
    stage = Stage(ScriptedModel([]), FakeHost(checks=(away,)))
    async with stage.desk() as desk:
        assert (await desk.status())[-1] == away


async def test_status_names_every_part() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        assert [check.part for check in await desk.status()] == ["source", "model", "storage"]


async def test_leaving_ends_turns_that_still_run() -> None:
    host = FakeHost({"list_connections": result("list_connections")}, gates={"list_connections": asyncio.Event()})
    stage = Stage(ScriptedModel([]), host)
    async with stage.desk() as desk:
        await desk.handle(message_of("list", message_id="q"))
        while not host.calls:
            await asyncio.sleep(0)

    assert [turn.state for turn in stage.store.turns.values()] == ["running"]
    assert not stage.outlets["q"].replies


async def test_what_a_user_of_the_desk_raises_comes_out_as_it_is() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with Stage(ScriptedModel([])).desk():
            raise KeyError("mine")
