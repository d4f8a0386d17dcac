"""A collector's HTTP side: ebpf-server's API and a better one over a source of events, as a Starlette application.

The only file here that knows HTTP. What a request asks is for `questions` to say; `bot/web.py` can serve it. Without a
token only this machine may ask, by a loopback name: see `access`. No other origin is ever allowed (no CORS).
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from time import monotonic
from typing import cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import codec
from bot.bodies import BODY_TIMEOUT_S, bounded
from bot.bodies import Endpoint as Handler
from bot.domain.correlation import REQUEST_ID
from bot.domain.errors import CannotAnswer, NetspyError, UserError
from bot.domain.json_types import Json
from bot.domain.network import EventKind
from bot.domain.source_status import SourceStatus
from bot.ebpf import evaluate
from bot.ebpf.agent import openapi, questions
from bot.ebpf.agent.access import Access
from bot.ebpf.agent.endpoints import ENDPOINTS, NDJSON, Endpoint
from bot.ebpf.agent.noting import Answered, noted
from bot.ebpf.agent.parts import Parts
from bot.ebpf.agent.pieces import PIECE, array, lines
from bot.ebpf.agent.reference import Kernel, RawEvent, by_pid, rfc3339, told_programs, written
from bot.ebpf.remote.wire import COLLECTOR, POINTER_TYPE

MAX_AT_ONCE = 4
"""Questions to the source: it answers them one by one, and each holds a worker thread."""
MAX_WAIT_S = 5.0
"""For a turn: who waited longer is told to come again."""
CANNOT_ANSWER = 501
"""A good question that this source has no answer to. 400 are questions that no collector understands."""
_JSON = "application/json"


def application(parts: Parts, *, max_wait_s: float = MAX_WAIT_S) -> Starlette:
    """Raises: ValueError for a token that cannot be in a header."""
    agent = _Agent(parts, max_wait_s)
    app = Starlette(
        routes=[Route(each.path, agent.handler(each), methods=list(each.methods)) for each in ENDPOINTS],
        middleware=[Middleware(_Guarded, access=Access(parts.token))],
        exception_handlers={NetspyError: _failed, HTTPException: _not_served},
    )
    app.router.redirect_slashes = False  # it would send askers, tokens and all, to whatever host they name
    return app


class _Guarded:
    """Lets in who may ask."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        given = request.headers
        refusal = self._access.refusal(
            path=request.url.path, host=given.get("host"), authorization=given.get("authorization")
        )
        if refusal is None:
            with noted(request.method, request.url.path, given.get(REQUEST_ID)) as answered:
                await self._app(scope, receive, _noting(send, answered))
            return
        headers = {"WWW-Authenticate": refusal.challenge} if refusal.challenge else None
        await _told(request, refusal.status, refusal.reason, headers)(scope, receive, send)


def _noting(send: Send, answered: Answered) -> Send:
    async def noting(message: Message) -> None:
        answered.status = message.get("status", answered.status)
        await send(message)

    return noting


class _Agent:
    """The endpoints. Questions to the source take turns, so that many at once cannot take all worker threads."""

    def __init__(self, parts: Parts, max_wait_s: float) -> None:
        self._parts = parts
        self._max_wait_s = max_wait_s
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)
        self._began_at = monotonic()
        self._handlers: Mapping[str, Handler] = {
            "/": self._root,
            "/health": self._health,
            "/api/programs": self._programs,
            "/api/events": self._reference_events,
            "/api/connection-summary": self._summary_of("connection"),
            "/api/packet-drop-summary": self._summary_of("drop"),
            "/api/list-connections": self._list_of("connection"),
            "/api/list-packet-drops": self._list_of("drop"),
            "/api/v1/events": self._events,
            "/api/v1/aggregate": self._aggregate,
            "/api/v1/sockets": self._sockets,
            "/api/v1/counters": self._counters,
            "/api/v1/status": self._status,
            "/openapi.json": self._openapi,
        }

    def handler(self, endpoint: Endpoint) -> Handler:
        handler = self._handlers[endpoint.path]
        return bounded(handler, BODY_TIMEOUT_S) if endpoint.by_body else handler

    async def _root(self, _: Request) -> Response:
        return JSONResponse({"service": COLLECTOR, "version": self._parts.version})

    async def _health(self, _: Request) -> Response:
        uptime = f"{monotonic() - self._began_at:.1f}s"
        said = {"status": "healthy", "component": COLLECTOR, "uptime": uptime, "version": self._parts.version}
        return JSONResponse(said)

    async def _programs(self, _: Request) -> Response:
        status = await self._asked_status()
        programs = told_programs(status.programs, status.missing)
        return JSONResponse({"programs": programs or None, "total_count": len(programs), **self._query_time()})

    async def _reference_events(self, request: Request) -> Response:
        if POINTER_TYPE in request.headers.get("accept", ""):
            return JSONResponse({"component": COLLECTOR, "events": None}, media_type=POINTER_TYPE)
        asked = questions.sought(request.query_params.multi_items())
        async with self._turn():
            found = [await self._parts.source.events(query) for query in asked.queries()]
        events = evaluate.newest(event for each in found for event in each.events)[: asked.limit]
        total = sum(each.coverage.matched for each in found)
        counts: dict[str, Json] = {"count": len(events), "total_count": total, **self._query_time()}
        rest = codec.compact({**counts, "filters": asked.echo})[1:]
        if not events:
            return Response(f'{{"events":null,{rest}', media_type=_JSON)
        raw = written(events, self._kernel())
        return _answer(array('{"events":', raw, f",{rest}", _dumped), len(events), _JSON)

    def _summary_of(self, kind: EventKind) -> Handler:
        async def summary(request: Request) -> Response:
            if request.method == "POST":
                asked = questions.counted_by_body(await request.body())
            else:
                asked = questions.counted(request.query_params.multi_items())
            async with self._turn():
                found = await self._parts.source.aggregate(asked.query(kind, self._parts.now()))
            count = {"command": asked.command, "count": found.coverage.matched, "duration_seconds": asked.duration_s}
            return JSONResponse({**count, "pid": asked.pid, **self._query_time()})

        return summary

    def _list_of(self, kind: EventKind) -> Handler:
        async def listed(_: Request) -> Response:
            async with self._turn():
                found = await self._parts.source.events(questions.listed(kind, self._parts.now()))
            groups = by_pid(written(found.events, self._kernel()))
            totals = {"total_events": len(found.events), "total_pids": len(groups)}
            return JSONResponse({"events_by_pid": groups, **self._query_time(), **totals})

        return listed

    async def _events(self, request: Request) -> Response:
        asked = questions.events(request.query_params.multi_items(), self._parts.now())
        async with self._turn():
            found = await self._parts.source.events(asked)
        coverage = codec.to_json(found.coverage).decode()
        if NDJSON in request.headers.get("accept", ""):
            told = lines(found.events, f'{{"coverage":{coverage}}}', codec.to_json)
            return _answer(told, len(found.events), NDJSON)
        told = array('{"events":', found.events, f',"coverage":{coverage}}}', codec.to_json)
        return _answer(told, len(found.events), _JSON)

    async def _aggregate(self, request: Request) -> Response:
        asked = questions.aggregate(request.query_params.multi_items(), self._parts.now())
        async with self._turn():
            found = await self._parts.source.aggregate(asked)
        rest = f',"total":{found.total},"coverage":{codec.to_json(found.coverage).decode()}}}'
        return _answer(array('{"groups":', found.groups, rest, codec.to_json), len(found.groups), _JSON)

    async def _sockets(self, request: Request) -> Response:
        asked = questions.sockets(request.query_params.multi_items())
        async with self._turn():
            found = await self._parts.source.sockets(asked)
        head, _, tail = codec.to_json(replace(found, sockets=())).decode().partition("[]")
        return _answer(array(head, found.sockets, tail, codec.to_json), len(found.sockets), _JSON)

    async def _counters(self, request: Request) -> Response:
        window = questions.counters(request.query_params.multi_items(), self._parts.now())
        async with self._turn():
            found = await self._parts.source.counters(window)
        return Response(codec.to_json(found), media_type=_JSON)

    async def _status(self, _: Request) -> Response:
        return Response(codec.to_json(await self._asked_status()), media_type=_JSON)

    async def _openapi(self, _: Request) -> Response:
        return JSONResponse(openapi.document(self._parts.version))

    async def _asked_status(self) -> SourceStatus:
        async with self._turn():
            return await self._parts.source.status()

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None, None]:
        try:
            async with asyncio.timeout(self._max_wait_s):
                await self._turns.acquire()
        except TimeoutError:
            raise HTTPException(503, "too many questions at once: ask again", {"Retry-After": "1"}) from None
        try:
            yield
        finally:
            self._turns.release()

    def _kernel(self) -> Kernel:
        return Kernel(self._parts.clock(), self._parts.reason_codes)

    def _query_time(self) -> dict[str, str]:
        return {"query_time": rfc3339(self._parts.now())}


def _dumped(event: RawEvent) -> bytes:
    return codec.compact(event).encode()


def _answer(pieces: Iterator[bytes], count: int, media_type: str) -> Response:
    """Of `count` values: whole when they are few."""
    if count <= PIECE:
        return Response(b"".join(pieces), media_type=media_type)
    return StreamingResponse(_with_pauses(pieces), media_type=media_type)


async def _with_pauses(pieces: Iterable[bytes]) -> AsyncGenerator[bytes, None]:
    """Others have their turn between two pieces."""
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


async def _failed(request: Request, error: Exception) -> Response:
    """What the asker can mend is theirs, what another program did is a bad gateway's."""
    if isinstance(error, CannotAnswer):
        return _told(request, CANNOT_ANSWER, str(error))
    return _told(request, 400 if isinstance(error, UserError) else 502, str(error))


async def _not_served(request: Request, error: Exception) -> Response:
    refused = cast(HTTPException, error)
    said = "404 page not found" if refused.status_code == 404 else refused.detail
    return _told(request, refused.status_code, said, refused.headers)


def _told(request: Request, status: int, said: str, headers: Mapping[str, str] | None = None) -> Response:
    """As plain text, as ebpf-server does; in our own API as a problem (RFC 9457)."""
    if not request.url.path.startswith("/api/v1/"):
        return PlainTextResponse(f"{said}\n", status, headers)
    return JSONResponse({"status": status, "detail": said}, status, headers, "application/problem+json")
