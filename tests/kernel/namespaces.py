"""Network namespaces with cables between them, made and removed by a test; and programs that run in them."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

PROGRAMS = ("ip", "nft")
_PRELUDE = "import os, socket, struct, sys, time\n"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Namespace:
    """`number` is how the kernel's events name it."""

    name: str
    address: str
    address6: str

    @property
    def number(self) -> int:
        return Path("/run/netns", self.name).stat().st_ino

    def run(self, code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """A Python program, to its end."""
        return subprocess.run(self.command(code, *arguments), check=True, capture_output=True, text=True)

    @contextmanager
    def talking(self, code: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
        """A Python program, with its output. It is ended afterwards, if it has not by itself."""
        command = self.command(code, *arguments)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    @contextmanager
    def serving(self, code: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
        """The same, from its first line of output on."""
        with self.talking(code, *arguments) as process:
            assert process.stdout is not None
            assert process.stdout.readline(), "it ended before it was ready"
            yield process

    @contextmanager
    def running(self, *command: object) -> Iterator["subprocess.Popen[bytes]"]:
        """Any program, without its output. It is ended afterwards, if it has not by itself."""
        words = ["ip", "netns", "exec", self.name, *map(str, command)]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet) as process:
            try:
                yield process
            finally:
                process.terminate()

    def running_code(self, code: str, *arguments: object) -> AbstractContextManager["subprocess.Popen[bytes]"]:
        """The same for a Python program."""
        return self.running(*self.command(code, *arguments)[4:])

    def do(self, *command: object) -> None:
        """A program of the system, which has to succeed."""
        _do("ip", "netns", "exec", self.name, *map(str, command))

    def nft(self, hook: str, rule: str) -> None:
        """Add a rule for what comes in (`input`) or goes out (`output`)."""
        rules = f"table inet test {{ chain {hook} {{ type filter hook {hook} priority 0; {rule}; }}; }}"
        self.do("nft", rules)

    def set(self, name: str, value: str) -> None:
        """A setting below /proc/sys/net."""
        self.run("open(f'/proc/sys/net/{sys.argv[1]}', 'w').write(sys.argv[2])", name, value)

    def command(self, code: str, *arguments: object) -> list[str]:
        """To run a Python program here."""
        return ["ip", "netns", "exec", self.name, sys.executable, "-c", _PRELUDE + code, *map(str, arguments)]


@dataclass(frozen=True, slots=True)
class Pair:
    client: Namespace
    server: Namespace

    @property
    def namespaces(self) -> tuple[Namespace, ...]:
        return (self.client, self.server)


@dataclass(frozen=True, slots=True)
class Route(Pair):
    """Networks of their own for client and server. The router's eth0 is the client's side, its eth1 the server's."""

    router: Namespace

    @property
    def namespaces(self) -> tuple[Namespace, ...]:
        return (self.client, self.router, self.server)


@contextmanager
def pair() -> Iterator[Pair]:
    """Both can reach each other when it begins."""
    tag = _next_tag()
    found = Pair(Namespace(f"{tag}c", "10.99.0.1", "fd99::1"), Namespace(f"{tag}s", "10.99.0.2", "fd99::2"))
    with _made(found.namespaces):
        connect(found.client, found.server)
        yield found


@contextmanager
def routed() -> Iterator[Route]:
    """Client and server can reach each other, by IPv4 only, when it begins."""
    tag = _next_tag()
    client = Namespace(f"{tag}c", "10.96.1.1", "fd96:1::1")
    router = Namespace(f"{tag}r", "10.96.1.254", "fd96:1::fe")
    server = Namespace(f"{tag}s", "10.96.2.1", "fd96:2::1")
    towards_server = replace(router, address="10.96.2.254", address6="fd96:2::fe")
    with _made((client, router, server)):
        connect(client, router)
        connect(server, towards_server, to="eth1")
        router.set("ipv4/ip_forward", "1")
        client.do("ip", "route", "add", "default", "via", router.address)
        server.do("ip", "route", "add", "default", "via", towards_server.address)
        yield Route(client, server, router)


def connect(one: Namespace, other: Namespace, *, by: str = "eth0", to: str = "eth0") -> None:
    """A cable from a network card `by` to another one `to`, with the namespaces' addresses on them."""
    _do("ip", "link", "add", by, "netns", one.name, "type", "veth", "peer", "name", to, "netns", other.name)
    for end, link in ((one, by), (other, to)):
        _do("ip", "-n", end.name, "link", "set", link, "up")
        _do("ip", "-n", end.name, "address", "add", f"{end.address}/24", "dev", link)
        _do("ip", "-n", end.name, "address", "add", f"{end.address6}/64", "dev", link, "nodad")


def _next_tag() -> str:
    return f"netspy{os.getpid()}-{next(_numbers)}"


@contextmanager
def _made(namespaces: Iterable[Namespace]) -> Iterator[None]:
    with ExitStack() as stack:
        for each in namespaces:
            _do("ip", "netns", "add", each.name)
            stack.callback(_do, "ip", "netns", "del", each.name)
            _do("ip", "-n", each.name, "link", "set", "lo", "up")
        yield


def _do(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
