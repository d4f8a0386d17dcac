"""Faults of a network, made between two namespaces: what a recording has to show, and somebody to ask about.

Each is a client's program with a name of its own, and what makes it fail. All of them can be there at once: each has
ports of its own.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from subprocess import Popen

from tests.kernel.lab_programs import (
    ANSWERS,
    CLIENT,
    DATAGRAMS,
    FEW_PORTS,
    FROM_ELSEWHERE,
    LEAVES_UNREAD,
    MISSING_SOCKET,
    RESETS,
    SENDS_MUCH,
    SLOW,
    WITHOUT_DESCRIPTORS,
)
from tests.kernel.namespaces import Pair

Prepare = Callable[[Pair], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`name` says what is wrong; `client` and `server` are codes of programs with their arguments.

    `shell`: commands in the place of a client's code.
    """

    name: str
    client: tuple[object, ...] = ()
    shell: str = ""
    server: tuple[object, ...] = ()
    prepare: Prepare = field(default=lambda _: None)

    @property
    def process(self) -> str:
        return str(self.client[1])

    @property
    def destination(self) -> str:
        return f"{self.client[2]}:{self.client[3]}"


def input_rule(rule: str) -> Prepare:
    return lambda pair: pair.server.nft("input", rule)


def _lose_first_syns(pair: Pair) -> None:
    pair.server.nft("input", "tcp dport 8447 tcp flags syn / syn,ack numgen inc mod 2 0 drop")


def _throttle(pair: Pair) -> None:
    """A second, slow link; of whole packets, so that each is dropped for itself."""
    ends = (pair.client, pair.server)
    pair.client.do("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "eth1", "netns", pair.server.name)
    for number, end in enumerate(ends, start=1):
        end.do("ip", "address", "add", f"10.99.1.{number}/24", "dev", "eth1")
        end.do("ip", "link", "set", "dev", "eth1", "up", "gso_max_segs", 1)
    shape = ("rate", "2mbit", "burst", "8k", "limit", "12k")
    pair.server.do("tc", "qdisc", "add", "dev", "eth1", "root", "tbf", *shape)


def _distrust_sources(pair: Pair) -> None:
    pair.server.do("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.eth0.rp_filter=1")
    pair.client.do("ip", "address", "add", "10.77.0.1/32", "dev", "lo")


def _refuse_routes(pair: Pair) -> None:
    for kind, net in (("blackhole", "10.98.1.0/24"), ("unreachable", "10.98.2.0/24"), ("prohibit", "10.98.3.0/24")):
        pair.client.do("ip", "route", "add", kind, net)


def _client(name: str, host: str, port: int, *more: object, timeout_s: float = 0, times: int = 4) -> tuple[object, ...]:
    """Without a timeout of its own it waits until the kernel gives up. `more`: how often that sends its SYN again."""
    return (CLIENT, name, host, port, timeout_s, times, *more)


_HOST, _ABSENT, _BEHIND_SLOW_LINK = "10.99.0.2", "10.99.0.77", "10.99.1.2"
FAULTS = (
    Fault(name="nobody listens", client=_client("cart", _HOST, 8081, times=12)),
    Fault(
        name="one address refuses, and the other resets",
        shell="for _ in $(seq 12); do curl -s http://web.lab:8081/ http://web.lab:8450/; sleep 2.5; done",
        server=(RESETS, "hooks", 8450),
    ),
    Fault(
        name="a firewall drops, and the client waits",
        client=_client("billing", _HOST, 8443, 2, times=3),
        prepare=input_rule("tcp dport 8443 drop"),
    ),
    Fault(
        name="a firewall drops, and the client gives up", client=_client("ledger", _HOST, 8443, timeout_s=1.5, times=6)
    ),
    Fault(
        name="a firewall resets",
        client=_client("mailer", _HOST, 8444),
        prepare=input_rule("tcp dport 8444 reject with tcp reset"),
    ),
    Fault(
        name="the client's own firewall drops",
        client=_client("uploader", _HOST, 8445, timeout_s=2.5),
        prepare=lambda pair: pair.client.nft("output", "tcp dport 8445 drop"),
    ),
    Fault(
        name="a firewall rejects by ICMP",
        client=_client("search", _HOST, 8446),
        prepare=input_rule("tcp dport 8446 reject with icmp port-unreachable"),
    ),
    Fault(
        name="a firewall rejects by ICMP, and the client does not wait in its call",
        client=_client("finder", _HOST, 8456, timeout_s=1.5),
        prepare=input_rule("tcp dport 8456 reject with icmp port-unreachable"),
    ),
    Fault(name="the host is absent", client=_client("inventory", _ABSENT, 80)),
    Fault(
        name="the first SYN is lost",
        client=_client("login", _HOST, 8447, times=6),
        server=(ANSWERS, "auth", 8447),
        prepare=_lose_first_syns,
    ),
    Fault(
        name="a slow link drops",
        client=_client("report", _BEHIND_SLOW_LINK, 8448, times=2),
        server=(SENDS_MUCH, "export", 8448),
        prepare=_throttle,
    ),
    Fault(name="the server is slow", client=_client("thumbnails", _HOST, 8449), server=(SLOW, "imaging", 8449)),
    Fault(name="the server resets", client=_client("webhook", _HOST, 8450)),
    Fault(
        name="the server leaves data unread",
        client=_client("telemetry", _HOST, 8451),
        server=(LEAVES_UNREAD, "sink", 8451),
    ),
    Fault(
        name="the server has no file descriptors",
        client=_client("chat", _HOST, 8452, timeout_s=1, times=3),
        server=(WITHOUT_DESCRIPTORS, "rooms", 8452),
    ),
    Fault(name="nobody takes datagrams", client=(DATAGRAMS, "metrics-agent", _HOST, 8125, 1, 8)),
    Fault(
        name="a source address is not believed",
        client=(FROM_ELSEWHERE, "vpn-client", _HOST, 80, 2.5, 3),
        prepare=_distrust_sources,
    ),
    Fault(name="a blackhole", client=_client("geo", "10.98.1.1", 80, times=3), prepare=_refuse_routes),
    Fault(name="an unreachable route", client=_client("geo", "10.98.2.1", 80, times=3)),
    Fault(name="a prohibited route", client=_client("geo", "10.98.3.1", 80, times=3)),
    Fault(name="no local port is free", client=(FEW_PORTS, "crawler", _HOST, 80)),
    Fault(name="a local socket is missing", client=(MISSING_SOCKET, "log-shipper")),
)


_TIMES = 5
"""The place of how often a client tries."""


def once(fault: Fault) -> Fault:
    """A client that tries but once."""
    code, *arguments = fault.client
    if len(arguments) >= _TIMES:
        arguments[_TIMES - 1] = 1
    return replace(fault, client=(code, *arguments))


def serve(fault: Fault, pair: Pair, stack: ExitStack) -> "Popen[str] | None":
    """Prepare the fault, and start its server."""
    fault.prepare(pair)
    return stack.enter_context(pair.server.serving(*map(str, fault.server))) if fault.server else None


@contextmanager
def provoked(fault: Fault, pair: Pair) -> Iterator["Popen[bytes]"]:
    """The client's program, under way."""
    client = pair.client
    of_code = client.running_code(*map(str, fault.client)) if fault.client else None
    with of_code or client.running("sh", "-c", fault.shell) as process:
        yield process
