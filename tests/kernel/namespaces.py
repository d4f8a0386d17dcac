"""Two network namespaces with a cable between them, made and removed by a test; and programs that run in them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
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
    def serving(self, code: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
        """A Python program from its first line of output on; it is ended afterwards, if it has not by itself."""
        command = self.command(code, *arguments)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline(), "it ended before it was ready"
                yield process
            finally:
                process.kill()

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


@contextmanager
def pair() -> Iterator[Pair]:
    """Both can reach each other when it begins."""
    tag = f"netspy{os.getpid()}-{next(_numbers)}"
    found = Pair(Namespace(f"{tag}c", "10.99.0.1", "fd99::1"), Namespace(f"{tag}s", "10.99.0.2", "fd99::2"))
    with ExitStack() as stack:
        for each in (found.client, found.server):
            _do("ip", "netns", "add", each.name)
            stack.callback(_do, "ip", "netns", "del", each.name)
        _do("ip", "link", "add", "eth0", "netns", found.client.name, "type", "veth",
            "peer", "name", "eth0", "netns", found.server.name)  # fmt: skip
        for each in (found.client, found.server):
            for link in ("lo", "eth0"):
                _do("ip", "-n", each.name, "link", "set", link, "up")
            _do("ip", "-n", each.name, "address", "add", f"{each.address}/24", "dev", "eth0")
            _do("ip", "-n", each.name, "address", "add", f"{each.address6}/64", "dev", "eth0", "nodad")
        yield found


def _do(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
