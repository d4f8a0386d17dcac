"""A session of the gateway and the connection that it has now. Knows frames, and nothing of what they tell.

https://docs.discord.com/developers/events/gateway
"""

import asyncio
import json
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from aiohttp import web

from tests.loopback.discord_intents import Intent


class Op(IntEnum):
    """https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-opcodes"""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE = 4
    RESUME = 6
    RECONNECT = 7
    MEMBERS = 8
    INVALID = 9
    HELLO = 10
    ACK = 11


class Connection:
    """`number` counts from 0 in the order of opening.

    A `silent` connection stays open, and neither delivers nor acknowledges. With `latency_s` every frame waits.
    """

    def __init__(self, number: int, request: web.Request) -> None:
        self.number = number
        self.path = request.path
        self.agent = request.headers.get("user-agent", "")
        self.silent = False
        self.latency_s = 0.0
        self.beats = 0
        self.frames: list[dict[str, Any]] = []
        """What was sent, silent frames included."""
        self.websocket = web.WebSocketResponse()
        self._request = request
        self._deflate = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        self._outgoing: asyncio.Queue[str | int] = asyncio.Queue()

    def send(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        self.send_raw(json.dumps(frame))

    def send_raw(self, text: str) -> None:
        if not self.silent:
            self._outgoing.put_nowait(text)

    def close(self, code: int) -> None:
        """After everything that waits to be sent."""
        self._outgoing.put_nowait(code)

    async def write(self) -> None:
        """Send what is to be sent, until it is cancelled or the connection breaks."""
        with suppress(ConnectionError):
            while True:
                frame = await self._outgoing.get()
                await asyncio.sleep(self.latency_s)
                if isinstance(frame, int):
                    await self.websocket.close(code=frame)
                    return
                await self._write(frame)

    async def _write(self, text: str) -> None:
        if self._deflate is None:
            await self.websocket.send_str(text)
            return
        packed = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        await self.websocket.send_bytes(packed)

    def cut(self) -> None:
        """Without a word."""
        if self._request.transport:
            self._request.transport.abort()


@dataclass(slots=True, eq=False)
class Session:
    """What was told since it began, so that it can be told again. `shard`: its number and how many there are."""

    id: str
    intents: Intent
    shard: list[int] | None = None
    connection: Connection | None = None
    told: list[dict[str, Any]] = field(default_factory=list)
    resumed: int = 0

    def tell(self, name: str, data: dict[str, Any]) -> None:
        """Frames that no connection takes wait for the one that resumes."""
        frame = {"op": Op.DISPATCH, "s": len(self.told) + 1, "t": name, "d": data}
        self.told.append(frame)
        if self.connection:
            self.connection.send(frame)

    def resume(self, connection: Connection, after: int) -> None:
        """Tell all again that came after a number."""
        self.connection = connection
        self.resumed += 1
        for frame in self.told[after:]:
            connection.send(frame)
        self.tell("RESUMED", {})

    def concerns(self, guild: int | None) -> bool:
        """Whether a guild, or direct messages, are this shard's."""
        if self.shard is None:
            return True
        number, count = self.shard
        return number == ((guild >> 22) % count if guild else 0)
