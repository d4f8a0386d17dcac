"""An app made of discord.py, to hold the loopback Discord against."""

import asyncio
import io
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import discord
import pytest
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.loopback.discord import LoopbackDiscord

USUAL = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=True)


SOME = "900000000000009999"
"""An id of nothing."""


class App(discord.Client):
    """Notes what it is told. `starting` is called once it has logged in, to add commands."""

    def __init__(self, *, intents: discord.Intents = USUAL, **given: Any) -> None:
        # Tests count on nothing being held back: the wait for more servers has nothing to wait for here.
        super().__init__(intents=intents, guild_ready_timeout=0.05, **given)
        self.tree = app_commands.CommandTree(self)
        self.starting: Callable[[], Awaitable[object]] | None = None
        self.heard: list[discord.Message] = []
        self.edits: list[discord.RawMessageUpdateEvent] = []
        self.names: list[str] = []
        self.is_up = False

    async def setup_hook(self) -> None:
        if self.starting:
            await self.starting()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Five seconds before it identifies again, if it were not for this."""

    async def on_ready(self) -> None:
        self.is_up = True

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        self.edits.append(event)

    async def on_socket_event_type(self, name: str) -> None:
        self.names.append(name)

    @property
    def words(self) -> list[str]:
        return [message.content for message in self.heard]

    def place(self, channel: str) -> discord.TextChannel | discord.Thread:
        found = self.get_channel(int(channel))
        assert isinstance(found, discord.TextChannel | discord.Thread)
        return found


class Commands(App):
    """`/netspy list` with an option that is completed, a menu of messages; what to do is the test's."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.asked: list[discord.Interaction] = []
        self.does = self.answer
        group = app_commands.Group(name="netspy", description="Look at the network")

        @group.command(name="list", description="List connections")
        @app_commands.autocomplete(process=self.offer)
        async def _list(interaction: discord.Interaction, process: str, events: int = 20) -> None:
            await self.act(interaction, f"{process} {events}")

        @app_commands.context_menu(name="Explain this")
        async def _explain(interaction: discord.Interaction, message: discord.Message) -> None:
            await self.act(interaction, message.content)

        self.tree.add_command(group)
        self.tree.add_command(_explain)
        self.starting = self.tree.sync

    async def act(self, interaction: discord.Interaction, said: str) -> None:
        self.asked.append(interaction)
        await self.does(interaction, said)

    async def answer(self, interaction: discord.Interaction, said: str) -> None:
        await interaction.response.send_message(said)

    async def offer(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=name, value=name) for name in ("curl", "cupsd") if name.startswith(typed)]


AppT = TypeVar("AppT", bound=App)


def point_at(server: LoopbackDiscord, patch: pytest.MonkeyPatch) -> None:
    """Where discord.py finds Discord, from now on."""
    patch.setattr(Route, "BASE", server.api_url)
    patch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))


async def loopback(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[LoopbackDiscord, None]:
    """For a fixture: a loopback that discord.py finds, without limits that it would wait for."""
    async with LoopbackDiscord() as server:
        server.limits.clear()
        point_at(server, monkeypatch)
        yield server


def buffer(text: str) -> io.BytesIO:
    return io.BytesIO(text.encode())


@asynccontextmanager
async def connected(server: LoopbackDiscord, app: AppT) -> AsyncGenerator[AppT, None]:
    """An app that is ready, until the end."""
    running = asyncio.get_running_loop().create_task(app.start(server.token))
    try:
        await server.until(lambda: app.is_up or running.done())
        if running.done():
            running.result()
        yield app
    finally:
        await app.close()
        await asyncio.wait({running})


async def refusal_of(call: Awaitable[Any]) -> tuple[int, int]:
    """HTTP status and Discord's code of a refusal."""
    with pytest.raises(discord.HTTPException) as raised:
        await call
    return raised.value.status, raised.value.code
