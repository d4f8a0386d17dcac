"""Slack's end of Socket Mode connections: tickets, frames, how they break. Knows nothing of what frames carry.

https://docs.slack.dev/apis/events-api/using-socket-mode/
"""

import asyncio
import json
from contextlib import suppress
from itertools import count
from typing import Any, Literal, Protocol, TypeAlias

from aiohttp import WSCloseCode, WSMsgType, web

from tests.loopback.slack_workspace import APP

CONNECTIONS = 10
"""https://docs.slack.dev/apis/events-api/using-socket-mode/#connections"""
Reason: TypeAlias = Literal["warning", "refresh_requested", "link_disabled", "too_many_websockets"]


class Connection:
    """`number` counts from 0 in the order of opening; `agent` is the user agent that asked for its ticket.

    A `silent` connection stays open, and neither delivers nor answers pings.
    """

    def __init__(self, number: int, agent: str, request: web.Request) -> None:
        self.number = number
        self.agent = agent
        self.silent = False
        self.sent: set[str] = set()
        self.frames: list[dict[str, Any]] = []
        self.websocket = web.WebSocketResponse(autoping=False)
        self._request = request
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def send(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        if not self.silent:
            self._outgoing.put_nowait(frame)

    async def write(self) -> None:
        """Send what is to be sent, until it is cancelled or the connection breaks; close after a farewell."""
        with suppress(ConnectionError):
            while True:
                frame = await self._outgoing.get()
                await self.websocket.send_str(json.dumps(frame))
                if frame["type"] == "disconnect" and frame["reason"] != "warning":
                    await self.websocket.close(code=WSCloseCode.GOING_AWAY)

    def farewell(self, reason: Reason) -> None:
        """Every reason but a warning is followed by the end of the connection."""
        self.send({"type": "disconnect", "reason": reason, "debug_info": {"host": f"applink-{self.number}"}})

    def cut(self) -> None:
        """Without a word."""
        if self._request.transport:
            self._request.transport.abort()


class Receiver(Protocol):
    def joined(self, connection: Connection) -> None: ...

    def left(self, connection: Connection) -> None: ...

    def acknowledged(self, frame: Any, connection: Connection) -> None: ...


class Sockets:
    """Tickets are good for one connection. `opened` counts all connections that there ever were."""

    def __init__(self, receiver: Receiver) -> None:
        self.limit = CONNECTIONS
        self.connections: list[Connection] = []
        self._receiver = receiver
        self._tickets: dict[str, str] = {}
        self._numbers = count(1)
        self.opened = 0
        self.refusing = False
        """Tickets are taken, but nobody is let in."""
        self.refused = 0

    def ticket(self, agent: str) -> str:
        ticket = f"ticket-{next(self._numbers)}"
        self._tickets[ticket] = agent
        return ticket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        agent = self._tickets.pop(request.query.get("ticket", ""), None)
        if agent is None:
            return web.Response(status=403, text="invalid ticket")
        if self.refusing:
            self.refused += 1
            return web.Response(status=503, text="try again later")
        connection = Connection(self.opened, agent, request)
        self.opened += 1
        await connection.websocket.prepare(request)
        writing = asyncio.get_running_loop().create_task(connection.write())
        try:
            await self._serve(connection)
        finally:
            # Before anything is awaited: the client may be gone, and this handler be cancelled.
            self._forget(connection)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        return connection.websocket

    async def close(self) -> None:
        for connection in [*self.connections]:
            await connection.websocket.close(code=WSCloseCode.GOING_AWAY)
            connection.cut()

    async def _serve(self, connection: Connection) -> None:
        if len(self.connections) >= self.limit:
            connection.farewell("too_many_websockets")
        else:
            self.connections.append(connection)
            connection.send(self._hello(connection))
            self._receiver.joined(connection)
        async for message in connection.websocket:
            if message.type is WSMsgType.PING and not connection.silent:
                await connection.websocket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._receiver.acknowledged(_parsed(message.data), connection)

    def _hello(self, connection: Connection) -> dict[str, Any]:
        debug = {"host": f"applink-{connection.number}", "build_number": 1, "approximate_connection_time": 18_060}
        about = {"connection_info": {"app_id": APP}, "num_connections": len(self.connections), "debug_info": debug}
        return {"type": "hello", **about}

    def _forget(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.remove(connection)
            self._receiver.left(connection)


def _parsed(data: str) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data
