"""From an open socket, and from an event, to the container that it was opened in, over a cgroup of a test's own."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.network import Connection, Window
from bot.domain.query import EventQuery, Filter
from bot.domain.sockets import SocketState
from bot.domain.workload import Workload
from bot.ebpf.collecting import Collector, open_collector
from bot.ebpf.collector.cgroups import Cgroups
from bot.ebpf.machine.container_files import ContainerFiles
from bot.ebpf.machine.containers import Containers
from tests.kernel.conftest import skip_or_fail
from tests.kernel.namespaces import Pair
from tests.kernel.test_sockets import LISTEN, PATIENCE_S, awaited

ID = f"{os.getpid():064x}"


@pytest.fixture
def cgroup() -> Iterator[Path]:
    root = Cgroups()._root
    if root is None:
        skip_or_fail("no cgroup version 2 is mounted")
    folder = Path(str(root), f"docker-{ID}.scope")
    folder.mkdir()
    yield folder
    folder.rmdir()


def test_a_socket_leads_to_the_container_in_which_it_was_opened(pair: Pair, cgroup: Path, tmp_path: Path) -> None:
    containers = Containers(ContainerFiles(tmp_path), node="node-a")
    expected = Workload(container_id=ID, runtime="docker", node="node-a")
    with pair.server.serving("print('ready', flush=True); sys.stdin.readline()" + LISTEN, 7) as server:
        (cgroup / "cgroup.procs").write_text(str(server.pid))
        print(file=server.stdin, flush=True)
        found = awaited(pair.server, SocketState.LISTEN)
        assert found.cgroup == cgroup.stat().st_ino
        assert containers.of_path(Cgroups()(found.cgroup) or "") == expected
        assert containers.of_process(server.pid) == expected


REFUSED = """
sys.stdin.readline()
socket.socket().connect_ex((sys.argv[1], 9))
print("asked", flush=True)
sys.stdin.readline()
"""


async def test_an_attempt_is_told_with_the_container_that_made_it(pair: Pair, cgroup: Path, tmp_path: Path) -> None:
    names = tmp_path / "var/lib/docker/containers" / ID
    names.mkdir(parents=True)
    names.joinpath("config.v2.json").write_text('{"Name": "/web"}')
    async with open_collector(node="node-a", host_root=tmp_path) as collector:
        with pair.client.serving("print('ready', flush=True)" + REFUSED, pair.server.address) as client:
            cgroup.joinpath("cgroup.procs").write_text(str(client.pid))
            print(file=client.stdin, flush=True)
            found = await attempt_of(collector, client.pid)
    assert found.workload == Workload(container_id=ID, runtime="docker", container="web", node="node-a")


async def attempt_of(collector: Collector, pid: int) -> Connection:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            window = Window.last(60, datetime.now(UTC))
            query = EventQuery(kind="connection", window=window, filter=Filter(pid=pid))
            for event in (await collector.source.events(query)).events:
                if isinstance(event, Connection):
                    return event
            await asyncio.sleep(0.02)
