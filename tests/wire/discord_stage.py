"""`netspy serve` as a process of its own over a loopback Discord, an ebpf-server and a scripted model."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from tests.loopback.discord import LoopbackDiscord
from tests.loopback.discord_ids import BOT, DANA, DIRECT, PAYMENTS
from tests.loopback.discord_intents import Intent
from tests.loopback.discord_interactions import ACK_LIMIT_S, Interaction
from tests.loopback.discord_message import Message
from tests.loopback.discord_operations import GLOBAL, USUAL_LIMITS
from tests.loopback.waiting import until
from tests.wire.serving import Serving, Stage, open_stage

MENTION = f"<@{BOT}>"


@dataclass(kw_only=True)
class DiscordStage(Stage):
    """Made by `open_discord_stage`."""

    discord: LoopbackDiscord
    channel: str = PAYMENTS
    """Where people ask unless a test says otherwise."""
    person: str = DANA
    """Who asks."""

    def anew(self) -> Self:
        """The same netspy, for another test: another person in another channel, with nothing left of the one before."""
        discord = self.discord
        number = len(discord.space.channels)
        self.channel = discord.open_channel(f"test{number}")
        self.person = discord.space.add_user(f"person{number}")
        self.model.begin_anew()
        discord.plans.forget()
        discord.limits, discord.global_limit, discord.latency_s = dict(USUAL_LIMITS), GLOBAL, 0.0
        discord.gateway.is_open, discord.gateway.latency_s, discord.gateway.repeats = True, 0.0, 0
        discord.space.privileged |= Intent.MESSAGE_CONTENT
        discord.space.ack_limit_s = ACK_LIMIT_S
        for seen in (discord.calls, discord.refused, discord.ignored, discord.space.interactions):
            seen.clear()
        return self

    @property
    def direct(self) -> str:
        """The conversation of the person who asks with netspy."""
        return self.discord.space.direct(self.person).id

    async def start(self, **settings: str) -> Serving:
        """One more netspy, once it hears what happens."""
        sessions = len(self.discord.gateway.live)
        bot = await self.begin(**settings)
        await until(lambda: len(self.discord.gateway.live) > sessions, lambda: bot.said)
        return bot

    async def begin(self, **settings: str) -> Serving:
        credentials = {
            "DISCORD_TOKEN": self.discord.token,
            "DISCORD_API_URL": self.discord.api_url,
            "DISCORD_GATEWAY_URL": self.discord.gateway_url,
        }
        return await self.serve({**credentials, **settings})

    def ask(self, text: str, *, channel: str = "", user: str = "") -> str:
        """Mention netspy. Returns the message's id, which is that of the thread too."""
        return self.say(f"{MENTION} {text}", channel=channel, user=user)

    def say(self, text: str, *, channel: str = "", user: str = "") -> str:
        """Speak without a mention. Returns the message's id."""
        return self.discord.say(user or self.person, channel or self.channel, text)

    async def slash(self, line: str, **options: Any) -> Interaction:
        """A command of the person who asks, where people ask."""
        return await self.discord.slash(self.person, self.channel, line, options)

    def answers(self, channel: str) -> list[Message]:
        """What netspy said in a channel or a thread; nothing while there is no such thread."""
        if channel not in self.discord.space.channels:
            return []
        return [message for message in self.discord.messages(channel) if message.author == BOT]

    async def answered(self, channel: str, count: int = 1) -> list[Message]:
        """Returns once so many whole answers stand there, with everything that netspy said there."""
        await until(lambda: len(self.finals(channel)) >= count, lambda: self._told(channel))
        return self.answers(channel)

    async def shown(self, channel: str, text: str) -> list[Message]:
        """Returns once a text is to be read there."""
        await until(lambda: any(text in each.shown for each in self.answers(channel)), lambda: self._told(channel))
        return self.answers(channel)

    def finals(self, channel: str) -> list[Message]:
        return [message for message in self.answers(channel) if "Run again" in labels(message)]

    def _told(self, channel: str) -> str:
        return f"{self.answers(channel)}\n{self.discord.refused}\n{self.bots[-1].said[-3000:]}"


def labels(message: Message) -> list[str]:
    """What can be pressed below a message."""
    rows: list[dict[str, Any]] = message.components
    return [str(button.get("label")) for row in rows for button in row.get("components", ())]


@asynccontextmanager
async def open_discord_stage(
    folder: Path, *, database: str = "", processes: Sequence[str] = ("curl",)
) -> AsyncGenerator[DiscordStage, None]:
    """A stage without a netspy; leaving ends those that were started, and shows their logs when a test fails."""
    async with LoopbackDiscord() as discord:
        make = partial(DiscordStage, discord=discord)
        async with open_stage(make, folder, database=database, processes=processes) as stage:
            yield stage


__all__ = ["BOT", "DANA", "DIRECT", "MENTION", "PAYMENTS", "DiscordStage", "labels", "open_discord_stage"]
