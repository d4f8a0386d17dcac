"""What a tool call costs through MCP, in process, over a store of many events.

Against the SDK as it is commonly used: a server that has the same rows at hand, and a client that checks them against
the tool's output schema.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from mcp import Client
from mcp.server import Server
from mcp_types import CallToolResult, ListToolsResult
from mcp_types import Tool as McpTool

from bot.domain.turn import ToolCall
from bot.ebpf.live import Listening, LiveSource
from bot.tools.host import open_tool_host
from bot.tools.serving.outside import OutsideServer, build_outside_server
from tests.bench.pairs import measure_async
from tests.bench.test_event_store import BEGAN_NS, EVERY_NS, filled
from tests.mcp_stage import Echo
from tests.raw_events import BOOT, CLOCK

STORED, ROWS = 10_000, 100
NOW = CLOCK.moment(BEGAN_NS + STORED * EVERY_NS)
CALL = ToolCall("c", "list_connections", {"max_events": ROWS})


def source() -> LiveSource:
    store, _ = filled(STORED)
    listening = Listening(BOOT, {}, ("connect_exit",), {})
    return LiveSource(store, listening=lambda: listening, node="node-a", clock=lambda: CLOCK)


async def payload_of(server: OutsideServer) -> tuple[McpTool, CallToolResult]:
    async with Client(server) as client:
        tools = (await client.list_tools()).tools
        result = await client.call_tool(CALL.name, dict(CALL.arguments))
    assert len(result.structured_content["tables"][0]["rows"]) == ROWS
    return next(tool for tool in tools if tool.name == CALL.name), result


@asynccontextmanager
async def bare(tool: McpTool, result: CallToolResult) -> AsyncGenerator[Client, None]:
    """A client of a server that does nothing but hand out what is there already."""

    async def list_tools(*_: object) -> ListToolsResult:
        return ListToolsResult(tools=[tool])

    async def call_tool(*_: object) -> CallToolResult:
        return result

    async with Client(Server("bare", on_list_tools=list_tools, on_call_tool=call_tool)) as client:
        await client.list_tools()
        yield client


async def test_a_call_of_the_bots_loop_against_the_bare_sdk(pytestconfig: pytest.Config) -> None:
    events = source()
    payload = await payload_of(build_outside_server(events, Echo(), version="", clock=lambda: NOW))
    async with open_tool_host(events, Echo()) as host, bare(*payload) as client:
        ratio = await measure_async(
            lambda: host.call(CALL, now=NOW),
            lambda: client.call_tool(CALL.name, dict(CALL.arguments)),
            rounds=pytestconfig.getoption("--bench-rounds"),
        )
    print("\n" + ratio.line(f"a tool over {STORED:,} events, {ROWS} rows : the bare SDK's call", 3))


async def test_a_call_of_an_outside_client_against_the_bare_sdk(pytestconfig: pytest.Config) -> None:
    server = build_outside_server(source(), Echo(), version="", clock=lambda: NOW)
    async with Client(server) as ours, bare(*await payload_of(server)) as theirs:
        await ours.list_tools()
        ratio = await measure_async(
            lambda: ours.call_tool(CALL.name, dict(CALL.arguments)),
            lambda: theirs.call_tool(CALL.name, dict(CALL.arguments)),
            rounds=pytestconfig.getoption("--bench-rounds"),
        )
    print("\n" + ratio.line(f"an outside client's tool over {STORED:,} events, {ROWS} rows : the bare SDK's call", 3))
