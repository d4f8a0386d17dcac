"""Carries the MCP server over streamable HTTP, stateless: each request stands alone, in either protocol version.

Who may ask is checked before anything else is read. `bot/web.py` listens; see `outside` for what is served.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.access import Door, of_another_origin

PATH = "/mcp"
REMEDY = "set NETSPY_MCP_TOKEN"


@asynccontextmanager
async def mcp_over_http(server: Server[Any], *, token: str | None) -> AsyncGenerator[ASGIApp, None]:
    """An ASGI application, as long as this block. Raises: ValueError for a token that cannot be in a header."""
    sessions = StreamableHTTPSessionManager(server, stateless=True)
    guarded = _Guarded(sessions.asgi_app, Door(token, of="MCP server", remedy=REMEDY))
    begun, ending = asyncio.Event(), asyncio.Event()
    owner = asyncio.create_task(_run(sessions, begun, ending), name="mcp sessions")
    await begun.wait()
    try:
        yield guarded
    finally:
        ending.set()
        await owner


async def _run(sessions: StreamableHTTPSessionManager, begun: asyncio.Event, ending: asyncio.Event) -> None:
    """In a task of its own: what its users raise must not pass through its task group, which would wrap it."""
    async with sessions.run():
        begun.set()
        await ending.wait()


class _Guarded:
    """Lets in who may ask, and only to what there is."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answering = self._refused(scope) or self._app
        await answering(scope, receive, send)

    def _refused(self, scope: Scope) -> Response | None:
        given = Headers(scope=scope)
        host = given.get("host")
        if refusal := self._door.refusal(host=host, authorization=given.get("authorization")):
            headers = {"WWW-Authenticate": refusal.challenge} if refusal.challenge else None
            return PlainTextResponse(refusal.reason, refusal.status, headers)
        if of_another_origin(given.get("origin"), host=host):
            return PlainTextResponse("pages of other origins may not ask", 403)
        if scope["path"] != PATH:
            return PlainTextResponse(f"there is only {PATH}", 404)
        if scope["method"] != "POST":
            # Nothing is ever sent without having been asked for, and there is no session to end.
            return PlainTextResponse("only POST is answered", 405, {"Allow": "POST"})
        return None
