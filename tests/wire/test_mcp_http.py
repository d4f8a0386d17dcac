"""`netspy mcp --http`: over real sockets, in both protocol versions, and who may ask at all."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.tools.registry import TOOLS
from tests.fakes import FakeEbpf
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.http_peer import Hang
from tests.loopback.waiting import until
from tests.mcp_stage import (
    ERAS,
    STORED,
    Held,
    call_of,
    http_client,
    initialize,
    listening,
    netspy_mcp,
    over_http,
    request,
    texts_of,
)

BOTH = {"Accept": "application/json, text/event-stream"}


@asynccontextmanager
async def asking(url: str) -> AsyncGenerator[httpx.AsyncClient, None]:
    async with httpx.AsyncClient(base_url=url.removesuffix("/mcp"), trust_env=False, timeout=60) as client:
        yield client


async def status(client: httpx.AsyncClient, headers: Mapping[str, str], message: Any = None) -> int:
    answer = await client.post("/mcp", json=message or initialize(), headers={**BOTH, **headers})
    return answer.status_code


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_lists_and_calls_tools(era: str) -> None:
    async with over_http() as url, http_client(url, era) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == [tool.name for tool in TOOLS]
        result = await client.call_tool("list_connections", {"max_events": 3})
        assert (await client.list_prompts()).prompts
        assert (await client.list_resources()).resources
    assert len(result.structured_content["tables"][0]["rows"]) == 3


@pytest.mark.parametrize("era", ERAS)
async def test_sixty_four_calls_at_once_lose_nothing(era: str) -> None:
    source = Held(STORED)
    async with over_http(source) as url, http_client(url, era) as client:
        rows = [number % 20 + 1 for number in range(64)]
        calling = [asyncio.create_task(client.call_tool("list_connections", {"max_events": count})) for count in rows]
        await until(lambda: source.asked == 64, lambda: source.asked)
        source.let_go.set()
        results = await asyncio.gather(*calling)
    assert [len(result.structured_content["tables"][0]["rows"]) for result in results] == rows


@pytest.mark.parametrize("era", ERAS)
async def test_progress_comes_while_the_call_runs(era: str) -> None:
    source, told = Held(STORED), list[str | None]()

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)
        source.let_go.set()

    async with over_http(source) as url, http_client(url, era) as client:
        await client.call_tool("list_connections", {}, progress_callback=hear)
    assert told[0] == "asking the source for connection events"


@pytest.mark.parametrize("era", ERAS)
async def test_bad_arguments_are_an_error_result(era: str) -> None:
    async with over_http() as url, http_client(url, era) as client:
        result = await client.call_tool("list_connections", {"max_events": "3"})
    assert result.is_error
    assert "'3' was given" in texts_of(result)[0]


@pytest.mark.parametrize("version", [{"MCP-Protocol-Version": "2026-07-28"}, {"MCP-Protocol-Version": "2025-11-25"}])
async def test_client_that_hangs_up_ends_the_question_to_the_source(version: dict[str, str]) -> None:
    source = Held(STORED)
    named = {"Mcp-Method": "tools/call", "Mcp-Name": "list_connections"}
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    message = call_of(1, "list_connections")
    message["params"]["_meta"] = meta if version["MCP-Protocol-Version"] == "2026-07-28" else {}
    async with over_http(source) as url:
        async with asking(url) as client:
            calling = asyncio.create_task(client.post("/mcp", json=message, headers={**BOTH, **version, **named}))
            await until(lambda: source.asked or calling.done(), lambda: calling)
            calling.cancel()
            await until(lambda: source.cancelled)
        source.let_go.set()
        async with http_client(url, "legacy") as again:
            assert not (await again.call_tool("list_connections", {})).is_error


@pytest.mark.parametrize("era", ERAS)
async def test_cancelling_a_call_ends_the_request_to_the_server(tmp_path: Path, era: str) -> None:
    with EbpfServer() as server:
        server.add_connection("curl")
        async with netspy_mcp(tmp_path, "--http", "127.0.0.1:0", "--server", server.url) as netspy:
            async with http_client(await listening(netspy), era) as client:
                server.fail(Hang(), path="/api/events", times=1)
                calling = asyncio.create_task(client.call_tool("list_connections", {}))
                await until(lambda: any(each.path == "/api/events" for each in list(server.requests)))
                calling.cancel()
                await until(server.hung_up.is_set)
                with pytest.raises(asyncio.CancelledError):
                    await calling
                assert not (await client.call_tool("list_connections", {})).is_error
            assert await netspy.ended_by(signal.SIGTERM) == 0
        assert netspy.told == [f"netspy: MCP: {netspy.url}"]


async def test_a_signal_in_the_middle_of_a_call_is_told_to_the_caller(tmp_path: Path) -> None:
    with EbpfServer() as server:
        server.fail(Hang(), path="/api/events")
        async with netspy_mcp(tmp_path, "--http", "127.0.0.1:0", "--server", server.url) as netspy:
            async with asking(await listening(netspy)) as client:
                headers = {**BOTH, "MCP-Protocol-Version": "2025-11-25"}
                calling = asyncio.create_task(client.post("/mcp", json=call_of(1, "list_connections"), headers=headers))
                await until(lambda: any(each.path == "/api/events" for each in list(server.requests)))
                assert await netspy.ended_by(signal.SIGTERM) == 0
                assert "netspy was asked to end meanwhile" in (await calling).text
            assert netspy.told == [f"netspy: MCP: {netspy.url}"]


# it keeps nothing between requests


async def test_a_call_needs_no_session_and_gets_none() -> None:
    async with over_http() as url, asking(url) as client:
        began = await client.post("/mcp", json=initialize(), headers=BOTH)
        called = await client.post(
            "/mcp", json=call_of(2, "list_connections"), headers={**BOTH, "MCP-Protocol-Version": "2025-11-25"}
        )
    assert (began.status_code, called.status_code) == (200, 200)
    assert "mcp-session-id" not in began.headers
    assert '"isError":false' in called.text


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS"])
async def test_only_post_is_answered(method: str) -> None:
    async with over_http() as url, asking(url) as client:
        answer = await client.request(method, "/mcp", headers=BOTH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_there_is_one_path_only() -> None:
    async with over_http() as url, asking(url) as client:
        for path in ("/", "/mcp/", "/mcpx", "/healthz"):
            assert (await client.post(path, json=initialize(), headers=BOTH)).status_code == 404


async def test_body_that_is_too_long_is_refused() -> None:
    async with over_http() as url, asking(url) as client:
        message = call_of(1, "list_connections", process_name="x" * 5_000_000)
        assert await status(client, {}, message) == 413


# who may ask


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1:1", "[::1]:8080"])
async def test_without_a_token_this_machine_may_ask(host: str) -> None:
    async with over_http() as url, asking(url) as client:
        assert await status(client, {"Host": host}) == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "10.0.0.1:80", "localhost:x", ""])
async def test_without_a_token_a_foreign_host_is_refused(host: str) -> None:
    async with over_http() as url, asking(url) as client:
        assert await status(client, {"Host": host}) == 403


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://localhost:6274", 200),
        ("https://127.0.0.1", 200),
        ("http://[::1]:1", 200),
        ("http://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("http://localhost@evil.example", 403),
        ("http://[::1", 403),
        ("null", 403),
        ("", 403),
    ],
)
@pytest.mark.parametrize("version", [{}, {"MCP-Protocol-Version": "2026-07-28"}])
async def test_page_of_another_origin_is_refused(origin: str, expected: int, version: dict[str, str]) -> None:
    async with over_http() as url, asking(url) as client:
        got = await status(client, {"Origin": origin, **version})
    assert (got == 403) == (expected == 403)


@pytest.mark.parametrize(
    ("said", "challenge"),
    [
        ({}, 'Bearer realm="netspy"'),
        ({"Authorization": "Basic c2VjcmV0"}, 'Bearer realm="netspy"'),
        ({"Authorization": "Bearer secrets"}, 'Bearer realm="netspy", error="invalid_token"'),
    ],
)
async def test_with_a_token_nobody_may_ask_without_it(said: dict[str, str], challenge: str) -> None:
    source = FakeEbpf(STORED)
    async with over_http(source, token="secret") as url, asking(url) as client:
        answer = await client.post("/mcp", json=call_of(1, "list_connections"), headers={**BOTH, **said})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
    assert "secret" not in answer.text
    assert source.queries == []


@pytest.mark.parametrize("era", ERAS)
async def test_with_the_token_a_client_may_ask_by_any_name(era: str) -> None:
    headers = {"Authorization": "Bearer secret", "Host": "netspy.example:443"}
    async with over_http(token="secret") as url, http_client(url, era, headers) as client:
        assert not (await client.call_tool("list_connections", {})).is_error


@pytest.mark.parametrize(("origin", "expected"), [("https://netspy.example", 200), ("https://evil.example", 403)])
async def test_with_the_token_a_page_of_another_origin_is_refused_all_the_same(origin: str, expected: int) -> None:
    headers = {"Authorization": "Bearer secret", "Host": "netspy.example", "Origin": origin}
    async with over_http(token="secret") as url, asking(url) as client:
        assert await status(client, headers) == expected


@pytest.mark.parametrize("address", ["0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "netspy.example:0"])
async def test_it_does_not_listen_elsewhere_without_a_token(tmp_path: Path, address: str) -> None:
    async with netspy_mcp(tmp_path, "--http", address) as netspy:
        assert await netspy.process.wait() == 2
    why = "whoever reaches this machine could ask it, since there is no token"
    assert netspy.told == [f"netspy: --http {address}: {why}. Set NETSPY_MCP_TOKEN, or listen on 127.0.0.1"]


async def test_it_listens_elsewhere_with_a_token(tmp_path: Path) -> None:
    async with netspy_mcp(
        tmp_path, "--http", "0.0.0.0:0", "--server", "recording", NETSPY_MCP_TOKEN="secret"
    ) as netspy:
        url = (await listening(netspy)).replace("0.0.0.0", "127.0.0.1")
        async with asking(url) as client:
            assert await status(client, {}) == 401
            assert await status(client, {"Authorization": "Bearer secret"}) == 200
        assert await netspy.ended_by(signal.SIGINT) == 0
    assert "secret" not in "\n".join(netspy.told)


@pytest.mark.parametrize(
    ("address", "token", "told"),
    [
        ("127.0.0.1:0", "two words", "NETSPY_MCP_TOKEN: it holds a blank, or a character that no HTTP header can have"),
        ("8080", "", "--http: '8080' is no address to listen on"),
        ("192.0.2.1:80", "secret", "listening on 192.0.2.1:80: cannot assign requested address. Set --http to another"),
    ],
)
async def test_what_cannot_be_listened_on_is_a_usage_error(tmp_path: Path, address: str, token: str, told: str) -> None:
    async with netspy_mcp(tmp_path, "--http", address, NETSPY_MCP_TOKEN=token) as netspy:
        assert await netspy.process.wait() == 2
    assert told in netspy.told[0]
    assert len(netspy.told) == 1


async def test_unknown_method_is_a_protocol_error() -> None:
    async with over_http() as url, asking(url) as client:
        answer = await client.post("/mcp", json=request(1, "tools/destroy"), headers=BOTH)
    assert '"code":-32601' in answer.text
