"""`netspy serve` as a process of its own over a loopback Slack, an ebpf-server and a scripted model."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.openai_peer import KEY, OpenAIPeer, Request
from tests.loopback.openai_script import Call, Say
from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_message import Message
from tests.loopback.slack_workspace import BOT, DANA, DIRECT, PAYMENTS, SCOPES, STREAM_TTL_S
from tests.loopback.waiting import PATIENCE_S, until

__all__ = ["BOT", "DANA", "DIRECT", "PAYMENTS", "Model", "SlackStage", "open_slack_stage"]

NETSPY = str(Path(sys.executable).parent / "netspy")
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONDONTWRITEBYTECODE")
MENTION = f"<@{BOT}>"
LIST = Call("list_connections", {"duration": 600, "max_events": 5})


@dataclass
class Model:
    """Calls its tools first, then says "The answer to QUESTION" or what `says` returns for it, piece by piece.

    The text of a question in `hanging` begins and never ends.
    """

    calls: tuple[Call, ...] = (LIST,)
    says: Callable[[str], str] = "The answer to {}".format
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
            return Say(text=self.says(question), fault="hang", after=3)
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

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Ask it to end. Returns the exit status."""
        self._process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        return await asyncio.wait_for(self._process.wait(), PATIENCE_S)


@dataclass
class SlackStage:
    """Made by `open_slack_stage`. `bots` holds all that were started, dead ones too."""

    slack: LoopbackSlack
    ebpf: EbpfServer
    model: Model
    peer: OpenAIPeer
    folder: Path
    database: str
    settings: dict[str, str] = field(default_factory=dict)
    bots: list[Serving] = field(default_factory=list)
    channel: str = PAYMENTS
    """Where people ask unless a test says otherwise."""

    def anew(self) -> Self:
        """The same netspy, for another test: in a channel of its own, and with nothing left of the one before."""
        slack = self.slack
        self.channel = slack.space.add_channel(f"test{len(slack.space.channels)}")
        self.model.begin_anew()
        slack.plans.forget()
        slack.scopes = set(SCOPES)
        for seen in (slack.calls, slack.refused, slack.ignored, slack.uploads, slack.prompts, slack.deliveries):
            seen.clear()
        slack.homes.clear()
        slack.space.stream_ttl_s = STREAM_TTL_S
        return self

    async def start(self, **settings: str) -> Serving:
        """One more netspy, once it takes events over Socket Mode."""
        connections = len(self.slack.connections)
        bot = await self.begin(SLACK_APP_TOKEN=self.slack.app_token, **settings)
        await until(lambda: len(self.slack.connections) > connections, lambda: bot.said)
        return bot

    async def start_http(self, **settings: str) -> Serving:
        """One more netspy, once it takes signed events."""
        bot = await self.begin(SLACK_SIGNING_SECRET=self.slack.signing_secret, **settings)
        self.slack.http_endpoint = f"{await bot.listening()}/slack/events"
        await bot.logged("slack.ready")
        return bot

    async def begin(self, **settings: str) -> Serving:
        environment = {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_API_URL": self.slack.api_url,
            "NETSPY_LISTEN": "127.0.0.1:0",
            "NETSPY_DATABASE_URL": self.database,
            "NETSPY_EBPF_URL": self.ebpf.url,
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": self.peer.base_url,
            "NETSPY_LLM_API": "chat",
            **self.settings,
            **settings,
        }
        bot = await Serving.start(environment, self.folder / f"netspy-{len(self.bots)}.log")
        self.bots.append(bot)
        return bot

    def ask(self, text: str, *, channel: str = "", thread: str | None = None, user: str = DANA) -> str:
        """Mention netspy. Returns the message's ts."""
        return self.slack.say(user, channel or self.channel, f"{MENTION} {text}", thread=thread)

    def say(self, text: str, *, thread: str | None = None, user: str = DANA) -> str:
        """Speak without a mention. Returns the message's ts."""
        return self.slack.say(user, self.channel, text, thread=thread)

    def whispers(self, user: str = DANA) -> list[Message]:
        """What netspy showed only this person."""
        return [message for message in self.slack.ephemerals(user) if message.channel == self.channel]

    def answers(self, thread: str, *, channel: str = "") -> list[Message]:
        """What netspy said in a thread, below its root."""
        said = self.slack.messages(channel or self.channel, thread)
        return [message for message in said if message.user == BOT and message.ts != thread]

    def finals(self, thread: str, *, channel: str = "") -> list[Message]:
        """The last messages of answers, which say that the answer is whole."""
        return [message for message in self.slack.messages(channel or self.channel, thread) if is_last(message)]

    async def answered(self, thread: str, count: int = 1, *, channel: str = "") -> list[Message]:
        """Returns once a thread has so many whole answers, with everything that netspy said there."""
        where = channel or self.channel

        def told() -> str:
            return f"{self.slack.messages(where, thread)}\n{self.slack.refused}\n{self.bots[-1].said[-3000:]}"

        await until(lambda: len(self.finals(thread, channel=where)) >= count, told)
        return self.answers(thread, channel=channel)


def is_last(message: Message) -> bool:
    payload = (message.metadata or {}).get("event_payload", {})
    return bool(payload.get("is_last"))


def actions(message: Message) -> list[str]:
    """The action ids of a message's buttons."""
    elements = [each for block in message.blocks for each in block.get("elements", ()) if isinstance(each, dict)]
    return [str(each["action_id"]) for each in elements if "action_id" in each]


def kinds(message: Message) -> list[str]:
    return [str(block["type"]) for block in message.blocks]


@asynccontextmanager
async def open_slack_stage(
    folder: Path, *, database: str = "", settings: dict[str, str] | None = None, processes: Sequence[str] = ("curl",)
) -> AsyncGenerator[SlackStage, None]:
    """A stage without a netspy; leaving ends those that were started, and shows their logs when a test fails."""
    model = Model()
    url = database or f"sqlite+aiosqlite:///{folder / 'netspy.db'}"
    with EbpfServer() as ebpf:
        for number, process in enumerate(processes):
            ebpf.add_connection(process, f"10.2.0.{number % 250 + 1}:443", ago_s=5 + number * 0.01)
        async with LoopbackSlack() as slack, OpenAIPeer(model) as peer:
            stage = SlackStage(slack, ebpf, model, peer, folder, url, settings or {})
            try:
                yield stage
            except BaseException:
                for bot in stage.bots:
                    print(f"--- {bot.log.name}\n{bot.said[-6000:]}")
                raise
            finally:
                for bot in stage.bots:
                    await bot.kill()
