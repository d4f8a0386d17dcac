"""Whether something is a server: asked over real sockets."""

import asyncio
import socket

import pytest

from bot.domain.errors import InvalidSettings
from bot.ebpf.remote.probe import probe
from tests.loopback.ebpf_aggregator import EbpfAggregator
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.http_peer import Answer, Fault, Hang, Reset, Truncated

PATIENT_S = 30.0
"""For what must answer: far more than it needs."""


async def test_server_and_aggregator_are_told_apart() -> None:
    with EbpfServer() as server, EbpfAggregator() as aggregator:
        assert await probe(server.url, timeout_s=PATIENT_S) == "server"
        assert await probe(f"127.0.0.1:{aggregator.port}", timeout_s=PATIENT_S) == "aggregator"


async def test_probe_asks_for_health_once_under_the_prefix() -> None:
    with EbpfServer() as server:
        await probe(f"{server.url}/agents/a/", timeout_s=PATIENT_S)
    assert [(request.method, request.path) for request in server.requests] == [("GET", "/agents/a/health")]


@pytest.mark.parametrize(
    "fault",
    [
        Answer(b"<html>hello</html>", content_type="text/html"),
        Answer(b'{"status":"UP"}'),
        Answer(b"[]"),
        Answer(b""),
        Answer(b'{"component":"eBPF Monitor API"}', status=503),
        Reset(),
        Truncated(),
    ],
)
async def test_anything_else_is_no_server(fault: Fault) -> None:
    with EbpfServer() as server:
        server.fail(fault)
        assert await probe(server.url, timeout_s=PATIENT_S) is None


async def test_server_that_hangs_is_given_up() -> None:
    with EbpfServer() as server:
        server.fail(Hang())
        assert await probe(server.url, timeout_s=0.05) is None
        assert await asyncio.to_thread(server.hung_up.wait, PATIENT_S)


async def test_nothing_listening_is_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert await probe(f"http://127.0.0.1:{port}", timeout_s=PATIENT_S) is None


async def test_plain_server_is_no_tls_server() -> None:
    with EbpfServer() as server:
        assert await probe(server.url.replace("http:", "https:"), timeout_s=PATIENT_S) is None


async def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(InvalidSettings):
        await probe("http://host:port")
