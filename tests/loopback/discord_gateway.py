"""The gateway of the loopback Discord: who may connect, sessions, heartbeats, resuming, and how it all breaks.

https://docs.discord.com/developers/events/gateway
"""

import asyncio
import json
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web

from tests.loopback import discord_events as events
from tests.loopback import discord_shapes as shapes
from tests.loopback.discord_ids import BOT, GUILD
from tests.loopback.discord_intents import ALL_BITS, PRIVILEGED, Intent
from tests.loopback.discord_sessions import Connection, Op, Session
from tests.loopback.discord_space import Event, Space

HEARTBEAT_S = 41.25
"""https://docs.discord.com/developers/events/gateway#hello-event shows one of 45 s; this is what is seen."""
UNKNOWN_OPCODE, BAD_FRAME, NOT_IDENTIFIED, BAD_TOKEN, TWICE, BAD_SEQUENCE = 4001, 4002, 4003, 4004, 4005, 4007
TIMED_OUT, BAD_INTENTS, DISALLOWED_INTENTS = 4009, 4013, 4014
"""https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes"""
GREETING = 2
"""Events that a session begins with, and that are told once: READY, GUILD_CREATE."""
GOODBYES = (1000, 1001)
"""An app that closes with these ends its session; with any other it may resume."""


class Gateway:
    """`is_open`: whether it takes connections at all. `latency_s`: what every frame of new connections waits.

    `greets`: while it is not set, new connections are told nothing.
    `repeats`: so many events that were heard already are told again to who resumes.
    """

    def __init__(self, space: Space, token: str) -> None:
        self.is_open = True
        self.heartbeat_s = HEARTBEAT_S
        self.latency_s = 0.0
        self.greets = asyncio.Event()
        self.greets.set()
        self.repeats = 0
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.faults: list[str] = []
        self.opened = 0
        self.closed: list[int] = []
        """Codes that the gateway closed connections with."""
        self._space = space
        self._token = token
        self._numbers = count(1)

    @property
    def url(self) -> str:
        return self._space.base_url.replace("http://", "ws://") + "gateway"

    @property
    def live(self) -> list[Session]:
        return [one for one in self.sessions.values() if one.connection]

    def tell(self, event: Event) -> None:
        """Let every session know that may."""
        place = self._space.channels.get(event.channel or "")
        guild = None if place and place.is_direct else int(GUILD)
        for session in self.sessions.values():
            data = events.told(self._space, event, session.intents)
            if data is not None and session.concerns(guild):
                session.tell(event.name, data)

    def close(self, connection: Connection, code: int) -> None:
        self.closed.append(code)
        self._forget(connection)
        connection.close(code)

    def invalidate(self, session: Session, *, resumable: bool = False) -> None:
        """Not resumable: the session is gone."""
        if not resumable:
            self.sessions.pop(session.id, None)
        if session.connection:
            session.connection.send({"op": Op.INVALID, "d": resumable})

    def ask_to_reconnect(self) -> None:
        for session in self.live:
            assert session.connection
            session.connection.send({"op": Op.RECONNECT, "d": None})

    async def end(self) -> None:
        for connection in [*self.connections]:
            await connection.websocket.close()
            connection.cut()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if not self.is_open:
            return web.Response(status=503, text="no healthy upstream")
        connection = Connection(self.opened, request)
        connection.latency_s = self.latency_s
        self.opened += 1
        await connection.websocket.prepare(request)
        self.connections.append(connection)
        work = (connection.write(), self._watch(connection))
        tasks = [asyncio.get_running_loop().create_task(one) for one in work]
        try:
            await self.greets.wait()
            connection.send({"op": Op.HELLO, "d": {"heartbeat_interval": int(self.heartbeat_s * 1000)}})
            await self._listen(connection)
        finally:
            # Before anything is awaited: the client may be gone, and this handler be cancelled.
            self._left(connection)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return connection.websocket

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.websocket:
            if message.type is not WSMsgType.TEXT:
                continue
            try:
                frame = json.loads(message.data)
            except ValueError:
                frame = None
            if isinstance(frame, dict):
                self._take(connection, frame)
            else:
                self._wrong(connection, BAD_FRAME, f"a frame that is no JSON object: {message.data[:80]}")

    def _take(self, connection: Connection, frame: dict[str, Any]) -> None:
        data, session = frame.get("d"), self._session_of(connection)
        match frame.get("op"):
            case Op.HEARTBEAT:
                connection.beats += 1
                connection.send({"op": Op.ACK, "d": None})
            case Op.IDENTIFY | Op.RESUME | Op.MEMBERS if not isinstance(data, dict):
                self._wrong(connection, BAD_FRAME, f"a frame without data: {frame}")
            case Op.IDENTIFY | Op.RESUME if session:
                self._wrong(connection, TWICE, "identified twice")
            case Op.IDENTIFY:
                self._identify(connection, data)
            case Op.RESUME:
                self._resume(connection, data)
            case Op.PRESENCE | Op.VOICE | Op.MEMBERS if session is None:
                self._wrong(connection, NOT_IDENTIFIED, f"a frame before it identified: {frame}")
            case Op.MEMBERS:
                self._members(session, data)
            case Op.PRESENCE | Op.VOICE:
                pass
            case _:
                self._wrong(connection, UNKNOWN_OPCODE, f"an opcode that is none: {frame}")

    def _identify(self, connection: Connection, data: Any) -> None:
        intents = data.get("intents")
        if data.get("token") != self._token:
            self.close(connection, BAD_TOKEN)
        elif not isinstance(intents, int) or intents & ~ALL_BITS:
            self._wrong(connection, BAD_INTENTS, f"intents that are none: {intents}")
        elif Intent(intents) & PRIVILEGED & ~self._space.privileged:
            self.close(connection, DISALLOWED_INTENTS)
        else:
            self._begin(connection, Intent(intents), data.get("shard"))

    def _begin(self, connection: Connection, intents: Intent, shard: list[int] | None) -> None:
        session = Session(f"session-{next(self._numbers)}", intents, shard, connection)
        self.sessions[session.id] = session
        session.tell("READY", events.ready(self._space, session.id, f"{self.url}/resume", shard))
        if Intent.GUILDS in intents and self._space.users[BOT].is_member and session.concerns(int(GUILD)):
            session.tell("GUILD_CREATE", shapes.guild(self._space, intents))

    def _resume(self, connection: Connection, data: Any) -> None:
        session = self.sessions.get(str(data.get("session_id")))
        after = data.get("seq")
        if data.get("token") != self._token:
            self.close(connection, BAD_TOKEN)
        elif session is None:
            connection.send({"op": Op.INVALID, "d": False})
        elif not isinstance(after, int) or after > len(session.told):
            self._wrong(connection, BAD_SEQUENCE, f"resumed after {after} of {len(session.told)}")
        else:
            if session.connection:
                session.connection.close(GOODBYES[0])
            session.resume(connection, max(min(after, GREETING), after - self.repeats))

    def _members(self, session: Session | None, data: Any) -> None:
        """Those that are asked for by id or by the beginning of their name."""
        assert session
        asked, query = data.get("user_ids"), str(data.get("query") or "")
        asked = {str(one) for one in (asked if isinstance(asked, list) else [asked])} if asked else None
        found = [
            shapes.member(one) | {"user": shapes.user(one)}
            for one in self._space.users.values()
            if one.is_member and (one.id in asked if asked else one.name.startswith(query))
        ]
        chunk = {"guild_id": GUILD, "members": found, "chunk_index": 0, "chunk_count": 1, "nonce": data.get("nonce")}
        session.tell("GUILD_MEMBERS_CHUNK", chunk)

    async def _watch(self, connection: Connection) -> None:
        """Who does not beat in time is closed."""
        while True:
            beats = connection.beats
            await asyncio.sleep(self.heartbeat_s * 2)
            if connection.beats == beats:
                self.close(connection, TIMED_OUT)
                return

    def _wrong(self, connection: Connection, code: int, said: str) -> None:
        self.faults.append(said)
        self.close(connection, code)

    def _session_of(self, connection: Connection) -> Session | None:
        return next((one for one in self.sessions.values() if one.connection is connection), None)

    def _forget(self, connection: Connection) -> Session | None:
        session = self._session_of(connection)
        if session:
            session.connection = None
        return session

    def _left(self, connection: Connection) -> None:
        self.connections.remove(connection)
        session = self._forget(connection)
        if session and connection.websocket.close_code in GOODBYES:
            self.sessions.pop(session.id, None)
