"""From an open socket to the container that it was opened in, over a cgroup of a test's own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.sockets import SocketState
from bot.domain.workload import Workload
from bot.ebpf.collector.cgroups import Cgroups
from bot.ebpf.container_files import ContainerFiles
from bot.ebpf.containers import Containers
from tests.kernel.conftest import skip_or_fail
from tests.kernel.namespaces import Pair
from tests.kernel.test_sockets import LISTEN, awaited

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
