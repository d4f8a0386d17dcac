"""netspy's Discord adapter and its conversations in one process with a simulated Discord.

The simulation decides what Discord accepts, and its clock is the test's: nothing here waits for time to pass.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC
from functools import partial
from typing import Any

import discord
import simcord
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from adapters.discord.client import INTENTS, DiscordAdapter, NetspyClient
from adapters.discord.credentials import DiscordCredentials
from bot.conversation.answering import Answering
from bot.conversation.loop import ToolLoop
from bot.conversation.manager import open_manager
from bot.conversation.parts import Parts
from bot.domain.message import Address, TurnId
from bot.domain.ports import Outlet
from bot.domain.turn import Completion, Turn
from bot.ebpf.scoped import scoped
from bot.llm.offline import Planner
from bot.tools.registry import TOOLS
from tests.dialog.stage import question_of
from tests.fakes import NOW, FakeEbpf, FakeHost, MemoryStore, ScriptedModel, connection, only_everything, result
from tests.loopback.waiting import until

MOMENT_S = 0.02
"""How long the simulation looks whether something ends that does not end by itself."""
SOON_S = 0.001
LONG_S = 24 * 3600.0


@dataclass(kw_only=True)
class SimulatedDiscord:
    """Made by `open_discord`. `payments` is a channel of a server with `dana` and `lee` in it."""

    env: simcord.Env
    parts: Parts
    guild: simcord.GuildHandle
    payments: simcord.ChannelHandle
    dana: simcord.MemberActor
    lee: simcord.MemberActor
    host: FakeHost
    netspy: AsyncExitStack
    complaints: "Complaints"

    @property
    def mention(self) -> str:
        return f"<@{self.env.backend.bot_user.id}>"

    async def ask(self, text: str, *, channel: simcord.ChannelHandle | None = None) -> simcord.ChannelHandle:
        """Mention netspy. Returns where it answers: the thread, or the channel when there is none."""
        place = channel or self.payments
        asked = await self.dana.send(place, f"{self.mention} {text}")
        return next((thread for thread in place.threads if thread.id == asked.id), place)

    async def begin(self, text: str) -> tuple[simcord.ChannelHandle, discord.Message]:
        """Ask what the tool does not answer yet. Returns the thread, and the message about the progress."""
        await self.start(self.ask(text))
        await until(lambda: self.payments.threads)
        (thread,) = self.payments.threads
        await self.later(3)
        await until(lambda: said(thread))
        return thread, said(thread)[-1]

    async def start(self, action: Coroutine[Any, Any, object]) -> None:
        """Do what leads to something that does not end yet."""
        patience_s, self.env.settle_timeout = self.env.settle_timeout, MOMENT_S
        with suppress(TimeoutError):
            await action
        self.env.settle_timeout = patience_s

    async def later(self, seconds: float) -> None:
        """So much later in Discord, and for whatever waits for a time."""
        self.env.backend.advance_clock(seconds)
        with suppress(TimeoutError):
            await self.env.settle(timeout=MOMENT_S)

    async def release(self) -> None:
        """The tools answer."""
        for gate in self.host.gates.values():
            gate.set()
        await self.env.settle()

    async def restart(self) -> None:
        """Another process takes over. It has the store, and nothing else of the one before."""
        before = self.netspy.pop_all()
        client, self.parts = await _begin(self.netspy, self.parts)
        await self.env.restart_bot(client)
        await before.aclose()

    @property
    def turns(self) -> list[Turn]:
        """What netspy was asked, oldest first."""
        store = self.parts.store
        assert isinstance(store, MemoryStore)
        return [*store.turns.values()]

    def directly(self, person: simcord.MemberActor) -> list[str]:
        """What netspy told somebody in direct messages."""
        return [message.content for message in said(person.user.dm_channel)]

    def channel_without(self, *permissions: str) -> simcord.ChannelHandle:
        """One in which netspy lacks these."""
        channel = self.guild.create_text_channel("closed")
        self.deny(channel, *permissions)
        return channel

    def deny(self, channel: simcord.ChannelHandle, *permissions: str) -> None:
        """From now on netspy lacks these there."""
        backend, denied = self.env.backend, discord.Permissions(**dict.fromkeys(permissions, True))
        overwrite = Overwrite(backend.bot_user.id, OverwriteType.MEMBER, deny=denied.value)
        backend.set_overwrite(channel.id, overwrite)


@asynccontextmanager
async def open_discord(
    *says: Completion,
    host: FakeHost | None = None,
    store: MemoryStore | None = None,
    source: FakeEbpf | None = None,
    intents: discord.Intents = INTENTS,
) -> AsyncGenerator[SimulatedDiscord, None]:
    """A server in which netspy listens. `says`: the model's rounds.

    Leaving fails when netspy warned of what the test did not expect, or an event of Discord's broke it.
    """
    host, source = host or tools(), source or FakeEbpf([connection("curl"), connection("nginx")])
    parts = _parts(ScriptedModel(says), host, store or MemoryStore(), source)
    with _listening() as complaints:
        async with AsyncExitStack() as netspy:
            client, parts = await _begin(netspy, parts, intents)
            async with _connected(client) as env:
                yield _stage(env, parts, host, netspy, complaints)
        assert complaints.unexpected() == []


def tools(*, rows: int = 1, waits: bool = False) -> FakeHost:
    """Tools that find tables of so many rows, or `waits` until the stage releases them."""
    gates = {tool.name: asyncio.Event() for tool in TOOLS} if waits else {}
    return FakeHost({tool.name: result(tool.name, rows=rows) for tool in TOOLS}, gates)


def said(channel: simcord.ChannelHandle) -> list[discord.Message]:
    """What netspy said there that everybody can read."""
    return [message for message in channel.history() if message.author.bot and not message.is_system()]


def labels(message: discord.Message | simcord.ResponseMessage) -> list[str]:
    """What can be pressed below a message."""
    found = message.message if isinstance(message, simcord.ResponseMessage) else message
    rows = [row for row in found.components if isinstance(row, discord.ActionRow)]
    return [button.label or "" for row in rows for button in row.children if isinstance(button, discord.Button)]


class Complaints(logging.Handler):
    """What netspy warns of. `expected`: events that a test brings about."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[logging.LogRecord] = []
        self.expected: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record)

    def unexpected(self) -> list[str]:
        told = [record for record in self.heard if record.getMessage() not in self.expected]
        return [f"{record.getMessage()}: {record.__dict__.get('cause', record.exc_info)}" for record in told]


class QuickEnv(simcord.Env):
    """Looks again sooner whether everything has been done: its usual 50 ms are most of a test's time."""

    async def _settle_internal(self, *, idle: float = SOON_S, **given: Any) -> None:
        await super()._settle_internal(idle=min(idle, SOON_S), **given)


@asynccontextmanager
async def _connected(client: NetspyClient) -> AsyncGenerator[simcord.Env, None]:
    """As `simcord.run` does it."""
    env = QuickEnv(client)
    await env.start()
    try:
        with env.time_context():
            yield env
    finally:
        await env.shutdown()
    env.raise_errors()


@contextmanager
def _listening() -> Generator[Complaints, None, None]:
    complaints, log = Complaints(), logging.getLogger("netspy")
    log.addHandler(complaints)
    try:
        yield complaints
    finally:
        log.removeHandler(complaints)


async def _begin(
    netspy: AsyncExitStack, parts: Parts, intents: discord.Intents = INTENTS
) -> tuple[NetspyClient, Parts]:
    """A netspy that is not connected yet."""
    adapter = DiscordAdapter(DiscordCredentials(token="not asked for"), zone=UTC)
    parts = replace(parts, outlet=adapter.outlet, directory=lambda _: adapter)
    desk = await netspy.enter_async_context(open_manager(parts))
    return await netspy.enter_async_context(adapter.opened(desk, intents)), parts


def _parts(model: ScriptedModel, host: FakeHost, store: MemoryStore, source: FakeEbpf) -> Parts:
    def nowhere(turn: TurnId, address: Address) -> Outlet:
        raise AssertionError(f"no adapter is open for {turn} at {address}")

    return Parts(
        store=store,
        leases=store,
        sources=partial(scoped, source),
        answering=Answering(
            planner=Planner(),
            loop=ToolLoop(model, host),
            hosts=only_everything(host),
            tools=TOOLS,
            question_of=question_of,
        ),
        outlet=nowhere,
        clock=lambda: NOW,
        turn_deadline_s=LONG_S,
    )


def _stage(
    env: simcord.Env, parts: Parts, host: FakeHost, netspy: AsyncExitStack, complaints: Complaints
) -> SimulatedDiscord:
    guild = env.create_guild("Shop")
    return SimulatedDiscord(
        env=env,
        parts=parts,
        guild=guild,
        payments=guild.create_text_channel("payments"),
        dana=guild.add_member(env.create_user("dana")),
        lee=guild.add_member(env.create_user("lee")),
        host=host,
        netspy=netspy,
        complaints=complaints,
    )
