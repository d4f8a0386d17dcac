"""`netspy collect` as a process, and a chat that listens by itself: real events, end to end."""

import asyncio
import json
import os
import re
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pexpect
import pytest

from bot.domain.network import EVENT_TYPES, Connection, EventKind, Outcome, Window
from bot.domain.query import EventQuery, Filter, Target
from bot.domain.sockets import SocketQuery, SocketState
from bot.ebpf.remote.client import open_http_source
from tests.kernel.conftest import skip_or_fail

NETSPY = str(Path(sys.executable).parent / "netspy")


@asynccontextmanager
async def collecting(folder: Path, **settings: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The process and its URL."""
    command = (NETSPY, "collect", "--listen", "127.0.0.1:0")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stderr=asyncio.subprocess.PIPE, env={**os.environ, **settings}
    )
    try:
        assert process.stderr
        begin = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
        told = re.search(r"live: \d+ of \d+ programs, kernel \S+, (http://127.0.0.1:\d+)$", begin.strip())
        assert told, begin
        yield process, told[1]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def refused(port: int) -> None:
    with socket.socket() as client, suppress(ConnectionRefusedError):
        client.connect(("127.0.0.1", port))


def closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _later() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=1)


def read(url: str, path: str, **parameters: str) -> dict[str, object]:
    with urlopen(f"{url}{path}?{urlencode(parameters)}", timeout=20) as answer:
        data: dict[str, object] = json.load(answer)
        return data


async def test_a_collector_tells_what_became_of_an_attempt_and_ends_on_sigterm(kernel: None, tmp_path: Path) -> None:
    async with collecting(tmp_path) as (process, url), open_http_source(url) as source:
        port = closed_port()
        refused(port)
        found: list[Connection] = []
        while not found:
            events = (await source.events(EventQuery(kind="connection", window=Window.last(60, _later())))).events
            found = [each for each in events if isinstance(each, Connection) and each.destination.port == port]
        (attempt,) = found
        assert (attempt.outcome, attempt.errno, attempt.protocol) == (Outcome.REFUSED, "ECONNREFUSED", "TCP")
        listed = await asyncio.to_thread(read, url, "/api/events", type="connection")
        told = [each for each in listed["events"] if each["destination_port"] == port]  # type: ignore[attr-defined]
        assert [(each["return_code"], each["protocol"]) for each in told] == [(-111, "TCP")]
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert process.stderr
        assert b" (0 lost), accept" in await process.stderr.read()


async def test_a_collector_lists_open_sockets_and_what_was_counted(kernel: None, tmp_path: Path) -> None:
    async with collecting(tmp_path) as (_, url):
        with socket.create_server(("127.0.0.1", 0)) as server:
            listed = await asyncio.to_thread(read, url, "/api/v1/sockets", state="LISTEN")
            local = {"address": "127.0.0.1", "port": server.getsockname()[1], "path": None, "name": None}
        (found,) = [each for each in listed["sockets"] if each["local"] == local]  # type: ignore[attr-defined]
        assert (found["pid"], found["state"]) == (os.getpid(), "LISTEN")
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(has_counted_here, url):
                await asyncio.sleep(0.2)


async def test_a_client_is_told_sockets_counters_and_a_status_with_their_node(kernel: None, tmp_path: Path) -> None:
    async with (
        collecting(tmp_path, NETSPY_NODE="node-a") as (_, url),
        open_http_source(url) as source,
        asyncio.timeout(60),
    ):
        with socket.create_server(("127.0.0.1", 0)) as server:
            listed = await source.sockets(SocketQuery(states=frozenset({SocketState.LISTEN})))
            port = server.getsockname()[1]
        status = await source.status()
        while not (counted := await source.counters(Window.last(60, _later()))).deltas:
            await asyncio.sleep(0.01)
    (found,) = [each for each in listed.sockets if each.local.port == port]
    assert (found.node, found.pid, found.local.address) == ("node-a", os.getpid(), "127.0.0.1")
    assert {each.node for each in counted.deltas} == {"node-a"}
    assert (status.source, list(status.kinds)) == (f"netspy collector at {url}", list(EVENT_TYPES))


def provoke(listener: socket.socket, closed: int) -> None:
    """A connection that its server resets, a listener that ends, and a datagram that reaches nobody."""
    with socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        accepted.close()
        with suppress(ConnectionResetError):
            client.recv(1)
    listener.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.connect(("127.0.0.1", closed))
        datagrams.send(b"x")
        with suppress(ConnectionRefusedError):
            datagrams.recv(1)


async def test_a_client_asks_for_every_kind_that_one_machine_provokes(kernel: None, tmp_path: Path) -> None:
    async with collecting(tmp_path) as (_, url), open_http_source(url) as source, asyncio.timeout(60):
        listener, closed = socket.create_server(("127.0.0.1", 0)), closed_port()
        port = listener.getsockname()[1]
        await asyncio.to_thread(provoke, listener, closed)
        asked: dict[EventKind, Filter] = {
            "connection": Filter(target=Target(port=port), protocol="TCP", direction="out"),
            "accept": Filter(target=Target(network=ip_network("127.0.0.0/8"), port=port), process_pattern="*"),
            "reset": Filter(target=Target(port=port), direction="in"),
            "listen": Filter(target=Target(port=port)),
            "error": Filter(target=Target(port=closed), errno="ECONNREFUSED"),
            "icmp": Filter(target=Target(port=closed)),
        }
        for kind, wanted in asked.items():
            query = EventQuery(kind=kind, window=Window.last(60, _later()), filter=wanted)
            while not (found := (await source.events(query)).events):
                await asyncio.sleep(0.01)
            assert {type(event) for event in found} == {EVENT_TYPES[kind]}


def has_counted_here(url: str) -> bool:
    here = Path("/proc/self/ns/net").stat().st_ino
    return here in [each["namespace"] for each in read(url, "/api/v1/counters")["deltas"]]  # type: ignore[attr-defined]


def test_a_chat_listens_to_this_machine_where_no_server_answers(kernel: None, tmp_path: Path) -> None:
    with socket.socket() as default:
        if default.connect_ex(("127.0.0.1", 8080)) == 0:
            skip_or_fail("something answers at 127.0.0.1:8080, where a chat looks for a server")
    environment = {
        "PATH": "/usr/bin:/bin",
        "TERM": "xterm",
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "XDG_DATA_HOME": str(tmp_path),
    }
    chat = pexpect.spawn(
        NETSPY, ["--new"], cwd=tmp_path, env=environment, encoding="utf-8", timeout=30, dimensions=(40, 80)
    )
    try:
        chat.expect_exact("netspy-mcp>")
        assert re.search(r"source: live: \d+ of \d+ programs, listening since", chat.before or "")
        port = closed_port()
        refused(port)
        chat.send("failures --duration 60\r")
        chat.expect(rf"127\.0\.0\.1:{port} +refused +ECONNREFUSED")
        chat.expect_exact("listening since")
        chat.expect_exact("netspy-mcp>")
        chat.send("quit\r")
        chat.expect(pexpect.EOF)
    finally:
        chat.close(force=True)


async def test_a_root_of_the_machine_that_is_not_there_is_told_with_the_setting(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(NETSPY, "collect", "--listen", "127.0.0.1:0"),
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NETSPY_HOST_ROOT": str(tmp_path / "host")},
    )
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert f"NETSPY_HOST_ROOT: there is no folder {tmp_path / 'host'}" in said.decode()


async def test_a_port_that_is_taken_is_told_with_the_flag_that_chooses_it(kernel: None, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            NETSPY, "collect", "--listen", f"127.0.0.1:{port}", cwd=tmp_path, stderr=asyncio.subprocess.PIPE
        )
        _, told = await process.communicate()
    assert process.returncode == 2
    assert b"address already in use. Set --listen" in told


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", ":0", "192.0.2.1:0", "8080", "localhost:99999"])
async def test_an_address_that_others_reach_needs_a_token(listen: str, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        NETSPY, "collect", "--listen", listen, cwd=tmp_path, stderr=asyncio.subprocess.PIPE, env={"HOME": str(tmp_path)}
    )
    _, told = await process.communicate()
    assert process.returncode == 2
    assert b"NETSPY_EBPF_TOKEN" in told or b"no address to listen on" in told
