"""`netspy serve` as a process of its own, over an ebpf-server and a scripted model; stages add their chat platform."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.openai_peer import KEY, OpenAIPeer, Request
from tests.loopback.openai_script import Call, Say
from tests.loopback.waiting import PATIENCE_S, until

NETSPY = str(Path(sys.executable).parent / "netspy")
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONDONTWRITEBYTECODE")
LIST = Call("list_connections", {"duration": 600, "max_events": 5})


@dataclass
class Model:
    """Calls its tools first, then says "Here it is. The answer to QUESTION" or what `says` returns, piece by piece.

    The text of a question in `hanging` ends behind its first sentence, and the stream never does.
    """

    calls: tuple[Call, ...] = (LIST,)
    says: Callable[[str], str] = "Here it is. The answer to {}".format
    pace_s: float = 0.0
    hanging: set[str] = field(default_factory=set)
    requests: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: Request) -> Say:
        messages = request.body["messages"]
        self.requests.append(request.body)
        asked = [str(each["content"]) for each in messages if each["role"] == "user"]
        question = asked[-1].split("\n")[0]
        if self.calls and messages[-1]["role"] != "tool":
            return Say(calls=self.calls)
        if question in self.hanging:
            return Say(text=self.says(question), fault="hang", after=6)
        return Say(text=self.says(question), pace_s=self.pace_s)

    def begin_anew(self) -> None:
        fresh = Model()
        self.calls, self.says, self.pace_s = fresh.calls, fresh.says, fresh.pace_s
        self.hanging.clear()
        self.requests.clear()

    @property
    def questions(self) -> list[str]:
        """What was asked, in order; the history of each is in `requests`."""
        last = [[m for m in body["messages"] if m["role"] == "user"][-1] for body in self.requests]
        return list(dict.fromkeys(str(each["content"]).split("\n")[0] for each in last))


class Serving:
    """A `netspy serve`; whoever starts it ends it. What it logs is in `log`."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.log = log
        self._process = process

    @classmethod
    async def start(cls, environment: dict[str, str], log: Path, *words: str) -> Self:
        given = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | environment
        with log.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                NETSPY, "serve", *words, cwd=log.parent, env=given, stdin=asyncio.subprocess.DEVNULL, stderr=stderr
            )
        return cls(process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def said(self) -> str:
        return self.log.read_text()

    async def listening(self) -> str:
        """The URL of its HTTP side, once there is one."""
        await until(lambda: "serve.listening" in self.said or self._process.returncode is not None, lambda: self.said)
        return self.said.split("serve.listening url=")[1].split()[0]

    async def logged(self, event: str) -> None:
        await until(lambda: event in self.said, lambda: self.said)

    async def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end. Returns the exit status."""
        self._process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        return await asyncio.wait_for(self._process.wait(), PATIENCE_S)


@dataclass(kw_only=True)
class Stage:
    """What all netspys of a stage rest on. `bots` holds all that were started, dead ones too."""

    ebpf: EbpfServer
    model: Model
    peer: OpenAIPeer
    folder: Path
    database: str
    bots: list[Serving] = field(default_factory=list)

    async def serve(self, settings: Mapping[str, str]) -> Serving:
        """One more netspy; `settings` hold its platform's credentials."""
        environment = {
            "NETSPY_LISTEN": "127.0.0.1:0",
            "NETSPY_GRACE_S": "0.2",
            "NETSPY_DATABASE_URL": self.database,
            "NETSPY_EBPF_URL": self.ebpf.url,
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": self.peer.base_url,
            "NETSPY_LLM_API": "chat",
            **settings,
        }
        bot = await Serving.start(environment, self.folder / f"netspy-{len(self.bots)}.log")
        self.bots.append(bot)
        return bot


S = TypeVar("S", bound=Stage)


@asynccontextmanager
async def open_stage(
    make: Callable[..., S], folder: Path, *, database: str = "", processes: Sequence[str] = ("curl",)
) -> AsyncGenerator[S, None]:
    """A stage without a netspy; leaving ends those that were started, and shows their logs when a test fails."""
    model = Model()
    url = database or f"sqlite+aiosqlite:///{folder / 'netspy.db'}"
    with EbpfServer() as ebpf:
        for number, process in enumerate(processes):
            ebpf.add_connection(process, f"10.2.0.{number % 250 + 1}:443", ago_s=5 + number * 0.01)
        async with OpenAIPeer(model) as peer:
            stage = make(ebpf=ebpf, model=model, peer=peer, folder=folder, database=url)
            try:
                yield stage
            except BaseException:
                for bot in stage.bots:
                    print(f"--- {bot.log.name}\n{bot.said[-6000:]}")
                raise
            finally:
                for bot in stage.bots:
                    await bot.kill()
