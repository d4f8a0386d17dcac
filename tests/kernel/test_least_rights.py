"""The capabilities that deploy/ gives to the collector are enough to see everything, and each of them is needed."""

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from socket import create_server
from typing import Any

import pytest

from tests.deploy.tools import RIGHTS

ROOT = Path(__file__).parent.parent.parent
LOOK = """
import asyncio, json, sys
from pathlib import Path
from bot.domain.errors import CannotCollect
from bot.ebpf.collecting import open_collector
from bot.ebpf.collector.symbols import Symbols
from bot.ebpf.machine.holders import Holders

async def look(inode):
    try:
        async with open_collector() as collector:
            missing = dict(collector.listening().missing)
    except CannotCollect as error:
        return {"refused": str(error)}
    held = bool(Holders({inode}).of)
    return {"missing": missing, "names code": Symbols()(2**64 - 1) is not None, "sees holder": held}

print(json.dumps(asyncio.run(look(int(sys.argv[1])))))
"""
CONFINED = 'mount -t tracefs tracefs /sys/kernel/tracing && exec setpriv --no-new-privs --inh-caps=-all "$@"'
"""In namespaces of its own; mounting takes a capability that what it becomes then lacks."""
EVERYTHING = {"missing": {}, "names code": True, "sees holder": True}


@pytest.fixture
def held_socket(kernel: None) -> Iterator[int]:
    """The inode of a socket that only a process of another user holds."""
    with create_server(("127.0.0.1", 0)) as server:
        inode, files = os.fstat(server.fileno()).st_ino, [server.fileno()]
        words = ["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "cat"]
        stranger = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=files)
    assert stranger.stdin
    assert stranger.stdout
    stranger.stdin.write(b"x")
    stranger.stdin.flush()
    assert stranger.stdout.read(1) == b"x"  # it is that user by now
    yield inode
    stranger.communicate()


def looked(inode: int, rights: Collection[str]) -> dict[str, Any]:
    """What root sees with these capabilities and no other, as in a container."""
    bounds = ",".join(["-all", *(f"+{right.lower()}" for right in rights)])
    words = ["unshare", "--mount", "sh", "-c", CONFINED, "sh", f"--bounding-set={bounds}"]
    done = subprocess.run(
        [*words, sys.executable, "-c", LOOK, str(inode)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_five_capabilities_suffice(held_socket: int) -> None:
    assert looked(held_socket, RIGHTS) == EVERYTHING


def test_without_the_right_to_load_or_to_attach_nothing_runs(held_socket: int) -> None:
    for right in ("BPF", "PERFMON"):
        assert f"needs CAP_{right}" in looked(held_socket, {*RIGHTS} - {right})["refused"]


def test_without_one_of_two_more_the_holders_of_other_users_sockets_are_not_seen(held_socket: int) -> None:
    for right in ("SYS_PTRACE", "DAC_READ_SEARCH"):
        assert looked(held_socket, {*RIGHTS} - {right}) == {**EVERYTHING, "sees holder": False}


def test_without_the_last_one_code_of_the_kernel_has_no_names(held_socket: int) -> None:
    hides = [Path("/proc/sys/kernel/kptr_restrict"), Path("/proc/sys/kernel/perf_event_paranoid")]
    restricted, paranoid = (int(file.read_text()) for file in hides)
    is_hidden = restricted > 0 or paranoid > 1
    assert looked(held_socket, {*RIGHTS} - {"SYSLOG"}) == {**EVERYTHING, "names code": not is_hidden}
