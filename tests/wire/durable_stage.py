"""Bot processes over one database, a loopback platform and a scripted model: the stage of `test_durable_turns.py`."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bot.domain.message import MessageId
from tests.loopback.openai_peer import OpenAIPeer, Request
from tests.loopback.openai_script import Call, Say
from tests.loopback.platform import LoopbackPlatform
from tests.loopback.platform_records import Post
from tests.loopback.waiting import PATIENCE_S, until

ROOT = Path(__file__).parent.parent.parent


class BotProcess:
    """A `tests.loopback.bot_process`; whoever starts it ends it. Its stderr is in `log`."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.log = log
        self._process = process

    @classmethod
    async def start(cls, *arguments: str, log: Path) -> Self:
        command = (sys.executable, "-W", "error", "-m", "tests.loopback.bot_process", *arguments)
        with log.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=stderr
            )
        return cls(process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ready(self) -> None:
        """Returns once it answers also what others left."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S)
        assert line == f"ready {self.pid}\n".encode(), self.log.read_text()

    async def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def terminate(self) -> int:
        """SIGTERM. Returns the exit status."""
        self._process.terminate()
        return await asyncio.wait_for(self._process.wait(), PATIENCE_S)


@dataclass
class Model:
    """A script for any number of questions at once: a tool call for each, then two sentences, one of which names it.

    The text of a question in `hanging` ends behind its first sentence, and the stream never does. `pace_s` is the pause
    behind every piece of text.
    """

    pace_s: float = 0.01
    hanging: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    """The question of each request."""

    def __call__(self, request: Request) -> Say:
        messages = request.body["messages"]
        question = next(str(each["content"]) for each in reversed(messages) if each["role"] == "user").split("\n")[0]
        self.asked.append(question)
        if messages[-1]["role"] != "tool":
            return Say(calls=(Call("find_failures", {"duration": 600, "max_events": 60}),))
        text = f"This is it. The answer to {question}"
        if question in self.hanging:
            return Say(text=text, fault="hang", after=6)
        return Say(text=text, pace_s=self.pace_s)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many messages have final posts, how many have several, and how many none."""

    answered: int
    doubled: int
    lost: int

    def __str__(self) -> str:
        return f"{self.answered} answered, {self.doubled} doubled, {self.lost} lost"


@dataclass
class Stage:
    """Made by `open_stage`. `bots` holds all that were started, dead ones too."""

    database: str
    folder: Path
    platform: LoopbackPlatform
    model: Model
    peer: OpenAIPeer
    bots: list[BotProcess] = field(default_factory=list)

    async def start(self, *, lease_s: float = 1.0) -> BotProcess:
        """A bot that is ready."""
        (bot,) = await self.start_all(1, lease_s=lease_s)
        return bot

    async def start_all(self, count: int, *, lease_s: float = 1.0) -> list[BotProcess]:
        """Bots that are ready, started at once."""
        started = [await self._begin(lease_s) for _ in range(count)]
        for bot in started:
            await bot.ready()
        return started

    async def ask(self, thread: str, text: str, *, message_id: str | None = None, to: int | None = None) -> MessageId:
        """Say something, and return once it is acknowledged."""
        message = await self.platform.say(thread, text, message_id=message_id, to=to)
        await self.platform.acknowledged([message])
        return message

    async def streaming(self, messages: Sequence[MessageId], count: int | None = None) -> list[Post]:
        """Returns once the model's text for `count` of these messages (all) began to show, with their posts."""
        await until(
            lambda: len(self._showing(messages)) >= (count or len(messages)),
            lambda: f"no text for all of {messages}: {self.platform.posts}",
        )
        return self._showing(messages)

    def tally(self, messages: Sequence[MessageId]) -> Tally:
        finals = [len(self.platform.finals(message)) for message in messages]
        return Tally(sum(map(bool, finals)), sum(count > 1 for count in finals), finals.count(0))

    async def _begin(self, lease_s: float) -> BotProcess:
        given = {
            "--platform": self.platform.address,
            "--database": self.database,
            "--model": self.peer.base_url,
            "--lease-s": f"{lease_s}",
        }
        log = self.folder / f"bot-{len(self.bots)}.log"
        bot = await BotProcess.start(*(word for pair in given.items() for word in pair), log=log)
        self.bots.append(bot)
        return bot

    def _showing(self, messages: Sequence[MessageId]) -> list[Post]:
        return [post for post in self.platform.posts if post.message in messages and "This is" in post.text]


@asynccontextmanager
async def open_stage(database: str, folder: Path) -> AsyncGenerator[Stage, None]:
    """A stage without bots; leaving ends those that were started, and shows what they logged when a test fails."""
    model = Model()
    async with LoopbackPlatform() as platform, OpenAIPeer(model) as peer:
        stage = Stage(database, folder, platform, model, peer)
        try:
            yield stage
        except BaseException:
            for bot in stage.bots:
                print(f"--- {bot.log.name}, pid {bot.pid}\n{bot.log.read_text()[-4000:]}")
            raise
        finally:
            for bot in stage.bots:
                await bot.kill()
