"""What our own code adds to a turn: against the same MCP calls and database writes made by hand."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from mcp import Client
from mcp.server import Server
from mcp_types import CallToolResult, ListToolsResult, TextContent
from mcp_types import Tool as McpTool

from bot.codec import encode_result
from bot.conversation.answering import Answering
from bot.conversation.loop import ToolLoop
from bot.conversation.manager import open_manager
from bot.conversation.parts import Parts
from bot.domain.message import Address, Author, Message, MessageId, Reply, ThreadKey, TurnId
from bot.domain.stores import WorkerId
from bot.domain.turn import Completion, ToolCall, ToolResult, Turn
from bot.ebpf.scoped import scoped
from bot.llm.offline import Planner
from bot.storage import open_store
from bot.tools.host import open_tool_host
from bot.tools.insights import question_of
from bot.tools.network import run_tool
from bot.tools.registry import TOOLS
from tests.bench.pairs import measure_async
from tests.fakes import NOW, FakeEbpf, RecordingOutlet, ScriptedModel, connection, drop

ROWS = 100
WORKER = WorkerId("bare")
CALLED = ("list_connections", "list_packet_drops", "find_failures")
SOURCE = FakeEbpf(
    [connection(f"p{number}", ago_s=number / 10) for number in range(ROWS)]
    + [drop(f"p{number}", ago_s=number / 10) for number in range(ROWS)]
)


def message(key: ThreadKey) -> Message:
    return Message(key, MessageId(uuid4().hex), Author("u", "u"), "what fails?", NOW, Address("", ""))


def calls() -> tuple[ToolCall, ...]:
    return tuple(ToolCall(str(place), name, {"max_events": ROWS}) for place, name in enumerate(CALLED))


def bare_server(results: dict[str, ToolResult]) -> Server[Any]:
    """A server that does nothing but hand out what is there already."""

    async def list_tools(*_: object) -> ListToolsResult:
        return ListToolsResult(tools=[McpTool(name=name, input_schema={"type": "object"}) for name in results])

    async def call_tool(_: object, params: Any) -> CallToolResult:
        found = results[params.name]
        return CallToolResult(content=[TextContent(text=found.summary)], structured_content=encode_result(found))

    return Server("bare", on_list_tools=list_tools, on_call_tool=call_tool)


class NoAnalyst:
    async def analyze(self, call: ToolCall, question: str, *, now: datetime) -> ToolResult:
        raise AssertionError("nobody asked")


async def test_a_turn_of_three_tools_against_the_bare_calls(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    results = {call.name: await run_tool(call, source=SOURCE, now=NOW) for call in calls()}
    thread = ThreadKey("bench", "", "", "ours")

    async with (
        open_store(str(tmp_path / "ours.db")) as our_store,
        open_store(str(tmp_path / "theirs.db")) as their_store,
        open_tool_host(SOURCE, NoAnalyst()) as host,
        Client(bare_server(results)) as client,
    ):

        async def ours() -> None:
            model = ScriptedModel([Completion("", calls(), "m"), Completion("Three tables.", (), "m")])
            outlet = RecordingOutlet()
            answering = Answering(
                planner=Planner(), loop=ToolLoop(model, host), hosts=host.within, tools=TOOLS, question_of=question_of
            )
            parts = Parts(
                store=our_store,
                leases=our_store.leases,
                sources=partial(scoped, SOURCE),
                answering=answering,
                outlet=lambda *_: outlet,
                clock=lambda: NOW,
            )
            async with open_manager(parts) as desk:
                await desk.handle(message(thread))
                await outlet.done.wait()

        async def theirs() -> None:
            turn = Turn(TurnId(uuid4().hex), message(replace(thread, thread="theirs")), datetime.now(UTC))
            await their_store.begin(turn, worker=WORKER)
            await their_store.history(turn.message.key, limit=40, whole=3)
            await asyncio.gather(*(client.call_tool(call.name, dict(call.arguments)) for call in calls()))
            ended = replace(turn, state="answered", results=tuple(results.values()), answer="Three tables.")
            await their_store.finish(ended, Reply(turn.id, ()), kept=0, worker=WORKER)
            await their_store.close(turn.id, worker=WORKER)

        ratio = await measure_async(ours, theirs, rounds=pytestconfig.getoption("--bench-rounds"))
    print("\n" + ratio.line(f"a turn with three tools of {ROWS} rows : bare calls and transactions", 2))
