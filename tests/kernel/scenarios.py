"""What goes wrong between a client and its server, and what looks as if it did."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from tests.kernel.lab_faults import input_rule
from tests.kernel.lab_programs import NAMED, RESETS, WITHOUT_DESCRIPTORS
from tests.kernel.lab_traffic import NAME_SERVER
from tests.kernel.namespaces import pair
from tests.kernel.provoking import Provoked, Scenario, of_lab, program

HOST = "10.99.0.2"
_LISTENS = (
    NAMED
    + """
named(sys.argv[1])
server = socket.create_server(("", int(sys.argv[2])), backlog=int(sys.argv[3]))
print("ready", flush=True)
sys.stdin.read()
"""
)
_CANNOT_ACCEPT = WITHOUT_DESCRIPTORS.replace("int(sys.argv[2])))", "int(sys.argv[2])), backlog=int(sys.argv[3]))")
_ANSWERS_FEW = _LISTENS.replace("sys.stdin.read()", "while True: server.accept()[0].close()")
_CONNECTS_MANY = (
    NAMED
    + """
named(sys.argv[1])
clients = [socket.socket() for _ in range(8)]
for client in clients:
    client.setblocking(False)
    client.connect_ex((sys.argv[2], int(sys.argv[3])))
def retransmits(client): return client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[2]
while not any(map(retransmits, clients)): time.sleep(0.05)
print("some wait", flush=True)
sys.stdin.read()
"""
)
RETRIES = (
    NAMED
    + """
name, source, host, port = sys.argv[1:]
named(name)
while True:
    client = socket.socket()
    client.bind((source, 0))
    client.settimeout(1.5)
    try: client.connect((host, int(port)))
    except OSError: print("failed", flush=True)
    client.close()
    time.sleep(0.2)
"""
)
_FLOODS = """
def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
flood = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
host, port = socket.inet_aton(sys.argv[1]), int(sys.argv[2])
def ask_from(number, own_port):
    source = socket.inet_aton(f"10.88.0.{number}")
    def segment(check): return struct.pack(">HHIIBBHHH", own_port, port, 1, 0, 0x50, 2, 1000, check, 0)
    check = checksum(source + host + struct.pack(">HH", 6, 20) + segment(0))
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40, 1, 0, 64, 6, 0, source, host)
    flood.sendto(ip + segment(check), (sys.argv[1], 0))
for own_port in range(1024, 65536):
    for number in range(1, 33): ask_from(number, own_port)
    print("flooding", flush=True)
    time.sleep(0.05)
"""
_ASKS = (
    NAMED
    + r"""
named(sys.argv[1])
def ask(number, name):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect((sys.argv[2], 53))
    client.settimeout(1)
    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0\0\1\0\1"
    client.send(struct.pack(">HHHHHH", number, 0x100, 1, 0, 0, 0) + question)
    try: client.recv(512)
    except OSError: pass
for number, name in enumerate(sys.argv[3:]): ask(number, name)
print("all asked", flush=True)
sys.stdin.read()
"""
)
NAMES = ("slow.lab", "silent.lab", "missing.lab", "broken.lab", "private.lab", "here.lab")
"""In this order: the late reply comes while the next one is waited for."""
_STEADY = (
    NAMED
    + """
named(sys.argv[1])
def ask():
    client = socket.create_connection((sys.argv[2], int(sys.argv[3])))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    client.sendall(b"hello")
    assert client.recv(10) == b"hello"
    return client
def acknowledged_ms_ago(client):
    return struct.unpack_from("I", client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 56)[0]
closed = ask()
closed.shutdown(socket.SHUT_WR)
assert closed.recv(10) == b""
closed.close()
idle = ask()
while acknowledged_ms_ago(idle) < 500: time.sleep(0.05)
while acknowledged_ms_ago(idle) > 400: time.sleep(0.05)
print("the keepalive was answered", flush=True)
sys.stdin.read()
"""
)
_ECHOES = (
    NAMED
    + """
import threading
named(sys.argv[1])
server = socket.create_server(("", int(sys.argv[2])))
print("ready", flush=True)
def echo(peer):
    while data := peer.recv(10): peer.sendall(data)
    peer.close()
while True:
    threading.Thread(target=echo, args=server.accept()[:1]).start()
"""
)


@contextmanager
def _full_accept_queue(code: str, name: str, port: int, *, client: str) -> Iterator[Provoked]:
    with pair() as ends, ExitStack() as stack:
        server = stack.enter_context(ends.server.serving(code, name, port, 2))
        yield Provoked(ends, program(stack, ends.client, _CONNECTS_MANY, client, HOST, port), server)


@contextmanager
def _syn_flood() -> Iterator[Provoked]:
    """SYNs from 32 addresses that exist nowhere, again and again, for a listener with room for 8 handshakes."""
    with pair() as ends, ExitStack() as stack:
        ends.server.set("ipv4/tcp_syncookies", "0")
        ends.server.do("ip", "route", "add", "10.88.0.0/24", "via", ends.client.address)
        server = stack.enter_context(ends.server.serving(_ANSWERS_FEW, "shop", 8454, 8))
        stack.enter_context(ends.client.serving(_FLOODS, HOST, 8454))
        yield Provoked(ends, program(stack, ends.client, RETRIES, "customer", "", HOST, 8454), server)


@contextmanager
def _name_server() -> Iterator[Provoked]:
    with pair() as ends, ExitStack() as stack:
        server = stack.enter_context(ends.server.serving(NAME_SERVER))
        yield Provoked(ends, program(stack, ends.client, _ASKS, "asker", HOST, *NAMES), server)


@contextmanager
def _health() -> Iterator[Provoked]:
    """Rests once it is there: what is dropped in an interrupt, and has no socket, is told of whoever runs just then."""
    with pair() as ends, ExitStack() as stack:
        server = stack.enter_context(ends.server.serving(_ECHOES, "echo", 8455))
        made = Provoked(ends, program(stack, ends.client, _STEADY, "steady", HOST, 8455), server)
        assert made.happens()
        yield made


CLOSED_PORT = of_lab("nobody listens", "NO_SOCKET")
INPUT_DROP = of_lab("a firewall drops, and the client waits", "NETFILTER_DROP")
IMPATIENT = of_lab(
    "a firewall drops, and the client gives up", "NETFILTER_DROP", prepare=input_rule("tcp dport 8443 drop")
)
INPUT_RESET = of_lab("a firewall resets", "NETFILTER_DROP")
OUTPUT_DROP = of_lab("the client's own firewall drops", "NETFILTER_DROP")
INPUT_ICMP = of_lab("a firewall rejects by ICMP", "NETFILTER_DROP")
HASTY = of_lab("a firewall rejects by ICMP, and the client does not wait in its call", "NETFILTER_DROP")
ABSENT_HOST = of_lab("the host is absent", "NEIGH_FAILED")
FIRST_SYN = of_lab("the first SYN is lost", "NETFILTER_DROP")
DATAGRAMS = of_lab("nobody takes datagrams", "NO_SOCKET")
NO_DESCRIPTORS = of_lab("the server has no file descriptors")
SLOW_SERVER = of_lab("the server is slow")
RESETTING_SERVER = of_lab("the server resets", server=(RESETS, "hooks", 8450))
UNREAD_DATA = of_lab("the server leaves data unread")
FULL_ACCEPT_QUEUE = Scenario(
    name="the accept queue is full",
    process="kiosk",
    destination=f"{HOST}:8453",
    provoked=partial(_full_accept_queue, _LISTENS, "tickets", 8453, client="kiosk"),
)
NO_DESCRIPTORS_FOR_MANY = Scenario(
    name="the server has no file descriptors, and its accept queue fills",
    process="player",
    destination=f"{HOST}:8457",
    provoked=partial(_full_accept_queue, _CANNOT_ACCEPT, "lobby", 8457, client="player"),
)
SYN_FLOOD = Scenario(
    name="SYNs flood",
    process="customer",
    destination=f"{HOST}:8454",
    provoked=_syn_flood,
    reasons=frozenset({"IP_INADDRERRORS"}),  # answers to addresses that nobody has
)
NAME_SERVER_TROUBLE = Scenario(
    name="names are not found",
    process="asker",
    destination=f"{HOST}:53",
    provoked=_name_server,
    reasons=frozenset({"NO_SOCKET"}),
)
HEALTH = Scenario(name="all is well", process="steady", destination=f"{HOST}:8455", provoked=_health)
