"""netspy's MCP server as other people's clients meet it: in process, over HTTP on port 0, or as a process."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client import Transport
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from bot.domain.network import DnsLookup, Endpoint, Event, Outcome
from bot.domain.ports import EbpfSource
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.domain.turn import ToolCall, ToolResult
from bot.tools.serving.http import mcp_over_http
from bot.tools.serving.outside import OutsideServer, build_outside_server
from bot.web import serving
from tests.fakes import NOW, FakeEbpf, connection, drop
from tests.loopback.waiting import until
from tests.network_events import STATUS, listener, open_sockets, retransmit

NETSPY = Path(sys.executable).parent / "netspy"
PASSED_ON = ("PATH", "LANG", "LC_ALL", "PYTHONDONTWRITEBYTECODE")
ERAS = ("2026-07-28", "legacy")
"""As the SDK's client calls them: legacy is 2025-11-25."""
STORED: Sequence[Event] = (
    *(connection(ago_s=n, outcome=Outcome.REFUSED if n % 2 else Outcome.CONNECTED) for n in range(1, 30)),
    *(drop(ago_s=n) for n in range(1, 5)),
    DnsLookup(
        time=NOW - timedelta(seconds=1),
        process="curl",
        pid=100,
        destination=Endpoint("10.0.0.53", 53),
        name="nowhere.example",
        type="A",
        rcode="NXDOMAIN",
        latency_us=900.0,
    ),
    retransmit(),
)
"""Something for every tool."""


class Echo:
    """An `Analyst` that repeats the question."""

    async def analyze(self, call: ToolCall, question: str, *, now: datetime) -> ToolResult:
        return ToolResult(call, f"{question} at {now.isoformat()}")


@dataclass
class Held(FakeEbpf):
    """A source whose questions wait until they are let go."""

    asked: int = 0
    cancelled: int = 0
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def events(self, query: EventQuery) -> Events:
        await self._wait()
        return await super().events(query)

    async def aggregate(self, query: Aggregate) -> Groups:
        await self._wait()
        return await super().aggregate(query)

    async def _wait(self) -> None:
        self.asked += 1
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


def offered(source: EbpfSource | None = None, **more: Any) -> OutsideServer:
    source = source or stored()
    return build_outside_server(source, Echo(), version="1.2.3", **{"clock": lambda: NOW, **more})


def stored() -> FakeEbpf:
    """Something for every tool."""
    return FakeEbpf(STORED, open=open_sockets(listener()), state=STATUS)


@asynccontextmanager
async def over_http(source: EbpfSource | None = None, *, token: str | None = None) -> AsyncGenerator[str, None]:
    """Gives the URL of the endpoint."""
    async with mcp_over_http(offered(source), token=token) as app, serving(app, "127.0.0.1", 0) as url:
        yield f"{url}/mcp"


@asynccontextmanager
async def http_client(url: str, era: str, headers: Mapping[str, str] | None = None) -> AsyncGenerator[Client, None]:
    """Without the proxies that the environment may name."""
    async with httpx2.AsyncClient(trust_env=False, timeout=60, headers=headers) as carrying:
        transport: Transport = streamable_http_client(url, http_client=carrying)
        async with Client(transport, mode=era) as client:
            yield client


def stdio_client_of(home: Path, era: str, *words: str, **settings: str) -> Client:
    """A client that starts netspy, as editors do."""
    started = StdioServerParameters(
        command=str(NETSPY), args=["mcp", *words], env=_environment(home, settings), cwd=home
    )
    return Client(started, mode=era, read_timeout_seconds=60)


@dataclass
class Netspy:
    """`netspy mcp` as a process whose pipes a test holds itself."""

    process: asyncio.subprocess.Process
    told: list[str]

    @property
    def url(self) -> str:
        return next((word for line in self.told for word in line.split() if word.startswith("http://")), "")

    def write(self, *messages: Mapping[str, Any] | str) -> None:
        assert self.process.stdin
        for message in messages:
            line = message if isinstance(message, str) else json.dumps(message)
            self.process.stdin.write(line.encode() + b"\n")

    async def read(self) -> dict[str, Any]:
        """The next line of stdout."""
        assert self.process.stdout
        read: dict[str, Any] = json.loads(await asyncio.wait_for(self.process.stdout.readline(), 60))
        return read

    async def read_rest(self) -> list[dict[str, Any]]:
        assert self.process.stdout
        rest = await asyncio.wait_for(self.process.stdout.read(), 60)
        return [json.loads(line) for line in rest.splitlines()]

    async def ended_by(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 60)


@asynccontextmanager
async def netspy_mcp(
    home: Path,
    *words: str,
    stdin: int = asyncio.subprocess.PIPE,
    stdout: int = asyncio.subprocess.PIPE,
    **settings: str,
) -> AsyncGenerator[Netspy, None]:
    process = await asyncio.create_subprocess_exec(
        *[str(NETSPY), "mcp", *words],
        cwd=home,
        env=_environment(home, settings),
        stdin=stdin,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    running = Netspy(process, [])
    hearing = asyncio.create_task(_hear(process, running.told))
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await hearing


async def listening(netspy: Netspy) -> str:
    """The URL, as soon as it says that it listens."""
    await until(lambda: netspy.url or netspy.process.returncode is not None, lambda: netspy.told)
    assert netspy.url, netspy.told
    return netspy.url


async def _hear(process: asyncio.subprocess.Process, told: list[str]) -> None:
    assert process.stderr
    while line := await process.stderr.readline():
        told.append(line.decode().rstrip())


def _environment(home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {**kept, "HOME": str(home), "XDG_DATA_HOME": str(home), **settings}


def texts_of(result: CallToolResult) -> list[str]:
    return [part.text for part in result.content if part.type == "text"]


def initialize(version: str = "2025-11-25") -> dict[str, Any]:
    client = {"name": "test", "version": "0"}
    return request(1, "initialize", protocolVersion=version, capabilities={}, clientInfo=client)


INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def request(number: int, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def call_of(number: int, name: str, **arguments: Any) -> dict[str, Any]:
    return request(number, "tools/call", name=name, arguments=arguments)
