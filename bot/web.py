"""The HTTP side of `serve`: whether it is well, and the routes that adapters give it. Started by `bot/serve.py`.

It knows Starlette and uvicorn; what a part is or does it is told.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TypeAlias

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.domain.errors import InvalidSettings
from bot.domain.ports import Check

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
Checks: TypeAlias = Callable[[], Awaitable[Sequence[Check]]]

MAX_BODY_BYTES = 1 << 20
"""Of what a route is given: an event of Slack has some 10 kB, a message of 40,000 characters at most 300."""
BODY_TIMEOUT_S = 10.0
KEEP_ALIVE_S = 30
READINESS_S = 5.0
"""A part that does not say within this time how it is, is not well."""


def application(checks: Checks, routes: Mapping[str, Endpoint]) -> Starlette:
    """`routes` are POST endpoints by path."""

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def ready(_: Request) -> Response:
        try:
            async with asyncio.timeout(READINESS_S):
                parts = await checks()
        except TimeoutError:
            return JSONResponse({"error": f"no answer within {READINESS_S:g} s"}, status_code=503)
        is_ready = not any(part.state == "fault" for part in parts)
        return JSONResponse({"parts": [asdict(part) for part in parts]}, status_code=200 if is_ready else 503)

    given = [Route(path, _bounded(endpoint), methods=["POST"]) for path, endpoint in routes.items()]
    return Starlette(routes=[Route("/healthz", healthy), Route("/readyz", ready), *given])


@contextlib.asynccontextmanager
async def serving(app: Starlette, host: str, port: int) -> AsyncGenerator[str, None]:
    """Serve on an address; gives the URL. Raises: InvalidSettings when nothing can listen there."""
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        access_log=False,
        lifespan="off",
        log_config=None,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield _url(listener)
    finally:
        server.should_exit = True
        await running


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are for the whole process to handle."""
        yield


def _bounded(endpoint: Endpoint) -> Endpoint:
    """Reads the body before the endpoint does: never more than is sensible, and not for ever."""

    async def bounded(request: Request) -> Response:
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > MAX_BODY_BYTES:
                        return PlainTextResponse("too long", status_code=413)
        except TimeoutError:
            return PlainTextResponse("too slow", status_code=408)
        request._body = bytes(body)  # noqa: SLF001 (where Starlette keeps a body that was read)
        return await endpoint(request)

    return bounded


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        got = error.strerror or str(error)
        raise InvalidSettings(
            "NETSPY_LISTEN", f"nothing can listen on {host}:{port}: {got}", "choose another"
        ) from None


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
