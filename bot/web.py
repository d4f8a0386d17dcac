"""The HTTP side of `serve`: whether it is well, and the routes that adapters give it. Started by `bot/serve.py`.

It knows Starlette and uvicorn; what a part is or does it is told.
"""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from typing import TypeAlias

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.bodies import BODY_TIMEOUT_S, Endpoint, bounded
from bot.domain.errors import InvalidSettings
from bot.domain.ports import Check

Checks: TypeAlias = Callable[[], Awaitable[Sequence[Check]]]
Metrics: TypeAlias = Callable[[str], tuple[bytes, str]]

HEAD_TIMEOUT_S = 10.0
"""From the connection, or the first byte of a further request, until its head is complete."""
KEEP_ALIVE_S = 75
"""Longer than load balancers keep an idle connection (60 s is usual): they shall close it, not we under their hands."""
GRACE_S = 3
"""For requests that are being answered when netspy ends; Slack waits no longer either."""
BACKLOG = 1024


DONE_WITHOUT = frozenset({"source", "model"})
"""Without these netspy still answers, if only that they are away: whoever would take it out of service for that, would
take the answer away too."""


def application(
    checks: Checks,
    routes: Mapping[str, Endpoint],
    *,
    metrics: Metrics | None = None,
    body_timeout_s: float = BODY_TIMEOUT_S,
) -> Starlette:
    """`routes` are POST endpoints by path. `checks` has to answer within a time that a prober waits.

    `metrics` gives what stands at /metrics and its media type, for what the asker accepts.
    """

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def ready(_: Request) -> Response:
        parts = await checks()
        is_ready = not any(part.state == "fault" and part.part not in DONE_WITHOUT for part in parts)
        said = {"ready": is_ready, "parts": [asdict(part) for part in parts]}
        return JSONResponse(said, status_code=200 if is_ready else 503)

    async def measured(request: Request) -> Response:
        content, media_type = metrics(request.headers.get("accept", "")) if metrics else (b"", "text/plain")
        return Response(content, media_type=media_type)

    told = [Route("/metrics", measured)] if metrics else []
    given = [Route(path, bounded(endpoint, body_timeout_s), methods=["POST"]) for path, endpoint in routes.items()]
    app = Starlette(routes=[Route("/healthz", healthy), Route("/readyz", ready), *told, *given])
    app.router.redirect_slashes = False  # it would send askers, tokens and all, to whatever host they name
    return app


@asynccontextmanager
async def serving(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    chosen_by: str = "NETSPY_LISTEN",
    head_timeout_s: float = HEAD_TIMEOUT_S,
) -> AsyncGenerator[str, None]:
    """Serve on an address; gives the URL. `chosen_by` is what sets it.

    Raises: InvalidSettings when nothing can listen there.
    """
    listener = _listen(host, port, chosen_by)
    config = uvicorn.Config(
        app,
        http=type("TimelyHeads", (_TimelyHeads,), {"timeout_s": head_timeout_s}),
        ws="none",
        workers=1,  # None would read an environment variable
        proxy_headers=False,
        access_log=False,
        lifespan="off",
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        backlog=BACKLOG,
        server_header=False,
    )
    server = _Server(config)
    with listener:  # which uvicorn closes only once it runs
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listener]))
            try:
                yield _url(listener)
            finally:
                server.should_exit = True


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are for the whole process to handle."""
        yield


class _TimelyHeads(H11Protocol):
    """Hangs up on who connects and does not ask: uvicorn itself waits for ever, and connections are files.

    h11 is the one implementation that is everywhere, whatever else is installed.
    """

    timeout_s = HEAD_TIMEOUT_S
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr]  # None before a request
            self._wait_for_head()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.timeout_s, self.timeout_keep_alive_handler)

    def _stop_waiting(self) -> None:
        if self._waiting:
            self._waiting.cancel()
        self._waiting = None


def _listen(host: str, port: int, chosen_by: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
        # Connections inherit it. asyncio sets it too, but only on sockets that name their protocol, and these do not:
        # head and body of an answer, written one after the other, would then wait 40 ms for each other.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener  # noqa: TRY300 - what else raises OSError here means the same
    except OSError as error:
        if error.errno and not isinstance(error, socket.gaierror):
            got = os.strerror(error.errno)  # asyncio and socket write the address into theirs
        else:
            got = error.strerror or str(error)
        remedy = f"set {chosen_by} to another HOST:PORT; port 0 is any that is free"
        raise InvalidSettings(f"listening on {_authority(host, port)}", got.lower(), remedy) from error


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{_authority(host, port)}"


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
