"""Events of UDP, ICMP, DNS and local sockets, each provoked once."""

from pathlib import Path

from tests.kernel.namespaces import Namespace, Pair
from tests.kernel.watching import Watch

SEND = """
print(os.getpid())
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(5)
try:
    client.connect((sys.argv[1], int(sys.argv[2])))
    client.send(b"hello")
    client.recv(10)
except OSError:
    pass
"""
NAME_SERVER = r"""
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("", 53))
print("ready", flush=True)
while True:
    query, asker = server.recvfrom(512)
    missing = b"missing" in query
    answers = [] if missing else [
        b"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3www\xc0\x0c",
        b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\2",
        b"\3www\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10\xfd" + bytes(14) + b"\1",
    ]
    header = struct.pack(">HHHHH", 0x8183 if missing else 0x8180, 1, len(answers), 0, 0)
    server.sendto(query[:2] + header + query[12:] + b"".join(answers), asker)
"""
ASK = r"""
print(os.getpid())
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(5)
question = b"".join(bytes([len(part)]) + part.encode() for part in sys.argv[2].split(".")) + b"\0\0\1\0\1"
client.sendto(struct.pack(">HHHHHH", 4242, 0x100, 1, 0, 0, 0) + question, (sys.argv[1], 53))
try: client.recv(512)
except OSError: pass
"""


def send(to: Namespace, pair: Pair, port: int) -> int:
    return int(pair.client.run(SEND, to.address, port).stdout)


def ask(pair: Pair, name: str) -> int:
    return int(pair.client.run(ASK, pair.server.address, name).stdout)


def test_a_datagram_for_a_closed_port_is_told_from_both_sides(pair: Pair, watch: Watch) -> None:
    pid = send(pair.server, pair, 9)
    call = watch.one("connect", pid=pid)
    assert (call["type"], call["proto"], call["errno"]) == ("dgram", "udp", None)
    drop = watch.one("drop", netns=pair.server.number, dport=9)
    assert (drop["reason"], drop["proto"], drop["benign"]) == ("NO_SOCKET", "udp", False)
    told = watch.one("icmp_sent", netns=pair.server.number)
    assert (told["icmp"], told["src"], told["dst"], told["dport"]) == (
        [3, 3],
        pair.client.address,
        pair.server.address,
        9,
    )
    learnt = watch.one("sock_error", sock=call["sock"], netns=pair.client.number)
    assert (learnt["errno"], learnt["owner"], learnt["pid"]) == ("ECONNREFUSED", "socket", pid)
    assert (learnt["dst"], learnt["dport"], learnt["proto"], learnt["netns"]) == (
        pair.server.address,
        9,
        "udp",
        pair.client.number,
    )


def test_errors_of_tcp_sockets_are_told_by_their_handshakes_only(pair: Pair, watch: Watch) -> None:
    pair.client.run("socket.socket().connect_ex((sys.argv[1], 9))", pair.server.address)
    assert watch.one("tcp_open", netns=pair.client.number)["errno"] == "ECONNREFUSED"
    assert watch.all("sock_error", proto="tcp") == []


def test_a_rejected_connect_leaves_the_icmp_message_as_evidence(pair: Pair, watch: Watch) -> None:
    pair.server.nft("input", "tcp dport 7003 reject with icmp type admin-prohibited")
    pair.client.run("socket.socket().connect_ex((sys.argv[1], 7003))", pair.server.address)
    told = watch.one("icmp_sent", netns=pair.server.number, dport=7003)
    assert (told["icmp"], told["proto"], told["src"]) == ([3, 13], "tcp", pair.client.address)
    assert watch.one("tcp_open", netns=pair.client.number)["errno"] == "EHOSTUNREACH"


def test_who_does_not_wait_for_the_rejection_still_has_its_message_and_that_is_not_harmless(
    pair: Pair, watch: Watch
) -> None:
    pair.server.nft("input", "tcp dport 7003 reject with icmp type admin-prohibited")
    code = """
client = socket.socket()
client.setblocking(False)
client.connect_ex((sys.argv[1], 7003))
time.sleep(0.2)
"""
    pair.client.run(code, pair.server.address)
    gave_up = watch.one("tcp_open", netns=pair.client.number)
    assert gave_up["evidence"] == ["unreachable"]
    message = watch.one("drop", netns=pair.client.number, proto="icmp")
    assert (message["icmp"], message["sock"], message["benign"]) == ([3, 13], gave_up["sock"], False)
    assert (message["src"], message["direction"]) == (pair.server.address, "in")


def test_a_dns_reply_is_told_with_its_asker_its_answers_and_the_time_it_took(pair: Pair, watch: Watch) -> None:
    with pair.server.serving(NAME_SERVER):
        pid = ask(pair, "WWW.example.test")
        query = watch.one("dns_query", pid=pid)
        reply = watch.one("dns_reply", netns=pair.client.number)
    assert (query["qname"], query["qtype"], query["id"], query["dport"]) == ("WWW.example.test", 1, 4242, 53)
    assert (reply["qname"], reply["qtype"], reply["id"], reply["rcode"]) == ("WWW.example.test", 1, 4242, "NOERROR")
    assert (reply["pid"], reply["uid"], reply["comm"], reply["src"]) == (pid, 0, query["comm"], pair.server.address)
    assert reply["answers"] == ["127.0.0.2", "fd00::1"]
    assert reply["latency_us"] > 0


def test_a_name_that_does_not_exist_is_told(pair: Pair, watch: Watch) -> None:
    with pair.server.serving(NAME_SERVER):
        ask(pair, "missing.test")
        reply = watch.one("dns_reply", netns=pair.client.number)
    assert (reply["rcode"], reply["qname"], reply["answers"]) == ("NXDOMAIN", "missing.test", [])


def test_an_unanswered_query_is_told(pair: Pair, watch: Watch) -> None:
    ask(pair, "silent.test")
    assert watch.one("dns_query", netns=pair.client.number)["qname"] == "silent.test"
    assert watch.all("dns_reply", netns=pair.client.number) == []


def test_local_sockets_are_told_by_their_paths(pair: Pair, watch: Watch, tmp_path: Path) -> None:
    code = """
print(os.getpid())
for path in (sys.argv[1] + "/here", "\\0hidden"):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    socket.socket(socket.AF_UNIX).connect(path)
socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1] + "/missing")
"""
    pid = int(pair.client.run(code, tmp_path).stdout)
    here = watch.one("connect", pid=pid, path=f"{tmp_path}/here")
    assert (here["family"], here["proto"], here["type"], here["errno"]) == ("unix", "unix", "stream", None)
    assert (here["src"], here["dst"], here["netns"]) == (None, None, pair.client.number)
    assert watch.one("connect", pid=pid, path="@hidden")["errno"] is None
    assert watch.one("connect", pid=pid, path=f"{tmp_path}/missing")["errno"] == "ENOENT"


def test_disconnecting_is_no_attempt_to_connect(pair: Pair, watch: Watch) -> None:
    code = """
import ctypes
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect((sys.argv[1], 1))
assert ctypes.CDLL(None).connect(client.fileno(), bytes(16), 16) == 0
client.connect((sys.argv[1], 2))
"""
    pair.client.run(code, pair.server.address)
    watch.one("connect", netns=pair.client.number, dport=2)
    assert [each["dport"] for each in watch.all("connect", netns=pair.client.number)] == [1, 2]


def test_a_reply_in_pages_that_cannot_be_read_is_still_joined_to_its_query(pair: Pair, watch: Watch) -> None:
    code = """
import tempfile
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("", 53))
print("ready", flush=True)
query, asker = server.recvfrom(512)
with tempfile.TemporaryFile() as reply:
    reply.write(query[:2] + b"\\x81\\x80" + query[4:] + bytes(200))
    reply.flush()
    server.connect(asker)
    os.sendfile(server.fileno(), reply.fileno(), 0, 230)
"""
    with pair.server.serving(code):
        pid = ask(pair, "large.test")
        reply = watch.one("dns_reply", netns=pair.client.number)
    assert (reply["pid"], reply["qname"], reply["id"]) == (pid, "large.test", 4242)
    assert (reply["rcode"], reply["answers"]) == (None, None)
    assert reply["latency_us"] > 0
