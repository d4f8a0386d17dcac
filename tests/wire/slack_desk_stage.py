"""The Slack adapter over a loopback Slack, before a desk that only notes what it is given."""

from asyncio import TaskGroup
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC

from adapters.slack.app import SlackAdapter
from adapters.slack.credentials import SlackCredentials
from tests.fakes import NotingDesk
from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_message import Message


@dataclass(frozen=True, slots=True)
class DeskStage:
    slack: LoopbackSlack
    desk: NotingDesk
    adapter: SlackAdapter

    def told(self, user: str) -> list[str]:
        """What only this person was shown."""
        return [message.shown for message in self.slack.ephemerals(user)]

    def posts(self, channel: str) -> list[Message]:
        """What everybody was shown there by netspy."""
        return [message for message in self.slack.messages(channel) if message.bot_id]


@asynccontextmanager
async def open_desk_stage(desk: NotingDesk | None = None) -> AsyncGenerator[DeskStage, None]:
    desk = desk or NotingDesk()
    async with LoopbackSlack() as slack:
        given = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url}
        adapter = SlackAdapter(SlackCredentials(**given), zone=UTC)
        async with TaskGroup() as tasks:
            running = tasks.create_task(adapter.run(desk))
            await slack.connected()
            yield DeskStage(slack, desk, adapter)
            running.cancel()
