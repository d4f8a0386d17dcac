"""The Discord adapter over a loopback Discord, before a desk that only notes what it is given."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC

import pytest

from adapters.discord.client import DiscordAdapter
from adapters.discord.credentials import DiscordCredentials
from bot.conversation.builtin import COMMANDS, help_of
from bot.tools.registry import TOOLS
from tests.fakes import NotingDesk
from tests.loopback.discord import LoopbackDiscord
from tests.loopback.discord_ids import BOT
from tests.loopback.discord_message import Message
from tests.loopback.waiting import until
from tests.wire.discord_app import point_at

KNOWN = (*map(help_of, TOOLS), *COMMANDS)


@dataclass(frozen=True, slots=True)
class DeskStage:
    discord: LoopbackDiscord
    desk: NotingDesk
    adapter: DiscordAdapter

    def posts(self, channel: str) -> list[Message]:
        """What everybody was shown there by netspy."""
        return [message for message in self.discord.messages(channel) if message.author == BOT]

    def told(self, user: str) -> list[str]:
        """What only this person was shown."""
        return [message.shown for message in self.discord.ephemerals(user)]


@asynccontextmanager
async def open_desk_stage(desk: NotingDesk | None = None) -> AsyncGenerator[DeskStage, None]:
    desk = desk or NotingDesk(known=KNOWN)
    with pytest.MonkeyPatch.context() as patch:
        async with LoopbackDiscord() as discord:
            discord.limits.clear()
            point_at(discord, patch)
            adapter = DiscordAdapter(DiscordCredentials(token=discord.token), zone=UTC)
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(adapter.run(desk))
                await discord.connected()
                await until(lambda: adapter._client and adapter._client.guilds)
                yield DeskStage(discord, desk, adapter)
                running.cancel()
