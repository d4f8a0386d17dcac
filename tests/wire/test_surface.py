"""Who gets what from the HTTP side of `serve`: method, path, token and host; and requests that may be read two ways."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot import web
from bot.alerts.desk import AlertDesk
from bot.alerts.endpoint import AlertsEndpoint
from bot.conversation.forgetful_alerts import ForgetfulAlertBook
from bot.domain.ports import Check
from tests.alert_groups import notification
from tests.dialog.test_alerts import ListeningDesk
from tests.loopback.waiting import PATIENCE_S

TOKEN = "an-alert-token"
GOOD = f"Bearer {TOKEN}"
NO_CHANNEL = 422
"""Of an alert that was let in: no receiver has a channel here."""

ASKED: tuple[tuple[str, str, str, int], ...] = (
    *((method, path, "", 200) for method in ("GET", "HEAD") for path in ("/healthz", "/readyz", "/metrics")),
    *((method, path, GOOD, 405) for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE") for path in ("/healthz",)),
    *((method, "/alerts", GOOD, 405) for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE")),
    *(("POST", path, GOOD, 404) for path in ("/", "/alerts/", "//alerts", "/x/../alerts", "/alerts;a", "/ALERTS")),
    *(("GET", path, "", 404) for path in ("/healthz/", "/metrics/", "/docs", "/openapi.json", "/.env")),
    ("POST", "/alerts", GOOD, NO_CHANNEL),
    ("POST", "/alerts", f"bearer  {TOKEN}", NO_CHANNEL),
    ("POST", "/alerts?token=x", GOOD, NO_CHANNEL),
    ("POST", f"/alerts?token={TOKEN}", "", 401),
    *(("POST", "/alerts", said, 401) for said in ("", TOKEN, "Bearer", f"Basic {TOKEN}", f"{GOOD}x")),
    *(("POST", "/alerts", said, 401) for said in (GOOD.upper(), GOOD[:-1], f"{GOOD}, {GOOD}", f"{GOOD} {TOKEN}")),
)
HOSTS = ("localhost", "netspy.example", "169.254.169.254", "evil.example:80")

HEAD = b"POST /slack/events HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
TWO_WAYS = {
    "two lengths": HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "signed length": HEAD + b"Content-Length: +1\r\n\r\na",
    "negative length": HEAD + b"Content-Length: -1\r\n\r\na",
    "blank before colon": HEAD + b"Content-Length : 1\r\n\r\na",
    "two codings": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "negative chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    "endless chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 21 + b"\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "nul in header": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
}


async def checks() -> Sequence[Check]:
    return ()


@asynccontextmanager
async def open_surface(taken: list[bytes]) -> AsyncGenerator[str, None]:
    async def take(request: Request) -> Response:
        taken.append(await request.body())
        return PlainTextResponse("taken")

    alerts = AlertsEndpoint(AlertDesk(ListeningDesk(), ForgetfulAlertBook(), {}, {}), TOKEN)
    routes = {"/slack/events": take, "/alerts": alerts.post}
    app = web.application(checks, routes, metrics=lambda _: (b"m 1\n", "text/plain"))
    async with web.serving(app, "127.0.0.1", 0) as url:
        yield url


@pytest.mark.parametrize("host", HOSTS)
async def test_each_asker_gets_what_is_meant_for_it(host: str) -> None:
    """By any name: what has no token tells nothing that is secret, and what has one wants it."""
    async with open_surface([]) as url, httpx.AsyncClient(trust_env=False, base_url=url) as client:
        for method, path, said, status in ASKED:
            headers = {"Host": host, "Origin": f"http://{host}"} | ({"Authorization": said} if said else {})
            target = {"target": path.encode()}  # as it is: a client would tidy it up
            answer = await client.request(method, "/", headers=headers, json=notification(), extensions=target)
            assert answer.status_code == status, (method, path, said)
            assert "location" not in answer.headers, path
            assert not {"access-control-allow-origin", "server"} & answer.headers.keys(), path
            assert TOKEN not in f"{answer.headers} {answer.text}", path


async def test_a_request_that_can_be_read_two_ways_reaches_nobody() -> None:
    taken: list[bytes] = []
    async with open_surface(taken) as url:
        for told, sent in TWO_WAYS.items():
            answer = await exchange(url, sent)
            assert answer.startswith(b"HTTP/1.1 400 "), told
            assert answer.count(b"HTTP/1.1 ") == 1, told
    assert taken == []


async def test_what_stands_behind_a_request_that_closes_is_no_second_one() -> None:
    taken: list[bytes] = []
    hidden = b"POST /slack/events HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
    chunked = b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    async with open_surface(taken) as url:
        answer = await exchange(url, HEAD + chunked + hidden)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert taken == [b""]


async def exchange(url: str, sent: bytes) -> bytes:
    """What comes back, until the connection is closed."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), PATIENCE_S)
    finally:
        writer.close()
