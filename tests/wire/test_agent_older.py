"""netspy's own client of a collector that is older than itself, over real sockets."""

import json

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.domain.errors import CannotAnswer
from bot.domain.network import Window
from bot.domain.query import EventQuery, Filter, Limits, Scope
from bot.domain.sockets import SocketQuery
from bot.ebpf.remote.client import open_http_source
from bot.ebpf.remote.wire import ServerKind
from bot.web import serving
from tests.fakes import NOW

HOUR = Window.last(3600, NOW)
SCOPE = Scope(frozenset({Limits(nodes=frozenset({"node-a"}))}))
COVERAGE = {
    "source": "this machine",
    "kind": "live",
    "window": {"since": "2026-11-23T14:00:00Z", "until": "2026-11-23T14:07:00Z"},
    "seen": 0,
    "matched": 0,
}


async def older_asked(request: Request) -> Response:
    """A collector that knows two kinds of events and no open sockets."""
    if request.url.path == "/api/events":
        return Response(b'{"component":"netspy collector","events":null}')
    if request.url.path == "/health":
        return Response(b'{"component":"netspy collector"}')
    if not request.url.path.startswith("/api/v1/events"):
        return Response(b"404 page not found\n", 404)
    if request.query_params["kind"] == "dns":
        refusal = "kind: 'dns' was given. Allowed is one of: connection | drop"
    elif strangers := [name for name in ("uid", "within") if name in request.query_params]:
        refusal = f"'{strangers[0]}': there is no such parameter. There are kind, process"
    else:
        return Response(json.dumps({"events": [], "coverage": COVERAGE}))
    return Response(json.dumps({"status": 400, "detail": refusal}), 400, media_type="application/problem+json")


@pytest.mark.parametrize("kind", ["server", "collector"])
@pytest.mark.parametrize(
    ("query", "said"),
    [
        (EventQuery(kind="dns", window=HOUR), "kind: 'dns' was given. Allowed is one of"),
        (EventQuery(kind="drop", window=HOUR, filter=Filter(uid=0)), "'uid': there is no such parameter"),
        (EventQuery(kind="drop", window=HOUR, filter=Filter(within=SCOPE)), "'within': there is no such parameter"),
    ],
)
async def test_an_older_collector_is_said_to_be_older(kind: ServerKind, query: EventQuery, said: str) -> None:
    app = Starlette(routes=[Route("/{path:path}", older_asked)])
    async with serving(app, "127.0.0.1", 0) as url, open_http_source(url, kind=kind) as opened:
        with pytest.raises(CannotAnswer, match="this collector is older") as refused:
            await opened.events(query)
        assert said in refused.value.got
        assert refused.value.remedy == "install the same netspy there"
        assert (await opened.events(EventQuery(kind="drop", window=HOUR))).events == ()
        with pytest.raises(CannotAnswer, match="this collector is older"):
            await opened.sockets(SocketQuery())


async def test_an_older_collectors_status_is_read() -> None:
    told = {"since": "2026-11-23T14:00:00Z", "programs": ["connect"], "missing": {}, "kinds": {}}

    async def status(_: Request) -> Response:
        return Response(json.dumps(told))

    app = Starlette(routes=[Route("/api/v1/status", status)])
    async with serving(app, "127.0.0.1", 0) as url, open_http_source(url, kind="collector") as opened:
        found = await opened.status()
    assert (found.source, found.kind, found.programs) == (f"netspy collector at {url}", "live", ("connect",))
