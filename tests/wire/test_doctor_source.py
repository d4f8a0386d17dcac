"""Why the source of events does not answer, or has nothing to tell: each case by its name."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.doctor import examine
from bot.domain.ports import Check
from bot.settings import Settings
from tests.loopback.ebpf_aggregator import EbpfAggregator
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.http_peer import Answer, HttpPeer, Reset


async def source(folder: Path, url: str, **given: str) -> Check:
    return (await examined(folder, url, **given))[0]


async def examined(folder: Path, url: str, **given: str) -> list[Check]:
    own = {"NETSPY_DATABASE_URL": str(folder / "netspy.db"), "NETSPY_EBPF_URL": url}
    found = await examine(Settings.model_validate({**own, **given}))
    return [check for check in found.parts if check.part in {"source", "settings"}]


@contextmanager
def free_port(address: str = "127.0.0.1") -> Iterator[int]:
    """A port that is taken for as long as nobody listens on it."""
    with socket.socket() as held:
        held.bind((address, 0))
        yield held.getsockname()[1]


async def test_a_port_on_which_nothing_listens_is_told_with_how_to_start_a_server(tmp_path: Path) -> None:
    with free_port() as port:
        check = await source(tmp_path, f"http://localhost:{port}")
    assert (check.state, check.finding) == ("fault", "connection-refused")
    assert check.detail == f"connection refused: nothing listens on port {port} of this machine"
    assert f"--http --port {port}" in check.remedy
    assert "NETSPY_EBPF_URL" in check.remedy


async def test_a_process_that_holds_the_port_and_is_no_server_is_named(tmp_path: Path) -> None:
    with HttpPeer(lambda _: Answer(b"<html>", 404, "text/html")) as other:
        check = await source(tmp_path, other.url)
        other.fail(Reset())
        breaking = await source(tmp_path, other.url)
    for each in (check, breaking):
        assert each.finding == "port-held-by-another"
        assert f"port {other.port} is held by " in each.detail
        assert f"(pid {os.getpid()}), which does not answer as an ebpf-server does" in each.detail
    assert "HTTP 404" in check.detail


async def test_a_server_that_listens_on_another_address_is_found(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.2", 0)) as elsewhere:
        port = elsewhere.getsockname()[1]
        check = await source(tmp_path, f"http://127.0.0.1:{port}")
    assert check.finding == "listens-elsewhere"
    assert f"(pid {os.getpid()}) listens on port {port} of 127.0.0.2 only" in check.detail
    assert f"http://127.0.0.2:{port}" in check.remedy


async def test_a_token_that_is_refused_is_a_matter_of_permission(tmp_path: Path) -> None:
    with EbpfServer() as server:
        server.fail(Answer(b"no token", 401, "text/plain"))
        check = await source(tmp_path, server.url)
    assert (check.finding, "NETSPY_EBPF_TOKEN" in check.remedy) == ("permission-denied", True)


async def test_programs_that_are_not_loaded_are_told_with_how_to_build_them(tmp_path: Path) -> None:
    for programs in ((), (("connection", "inactive"), ("packet_drop", "loaded"))):
        with EbpfServer(programs=programs) as server:
            check = await source(tmp_path, server.url)
        assert (check.state, check.finding) == ("fault", "programs-not-loaded")
        assert "no eBPF program is active" in check.detail
        assert "open bpf/connection.o" in check.remedy
        assert "make build" in check.remedy
    with EbpfServer(programs=(("connection", "active"), ("packet_drop", "inactive"))) as server:
        check = await source(tmp_path, server.url)
    assert (check.state, check.finding) == ("warning", "programs-not-loaded"), "the rest of it answers"
    with EbpfServer() as server:
        server.initialized = False
        check = await source(tmp_path, server.url)
    assert (check.state, check.finding) == ("fault", "programs-not-loaded")


async def test_empty_data_has_a_name_for_each_cause(tmp_path: Path) -> None:
    with EbpfServer() as server:
        silent = await source(tmp_path, server.url)
        server.add_connection("python", f"127.0.0.1:{server.port}")
        server.add_connection("curl", "10.9.9.9:443", pid=os.getpid())
        server.add_connection("netspy", "10.9.9.9:443")
        own = await source(tmp_path, server.url)
        server.add_drop("nginx")
        well = await source(tmp_path, server.url)
    with EbpfServer() as server:
        server.add_connection("curl", ago_s=7200)
        server.add_drop("curl", ago_s=5400)
        old = await source(tmp_path, server.url)
    with EbpfServer(now=lambda: datetime.now(UTC) + timedelta(hours=1)) as server:
        server.add_connection("curl")
        ahead = await source(tmp_path, server.url)
    told = [(each.state, each.finding) for each in (silent, own, well, old, ahead)]
    names = ["server-silent", "own-traffic-only", "outside-window", "clock-ahead"]
    assert told == [("warning", names[0]), ("warning", names[1]), ("ok", ""), *(("warning", n) for n in names[2:])]
    assert "1 h 30 min ago" in old.detail
    assert "--duration 5520" in old.remedy


async def test_an_aggregator_without_agents_is_told_apart_from_one_with_old_events(tmp_path: Path) -> None:
    with EbpfAggregator() as aggregator:
        assert (await source(tmp_path, aggregator.url)).finding == "nodes-silent"
        aggregator.add_connection("curl", k8s_node_name="node-a", ago_s=500)
        assert (await source(tmp_path, aggregator.url)).finding == "outside-window"


async def test_channels_that_ask_for_a_node_that_is_not_there_are_named(tmp_path: Path) -> None:
    with EbpfAggregator() as aggregator:
        aggregator.add_connection("curl", k8s_node_name="node-a")
        aggregator.add_connection("curl", k8s_node_name="node-b")
        given = {"NETSPY_CHANNEL_NODES": "C1=node-a,C2=node-x"}
        _, setting = await examined(tmp_path, aggregator.url, **given)
    assert (setting.part, setting.state, setting.finding) == ("settings", "warning", "unknown-node")
    assert setting.detail == "NETSPY_CHANNEL_NODES: C2 asks for node-x, and there is no such node"
    assert setting.remedy.startswith("did you mean node-")


@pytest.mark.parametrize("url", ["node-a=http://127.0.0.1:9,node-b=http://127.0.0.1:9"])
async def test_many_nodes_that_fail_alike_have_one_name(url: str, tmp_path: Path) -> None:
    assert (await source(tmp_path, url)).finding == "connection-refused"
