"""`netspy serve` as it is composed: a platform that tests play, the real web server, database and tools."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.domain.errors import PlatformError
from bot.domain.message import Address, Author, Message, MessageId, ThreadKey, TurnId
from bot.domain.ports import Check, Desk, Outlet
from bot.serve import serve_all
from bot.settings import Settings
from tests.fakes import RecordingOutlet
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.http_peer import Hang
from tests.loopback.slack import LoopbackSlack
from tests.loopback.waiting import PATIENCE_S, until

NETSPY = Path(sys.executable).parent / "netspy"


@dataclass
class Played:
    """An `Adapter` with a route; `failing` makes its runs fail. Named slack, which is where routes have a path."""

    name: str = "slack"
    failing: bool = False
    desk: Desk | None = None
    ended: bool = False
    outlets: list[RecordingOutlet] = field(default_factory=list)

    async def run(self, desk: Desk) -> None:
        if self.failing:
            raise PlatformError("Slack's auth.test", "invalid_auth")
        self.desk = desk
        try:
            await desk.adopt(self.name)
            await asyncio.Event().wait()
        finally:
            self.ended = True

    def outlet(self, turn: TurnId, address: Address) -> Outlet:
        self.outlets.append(RecordingOutlet())
        return self.outlets[-1]

    async def check(self) -> tuple[Check, ...]:
        raise AssertionError("serve asks whether it runs")

    async def endpoint(self, request: Request) -> Response:
        return PlainTextResponse((await request.body()).decode())


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    ending: asyncio.Event

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.get(self.url + path)

    async def faults(self) -> list[str]:
        answer = (await self.get("/readyz")).json()
        return [part["part"] for part in answer["parts"] if part["state"] == "fault"]


@pytest.fixture
def ebpf() -> Iterator[EbpfServer]:
    with EbpfServer() as server:
        server.add_connection("curl", "93.184.216.34:443", ago_s=1)
        yield server


@asynccontextmanager
async def open_served(
    folder: Path, server: str, *adapters: Played, caplog: pytest.LogCaptureFixture, grace_s: float = 0
) -> AsyncGenerator[Served, None]:
    """`serve` over these adapters, until the block ends it."""
    given = {
        "NETSPY_LISTEN": "127.0.0.1:0",
        "NETSPY_GRACE_S": grace_s,
        "NETSPY_DATABASE_URL": str(folder / "netspy.db"),
        "OPENAI_API_KEY": None,
    }
    settings = Settings.model_validate({**given, "OPENAI_BASE_URL": None})
    ending = asyncio.Event()
    caplog.set_level(logging.INFO, "netspy.serve")
    task = asyncio.create_task(serve_all(adapters, settings, ending=ending, server=server))
    await until(lambda: task.done() or logged(caplog, "serve.listening"))
    if task.done():
        task.result()
    yield Served(logged(caplog, "serve.listening")[0]["url"], ending)
    ending.set()
    await asyncio.wait_for(task, PATIENCE_S)


def logged(caplog: pytest.LogCaptureFixture, event: str) -> list[dict[str, str]]:
    return [record.__dict__ for record in caplog.records if record.getMessage() == event]


def message(text: str, number: int = 1) -> Message:
    return Message(
        ThreadKey("slack", "T", "C", "1"),
        MessageId(f"m{number}"),
        Author("U1", "dana"),
        text,
        datetime.now(UTC),
        Address("slack", "C"),
    )


async def test_what_a_platform_hears_is_answered_where_it_came_from(
    tmp_path: Path, ebpf: EbpfServer, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = Played()
    async with open_served(tmp_path, ebpf.url, adapter, caplog=caplog):
        await until(lambda: adapter.desk)
        assert adapter.desk
        await adapter.desk.handle(message("list"))
        await until(lambda: adapter.outlets and adapter.outlets[0].replies)
    (reply,) = adapter.outlets[0].replies
    assert "93.184.216.34:443" in str(reply.blocks)


async def test_all_parts_are_ready_and_told_at_the_start(
    tmp_path: Path, ebpf: EbpfServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_served(tmp_path, ebpf.url, Played(), caplog=caplog) as served:
        await until(lambda: len(logged(caplog, "serve.part")) == 3)
        assert (await served.get("/healthz")).text == "ok"
        ready = await served.get("/readyz")
    assert ready.status_code == 200
    assert [part["part"] for part in ready.json()["parts"]] == ["source", "model", "storage", "slack"]
    assert [(told["part"], told["state"]) for told in logged(caplog, "serve.part")] == [
        ("source", "ok"),
        ("model", "warning"),
        ("storage", "ok"),
    ]
    assert [told["levelname"] for told in logged(caplog, "serve.part")] == ["INFO", "WARNING", "INFO"]


async def test_a_server_that_is_away_is_no_reason_not_to_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = Played()
    async with open_served(tmp_path, "http://127.0.0.1:9", adapter, caplog=caplog) as served:
        assert await served.faults() == ["source"]
        assert adapter.desk
        await adapter.desk.handle(message("list"))
        await until(lambda: adapter.outlets and adapter.outlets[0].replies)
        await until(lambda: len(logged(caplog, "serve.part")) == 3)
    remedies = {str(told["part"]): told.get("remedy", "") for told in logged(caplog, "serve.part")}
    assert (bool(remedies["source"]), remedies["storage"]) == (True, "")
    said = str(adapter.outlets[0].replies)
    assert "connection refused" in said
    assert "recording" not in said
    assert logged(caplog, "serve.part")[0]["levelname"] == "ERROR"


async def test_a_platform_begins_while_the_parts_are_still_asked(
    tmp_path: Path, ebpf: EbpfServer, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = Played()
    ebpf.fail(Hang())
    async with open_served(tmp_path, ebpf.url, adapter, caplog=caplog):
        await until(lambda: adapter.desk)
        assert not logged(caplog, "serve.part")


async def test_one_platform_fails_and_the_other_goes_on(
    tmp_path: Path, ebpf: EbpfServer, caplog: pytest.LogCaptureFixture
) -> None:
    failing, fine = Played("discord", failing=True), Played()
    async with open_served(tmp_path, ebpf.url, failing, fine, caplog=caplog) as served:
        await until(lambda: logged(caplog, "adapter.failed"))
        assert await served.faults() == ["discord"]
        assert fine.desk
        assert not fine.ended


async def test_a_platform_gets_its_route(tmp_path: Path, ebpf: EbpfServer, caplog: pytest.LogCaptureFixture) -> None:
    async with open_served(tmp_path, ebpf.url, Played(), caplog=caplog) as served, httpx.AsyncClient() as client:
        answer = await client.post(f"{served.url}/slack/events", content=b"an event")
    assert answer.text == "an event"


async def test_a_turn_that_runs_when_it_ends_is_left_for_the_next_start(
    tmp_path: Path, ebpf: EbpfServer, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = Played(), Played()
    ebpf.fail(Hang(), path="/api/events", times=1)
    async with open_served(tmp_path, ebpf.url, first, caplog=caplog):
        await until(lambda: first.desk)
        assert first.desk
        await first.desk.handle(message("list"))
        await asyncio.to_thread(ebpf.asked.wait, PATIENCE_S)
    assert first.ended
    assert not any(outlet.replies for outlet in first.outlets)
    caplog.clear()
    async with open_served(tmp_path, ebpf.url, second, caplog=caplog):
        await until(lambda: any(outlet.replies for outlet in second.outlets))


class Process:
    """`netspy WORDS` as a process in a folder of its own; what it says on stderr is in `said`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "stderr"

    @property
    def said(self) -> str:
        return self._log.read_text()

    async def start(self, *words: str, **settings: str) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ}
        environment = {**kept, "XDG_DATA_HOME": str(self._folder), **settings}
        with self._log.open("wb") as stderr:
            self._process = await asyncio.create_subprocess_exec(
                NETSPY, *words, cwd=self._folder, env=environment, stdin=asyncio.subprocess.DEVNULL, stderr=stderr
            )

    async def logged(self, event: str) -> None:
        await until(lambda: event in self.said or self._process.returncode is not None, lambda: self.said)
        assert event in self.said

    async def url(self) -> str:
        await self.logged("serve.listening")
        return self.said.split("serve.listening url=")[1].split()[0]

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    async def status(self) -> int:
        return await asyncio.wait_for(self._process.wait(), PATIENCE_S)

    async def end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@pytest.fixture
async def process(tmp_path: Path) -> AsyncGenerator[Process, None]:
    one = Process(tmp_path)
    yield one
    await one.end()


async def test_without_credentials_it_says_what_to_set(process: Process) -> None:
    await process.start("serve")
    assert await process.status() == 2
    assert process.said == (
        "netspy: netspy serve: no chat platform has credentials. "
        "Set SLACK_BOT_TOKEN, and SLACK_APP_TOKEN or SLACK_SIGNING_SECRET; or DISCORD_TOKEN\n"
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"SLACK_APP_TOKEN": "xoxb-hush"}, "SLACK_APP_TOKEN: it holds a bot token, which belongs in SLACK_BOT_TOKEN"),
        ({"NETSPY_LISTEN": "8787"}, "NETSPY_LISTEN: '8787' is no address to listen on"),
        ({"SLACK_API_URL": "slack.com"}, "SLACK_API_URL: it is no URL"),
        ({"NETSPY_THREAD_REPLIES": "none"}, "NETSPY_THREAD_REPLIES: "),
    ],
)
async def test_a_setting_that_cannot_be_used_is_a_usage_error(
    settings: dict[str, str], told: str, process: Process
) -> None:
    usable = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "NETSPY_LISTEN": "127.0.0.1:0"}
    await process.start("serve", **{**usable, **settings})
    assert await process.status() == 2
    assert told in process.said
    assert "hush" not in process.said
    assert "Traceback" not in process.said


@asynccontextmanager
async def slack_served(process: Process, ebpf: EbpfServer) -> AsyncGenerator[LoopbackSlack, None]:
    async with LoopbackSlack() as slack:
        await process.start(
            "serve",
            "--server",
            ebpf.url,
            SLACK_BOT_TOKEN=slack.bot_token,
            SLACK_APP_TOKEN=slack.app_token,
            SLACK_API_URL=slack.api_url,
            NETSPY_LISTEN="127.0.0.1:0",
        )
        await slack.connected()
        yield slack
        await process.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_an_orderly_way(number: int, process: Process, ebpf: EbpfServer) -> None:
    async with slack_served(process, ebpf):
        await process.logged("serve.part")
        process.signal(number)
        assert await process.status() == 0
    for event in ("serve.listening url=http://127.0.0.1:", "adapter.started adapter=slack", "serve.ending"):
        assert event in process.said
    assert "Traceback" not in process.said


async def test_it_is_ready_while_slack_is_there_and_tells_no_secret(process: Process, ebpf: EbpfServer) -> None:
    async with slack_served(process, ebpf) as slack:
        answer = await Served(await process.url(), asyncio.Event()).get("/readyz")
        secrets = (slack.bot_token, slack.app_token)
    assert answer.status_code == 200
    assert [part["part"] for part in answer.json()["parts"]][-1] == "slack"
    assert not [secret for secret in secrets if secret in answer.text + process.said]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_it_at_once(number: int, process: Process) -> None:
    """Between the two it waits for a request whose body does not come."""
    async with LoopbackSlack() as slack:
        secrets = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_SIGNING_SECRET": slack.signing_secret}
        await process.start("serve", SLACK_API_URL=slack.api_url, NETSPY_LISTEN="127.0.0.1:0", **secrets)
        await process.logged("slack.ready")
        host, _, port = (await process.url()).removeprefix("http://").rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /slack/events HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
        assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")
        process.signal(number)
        await process.logged("serve.ending")
        process.signal(number)
        assert await process.status() == -number
        writer.close()
