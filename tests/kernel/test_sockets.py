"""Open sockets as the kernel lists them, in states that tests bring about between two network namespaces."""

import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain.network import Endpoint
from bot.domain.sockets import OpenSocket, SocketState
from bot.ebpf.machine.sockets import open_sockets
from tests.kernel.namespaces import Namespace, Pair

PATIENCE_S = 20.0
KERNEL = tuple(int(number) for number in re.findall(r"\d+", platform.release())[:2])
ROOT = Path(__file__).parent.parent.parent
LISTEN = """
server = socket.create_server(("::", 8000), family=socket.AF_INET6, dualstack_ipv6=True, backlog=int(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
"""
ACCEPT = """
server = socket.create_server(("", 8000))
print("ready", flush=True)
peer, _ = server.accept()
sys.stdin.read()
"""
SEND = """
client = socket.create_connection((sys.argv[1], 8000))
client.sendall(b"x" * int(sys.argv[2]))
print(os.getpid(), flush=True)
sys.stdin.read()
"""
CONNECT_MANY = """
clients = [socket.socket() for _ in range(8)]
for client in clients:
    client.setblocking(False)
    client.connect_ex((sys.argv[1], 8000))
print("ready", flush=True)
sys.stdin.read()
"""
BIND_UDP = """
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
server.bind(("", 9000))
print("ready", flush=True)
sys.stdin.read()
"""


def sockets_of(namespace: Namespace, state: SocketState) -> list[OpenSocket]:
    listed = open_sockets().sockets
    return [each for each in listed if each.namespace == namespace.number and each.state is state]


def awaited(
    namespace: Namespace, state: SocketState, condition: Callable[[OpenSocket], object] = lambda _: True
) -> OpenSocket:
    """The first socket of which this is true, as soon as it is."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = sockets_of(namespace, state)
        if fitting := [each for each in found if condition(each)]:
            return fitting[0]
        time.sleep(0.02)
    raise AssertionError(f"no such socket, but {found}")


def namespaces_of_own_threads() -> set[int]:
    return {thread.joinpath("ns/net").stat().st_ino for thread in Path("/proc/self/task").iterdir()}


def open_files() -> list[Path]:
    return sorted(Path("/proc/self/fd").iterdir())


def test_a_socket_in_another_namespace_is_found_with_its_process_and_nothing_moves(pair: Pair) -> None:
    before, files = namespaces_of_own_threads(), open_files()
    with pair.server.serving(LISTEN, 7) as server:
        found = awaited(pair.server, SocketState.LISTEN)
    assert (found.pid, found.process, found.holders) == (server.pid, Path(sys.executable).name[:15], 1)
    assert (found.local, found.remote, found.backlog, found.backlog_limit) == (Endpoint("::", 8000), None, 0, 7)
    assert (found.protocol, found.uid, found.transfer, found.is_backlog_full) == ("tcp", 0, None, False)
    assert (namespaces_of_own_threads(), open_files()) == (before, files)
    assert pair.server.number not in before


def test_a_full_accept_queue_shows_at_the_listener_with_what_it_dropped(pair: Pair) -> None:
    with pair.server.serving(LISTEN, 2), pair.client.serving(CONNECT_MANY, pair.server.address):
        found = awaited(pair.server, SocketState.LISTEN, lambda each: each.buffers and each.buffers.drops)
        waiting = sockets_of(pair.server, SocketState.ESTABLISHED)
    assert (found.backlog, found.backlog_limit, found.is_backlog_full) == (3, 2, True)
    assert {each.pid for each in waiting} == {None}
    assert {each.local for each in waiting} == {Endpoint(pair.server.address, 8000)}, "IPv4, as on the wire"


def test_unread_data_shows_as_the_receive_queue_and_is_told_from_both_ends(pair: Pair) -> None:
    with pair.server.serving(ACCEPT) as server, pair.client.serving(SEND, pair.server.address, 5000) as client:
        unread = awaited(pair.server, SocketState.ESTABLISHED, lambda each: each.receive_queue_bytes == 5000)
        sender = awaited(pair.client, SocketState.ESTABLISHED, lambda each: each.send_queue_bytes == 0)
    assert (unread.pid, sender.pid) == (server.pid, client.pid)
    assert (unread.local, unread.remote) == (sender.remote, sender.local)
    assert unread.transfer is not None
    assert sender.transfer is not None
    assert (unread.transfer.received_bytes, sender.transfer.sent_bytes) == (5000, 5000)
    assert (sender.transfer.received_bytes, sender.transfer.since_received_ms) == (0, None)
    assert sender.transfer.since_sent_ms is not None
    assert sender.transfer.rtt_us is not None
    assert sender.transfer.congestion_window_segments >= 2
    assert unread.buffers is not None
    assert 5000 < unread.buffers.receive_used_bytes < unread.buffers.receive_limit_bytes


def test_a_sender_whose_peer_has_no_room_is_told_to_wait_for_it(pair: Pair) -> None:
    fill = SEND.replace("client.sendall", "client.settimeout(1)\ntry: client.sendall").replace(
        "\nprint", "\nexcept OSError: pass\nprint"
    )
    with pair.server.serving(ACCEPT), pair.client.serving(fill, pair.server.address, 30_000_000):
        stuck = awaited(pair.client, SocketState.ESTABLISHED, lambda each: each.window_probes_now)
    assert stuck.transfer is not None
    assert stuck.transfer.peer_window_bytes == 0
    assert (stuck.transfer.receiver_limited_share or 0) > 0.5
    assert stuck.send_queue_bytes
    assert stuck.retransmits_now == 0


def test_a_fin_is_no_byte_in_any_queue_or_total(pair: Pair) -> None:
    half_close = SEND.replace("\nprint", "\nclient.shutdown(socket.SHUT_WR)\nprint")
    with pair.server.serving(ACCEPT), pair.client.serving(half_close, pair.server.address, 300):
        left = awaited(pair.server, SocketState.CLOSE_WAIT)
        gone = awaited(pair.client, SocketState.FIN_WAIT2)
    assert left.transfer is not None
    assert (left.receive_queue_bytes, left.transfer.received_bytes) == (300, 300)
    assert gone.transfer is not None
    assert (gone.send_queue_bytes, gone.transfer.sent_bytes) == (0, 300)


def test_a_syn_without_an_answer_counts_how_often_it_was_sent_again(pair: Pair) -> None:
    pair.server.nft("input", "tcp dport 8000 drop")
    with pair.client.serving(CONNECT_MANY, pair.server.address) as client:
        asking = awaited(pair.client, SocketState.SYN_SENT, lambda each: each.retransmits_now)
    assert (asking.pid, asking.retransmits_now, asking.send_queue_bytes) == (client.pid, 1, 0)
    assert asking.remote == Endpoint(pair.server.address, 8000)
    assert asking.transfer is not None
    assert asking.transfer.rtt_us is None


def test_a_handshake_without_its_last_step_is_listed_without_owner(pair: Pair) -> None:
    pair.client.nft("input", "tcp sport 8000 drop")
    with pair.server.serving(LISTEN, 7), pair.client.serving(CONNECT_MANY, pair.server.address):
        half = awaited(pair.server, SocketState.SYN_RECV, lambda each: each.retransmits_now)
    assert (half.pid, half.uid, half.inode, half.transfer) == (None, None, None, None)
    assert half.remote is not None
    assert half.remote.address == pair.client.address


def test_a_udp_socket_counts_what_found_no_room(pair: Pair) -> None:
    flood = """
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect((sys.argv[1], 9000))
for _ in range(50): client.send(bytes(1000))
print("ready", flush=True)
sys.stdin.read()
"""
    with pair.server.serving(BIND_UDP) as server, pair.client.serving(flood, pair.server.address) as client:
        full = awaited(pair.server, SocketState.UNCONN, lambda each: each.buffers and each.buffers.drops)
        sender = awaited(pair.client, SocketState.ESTABLISHED, lambda each: each.protocol == "udp")
    assert (full.pid, full.protocol, full.local, full.remote) == (server.pid, "udp", Endpoint("0.0.0.0", 9000), None)
    assert full.receive_queue_bytes
    assert full.retransmits_now is None
    assert (sender.pid, sender.remote) == (client.pid, Endpoint(pair.server.address, 9000))


def test_ipv6_addresses_are_listed_as_such(pair: Pair) -> None:
    with pair.server.serving(LISTEN, 7), pair.client.serving(SEND, pair.server.address6, 1):
        found = awaited(pair.client, SocketState.ESTABLISHED)
    assert found.remote == Endpoint(pair.server.address6, 8000)
    assert found.local.address == pair.client.address6


@pytest.mark.skipif(KERNEL < (6, 8), reason="older kernels do not list these")
def test_a_port_that_is_only_bound_is_listed(pair: Pair) -> None:
    bind = """
client = socket.socket()
client.bind(("", 8000))
print("ready", flush=True)
sys.stdin.read()
"""
    with pair.server.serving(bind) as server:
        found = awaited(pair.server, SocketState.CLOSE)
    assert (found.pid, found.local.port, found.remote) == (server.pid, 8000, None)


def test_processes_that_share_a_socket_are_counted(pair: Pair) -> None:
    with pair.server.serving(LISTEN.replace("print", "os.fork()\nprint"), 7) as server:
        found = awaited(pair.server, SocketState.LISTEN, lambda each: each.holders == 2)
    assert found.pid == server.pid


def test_what_is_beyond_the_limit_is_counted_and_time_wait_goes_first(pair: Pair, tmp_path: Path) -> None:
    close = """
other = socket.create_server(("", 8001))
client = socket.create_connection(other.getsockname()); peer, _ = other.accept()
client.close(); peer.close()
"""
    with pair.server.serving(close + LISTEN, 7) as server:
        (tmp_path / str(server.pid)).symlink_to(f"/proc/{server.pid}")
        everything = open_sockets(proc=tmp_path)
        found = open_sockets(limit=2, proc=tmp_path)
    assert [each.state.value for each in everything.sockets] == ["LISTEN", "LISTEN", "TIME_WAIT"]
    assert (everything.sockets[2].uid, everything.left_out, everything.notes) == (None, 0, ())
    assert found.sockets == everything.sockets[:2]
    assert found.left_out == 1
    assert found.notes == ("1 more sockets are open; those in TIME_WAIT are left out first",)


def test_only_wanted_states_are_listed(pair: Pair) -> None:
    with pair.server.serving(BIND_UDP), pair.client.serving(LISTEN, 7):
        found = open_sockets(states={SocketState.LISTEN})
        assert {each.state for each in found.sockets} == {SocketState.LISTEN}
        assert pair.server.number in found.namespaces


def test_nobody_looks_for_holders_that_were_not_asked_for(pair: Pair) -> None:
    with pair.client.serving(LISTEN, 7):
        listening = {SocketState.LISTEN}
        asked, unasked = (open_sockets(states=listening, with_holders=wanted) for wanted in (True, False))
        assert any(each.process for each in asked.sockets)
        assert unasked.sockets
        assert not any(each.process for each in unasked.sockets)


def test_without_rights_its_own_namespace_is_listed_and_the_rest_is_said_to_be_missing(pair: Pair) -> None:
    code = """
import os
from bot.ebpf.machine.holders import Holders
from bot.ebpf.machine.namespaces import namespaces
from bot.ebpf.machine.sockets import open_sockets
os.setuid(65534)
found = open_sockets()
print(len(found.namespaces), namespaces().hidden > 1, Holders({1}).hidden > 1, *found.notes, sep="\\n")
"""
    with pair.server.serving(LISTEN, 7):
        ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    seen, *hidden, note = ran.stdout.splitlines()
    assert (seen, hidden) == ("1", ["True", "True"])
    assert "processes that could not be looked at" in note
