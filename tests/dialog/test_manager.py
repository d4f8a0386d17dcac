"""The desk, from message to reply, with a scripted model and tools that wait when a test says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.conversation.answering import MAX_MESSAGE, Answering
from bot.conversation.loop import ToolLoop
from bot.conversation.manager import Manager, Parts, open_manager
from bot.domain.errors import ModelUnreachable, NetspyError, StorageFull
from bot.domain.message import (
    Address,
    Author,
    Command,
    Footer,
    Message,
    MessageId,
    Notice,
    Prose,
    Reply,
    Stop,
    ThreadKey,
    TurnId,
)
from bot.domain.table import Table
from bot.domain.turn import Completion, ToolCall, Turn
from bot.tools.registry import TOOLS
from tests.fakes import NOW, FakeEbpf, FakeHost, MemoryStore, RecordingOutlet, ScriptedModel, connection, result


class FullStore(MemoryStore):
    async def begin(self, turn: Turn) -> bool:
        raise StorageFull("storing the turn", "the disk is full", "free some space")


@dataclass
class Stage:
    """A desk with everything a test wants to look at."""

    model: ScriptedModel
    host: FakeHost = field(default_factory=lambda: FakeHost({"list_connections": result("list_connections")}))
    store: MemoryStore = field(default_factory=MemoryStore)
    outlets: dict[str, RecordingOutlet] = field(default_factory=dict)
    turns: dict[str, TurnId] = field(default_factory=dict)
    deadline_s: float = 60.0

    def outlet(self, turn: TurnId, address: Address) -> RecordingOutlet:
        self.turns[address.target] = turn
        return self.outlets.setdefault(address.target, RecordingOutlet())

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Manager]:
        answering = Answering(loop=ToolLoop(self.model, self.host), tools=TOOLS, question_of=question_of)
        parts = Parts(
            store=self.store,
            source=FakeEbpf([connection("curl"), connection("nginx"), connection("cupsd")]),
            answering=answering,
            outlet=self.outlet,
            clock=lambda: NOW,
            turn_deadline_s=self.deadline_s,
        )
        async with open_manager(parts) as desk:
            yield desk

    async def ask(self, desk: Manager, text: str, **more: Any) -> Reply:
        message = message_of(text, **more)
        await desk.handle(message)
        return await self.reply_to(message.id)

    async def reply_to(self, message_id: str) -> Reply:
        outlet = self.outlets.setdefault(message_id, RecordingOutlet())
        await asyncio.wait_for(outlet.done.wait(), 10)
        return outlet.replies[0]


def question_of(command: Command) -> str | None:
    return str(command.arguments["query"]) if "query" in command.arguments else None


_numbers = iter(range(10**6))


def message_of(
    text: str, *, thread: str = "1", message_id: str | None = None, command: Command | None = None
) -> Message:
    chosen = MessageId(message_id or f"m{next(_numbers)}")
    key = ThreadKey("test", "w", "c", thread)
    return Message(key, chosen, Author("u", "dana"), text, NOW, Address("test", chosen), command)


def says(text: str, *calls: str) -> Completion:
    return Completion(text, tuple(ToolCall(f"id{number}", name) for number, name in enumerate(calls)), "scripted")


def notices(reply: Reply) -> list[Notice]:
    return [block for block in reply.blocks if isinstance(block, Notice)]


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
        assert "second" not in stage.outlets
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
        await desk.act(Stop(stage.turns["q"]))
        reply = await stage.reply_to("q")

    assert [type(block) for block in reply.blocks] == [Table, Footer, Notice]
    assert notices(reply)[0].text.startswith("Stopped.")
    assert [turn.state for turn in stage.store.turns.values()] == ["stopped"]


async def test_stop_of_a_turn_that_has_ended_changes_nothing() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        await desk.act(Stop(stage.turns["q"]))
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
    assert "not remembered" in notices(reply)[0].text
    assert "the disk is full" in notices(reply)[0].text


async def test_process_names_complete_from_what_was_seen() -> None:
    stage = Stage(ScriptedModel([]))
    async with stage.desk() as desk:
        assert await desk.complete("process_name", "cu") == ("cupsd", "curl")
        assert await desk.complete("query", "cu") == ()


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
