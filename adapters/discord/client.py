"""The adapter for Discord: how it begins, which events it hears, and which outlet answers go to.

It knows discord.py's client. What messages mean is `inbox.py`'s, what is posted is `writer.py`'s.
"""

import logging
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import tzinfo
from functools import partial
from typing import Any

import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from adapters.attached import left_out
from adapters.background import Background
from adapters.bounded import Bounded
from adapters.discord import announcing, checks, files
from adapters.discord.command_room import OPTIONS_OF, fitting
from adapters.discord.command_sheet import payloads, same
from adapters.discord.connection import AWAY_S, IntentIsOff, Presence
from adapters.discord.credentials import DiscordCredentials
from adapters.discord.failures import translated
from adapters.discord.inbox import HINT, UNREAD, Inbox, is_unread
from adapters.discord.interactions import Interactions
from adapters.discord.outlet import DiscordOutlet
from adapters.discord.people import People
from adapters.discord.place import NAME, Place, place_of
from adapters.discord.telling import Refusals, not_taken, tell_below, tell_undelivered
from adapters.discord.writer import Writer
from bot.domain.command_help import CommandHelp
from bot.domain.errors import NotPermitted, PlatformError, StorageError
from bot.domain.message import Address, FileRef, TurnId
from bot.domain.ports import Announced, Check, Desk, Outlet

log = logging.getLogger("netspy.discord")

MAX_OUTLETS = 2000
"""Those of older answers are forgotten; what they posted can be found in Discord."""
MAX_TOLD = 1000
"""Threads of which this process knows that they were told that it cannot read them."""
CONTENT = discord.Intents(message_content=True)
INTENTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True) | CONTENT


class DiscordAdapter:
    """An `Adapter`, its `Files`, `Directory` and `Announcer`."""

    name = NAME

    def __init__(self, credentials: DiscordCredentials, *, zone: tzinfo, away_s: float = AWAY_S) -> None:
        self._credentials = credentials
        self._zone = zone
        self._away_s = away_s
        self._downloads = files.downloads(credentials.api_url)
        self._outlets: Bounded[TurnId, DiscordOutlet] = Bounded(MAX_OUTLETS)
        self._client: NetspyClient | None = None
        self._background = Background(NAME)

    async def run(self, desk: Desk) -> None:
        """Raises: PlatformError when Discord cannot be reached, or refuses the token.

        Without the message-content intent it runs too: it then reads only what mentions it, and says so.
        """
        _use(self._credentials)
        try:
            await self._run(desk, INTENTS)
        except IntentIsOff as error:
            log.error("discord.intent_is_off", extra={"cause": str(error)})  # noqa: TRY400 (the trace tells nothing)
            await self._run(desk, INTENTS & ~CONTENT)

    def outlet(self, turn: TurnId, address: Address) -> Outlet:
        if self._client is None:
            raise PlatformError("an answer for Discord", "the adapter does not run")
        place = place_of(address)
        before = self._outlets.get(turn)
        writer = before.writer if before else Writer(self._client, turn, place, self._way(place))
        if before:
            before.end()
        give_up = partial(tell_undelivered, self._client, place=place)
        outlet = DiscordOutlet(writer, zone=self._zone, spawn=self._background.spawn, give_up=give_up)
        self._outlets[turn] = outlet
        self._background.spawn(outlet.begin())
        return outlet

    async def read(self, file: FileRef, *, max_bytes: int) -> bytes:
        """As `Files` wants it. Raises: UnusableFile too, for what is gone or was never Discord's."""
        return await self._downloads.read(file, max_bytes=max_bytes)

    async def channels(self, workspace: str, person: str) -> frozenset[str]:
        """As `Directory` wants it."""
        return await self._running("asking Discord for somebody's channels").people.channels(workspace, person)

    async def announce(self, channel: str, text: str) -> Announced:
        """As `Announcer` wants it."""
        return await announcing.announce(self._running("a message of netspy's own in Discord"), channel, text)

    async def check(self) -> tuple[Check, ...]:
        return await checks.check(self._credentials)

    @asynccontextmanager
    async def opened(self, desk: Desk, intents: discord.Intents = INTENTS) -> AsyncGenerator["NetspyClient", None]:
        """The client with which outlets write. It hears nothing until somebody connects it."""
        presence = Presence(self._away_s)
        async with self._background.open(), NetspyClient(desk, intents, presence, zone=self._zone) as client:
            self._client = client
            yield client

    def _running(self, asked: str) -> "NetspyClient":
        if self._client is None or self._client.is_closed():
            raise PlatformError(asked, "the adapter does not run just now")
        return self._client

    async def _run(self, desk: Desk, intents: discord.Intents) -> None:
        async with self.opened(desk, intents) as client:
            await client.presence.hold(client, self._credentials.token)

    def _way(self, place: Place) -> discord.Interaction | None:
        interactions = self._client.interactions if self._client else None
        return interactions.ways.get(place.root) if interactions else None


class NetspyClient(discord.Client):
    """Hears events and hands them on; what breaks with one leaves the others alone."""

    def __init__(self, desk: Desk, intents: discord.Intents, presence: Presence, *, zone: tzinfo) -> None:
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none(), max_messages=None)
        self._desk = desk
        self.presence = presence
        self.people = People(self)
        self._refusals = Refusals()
        self._zone = zone
        self._inbox: Inbox | None = None
        self.interactions: Interactions | None = None
        self._told_unread: Bounded[int, None] = Bounded(MAX_TOLD)
        # An event that discord.py stumbles over would end the connection, and what is said meanwhile would be lost.
        state = self._connection
        state.parsers = {
            name: parse if name == "READY" else _unless_broken(name, parse) for name, parse in state.parsers.items()
        }

    async def setup_hook(self) -> None:
        """Once, before the first event."""
        known = await self._desk.commands()
        self._inbox = Inbox(self._desk, self.people, bot=self._own_id)
        self.interactions = Interactions(self._desk, self._inbox, known, bot=self._own_id, zone=self._zone)
        await self._sync(known)
        await self._desk.adopt(NAME)
        self.presence.begin()

    async def on_ready(self) -> None:
        log.info("discord.ready", extra={"user": str(self.user), "servers": len(self.guilds)})

    async def on_connect(self) -> None:
        self.presence.came()

    async def on_resumed(self) -> None:
        self.presence.came()

    async def on_disconnect(self) -> None:
        if self.presence.is_there:  # discord.py says so at each failed try
            self.presence.left(self.ws.socket.close_code)

    async def on_message(self, message: discord.Message) -> None:
        if self._inbox is None:
            return
        if not self.intents.message_content and is_unread(message, self.user):
            if message.channel.id not in self._told_unread:
                self._told_unread[message.channel.id] = None
                await tell_below(self, message, UNREAD)
            return
        if told := await self._heard(message, self._inbox):
            await tell_below(self, message, told)

    async def _heard(self, message: discord.Message, inbox: Inbox) -> str:
        """What there is to say below a message, besides an answer."""
        try:
            heard = await inbox.said(message)
        except NotPermitted as error:
            return str(error) if self._refusals.is_due(message) else ""
        except (StorageError, PlatformError) as error:
            return not_taken(error)
        return {"empty": HINT, "asked": left_out(files.files_of(message)), "other": ""}[heard]

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        if self._inbox and payload.message.edited_at and not payload.message.author.bot:
            await self._inbox.edited(payload.message)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        channel = self.get_channel(payload.channel_id)
        parent = channel.parent_id if isinstance(channel, discord.Thread) else None
        if self._inbox:
            guild, place, message = payload.guild_id, payload.channel_id, payload.message_id
            await self._inbox.deleted(guild=guild, channel=place, parent=parent, message=message)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Commands, completion, the menu and buttons: also of messages that an earlier process posted."""
        if self.interactions:
            await self.interactions.heard(interaction)

    @property
    def _own_id(self) -> int:
        return self.user.id if self.user else 0

    @property
    def _app_id(self) -> int:
        return self.application_id or self._own_id

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 (discord.py's own)
        log.error("discord.event_failed", extra={"event": event_method}, exc_info=sys.exc_info())

    async def _sync(self, given: Sequence[CommandHelp]) -> None:
        """Global, once, and only when something changed: Discord counts how often it is told."""
        offered, without = fitting(given)
        wanted = payloads(offered)
        if without:
            are_all_there = all(name.startswith(OPTIONS_OF) for name in without)  # those can be typed in `more`
            level = logging.INFO if are_all_there else logging.WARNING
            log.log(level, "discord.commands_left_out", extra={"left_out": ", ".join(without)})
        with translated("reading the slash commands"):
            known: list[Any] = list(await self.http.get_global_commands(self._app_id))
        if same(wanted, known):
            return
        with translated("setting the slash commands"):
            await self.http.bulk_upsert_global_commands(self._app_id, wanted)
        log.info("discord.commands_set", extra={"count": len(wanted)})


def _unless_broken(name: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
    def parsed(data: Any) -> None:
        try:
            parse(data)
        except Exception:
            log.exception("discord.event_unread", extra={"event": name})

    return parsed


def _use(credentials: DiscordCredentials) -> None:
    """Where Discord is, and that nobody wants to speak: discord.py keeps both in its classes."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    if credentials.api_url:
        Route.BASE = credentials.api_url.rstrip("/")
    if credentials.gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(credentials.gateway_url)
