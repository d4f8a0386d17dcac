"""A strict Discord on 127.0.0.1: API and gateway of one server; people, and faults on demand.

`async with LoopbackDiscord() as discord:` inside the test's event loop; bots get `discord.token`, `discord.api_url` and
`discord.gateway_url`. What people do is in `discord_people.py`. What a test may set beside the attributes here:
`space.privileged`, `.ack_limit_s`, `.token_ttl_s`, `.users[...].closed`; `gateway.is_open`, `.heartbeat_s`,
`.latency_s`, and `silent` of a connection.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.loopback.discord_api import BASE, Api
from tests.loopback.discord_faults import Call, Fault, Faults, RateLimit, Refusal
from tests.loopback.discord_gateway import Gateway
from tests.loopback.discord_interactions import Interaction
from tests.loopback.discord_message import SYSTEM, Message
from tests.loopback.discord_operations import GLOBAL, USUAL_LIMITS
from tests.loopback.discord_people import People
from tests.loopback.discord_sessions import Connection, Session
from tests.loopback.discord_space import Space
from tests.loopback.listening import Listening
from tests.loopback.waiting import PATIENCE_S, until


class LoopbackDiscord(People):
    """Leaving fails when a connected app spoke in a wrong way, or the loopback itself failed (`faults`)."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self.token = "OTAwMDAwMDAw.loopback.discord"
        self.limits: dict[str, RateLimit] = dict(USUAL_LIMITS)
        """By bucket: an operation's name, or `webhook`. Empty: none are told and none hold."""
        self.global_limit: RateLimit | None = GLOBAL
        self.latency_s = 0.0
        self.calls: list[Call] = []
        self.refused: list[Refusal] = []
        self.ignored: list[tuple[str, str]] = []
        """Operations with fields of messages that they do not know, which Discord ignores without a word."""
        self.plans = Faults()
        self.space = Space(asyncio.get_running_loop().time)
        self.space.base_url = f"http://127.0.0.1:{port}/"
        self.gateway = Gateway(self.space, self.token)

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=2**28)
        Api(self).add_routes(application)
        self._listening = await Listening.begin(application, self._port)
        self.space.base_url = self._listening.base_url
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.gateway.end()
        await self._listening.end()
        if error is None:
            self.check()

    def check(self) -> None:
        """Raises: AssertionError when an app spoke in a wrong way."""
        assert not self.faults, f"an app spoke in a wrong way: {self.faults}"

    @property
    def api_url(self) -> str:
        return self.space.base_url.rstrip("/") + BASE

    @property
    def gateway_url(self) -> str:
        return self.gateway.url

    @property
    def faults(self) -> list[str]:
        return self.gateway.faults

    def publish(self) -> None:
        while self.space.happened:
            self.gateway.tell(self.space.happened.popleft())

    # What a test sees

    def messages(self, channel: str) -> list[Message]:
        """What everybody sees in a channel or a thread, oldest first, without system messages."""
        return [one for one in self.space.visible(channel) if one.kind not in SYSTEM]

    def ephemerals(self, user: str) -> list[Message]:
        return [one for channel in self.space.stored.values() for one in channel.values() if one.ephemeral_to == user]

    def pinged(self, message: Message) -> set[str]:
        """Whom a message notifies: ids, `everyone`, `here`."""
        return message.pinged

    def links(self, message: Message) -> set[str]:
        return message.links

    @property
    def threads(self) -> list[str]:
        """Ids, in order of their beginning."""
        return [one.id for one in self.space.threads]

    @property
    def interactions(self) -> list[Interaction]:
        return self.space.interactions

    @property
    def commands(self) -> dict[str, dict[str, Any]]:
        """Those that are registered, by name."""
        return {one["name"]: one for one in self.space.commands}

    def typed(self, channel: str) -> int:
        """How often the app was shown to type there."""
        return sum(where == channel for where, _ in self.space.typing)

    @property
    def sessions(self) -> list[Session]:
        return [*self.gateway.sessions.values()]

    @property
    def connections(self) -> list[Connection]:
        return self.gateway.connections

    def calls_of(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    async def until(self, holds: Callable[[], object], *, timeout_s: float = PATIENCE_S) -> None:
        """Returns once it holds. Raises: AssertionError that shows what was called last."""
        await until(holds, lambda: f"calls: {self.calls[-5:]}, refused: {self.refused[-5:]}", timeout_s=timeout_s)

    async def connected(self, sessions: int = 1) -> None:
        """Until so many sessions are told of what happens."""
        await self.until(lambda: len(self.gateway.live) >= sessions)

    # What a test does to the app's connection with Discord

    def fail(self, name: str, fault: Fault, *, times: int = 1, skip: int = 0) -> None:
        """Let the next calls of an operation (`*`: any) go wrong, but for the first `skip`."""
        self.plans.plan(name, fault, times=times, skip=skip)

    def cut(self) -> None:
        """Break all connections of the gateway without a word."""
        for connection in [*self.connections]:
            connection.cut()

    def close(self, code: int) -> None:
        """Close all connections of the gateway with a code."""
        for connection in [*self.connections]:
            self.gateway.close(connection, code)

    def reconnect(self) -> None:
        """Ask every session to connect again and to resume."""
        self.gateway.ask_to_reconnect()

    def invalidate(self, *, resumable: bool = False) -> None:
        """End all sessions; resumable ones have to come again."""
        for session in self.sessions:
            self.gateway.invalidate(session, resumable=resumable)

    def send_raw(self, text: str) -> None:
        """Any text as a frame, to all connections."""
        for connection in self.connections:
            connection.send_raw(text)
