"""Events of TCP, each provoked once between two network namespaces."""

import subprocess

from tests.kernel.namespaces import Pair
from tests.kernel.watching import Watch

CONNECT = """
print(os.getpid())
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
client = socket.socket(family)
client.settimeout(float(sys.argv[3]) if len(sys.argv) > 3 else None)
try:
    client.connect((sys.argv[1], int(sys.argv[2])))
    client.sendall(b"hello")
    client.shutdown(socket.SHUT_WR)
    while client.recv(10): pass
except OSError as error:
    pass
client.close()
"""
SERVE = """
server = socket.create_server(("::", 8000), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    peer, _ = server.accept()
    while peer.recv(10): pass
    peer.sendall(b"bye")
    peer.close()
"""
RESET = """
server = socket.create_server(("", 8000))
print("ready", flush=True)
peer, _ = server.accept()
peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
peer.close()
server.accept()
"""


def connect(pair: Pair, *arguments: object) -> int:
    """Returns the client's pid."""
    return int(pair.client.run(CONNECT, *arguments).stdout)


def test_a_refused_connect_names_its_process_its_errno_and_both_resets(pair: Pair, watch: Watch) -> None:
    pid = connect(pair, pair.server.address, 9)
    call = watch.one("connect", pid=pid)
    assert (call["errno"], call["type"], call["family"], call["proto"]) == ("ECONNREFUSED", "stream", "ipv4", "tcp")
    assert (call["dst"], call["dport"], call["netns"], call["uid"]) == (pair.server.address, 9, pair.client.number, 0)
    assert call["call_us"] > 0
    ended = watch.one("tcp_open", sock=call["sock"], netns=pair.client.number)
    assert (ended["from"], ended["to"], ended["errno"], ended["role"]) == (
        "SYN_SENT",
        "CLOSE",
        "ECONNREFUSED",
        "client",
    )
    received = watch.one("tcp_reset_received", sock=call["sock"], netns=pair.client.number)
    assert (received["state"], received["owner"], received["pid"]) == ("SYN_SENT", "socket", pid)
    sent = watch.one("tcp_reset_sent", netns=pair.server.number)
    assert (sent["src"], sent["sport"], sent["dst"]) == (pair.server.address, 9, pair.client.address)


def test_a_syn_for_a_closed_port_is_a_drop_without_a_socket(pair: Pair, watch: Watch) -> None:
    connect(pair, pair.server.address, 9)
    drop = watch.one("drop", netns=pair.server.number, dport=9)
    assert (drop["reason"], drop["benign"], drop["direction"], drop["if"]) == ("NO_SOCKET", False, "in", "eth0")
    assert (drop["src"], drop["dst"], drop["tcp_flags"]) == (pair.client.address, pair.server.address, 0x02)
    assert drop["location"].startswith("tcp_v4_rcv+0x")


def test_a_connection_is_told_from_both_ends_with_owner_bytes_and_times(pair: Pair, watch: Watch) -> None:
    with pair.server.serving(SERVE) as server:
        pid = connect(pair, pair.server.address, 8000)
        call = watch.one("connect", pid=pid)
        opened = watch.one("tcp_open", sock=call["sock"], netns=pair.client.number)
        closed = watch.one("tcp_close", sock=call["sock"], netns=pair.client.number)
        accepted = watch.one("tcp_accept", netns=pair.server.number)
        served = watch.one("tcp_close", sock=accepted["sock"], netns=pair.server.number)
        listening = watch.one("tcp_listen", netns=pair.server.number)
    assert (call["errno"], opened["to"], opened["pid"]) == (None, "ESTABLISHED", pid)
    assert 0 < opened["handshake_us"] <= call["call_us"]
    assert (closed["tx_bytes"], closed["rx_bytes"], closed["role"], closed["pid"]) == (5, 3, "client", pid)
    assert closed["duration_us"] > 0
    assert (closed["src"], closed["sport"]) == (pair.client.address, opened["sport"])
    assert (accepted["pid"], accepted["comm"], accepted["role"]) == (None, "", "server")
    assert (accepted["src"], accepted["sport"], accepted["dst"]) == (pair.server.address, 8000, pair.client.address)
    assert (served["tx_bytes"], served["rx_bytes"], served["role"], served["pid"]) == (3, 5, "server", server.pid)
    assert (listening["to"], listening["src"], listening["sport"], listening["pid"]) == (
        "LISTEN",
        "::",
        8000,
        server.pid,
    )


def test_ipv6_addresses_are_told_as_such(pair: Pair, watch: Watch) -> None:
    with pair.server.serving(SERVE):
        pid = connect(pair, pair.server.address6, 8000)
        opened = watch.one("tcp_open", pid=pid)
    assert (opened["family"], opened["src"], opened["dst"]) == ("ipv6", pair.client.address6, pair.server.address6)


def test_a_connect_that_does_not_wait_is_told_by_its_socket_later(pair: Pair, watch: Watch) -> None:
    with pair.server.serving(SERVE):
        pid = connect(pair, pair.server.address, 8000, 5)  # with a timeout Python's sockets do not block
        call = watch.one("connect", pid=pid)
        assert (call["ret"], call["errno"]) == (-115, "EINPROGRESS")
        assert watch.one("tcp_open", sock=call["sock"], netns=pair.client.number)["to"] == "ESTABLISHED"


def test_a_dropped_syn_is_sent_again_and_says_so(pair: Pair, watch: Watch) -> None:
    pair.server.nft("input", "tcp dport 7001 drop")
    pid = connect(pair, pair.server.address, 7001, 1.5)
    again = watch.one("tcp_retransmit", pid=pid)
    assert (again["state"], again["retransmits"], again["dport"], again["errno"]) == ("SYN_SENT", 1, 7001, None)
    drop = watch.one("drop", netns=pair.server.number, dport=7001)
    assert (drop["reason"], drop["benign"], drop["direction"]) == ("NETFILTER_DROP", False, "in")
    gave_up = watch.one("tcp_open", pid=pid)
    assert (gave_up["to"], gave_up["errno"]) == ("CLOSE", None)


def test_what_leaves_the_machine_can_be_dropped_on_its_way_out(pair: Pair, watch: Watch) -> None:
    pair.client.nft("output", "tcp dport 7001 drop")
    pid = connect(pair, pair.server.address, 7001, 1.5)
    drop = watch.one("drop", pid=pid, dport=7001)
    assert (drop["reason"], drop["direction"], drop["owner"]) == ("NETFILTER_DROP", "out", "socket")
    assert drop["netns"] == pair.client.number


def test_a_syn_ack_that_does_not_arrive_is_sent_again(pair: Pair, watch: Watch) -> None:
    pair.client.nft("input", "tcp sport 8000 drop")
    with pair.server.serving(SERVE) as server:
        connect(pair, pair.server.address, 8000, 1.5)
        again = watch.one("synack_retransmit", netns=pair.server.number)
        listening = watch.one("tcp_listen", pid=server.pid)
    assert (again["sock"], again["role"], again["retransmits"]) == (listening["sock"], "server", 1)
    assert (again["sport"], again["dst"]) == (8000, pair.client.address)


def test_whoever_resets_a_connection_is_named(pair: Pair, watch: Watch) -> None:
    code = """
print(os.getpid())
try: socket.create_connection((sys.argv[1], 8000)).recv(1)
except OSError: pass
"""
    with pair.server.serving(RESET) as server:
        pid = int(pair.client.run(code, pair.server.address).stdout)
        sent = watch.one("tcp_reset_sent", netns=pair.server.number)
        received = watch.one("tcp_reset_received", netns=pair.client.number)
    assert (sent["pid"], sent["owner"], sent["role"]) == (server.pid, "socket", "server")
    assert (sent["src"], sent["sport"]) == (pair.server.address, 8000)
    assert sent["reason"]
    assert (received["pid"], received["role"], received["dport"]) == (pid, "client", 8000)
    assert received["state"] == "ESTABLISHED"


def test_a_process_without_file_descriptors_cannot_accept(pair: Pair, watch: Watch) -> None:
    code = """
import resource
server = socket.create_server(("", 8000))
resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
print("ready", flush=True)
try: server.accept()
except OSError: sys.stdin.read()
"""
    with pair.server.serving(code) as server:
        connect(pair, pair.server.address, 8000, 0.1)
        failed = watch.one("accept_failed", pid=server.pid)
    assert (failed["errno"], failed["type"], failed["proto"]) == ("EMFILE", "stream", "tcp")
    assert (failed["src"], failed["sport"], failed["netns"]) == ("0.0.0.0", 8000, pair.server.number)


def test_an_answer_to_a_keepalive_is_a_harmless_drop(pair: Pair, watch: Watch) -> None:
    code = """
client = socket.create_connection((sys.argv[1], 8000))
client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
print("ready", flush=True)
sys.stdin.read()
"""
    with pair.server.serving(SERVE), pair.client.serving(code, pair.server.address):
        drop = watch.one("drop", netns=pair.server.number, dport=8000)
    assert (drop["reason"], drop["benign"]) == ("TCP_OLD_SEQUENCE", True)


def test_hostile_names_of_processes_and_unusual_users_come_through(pair: Pair, watch: Watch) -> None:
    code = r"""
open("/proc/self/comm", "wb").write(b"\xff\x1b[31m\n<!all>")
os.setuid(65534)
try: socket.socket().connect((sys.argv[1], 9))
except OSError: pass
"""
    pair.client.run(code, pair.server.address)
    call = watch.one("connect", netns=pair.client.number)
    assert call["comm"] == "\\xff\x1b[31m\n<!all>"
    assert call["uid"] == 65534


def test_a_connection_older_than_the_collector_has_no_duration(pair: Pair, kernel: None) -> None:
    from tests.kernel.watching import watching

    code = """
client = socket.create_connection((sys.argv[1], 8000))
print("ready", flush=True)
sys.stdin.read()
client.close()
"""
    with pair.server.serving(SERVE), pair.client.serving(code, pair.server.address) as client, watching() as watch:
        assert isinstance(client, subprocess.Popen)
        client.communicate()
        closed = watch.one("tcp_close", netns=pair.client.number)
    assert (closed["pid"], closed["duration_us"], closed["dport"]) == (client.pid, None, 8000)


def test_who_accepted_a_connection_is_known_when_its_peer_resets_it(pair: Pair, watch: Watch) -> None:
    code = """
client = socket.create_connection((sys.argv[1], 8000))
client.sendall(b"hello")
client.recv(1)
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
client.close()
"""
    answering = SERVE.replace("while peer.recv(10): pass", "peer.recv(10); peer.sendall(b'!'); sys.stdin.read()")
    with pair.server.serving(answering) as server:
        pair.client.run(code, pair.server.address)
        reset = watch.one("tcp_reset_received", netns=pair.server.number)
    assert (reset["pid"], reset["owner"], reset["role"]) == (server.pid, "socket", "server")
