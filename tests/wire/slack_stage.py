"""`netspy serve` as a process of its own over a loopback Slack, an ebpf-server and a scripted model."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_message import Message
from tests.loopback.slack_workspace import BOT, DANA, DIRECT, PAYMENTS, SCOPES, STREAM_TTL_S
from tests.loopback.waiting import until
from tests.wire.serving import LIST, Model, Serving, Stage, open_stage

__all__ = ["BOT", "DANA", "DIRECT", "LIST", "PAYMENTS", "Model", "SlackStage", "open_slack_stage"]

MENTION = f"<@{BOT}>"


@dataclass(kw_only=True)
class SlackStage(Stage):
    """Made by `open_slack_stage`."""

    slack: LoopbackSlack
    settings: dict[str, str] = field(default_factory=dict)
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
        credentials = {"SLACK_BOT_TOKEN": self.slack.bot_token, "SLACK_API_URL": self.slack.api_url}
        return await self.serve({**credentials, **self.settings, **settings})

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
    async with LoopbackSlack() as slack:
        make = partial(SlackStage, slack=slack, settings=settings or {})
        async with open_stage(make, folder, database=database, processes=processes) as stage:
            yield stage
