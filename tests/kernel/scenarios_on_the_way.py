"""What goes wrong between networks: with a router between client and server, or with two ways from one to the other."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from tests.kernel.lab_programs import ANSWERS, NAMED
from tests.kernel.namespaces import Namespace, connect, pair, routed
from tests.kernel.provoking import Provoked, Scenario, program
from tests.kernel.scenarios import HOST, RETRIES

_BEHIND_ROUTER, _NOWHERE, _OTHER_WAY = "10.96.2.1", "10.66.0.9", "10.97.0.1"
_TAKES_ALL = (
    NAMED
    + """
named(sys.argv[1])
server = socket.create_server(("", int(sys.argv[2])))
print("ready", flush=True)
peer, _ = server.accept()
while peer.recv(65536): pass
peer.close()
sys.stdin.read()
"""
)
_UPLOADS = (
    NAMED
    + """
named(sys.argv[1])
client = socket.create_connection((sys.argv[2], int(sys.argv[3])))
client.sendall(bytes(400_000))
client.shutdown(socket.SHUT_WR)
client.recv(1)
client.close()
"""
)
_ANSWERS_EACH = (
    NAMED
    + """
named(sys.argv[1])
server = socket.create_server(("", int(sys.argv[2])))
print("ready", flush=True)
peer, _ = server.accept()
while data := peer.recv(99): peer.sendall(data)
"""
)
_RESTS = (
    NAMED
    + """
named(sys.argv[1])
client = socket.create_connection((sys.argv[2], int(sys.argv[3])))
client.sendall(b"hello")
client.recv(99)
time.sleep(2)  # longer than the router remembers: the gap is the fault
client.sendall(b"are you still there?")
while not client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[2]: time.sleep(0.05)
print("not answered", flush=True)
sys.stdin.read()
"""
)
_HOLDS = "print('ready', flush=True); sys.stdin.read()"


@contextmanager
def _narrow_router() -> Iterator[Provoked]:
    """Of whole packets, so that each is dropped for itself."""
    with routed() as ends, ExitStack() as stack:
        for end, link in ((ends.client, "eth0"), (ends.router, "eth1")):
            end.do("ip", "link", "set", "dev", link, "gso_max_segs", 1)
        shape = ("rate", "2mbit", "burst", "8k", "limit", "12k")
        ends.router.do("tc", "qdisc", "add", "dev", "eth1", "root", "tbf", *shape)
        server = stack.enter_context(ends.server.serving(_TAKES_ALL, "archive", 8460))
        yield Provoked(ends, program(stack, ends.client, _UPLOADS, "backup", _BEHIND_ROUTER, 8460), server)


@contextmanager
def _forgetful_router() -> Iterator[Provoked]:
    with routed() as ends, ExitStack() as stack:
        ends.router.nft("forward", "ct state invalid drop")
        ends.router.set("netfilter/nf_conntrack_tcp_timeout_established", "1")
        ends.router.set("netfilter/nf_conntrack_tcp_loose", "0")
        server = stack.enter_context(ends.server.serving(_ANSWERS_EACH, "broker", 8461))
        yield Provoked(ends, program(stack, ends.client, _RESTS, "consumer", _BEHIND_ROUTER, 8461), server)


@contextmanager
def _loop() -> Iterator[Provoked]:
    """The router believes that its neighbour knows the way, and the neighbour believes that of the router."""
    with routed() as ends, ExitStack() as stack:
        ends.router.do("ip", "route", "add", "10.66.0.0/24", "via", ends.server.address)
        ends.server.set("ipv4/ip_forward", "1")
        ends.server.set("ipv4/icmp_ratelimit", "0")  # else some attempts get no answer
        for end in (ends.router, ends.server):  # counters are those of processes' namespaces
            stack.enter_context(end.serving(_HOLDS))
        yield Provoked(ends, program(stack, ends.client, RETRIES, "scraper", "", _NOWHERE, 80))


@contextmanager
def _asymmetric_route() -> Iterator[Provoked]:
    """The client asks over one cable with its address on the other one, by which the server would answer."""
    with pair() as ends, ExitStack() as stack:
        client = replace(ends.client, address=_OTHER_WAY, address6="fd97::1")
        connect(client, Namespace(ends.server.name, "10.97.0.2", "fd97::2"), by="eth1", to="eth1")
        ends.client.set("ipv4/conf/eth0/arp_announce", "2")  # else the filter meets its ARP requests
        ends.server.set("ipv4/conf/all/rp_filter", "1")
        server = stack.enter_context(ends.server.serving(ANSWERS, "portal", 8462))
        yield Provoked(ends, program(stack, ends.client, RETRIES, "vpn", _OTHER_WAY, HOST, 8462), server)


NARROW_ROUTER = Scenario(
    name="a router's link is narrow",
    process="backup",
    destination=f"{_BEHIND_ROUTER}:8460",
    provoked=_narrow_router,
    reasons=frozenset({"QDISC_DROP"}),
)
FORGETFUL_ROUTER = Scenario(
    name="a router forgets an idle connection",
    process="consumer",
    destination=f"{_BEHIND_ROUTER}:8461",
    provoked=_forgetful_router,
    reasons=frozenset({"NETFILTER_DROP"}),
)
LOOP = Scenario(
    name="routes loop",
    process="scraper",
    destination=f"{_NOWHERE}:80",
    provoked=_loop,
    reasons=frozenset({"IP_INHDR"}),
)
ASYMMETRIC_ROUTE = Scenario(
    name="a strict reverse path filter meets an asymmetric route",
    process="vpn",
    destination=f"{HOST}:8462",
    provoked=_asymmetric_route,
    reasons=frozenset({"IP_RPFILTER"}),
)
