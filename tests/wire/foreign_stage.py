"""Other MCP servers for tests: child processes of this interpreter, over stdio and HTTP, beside netspy's own tools."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from bot.domain.turn import ToolCall, ToolResult
from bot.tools.foreign.all_tools import AllTools
from bot.tools.foreign.link import Pace
from bot.tools.foreign.opening import open_all_tools
from bot.tools.foreign.servers import ForeignServer, Place, Program, Remote
from tests.fakes import NOW, FakeHost, result
from tests.loopback.waiting import until

ROOT = Path(__file__).parent.parent.parent
SDK = ("-m", "tests.loopback.mcp_server")
PACE = Pace(first_wait_s=0.05, settle_s=0.01, longest_wait_s=0.2, heartbeat_s=1000)
"""Nothing is noticed by asking from time to time."""
START_S = 30.0
"""Far more than any server here takes: it only bounds tests that fail."""


def own_tools() -> FakeHost:
    return FakeHost({"find_failures": result("find_failures"), "list_connections": result("list_connections")})


def foreign(place: Place, name: str = "foreign", **more: Any) -> ForeignServer:
    return ForeignServer(name=name, place=place, prefix=name, **more)


def program(*words: str, **env: str) -> Program:
    return Program(sys.executable, words, env, str(ROOT))


def by_hand(mode: str) -> Program:
    return program("tests/loopback/mcp_lines.py", mode)


def opened(
    *servers: ForeignServer, start_s: float = START_S, pace: Pace = PACE
) -> AbstractAsyncContextManager[AllTools]:
    return open_all_tools(own_tools(), servers, start_s=start_s, pace=pace)


async def call(host: AllTools, tool: str, **arguments: Any) -> ToolResult:
    return await host.call(ToolCall("c", tool, arguments), now=NOW)


async def names(host: AllTools) -> list[str]:
    return [tool.name for tool in await host.tools()]


async def until_listed(host: AllTools, tool: str, *, listed: bool = True) -> None:
    seen: list[str] = []

    async def look() -> None:
        while (tool in seen) is not listed or not seen:
            seen[:] = await names(host)
            await asyncio.sleep(0.005)

    looking = asyncio.create_task(look())
    try:
        await until(looking.done, lambda: f"{tool} {'' if listed else 'not '}among {seen}")
    finally:
        looking.cancel()


class HttpServer:
    """`tests.loopback.mcp_server` over HTTP, as a process that can be killed and begun again at the same port."""

    def __init__(self) -> None:
        self._port = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def place(self) -> Remote:
        return Remote(f"http://127.0.0.1:{self._port}/mcp")

    async def begin(self) -> None:
        words = (*SDK, "--http", str(self._port))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        assert self._process.stdout
        ready = (await self._process.stdout.readline()).decode()
        self._port = int(ready.rpartition(":")[2].partition("/")[0])

    async def kill(self) -> None:
        if self._process:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def http_server() -> AsyncGenerator[HttpServer, None]:
    server = HttpServer()
    await server.begin()
    try:
        yield server
    finally:
        await server.kill()


def parts(host_checks: Sequence[Any]) -> dict[str, str]:
    return {check.part: check.state for check in host_checks}
