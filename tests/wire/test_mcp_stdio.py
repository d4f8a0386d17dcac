"""`netspy mcp` on stdin and stdout, as a process that clients start, over a loopback ebpf-server."""

import asyncio
import json
import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from mcp_types import TextResourceContents

from bot.tools.registry import TOOLS
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.http_peer import Hang
from tests.loopback.waiting import until
from tests.mcp_stage import (
    ERAS,
    INITIALIZED,
    NETSPY,
    call_of,
    initialize,
    netspy_mcp,
    request,
    stdio_client_of,
    texts_of,
)

ENDING = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture
def server() -> Iterator[EbpfServer]:
    with EbpfServer() as running:
        for number in range(1, 6):
            running.add_connection("curl", "93.184.216.34:443", ago_s=number)
        yield running


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of one that nobody reads."""
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):
            os.close(end)


def is_full(stdout: int) -> bool:
    """Whether who writes there has to wait."""
    return not select.select([], [stdout], [], 0)[1]


def asked_for_events(server: EbpfServer) -> int:
    return sum(request.path == "/api/events" for request in list(server.requests))


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_lists_and_calls_tools(tmp_path: Path, server: EbpfServer, era: str) -> None:
    async with stdio_client_of(tmp_path, era, "--server", server.url) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        result = await client.call_tool("list_connections", {"process_name": "curl", "max_events": 3})
    assert names == [tool.name for tool in TOOLS]
    assert len(result.structured_content["tables"][0]["rows"]) == 3
    assert f"ebpf-server at {server.url}" in texts_of(result)[0]


@pytest.mark.parametrize("era", ERAS)
async def test_sixty_four_calls_at_once_lose_nothing(tmp_path: Path, server: EbpfServer, era: str) -> None:
    async with stdio_client_of(tmp_path, era, "--server", server.url) as client:
        rows = [number % 5 + 1 for number in range(64)]
        results = await asyncio.gather(*(client.call_tool("list_connections", {"max_events": count}) for count in rows))
    assert [len(result.structured_content["tables"][0]["rows"]) for result in results] == rows


@pytest.mark.parametrize("era", ERAS)
async def test_cancelling_a_call_ends_the_request_to_the_server(tmp_path: Path, server: EbpfServer, era: str) -> None:
    async with stdio_client_of(tmp_path, era, "--server", server.url) as client:
        await client.list_tools()
        server.fail(Hang(), path="/api/events", times=1)
        calling = asyncio.create_task(client.call_tool("list_connections", {}))
        await until(lambda: asked_for_events(server))
        calling.cancel()
        await until(server.hung_up.is_set)
        with pytest.raises(asyncio.CancelledError):
            await calling
        assert not (await client.call_tool("list_connections", {})).is_error


async def test_without_a_server_the_recording_answers_and_is_described(tmp_path: Path) -> None:
    async with stdio_client_of(tmp_path, "2026-07-28", "--server", "recording") as client:
        result = await client.call_tool("find_failures", {})
        (content,) = (await client.read_resource("netspy://source/recording")).contents
    assert "not live" in texts_of(result)[0]
    assert isinstance(content, TextResourceContents)
    assert json.loads(content.text)["kinds"]["connect"] > 100


async def test_ai_tools_answer_without_a_model(tmp_path: Path) -> None:
    async with stdio_client_of(tmp_path, "2026-07-28", "--server", "recording") as client:
        result = await client.call_tool("contextual_analysis", {"query": "which processes failed to connect?"})
    assert not result.is_error
    assert result.structured_content["tables"]


async def test_stdout_carries_the_protocol_only_and_logs_go_to_stderr(tmp_path: Path, server: EbpfServer) -> None:
    async with netspy_mcp(tmp_path, "--verbose", "--server", server.url, NETSPY_NONE="1") as netspy:
        netspy.write(initialize(), INITIALIZED, call_of(2, "list_connections"))
        first = await netspy.read()
        second = await netspy.read()
        assert netspy.process.stdin
        netspy.process.stdin.close()
        assert await netspy.read_rest() == []
    assert (first["result"]["protocolVersion"], first["id"], second["id"]) == ("2025-11-25", 1, 2)
    assert any("tool.ran" in line for line in netspy.told)
    assert any("NETSPY_NONE is not a setting" in line for line in netspy.told)


async def test_what_was_asked_before_stdin_ended_is_answered(tmp_path: Path, server: EbpfServer) -> None:
    async with netspy_mcp(tmp_path, "--server", server.url) as netspy:
        calls = [call_of(number, "list_connections") for number in range(2, 12)]
        netspy.write(initialize(), INITIALIZED, *calls)
        assert netspy.process.stdin
        netspy.process.stdin.close()
        answers = await netspy.read_rest()
        assert await netspy.process.wait() == 0
    assert sorted(answer["id"] for answer in answers) == list(range(1, 12))
    assert not any(answer["result"].get("isError") for answer in answers)


@pytest.mark.parametrize("number", ENDING)
async def test_a_signal_ends_it_in_the_middle_of_a_call(
    tmp_path: Path, server: EbpfServer, number: signal.Signals
) -> None:
    server.fail(Hang(), path="/api/events")
    async with netspy_mcp(tmp_path, "--server", server.url) as netspy:
        netspy.write(initialize(), INITIALIZED, call_of(2, "list_connections"))
        await until(lambda: asked_for_events(server))
        assert await netspy.ended_by(number) == 0
    await until(server.hung_up.is_set)
    assert netspy.told == []


async def test_a_signal_ends_it_while_its_client_does_not_read(
    tmp_path: Path, server: EbpfServer, pipe: tuple[int, int]
) -> None:
    _, stdout = pipe
    async with netspy_mcp(tmp_path, "--server", server.url, stdout=stdout) as netspy:
        netspy.write(initialize(), INITIALIZED, *(request(number, "tools/list") for number in range(2, 102)))
        await until(lambda: is_full(stdout))
        assert await netspy.ended_by(signal.SIGTERM) == 0


async def test_a_client_that_is_gone_ends_it(tmp_path: Path, server: EbpfServer, pipe: tuple[int, int]) -> None:
    read, stdout = pipe
    async with netspy_mcp(tmp_path, "--server", server.url, stdout=stdout) as netspy:
        os.close(stdout)
        os.close(read)
        netspy.write(initialize())
        assert await asyncio.wait_for(netspy.process.wait(), 60) == 0
    assert netspy.told == []


async def test_lines_that_are_no_messages_are_refused_and_the_next_is_answered(
    tmp_path: Path, server: EbpfServer
) -> None:
    wrong = ["junk", "", "   ", "[]", '{"jsonrpc": "2.0"}', "\xff\xfe", "x" * 5_000_000]
    async with netspy_mcp(tmp_path, "--server", server.url) as netspy:
        netspy.write(*wrong, initialize())
        refused = [(await netspy.read())["error"] for _ in range(5)]
        assert (await netspy.read())["id"] == 1
    assert [error["code"] for error in refused] == [-32700, -32600, -32600, -32700, -32600]
    assert refused[-1]["message"] == "a line of more than 4194304 bytes"


async def test_argument_of_a_megabyte_is_an_error_result(tmp_path: Path, server: EbpfServer) -> None:
    async with stdio_client_of(tmp_path, "legacy", "--server", server.url) as client:
        result = await client.call_tool("list_connections", {"process_name": "x" * 1_000_000})
    assert result.is_error
    assert "--process (process_name)" in texts_of(result)[0]
    assert len(texts_of(result)[0]) < 300


async def test_on_a_terminal_it_says_what_it_is_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    terminal, stdin = os.openpty()
    async with netspy_mcp(tmp_path, "--server", "recording", stdin=stdin) as netspy:
        await until(lambda: netspy.told)
        assert await netspy.ended_by(signal.SIGINT) == 0
    assert netspy.told == ["netspy: this speaks MCP on stdin and stdout: let an MCP client start it. Ctrl-C ends it"]
    os.close(terminal)
    os.close(stdin)


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
async def test_without_stdin_or_stdout_it_says_how_it_is_started(tmp_path: Path, closed: str) -> None:
    shell = await asyncio.create_subprocess_shell(
        f"{NETSPY} mcp --server recording {closed}", cwd=tmp_path, stderr=asyncio.subprocess.PIPE
    )
    _, told = await asyncio.wait_for(shell.communicate(), 60)
    assert shell.returncode == 2
    assert b"Let an MCP client start it, or add --http" in told
