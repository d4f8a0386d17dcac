"""A fault as a value: how it is made in network namespaces of its own, and who is in trouble with whom.

Whoever wants to see what netspy says of one enters `provoked`, waits until it has happened, and asks. Any number of
them can be there at once.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from select import select
from subprocess import Popen, TimeoutExpired
from typing import TypeAlias

from tests.kernel.lab_faults import FAULTS, Fault, Prepare, once, provoked, serve
from tests.kernel.namespaces import Namespace, Pair, pair

_PATIENCE_S = 30.0
_LAB = {fault.name: fault for fault in FAULTS}


@dataclass(frozen=True, slots=True)
class Provoked:
    """`ends` are the namespaces, `client` is the process in trouble; `server` the one that it asks, if there is one."""

    ends: Pair
    client: "Popen[str] | Popen[bytes]"
    server: "Popen[str] | None" = None

    @property
    def server_pid(self) -> int:
        assert self.server, "nobody listens"
        return self.server.pid

    @property
    def numbers(self) -> frozenset[int]:
        """Its namespaces, as the kernel's events name them."""
        return frozenset(each.number for each in self.ends.namespaces)

    def happens(self) -> bool:
        """Waits until its client has ended, or says that it has happened and holds on. False: it does not."""
        if self.client.stdout:
            return bool(select([self.client.stdout], [], [], _PATIENCE_S)[0])
        try:
            self.client.wait(_PATIENCE_S)
        except TimeoutExpired:
            return False
        return True


Provoke: TypeAlias = Callable[[], AbstractContextManager[Provoked]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A fault, or health, with all that it takes. `process` and `destination` are written as netspy writes them.

    `reasons`: why its packets are dropped. Whatever else is dropped there is harmless.
    """

    name: str
    process: str
    destination: str
    provoked: Provoke
    reasons: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return self.name


def of_lab(name: str, *reasons: str, prepare: Prepare | None = None, server: tuple[object, ...] = ()) -> Scenario:
    """A fault of the recording, of which one attempt is enough. Some there share what others have prepared."""
    fault = once(_LAB[name])
    fault = replace(fault, prepare=prepare or fault.prepare, server=server or fault.server)
    return Scenario(
        name=name,
        process=fault.process,
        destination=fault.destination,
        provoked=partial(_between_two, fault),
        reasons=frozenset(reasons),
    )


@contextmanager
def _between_two(fault: Fault) -> Iterator[Provoked]:
    with pair() as ends, ExitStack() as stack:
        server = serve(fault, ends, stack)
        yield Provoked(ends, stack.enter_context(provoked(fault, ends)), server)


def program(stack: ExitStack, namespace: Namespace, code: str, *arguments: object) -> "Popen[str]":
    """A client that says when its trouble is there."""
    return stack.enter_context(namespace.talking(code, *arguments))
