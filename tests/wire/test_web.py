"""The HTTP side of `serve` over real sockets: health, readiness, and what a route may be given."""

import asyncio
import signal
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot import web
from bot.bodies import BODY_TIMEOUT_S, MAX_BODY_BYTES
from bot.domain.errors import InvalidSettings
from bot.domain.ports import Check
from tests.loopback.waiting import PATIENCE_S

LATE_S = 0.3
"""Longer than a server waits that leaves requests to themselves, a tenth of the time that they are given."""
FINE = Check("source", "ok", "http://localhost:8080: 2 programs")
WARNED = Check("model", "warning", "off, the planner answers", "OPENAI_API_KEY is not set")
BROKEN = Check("slack", "fault", "invalid_auth", "it begins again within 8 s")


@dataclass
class Site:
    """What is served at `url`; `bodies` are those that reached the route at /slack/events."""

    parts: Sequence[Check] = (FINE, WARNED)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    async def checks(self) -> Sequence[Check]:
        return self.parts

    async def take(self, request: Request) -> Response:
        self.bodies.append(await request.body())
        return PlainTextResponse(request.headers.get("x-slack-signature", "unsigned"))

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)


@asynccontextmanager
async def open_site(
    *parts: Check, body_timeout_s: float = BODY_TIMEOUT_S, head_timeout_s: float = web.HEAD_TIMEOUT_S
) -> AsyncGenerator[Site, None]:
    site = Site(parts or (FINE, WARNED))
    app = web.application(site.checks, {"/slack/events": site.take}, body_timeout_s=body_timeout_s)
    async with web.serving(app, "127.0.0.1", 0, head_timeout_s=head_timeout_s) as site.url:
        yield site


async def get(url: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(url)


async def exchange(site: Site, *pieces: bytes) -> bytes:
    """What comes back for raw bytes, until the connection is closed."""
    reader, writer = await asyncio.open_connection(*site.address)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await reader.read()
    finally:
        writer.close()


def head(length: int | str, *more: str) -> bytes:
    lines = ["POST /slack/events HTTP/1.1", "Host: netspy", f"Content-Length: {length}", *more, "", ""]
    return "\r\n".join(lines).encode()


async def test_a_process_that_lives_is_healthy_whatever_its_parts_say() -> None:
    async with open_site(BROKEN) as site:
        answer = await get(f"{site.url}/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")


async def test_a_warning_is_ready() -> None:
    async with open_site(FINE, WARNED) as site:
        answer = await get(f"{site.url}/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "parts": [
            {
                "part": "source",
                "state": "ok",
                "detail": "http://localhost:8080: 2 programs",
                "remedy": "",
                "finding": "",
            },
            {
                "part": "model",
                "state": "warning",
                "detail": "off, the planner answers",
                "remedy": "OPENAI_API_KEY is not set",
                "finding": "",
            },
        ],
    }


async def test_a_fault_is_not_ready_and_the_part_is_named() -> None:
    async with open_site(FINE, BROKEN) as site:
        before = await get(f"{site.url}/readyz")
        site.parts = [FINE]
        after = await get(f"{site.url}/readyz")
    assert before.status_code == 503
    assert [(part["part"], part["state"]) for part in before.json()["parts"]] == [("source", "ok"), ("slack", "fault")]
    assert after.status_code == 200


async def test_netspy_is_ready_to_say_that_its_source_is_away() -> None:
    async with open_site(replace(FINE, state="fault")) as site:
        answer = await get(f"{site.url}/readyz")
    assert (answer.status_code, answer.json()["parts"][0]["state"]) == (200, "fault")


async def test_a_route_gets_the_body_and_the_headers_that_were_sent() -> None:
    async with open_site() as site, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            f"{site.url}/slack/events", content=b"payload", headers={"x-slack-signature": "v0=1"}
        )
    assert (answer.status_code, answer.text) == (200, "v0=1")
    assert site.bodies == [b"payload"]


async def test_a_body_that_may_just_be_as_long_is_taken() -> None:
    async with open_site() as site, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{site.url}/slack/events", content=b"x" * MAX_BODY_BYTES)
    assert answer.status_code == 200
    assert [len(body) for body in site.bodies] == [MAX_BODY_BYTES]


async def test_a_body_that_is_announced_too_long_is_refused_unread() -> None:
    async with open_site() as site, AsyncExitStack() as stack:
        reader, writer = await asyncio.open_connection(*site.address)
        stack.callback(writer.close)
        writer.write(head(MAX_BODY_BYTES + 1))
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    assert site.bodies == []


@pytest.mark.parametrize("chunked", [False, True])
async def test_who_sends_a_body_that_is_too_long_gets_to_read_so_and_may_go_on(*, chunked: bool) -> None:
    """In a connection that is reset, the answer would be lost."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        for _ in range(8):
            yield b"x" * MAX_BODY_BYTES

    async with open_site() as site, httpx.AsyncClient(trust_env=False) as client:
        content = pieces() if chunked else b"x" * (8 * MAX_BODY_BYTES)
        refused = await client.post(f"{site.url}/slack/events", content=content)
        taken = await client.post(f"{site.url}/slack/events", content=b"short")
    assert (refused.status_code, taken.status_code) == (413, 200)
    assert site.bodies == [b"short"]


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async with open_site(body_timeout_s=0.05) as site:
        answer = await exchange(site, head(10), b"half")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert site.bodies == []


@pytest.mark.parametrize("begun", [b"", b"POST /slack/events HTT", head(10)[:-2]])
async def test_who_connects_and_does_not_ask_is_hung_up_on(begun: bytes) -> None:
    async with open_site(head_timeout_s=0.05) as site:
        assert await asyncio.wait_for(exchange(site, begun), PATIENCE_S) == b""
    assert site.bodies == []


async def test_a_further_request_that_is_not_finished_is_hung_up_on() -> None:
    async with open_site(head_timeout_s=0.05) as site, asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(*site.address)
        writer.write(head(2) + b"ok")
        assert (await reader.readuntil(b"unsigned")).startswith(b"HTTP/1.1 200 ")
        writer.write(b"POST /slack/eve")
        assert await reader.read() == b""
        writer.close()
    assert site.bodies == [b"ok"]


async def test_who_has_asked_is_neither_hurried_nor_hung_up_on() -> None:
    """Neither while the answer is made nor afterwards: others who came later and do not ask are, meanwhile."""
    site, reached, may_answer = Site(), asyncio.Event(), asyncio.Event()

    async def slow(_: Request) -> Response:
        reached.set()
        await may_answer.wait()
        return PlainTextResponse("done")

    app = web.application(site.checks, {"/slack/events": slow})
    async with web.serving(app, "127.0.0.1", 0, head_timeout_s=0.05) as site.url, asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(*site.address)
        writer.write(head(0))
        await reached.wait()
        await exchange(site)
        may_answer.set()
        await reader.readuntil(b"done")
        await exchange(site)
        writer.write(head(0))
        assert await reader.readuntil(b"done")
        writer.close()


async def test_who_hangs_up_in_the_middle_of_a_body_does_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    async with open_site() as site:
        _, writer = await asyncio.open_connection(*site.address)
        writer.write(head(10) + b"half")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert (await get(f"{site.url}/healthz")).status_code == 200
    assert site.bodies == []
    assert "Exception in ASGI application" not in caplog.text


async def test_other_paths_and_methods_are_refused() -> None:
    async with open_site() as site:
        assert (await get(f"{site.url}/")).status_code == 404
        assert (await get(f"{site.url}/slack/events")).status_code == 405


async def test_a_port_in_use_is_told_with_what_to_set() -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    app = web.application(Site().checks, {})
    with taken, pytest.raises(InvalidSettings) as caught:
        async with web.serving(app, "127.0.0.1", port):
            raise AssertionError("two cannot listen there")
    assert str(caught.value).startswith(f"listening on 127.0.0.1:{port}: address already in use. Set NETSPY_LISTEN")


async def test_a_host_without_an_address_is_told() -> None:
    with pytest.raises(InvalidSettings, match=r"listening on nowhere\.invalid:0"):
        async with web.serving(web.application(Site().checks, {}), "nowhere.invalid", 0):
            raise AssertionError("there is no such host")


async def test_ipv6_is_written_in_brackets() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with web.serving(web.application(Site().checks, {}), "::1", 0) as url:
        assert url.startswith("http://[::1]:")
        assert (await get(f"{url}/healthz")).status_code == 200


async def test_signals_are_left_to_the_process() -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with open_site() as site:
        await get(f"{site.url}/healthz")
        assert signal.getsignal(signal.SIGTERM) == before


def test_a_connection_sends_at_once_what_it_is_given() -> None:
    """An answer's head and its body are two writes: the second must not wait until the first is acknowledged."""
    with web._listen("127.0.0.1", 0, "NETSPY_LISTEN") as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


async def test_nothing_listens_any_more_after_a_failure() -> None:
    """Nobody asks while something goes wrong, so that the server is ended before it has begun."""
    with pytest.raises(ExceptionGroup) as failed:
        async with open_site() as site:
            raise RuntimeError(site.url)
    with pytest.raises(httpx.ConnectError):
        await get(f"{failed.value.exceptions[0]}/healthz")


async def test_nothing_listens_any_more_afterwards() -> None:
    async with open_site() as site:
        await get(f"{site.url}/healthz")
    with pytest.raises(httpx.ConnectError):
        await get(f"{site.url}/healthz")


async def test_a_request_under_way_is_answered_before_it_ends() -> None:
    site, reached, may_answer = Site(), asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> Response:
        reached.set()
        await may_answer.wait()
        return PlainTextResponse("done")

    async def answer_once_nothing_listens() -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await is_open(site):
                await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_later(LATE_S, may_answer.set)

    async with httpx.AsyncClient(trust_env=False) as client, asyncio.TaskGroup() as tasks:
        async with web.serving(web.application(site.checks, {"/slow": slow}), "127.0.0.1", 0) as site.url:
            asking = tasks.create_task(client.post(f"{site.url}/slow"))
            await reached.wait()
            tasks.create_task(answer_once_nothing_listens())
        assert (await asking).text == "done"


async def is_open(site: Site) -> bool:
    try:
        _, writer = await asyncio.open_connection(*site.address)
    except OSError:
        return False
    writer.close()
    return True


async def test_metrics_are_given_as_the_asker_accepts_them_and_are_away_without_any() -> None:
    app = web.application(Site().checks, {}, metrics=lambda accept: (b"netspy_up 1\n", f"text/x; of={accept}"))
    async with web.serving(app, "127.0.0.1", 0) as url, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{url}/metrics", headers={"accept": "text/x"})
    assert (answer.text, answer.headers["content-type"]) == ("netspy_up 1\n", "text/x; of=text/x; charset=utf-8")
    async with open_site() as site:
        assert (await get(f"{site.url}/metrics")).status_code == 404
