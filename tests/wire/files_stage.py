"""`netspy serve` in this process, over a loopback Slack or Discord and a loopback OpenAI: for people with files."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.platforms import adapters_of
from bot.serve import serve_all
from bot.settings import Settings
from tests.loopback import discord_ids
from tests.loopback.discord import LoopbackDiscord
from tests.loopback.discord_message import File as DiscordFile
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.openai_peer import KEY, OpenAIPeer, Request
from tests.loopback.openai_script import Fail, Say, Step
from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_message import File as SlackFile
from tests.loopback.slack_workspace import BOT, DANA, PAYMENTS
from tests.loopback.waiting import PATIENCE_S, until
from tests.wire.discord_app import point_at
from tests.wire.discord_stage import MENTION as DISCORD_MENTION
from tests.wire.discord_stage import labels
from tests.wire.llm_requests import Api, outputs
from tests.wire.slack_stage import MENTION, is_last

CSV = b"host;latency_ms\ndb;12,5\nweb;771\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00"
SAID = "The web took 771 ms."
BLIND = Fail(status=400, code="invalid_request_error", message="This model does not support image inputs")
HUGE_BYTES = 100 * 1024 * 1024


@dataclass
class Model:
    """Says one sentence. `blind`: it refuses whatever holds an image."""

    says: str = SAID
    blind: bool = False
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: Request) -> Step:
        self.bodies.append(request.body)
        return BLIND if self.blind and images(request.body) else Say(text=self.says)


def images(body: dict[str, Any]) -> list[str]:
    """The URLs of all images in a request of either API."""
    contents = [item.get("content") for item in body.get("input") or body["messages"]]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    given = [part["image_url"] for part in parts if part["type"] in {"input_image", "image_url"}]
    return [url if isinstance(url, str) else url["url"] for url in given]


def read(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The results that a request holds, as the model reads them."""
    return [json.loads(output) for output in outputs(body)]


@asynccontextmanager
async def serving(
    folder: Path, model: Model, ready: Callable[[], Any], credentials: Mapping[str, str], *, api: Api = "chat"
) -> AsyncGenerator[None, None]:
    """`netspy serve` with these credentials."""
    ending = asyncio.Event()
    with EbpfServer() as ebpf:
        async with OpenAIPeer(model) as peer:
            settings = Settings.model_validate(
                {
                    "NETSPY_LISTEN": "127.0.0.1:0",
                    "NETSPY_DATABASE_URL": str(folder / "netspy.db"),
                    "OPENAI_API_KEY": KEY,
                    "OPENAI_BASE_URL": peer.base_url,
                    "NETSPY_LLM_API": api,
                    **credentials,
                }
            )
            serve = asyncio.create_task(serve_all(adapters_of(settings)[0], settings, ending=ending, server=ebpf.url))
            try:
                await ready()
                yield
            finally:
                ending.set()
                await asyncio.wait_for(serve, PATIENCE_S)


@dataclass(frozen=True)
class InSlack:
    slack: LoopbackSlack
    model: Model

    async def ask(self, text: str, *files: SlackFile, gone: Sequence[SlackFile] = ()) -> str:
        """All that the answer to a mention shows. `gone` are deleted before anybody can read them."""
        thread = self.slack.say(DANA, PAYMENTS, f"{MENTION} {text}".strip(), files=[*files, *gone])
        for file in gone:
            self.slack.take_away(file)
        return await self.answered(thread)

    async def answered(self, thread: str, count: int = 1) -> str:
        await until(lambda: sum(map(is_last, self.slack.messages(PAYMENTS, thread))) >= count)
        said = [message for message in self.slack.messages(PAYMENTS, thread) if message.user == BOT]
        return "\n".join(message.shown for message in said)


@asynccontextmanager
async def in_slack(folder: Path, *, api: Api = "chat", **of_model: Any) -> AsyncGenerator[InSlack, None]:
    model = Model(**of_model)
    async with LoopbackSlack() as slack:
        given = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
        }
        async with serving(folder, model, slack.connected, given, api=api):
            yield InSlack(slack, model)


@dataclass(frozen=True)
class InDiscord:
    discord: LoopbackDiscord
    model: Model

    async def ask(self, text: str, **files: bytes) -> str:
        """All that the answer to a mention shows. Names of files have a point where these have `__`."""
        thread = self.say(text, **files)
        return await self.answered(thread)

    def say(self, text: str, **files: bytes) -> str:
        """Returns the id of the message, and of the thread of its answer."""
        given = [DiscordFile(name.replace("__", "."), content) for name, content in files.items()]
        said = f"{DISCORD_MENTION} {text}".strip()
        return self.discord.say(discord_ids.DANA, discord_ids.PAYMENTS, said, files=given)

    async def answered(self, thread: str) -> str:
        channels = self.discord.space.channels
        await until(
            lambda: thread in channels and any("Run again" in labels(each) for each in self.discord.messages(thread))
        )
        said = [message for message in self.discord.messages(thread) if message.author == discord_ids.BOT]
        return "\n".join(message.shown for message in said)


@asynccontextmanager
async def in_discord(folder: Path, monkeypatch: pytest.MonkeyPatch, **of_model: Any) -> AsyncGenerator[InDiscord, None]:
    model = Model(**of_model)
    async with LoopbackDiscord() as discord:
        point_at(discord, monkeypatch)
        given = {
            "DISCORD_TOKEN": discord.token,
            "DISCORD_API_URL": discord.api_url,
            "DISCORD_GATEWAY_URL": discord.gateway_url,
        }
        async with serving(folder, model, discord.connected, given):
            yield InDiscord(discord, model)
