"""The turn that work belongs to: who says so, and who hears it."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from datetime import datetime

import pytest

from bot.domain.correlation import about, current_parent, current_turn, headers, usable, usable_parent, within
from bot.domain.message import Page, TurnId
from bot.domain.query import EventQuery, Events
from bot.domain.stores import Begun, WorkerId
from bot.domain.turn import ModelEvent, ModelRequest, ToolCall, ToolResult, Turn
from bot.ebpf.agent.noting import noted
from bot.tools.host import open_tool_host
from tests.dialog.stage import Stage, called, message_of, press, says
from tests.fakes import NOW, FakeEbpf, FakeHost, MemoryStore, ScriptedModel, result
from tests.hostile.corpus import CORPUS
from tests.noted_turns import NotedTurns

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_request_tells_its_turn_and_its_span_and_nothing_where_there_is_none() -> None:
    assert headers() == {}
    with about("t1"), within(PARENT):
        assert headers() == {"X-Request-ID": "t1", "traceparent": PARENT}
        with about("alert\r\nCookie: x"):
            assert headers() == {"traceparent": PARENT}
        with within(""):
            assert current_parent() == PARENT
    assert headers() == {}


@pytest.mark.parametrize("given", [None, 5, "", "a b", "a\nb", "é", "x" * 129])
def test_what_cannot_stand_in_a_log_is_not_taken_from_a_peer(given: object) -> None:
    assert usable(given) == ""
    assert usable("0af7-b.1_2:3") == "0af7-b.1_2:3"


@pytest.mark.parametrize("given", [None, 5, "", "t1", PARENT.upper(), PARENT[:-1], f"{PARENT}-00", f"{PARENT}\n"])
def test_only_a_traceparent_is_taken_for_one(given: object) -> None:
    assert usable_parent(given) == ""
    assert usable_parent(PARENT) == PARENT


def test_no_hostile_text_is_told_to_a_peer_as_it_is() -> None:
    for each in CORPUS:
        with about(each.text), within(each.text):
            assert all(value.isascii() and value.isprintable() and " " not in value for value in headers().values())
        assert usable_parent(each.text) == "", each


async def test_tasks_of_two_turns_do_not_mix() -> None:
    async def later(turn: str) -> str:
        with about(turn):
            await asyncio.sleep(0)
            return await asyncio.to_thread(current_turn)

    assert list(await asyncio.gather(later("t1"), later("t2"))) == ["t1", "t2"]


class Asking(FakeEbpf):
    """A source that notes for whom it is asked."""

    asked_for: tuple[str, str] | None = None

    async def events(self, query: EventQuery) -> Events:
        self.asked_for = (current_turn(), current_parent())
        return await super().events(query)


class NoAnalyst:
    async def analyze(self, call: ToolCall, question: str, *, now: datetime) -> ToolResult:
        raise AssertionError("nobody asked")


async def test_the_turn_is_known_behind_the_mcp_server() -> None:
    source = Asking()
    async with open_tool_host(source, NoAnalyst()) as host:
        with about("t1"), within(PARENT):
            await host.call(ToolCall("c", "list_connections"), now=NOW)
        assert source.asked_for == ("t1", PARENT)
        await host.call(ToolCall("c", "list_connections"), now=NOW)
    assert source.asked_for == ("", "")


class ChattyModel(ScriptedModel):
    """Logs what it does, and knows of no turn."""

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        logging.getLogger("chatty").warning("model.asked")
        async for event in super().answer(request):
            yield event


class ChattyStore(MemoryStore):
    """The same of a store."""

    async def begin(self, turn: Turn, *, worker: WorkerId) -> Begun:
        logging.getLogger("chatty").warning("store.begun")
        return await super().begin(turn, worker=worker)

    async def turn(self, turn: TurnId) -> Turn | None:
        logging.getLogger("chatty").warning("store.read")
        return await super().turn(turn)


async def test_every_layer_knows_the_turn_of_each_question_and_press() -> None:
    host = FakeHost({"stuck": result("stuck")}, gates={"stuck": asyncio.Event()})
    model = ChattyModel([says("", "stuck"), says("One row."), says("Nothing.")])
    stage = Stage(model, host, store=ChattyStore())
    with NotedTurns("chatty") as lines:
        async with stage.desk() as desk:
            first, second = message_of("what fails?"), message_of("and now?")
            await desk.handle(first)
            await called(host, 1)
            await desk.handle(second)  # which waits, and is taken up by the task of the first one
            host.gates["stuck"].set()
            one, two = [(await stage.reply_to(message.id)).turn for message in (first, second)]
            await desk.act(press(Page(one, "T1", 1)))
    assert one != two
    assert lines.turns == [one, one, two, one, two, one]


def test_a_collector_notes_who_asked_but_not_what_probers_ask(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "netspy.collector")
    with NotedTurns("netspy.collector") as lines:
        for path, given in (("/api/v1/events", "t1"), ("/api/v1/events", "bad\nid"), ("/health", "t1")):
            with noted("GET", path, given) as answered:
                answered.status = 200
    assert lines.turns == ["t1", None]
