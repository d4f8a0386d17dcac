"""What the HTTP source says and does when things go wrong, over real sockets."""

import asyncio
import gzip
import logging
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager

import pytest

from bot.domain.correlation import about
from bot.domain.errors import (
    InvalidSettings,
    SourceError,
    SourceMalformed,
    SourceRefused,
    SourceTimeout,
    SourceUnreachable,
)
from bot.domain.network import Window
from bot.domain.observing import RequestWork
from bot.domain.ports import EbpfSource
from bot.domain.query import EventQuery
from bot.ebpf.remote import client
from tests.fakes import NOW, RecordingObserver
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.http_peer import Answer, Fault, Hang, Reset, Truncated

PATIENT_S = 60.0
HOUR = EventQuery(kind="connection", window=Window.last(3600, NOW))
ONCE_AND_AGAIN = 1 + len(client.PAUSES_S)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAUSES_S", (0.001,) * len(client.PAUSES_S))


@pytest.fixture
def server() -> Iterator[EbpfServer]:
    with EbpfServer(now=lambda: NOW) as server:
        server.add_connection("curl")
        yield server


@pytest.fixture
async def source(server: EbpfServer) -> AsyncIterator[EbpfSource]:
    async with opened(server.url) as source:
        yield source


def opened(url: str, timeout_s: float = PATIENT_S) -> AbstractAsyncContextManager[EbpfSource]:
    return client.open_http_source(url, timeout_s=timeout_s)


async def fails(url: str, timeout_s: float = PATIENT_S) -> SourceError:
    async with opened(url, timeout_s) as source:
        with pytest.raises(SourceError) as caught:
            await source.events(HOUR)
    return caught.value


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port: int = unused.getsockname()[1]
    return port


async def test_refused_connection_names_the_url_and_the_remedy() -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    error = await fails(url)
    assert type(error) is SourceUnreachable
    assert (error.asked, error.got) == (f"GET {url}/api/events", "connection refused, nothing listens there")
    assert error.remedy == "start netspy collect or ebpf-server there (or give another address with --server URL)"


async def test_host_that_does_not_answer_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        error = await fails(f"http://127.0.0.1:{full.getsockname()[1]}", timeout_s=1.0)
    assert type(error) is SourceUnreachable
    assert error.got == "no answer to the attempt to connect"


async def test_unknown_host_name_is_told_apart() -> None:
    error = await fails("http://nowhere.invalid:8080")
    assert type(error) is SourceUnreachable
    assert error.got.startswith("the host name cannot be resolved (")


async def test_tls_to_a_plain_server_is_told_apart(server: EbpfServer) -> None:
    error = await fails(server.url.replace("http:", "https:"))
    assert type(error) is SourceUnreachable
    assert error.got.startswith("no TLS connection (")
    assert "http://" in error.remedy


async def test_tls_that_nobody_answers_is_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = await fails(f"https://127.0.0.1:{silent.getsockname()[1]}", timeout_s=1.0)
    assert type(error) is SourceUnreachable
    assert error.got.startswith("no TLS connection (")


async def test_hanging_server_is_a_timeout(server: EbpfServer) -> None:
    server.fail(Hang())
    error = await fails(server.url, timeout_s=0.4)
    assert type(error) is SourceTimeout
    assert error.got == "no whole answer within 0.4 s"


async def test_deadline_covers_retries_and_their_pauses(server: EbpfServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAUSES_S", (PATIENT_S,))
    server.fail(Answer(status=503))
    assert type(await fails(server.url, timeout_s=0.4)) is SourceTimeout


@pytest.mark.parametrize("fault", [Reset(), Truncated(), Answer(b"down", 502), Answer(b"", 503), Answer(b"", 504)])
async def test_passing_fault_is_retried(server: EbpfServer, source: EbpfSource, fault: Fault) -> None:
    server.fail(fault, times=ONCE_AND_AGAIN - 1)
    assert (await source.events(HOUR)).coverage.matched == 1
    assert len(server.requests) == ONCE_AND_AGAIN


async def test_silent_attempt_is_followed_by_another(server: EbpfServer) -> None:
    server.fail(Hang(), times=1)
    async with opened(server.url, timeout_s=2.0) as source:
        assert (await source.events(HOUR)).coverage.matched == 1


@pytest.mark.parametrize(
    ("fault", "kind", "got"),
    [
        (Reset(), SourceUnreachable, "the connection broke before the answer was complete"),
        (Truncated(), SourceMalformed, "the answer is not proper HTTP ("),
        (Answer(b"System not initialized\n", 503), SourceRefused, "HTTP 503 Service Unavailable: 'System not init"),
    ],
)
async def test_lasting_fault_is_given_up(server: EbpfServer, fault: Fault, kind: type[SourceError], got: str) -> None:
    server.fail(fault)
    error = await fails(server.url)
    assert type(error) is kind
    assert error.got.startswith(got)
    assert len(server.requests) == ONCE_AND_AGAIN


@pytest.mark.parametrize("status", [400, 401, 404, 500])
async def test_refusal_is_not_retried(server: EbpfServer, status: int) -> None:
    server.fail(Answer(b"no\n", status, "text/plain; charset=utf-8"))
    error = await fails(server.url)
    assert type(error) is SourceRefused
    assert f"HTTP {status} " in error.got
    assert len(server.requests) == 1


async def test_refusal_shows_two_hundred_harmless_characters(server: EbpfServer) -> None:
    server.fail(Answer(b"\x1b[2J" + b"x" * 500, 500))
    error = await fails(server.url)
    shown = "\N{REPLACEMENT CHARACTER}[2J" + "x" * 196
    assert error.got == f"HTTP 500 Internal Server Error: '{shown}'"


async def test_redirect_names_its_target(server: EbpfServer) -> None:
    server.fail(Answer(status=301, headers={"Location": "https://ebpf.example/"}))
    assert (
        await fails(server.url)
    ).remedy == "it sends on to https://ebpf.example/: give that address with --server URL"


@pytest.mark.parametrize(
    ("body", "got"),
    [
        (b"<!doctype html><title>Grafana</title>", "this is not JSON; the answer begins '<!doctype html><title>Graf"),
        (b'{"events":[', 'this is not JSON; the answer begins \'{"events":['),
        (b"[]", "this is not a JSON object; the answer begins '[]'"),
        (b'{"status":"UP"}', 'events: missing; the answer begins \'{"status":"UP"}\''),
        (b'{"events":"none"}', "events: this is no list of objects; the answer begins"),
        (b'{"events":[{"time":"2026-11-23T14:06:59Z","pid":"12"}]}', "events[0].pid: '12' is no whole number; the"),
        (b'{"events":[' + b'{"time":1},' * 200_000 + b"{}]}", "events[0].time: 1 is no RFC 3339 time; the answer"),
    ],
)
async def test_answer_of_another_shape_is_malformed(server: EbpfServer, body: bytes, got: str) -> None:
    server.fail(Answer(body))
    error = await fails(server.url)
    assert type(error) is SourceMalformed
    assert error.got.startswith(got)
    assert len(error.got) < 300
    assert len(server.requests) == 1


async def test_what_speaks_no_http_is_malformed() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as ssh:
        error = await fails(f"http://127.0.0.1:{ssh.sockets[0].getsockname()[1]}")
    assert type(error) is SourceMalformed


async def test_broken_compression_is_malformed(server: EbpfServer) -> None:
    server.fail(Answer(gzip.compress(b"{}")[:-9] + b"zzzzzzzzz", headers={"Content-Encoding": "gzip"}))
    assert type(await fails(server.url)) is SourceMalformed


async def test_cancelling_a_query_ends_its_request(server: EbpfServer, source: EbpfSource) -> None:
    server.fail(Hang())
    query = asyncio.create_task(source.events(HOUR))
    await asyncio.to_thread(server.asked.wait, PATIENT_S)
    query.cancel()
    with pytest.raises(asyncio.CancelledError):
        await query
    assert await asyncio.to_thread(server.hung_up.wait, PATIENT_S)


async def test_login_of_the_address_is_sent_and_never_shown(
    server: EbpfServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened(server.url.replace("http://", "http://dana:s3cret@")) as source:
        found = await source.events(HOUR)
        server.fail(Answer(b"no", 401))
        with pytest.raises(SourceRefused) as caught:
            await source.events(HOUR)
    assert server.requests[0].headers["authorization"] == f"Basic {b64encode(b'dana:s3cret').decode()}"
    said = f"{found.coverage.source} {caught.value} {[vars(record) for record in caplog.records]}"
    assert "s3cret" not in said


async def test_path_prefix_is_kept(server: EbpfServer) -> None:
    await fails(f"{server.url}/agents/a/")
    assert server.requests[0].path == "/agents/a/api/events"


async def test_address_without_a_scheme_works(server: EbpfServer) -> None:
    async with opened(f"localhost:{server.port}") as source:
        assert (await source.events(HOUR)).coverage.source == f"ebpf-server at http://localhost:{server.port}"


async def test_what_is_no_address_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(InvalidSettings):
        async with opened("ftp://host"):
            pass


async def test_proxy_of_the_environment_is_not_asked(server: EbpfServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    async with opened(server.url) as source:
        assert (await source.events(HOUR)).coverage.matched == 1


async def test_each_request_is_logged_with_its_cost(
    server: EbpfServer, source: EbpfSource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "netspy.ebpf")
    await source.events(HOUR)
    (record,) = (record for record in caplog.records if record.name == "netspy.ebpf")
    assert record.getMessage() == "source.request"
    fields = vars(record)
    assert fields["url"].startswith(f"{server.url}/api/events?type=connection&")
    assert fields["status"] == 200
    assert fields["bytes"] > 400
    assert fields["ms"] > 0


async def test_one_connection_serves_many_queries(server: EbpfServer, source: EbpfSource) -> None:
    for _ in range(5):
        await source.events(HOUR)
    assert server.accepted == 1


async def test_each_try_says_whose_turn_it_is_and_is_told(server: EbpfServer) -> None:
    observer = RecordingObserver(parent="00-1-2-01")
    server.fail(Reset(), times=1, path="/api/events")
    async with client.open_http_source(server.url, timeout_s=PATIENT_S, observer=observer) as source:
        with about("t1"):
            await source.events(HOUR)
        await source.events(HOUR)
    asked = [request.headers for request in server.requests if request.path == "/api/events"]
    assert [headers.get("x-request-id") for headers in asked] == ["t1", "t1", None]
    assert {headers.get("traceparent") for headers in asked} == {"00-1-2-01"}
    told = [(progress.status, progress.error) for work, progress in observer.ended if isinstance(work, RequestWork)]
    assert told[-3:] == [(None, "ReadError"), (200, ""), (200, "")]
