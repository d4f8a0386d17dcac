"""How faults are mended that were provoked, so that the same client gets through when it tries again."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TypeAlias

from tests.kernel.lab_programs import ANSWERS, CLIENT, NAMED
from tests.kernel.lab_programs import DATAGRAMS as SENDS_DATAGRAMS
from tests.kernel.provoking import Provoked, Scenario
from tests.kernel.scenarios import (
    ABSENT_HOST,
    CLOSED_PORT,
    DATAGRAMS,
    FIRST_SYN,
    IMPATIENT,
    INPUT_DROP,
    INPUT_ICMP,
    INPUT_RESET,
    OUTPUT_DROP,
    RESETTING_SERVER,
)

Mend: TypeAlias = Callable[[Provoked, int, ExitStack], None]

_TAKES_DATAGRAMS = (
    NAMED
    + """
named(sys.argv[1])
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("", int(sys.argv[2])))
print("ready", flush=True)
while True: server.recv(99)
"""
)


def _listen(made: Provoked, port: int, stack: ExitStack) -> None:
    stack.enter_context(made.ends.server.serving(ANSWERS, "mended", port))


def _open_firewall(made: Provoked, port: int, stack: ExitStack) -> None:
    made.ends.server.do("nft", "flush", "ruleset")
    _listen(made, port, stack)


def _open_own_firewall(made: Provoked, port: int, stack: ExitStack) -> None:
    made.ends.client.do("nft", "flush", "ruleset")
    _listen(made, port, stack)


def _lose_no_syn(made: Provoked, port: int, stack: ExitStack) -> None:
    del port, stack
    made.ends.server.do("nft", "flush", "ruleset")


def _be_there(made: Provoked, port: int, stack: ExitStack) -> None:
    made.ends.server.do("ip", "address", "add", "10.99.0.77/24", "dev", "eth0")
    _listen(made, port, stack)


def _take_datagrams(made: Provoked, port: int, stack: ExitStack) -> None:
    stack.enter_context(made.ends.server.serving(_TAKES_DATAGRAMS, "mended", port))


def _serve_instead(made: Provoked, port: int, stack: ExitStack) -> None:
    assert made.server
    made.server.kill()
    made.server.wait()
    _listen(made, port, stack)


MENDS: Mapping[Scenario, Mend] = {
    CLOSED_PORT: _listen,
    INPUT_DROP: _open_firewall,
    IMPATIENT: _open_firewall,
    INPUT_RESET: _open_firewall,
    INPUT_ICMP: _open_firewall,
    OUTPUT_DROP: _open_own_firewall,
    ABSENT_HOST: _be_there,
    FIRST_SYN: _lose_no_syn,
    DATAGRAMS: _take_datagrams,
    RESETTING_SERVER: _serve_instead,
}


def mend(scenario: Scenario, made: Provoked, stack: ExitStack) -> None:
    """From then on its destination serves, until the stack is left."""
    MENDS[scenario](made, _port(scenario), stack)


def try_again(scenario: Scenario, made: Provoked) -> None:
    """The same program once more, to its end."""
    host = scenario.destination.rpartition(":")[0]
    code = SENDS_DATAGRAMS if scenario is DATAGRAMS else CLIENT
    patience_s = 0 if code is SENDS_DATAGRAMS else 10
    made.ends.client.run(code, scenario.process, host, _port(scenario), patience_s, 1)


def _port(scenario: Scenario) -> int:
    return int(scenario.destination.rpartition(":")[2])
