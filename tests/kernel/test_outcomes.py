"""What attempts to connect come to, each provoked between two network namespaces, as the event store tells it."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.network import Connection, Drop, Event, EventKind, Outcome, Window
from bot.domain.query import EventQuery, Filter
from bot.ebpf.collecting import open_collector
from bot.ebpf.live import LiveSource
from tests.kernel import namespaces
from tests.kernel.namespaces import Pair
from tests.kernel.test_tcp import CONNECT, RESET, SERVE

HOLD = """
client = socket.create_connection((sys.argv[1], 8000))
print("ready", flush=True)
sys.stdin.read()
"""
UDP = """
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect((sys.argv[1], int(sys.argv[2])))
if len(sys.argv) > 3:
    client.send(b"x")
    time.sleep(0.2)
"""
IMPATIENT = CONNECT.replace("try:", "client.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)\ntry:").replace(
    "client.close()", "time.sleep(2.5)\nclient.close()"
)
"""Its kernel sends a second SYN and no third: 3 s. The socket is there a little longer."""
ABSENT, ELSEWHERE = "10.99.0.77", "203.0.113.1"
STORIES: dict[str, tuple[str, int, float | None, Outcome, str | None]] = {
    "a closed port": ("", 9, None, Outcome.REFUSED, "ECONNREFUSED"),
    "a service": ("", 8000, None, Outcome.CONNECTED, None),
    "one that resets": ("", 8001, None, Outcome.RESET, "ECONNRESET"),
    "a firewall that drops, and a client that gives up": ("", 7001, 0.6, Outcome.UNANSWERED, None),
    "a firewall that drops": ("", 7002, None, Outcome.TIMED_OUT, "ETIMEDOUT"),
    "a firewall that resets": ("", 7003, None, Outcome.REFUSED, "ECONNREFUSED"),
    "a firewall that sends ICMP": ("", 7004, None, Outcome.REJECTED, "ECONNREFUSED"),
    "a firewall on the way out": ("", 7005, 0.6, Outcome.UNANSWERED, None),
    "an absent host": (ABSENT, 80, None, Outcome.UNREACHABLE, "EHOSTUNREACH"),
    "an absent host, and a kernel that gives up first": (ABSENT, 7002, None, Outcome.UNREACHABLE, "ETIMEDOUT"),
    "a network without a route": (ELSEWHERE, 80, None, Outcome.NO_ROUTE, "ENETUNREACH"),
}
"""Where to (empty: the server), the client's own timeout, and what becomes of it. All run at once."""


@pytest.fixture(scope="module")
def seen(with_namespaces: None) -> Iterator[tuple[Pair, list[Connection], list[Drop]]]:
    found: tuple[list[Connection], list[Drop]] = ([], [])
    with namespaces.pair() as pair, ExitStack() as stack:
        asyncio.run(_provoke(pair, stack, found))
        yield pair, *found


async def _provoke(pair: Pair, stack: ExitStack, found: tuple[list[Connection], list[Drop]]) -> None:
    async with open_collector() as collector:
        source = collector.source
        _prepare(pair, stack)
        clients = [
            await asyncio.create_subprocess_exec(
                *pair.client.command(
                    IMPATIENT if port == 7002 else CONNECT, to or pair.server.address, port, *([own_s] if own_s else [])
                ),
                stdout=subprocess.DEVNULL,
            )
            for to, port, own_s, *_ in STORIES.values()
        ]
        pair.client.run(UDP, pair.server.address, 5353)
        pair.client.run(UDP, pair.server.address, 5354, "and sends")
        for client in clients:
            await client.wait()
        _exhaust(pair, stack)
        await until_read(source)
        found[0].extend([each for each in await events(source, "connection") if isinstance(each, Connection)])
        found[1].extend([each for each in await events(source, "drop") if isinstance(each, Drop)])


def _prepare(pair: Pair, stack: ExitStack) -> None:
    stack.enter_context(pair.server.serving(SERVE))
    stack.enter_context(pair.server.serving(RESET.replace("8000", "8001")))
    pair.server.nft("input", "tcp dport { 7001, 7002 } drop")
    pair.server.nft("input", "tcp dport 7003 reject with tcp reset")
    pair.server.nft("input", "tcp dport 7004 reject with icmp port-unreachable")
    pair.client.nft("output", "tcp dport 7005 drop")
    pair.client.set("ipv4/neigh/eth0/mcast_solicit", "4")  # a second later than the impatient one gives up


def _exhaust(pair: Pair, stack: ExitStack) -> None:
    """Use the one port there is, and ask for another."""
    pair.client.set("ipv4/ip_local_port_range", "50001 50001")
    stack.enter_context(pair.client.serving(HOLD, pair.server.address))
    pair.client.run(CONNECT, pair.server.address, 8000)


async def until_read(source: LiveSource) -> None:
    """Until the last of what was provoked is in the store."""

    async def has_no_ports() -> bool:
        found = await events(source, "connection")
        return any(isinstance(each, Connection) and each.outcome is Outcome.NO_PORTS for each in found)

    for _ in range(200):
        if await has_no_ports():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"the last attempt is not seen, but {await events(source, 'connection')}")


def minutes_around_now() -> Window:
    return Window(datetime.now(UTC) - timedelta(minutes=5), datetime.now(UTC) + timedelta(minutes=1))


async def events(source: LiveSource, kind: EventKind) -> tuple[Event, ...]:
    asked = EventQuery(kind=kind, window=minutes_around_now(), filter=Filter(), limit=5000)
    return (await source.events(asked)).events


@pytest.mark.parametrize("story", STORIES)
def test_an_attempt_comes_to(story: str, seen: tuple[Pair, list[Connection], list[Drop]]) -> None:
    pair, connections, _ = seen
    to, port, _, outcome, errno = STORIES[story]
    where = f"{to or pair.server.address}:{port}"
    tried = [each for each in connections if str(each.destination) == where and each.protocol == "TCP"]
    assert (outcome, errno) in [(each.outcome, each.errno) for each in tried]


def test_where_no_port_is_left_the_attempt_says_so(seen: tuple[Pair, list[Connection], list[Drop]]) -> None:
    (found,) = [each for each in seen[1] if each.outcome is Outcome.NO_PORTS]
    assert (found.errno, found.destination.port) == ("EADDRNOTAVAIL", 8000)


def test_a_datagram_socket_only_notes_its_peer(seen: tuple[Pair, list[Connection], list[Drop]]) -> None:
    (found,) = [each for each in seen[1] if each.destination.port == 5353]
    assert (found.protocol, found.outcome) == ("UDP", Outcome.UNKNOWN)


def test_a_datagram_that_reaches_nobody_is_refused(seen: tuple[Pair, list[Connection], list[Drop]]) -> None:
    (found,) = [each for each in seen[1] if each.destination.port == 5354]
    assert (found.protocol, found.outcome, found.errno) == ("UDP", Outcome.REFUSED, "ECONNREFUSED")
    assert found.waited_us


def test_drops_name_the_firewall_and_the_closed_port(seen: tuple[Pair, list[Connection], list[Drop]]) -> None:
    _, _, drops = seen
    told = {(each.reason, each.destination.port) for each in drops if each.destination and not each.harmless}
    assert {("NO_SOCKET", 9), ("NETFILTER_DROP", 7001), ("NETFILTER_DROP", 7005)} <= told
    assert any(each.reason == "NEIGH_FAILED" for each in drops)
