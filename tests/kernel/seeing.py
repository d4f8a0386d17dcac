"""Faults under way, and what netspy sees of them: the values that its source and its machine give, and decoded events
for what these do not hold.
"""

import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from bot.domain.counters import Counters
from bot.domain.network import Connection, Drop, Event, EventKind, Window
from bot.domain.ports import EbpfSource
from bot.domain.query import EventQuery
from bot.domain.sockets import OpenSocket, SocketQuery, SocketState
from bot.ebpf.collecting import Collector, open_collector
from bot.ebpf.store.clock import Clock
from tests.kernel.namespaces import Namespace
from tests.kernel.provoking import Provoked, Scenario
from tests.kernel.watching import Fields, Watch, watching

_PATIENCE_S = 20.0
_Found = TypeVar("_Found")


class Seen:
    def __init__(
        self, collector: Collector, watch: Watch, portal: BlockingPortal, under_way: Mapping[Scenario, Provoked]
    ) -> None:
        self._collector = collector
        self._portal = portal
        self._under_way = under_way
        self.watch = watch

    def of(self, scenario: Scenario) -> Provoked:
        return self._under_way[scenario]

    def connections(self, scenario: Scenario) -> list[Connection]:
        """What its process tried, newest first."""
        told = [each for each in self._events("connection") if isinstance(each, Connection)]
        return [each for each in told if (each.process, str(each.destination)) == _subject(scenario)]

    def connection(self, scenario: Scenario) -> Connection:
        """Where it tried but once."""
        (found,) = self.connections(scenario)
        assert found.pid == self.of(scenario).client.pid
        return found

    def drops(self, scenario: Scenario) -> list[Drop]:
        """Those on the way to its destination that are not harmless, newest first."""
        told = [each for each in self._events("drop") if isinstance(each, Drop) and not each.harmless]
        return [each for each in told if str(each.destination) == scenario.destination]

    def dropped(self, scenario: Scenario, **expected: object) -> list[Fields]:
        """All drops in its namespaces, decoded: `Drop` does not tell the namespace."""
        numbers = self.of(scenario).numbers
        return [each for each in self.watch.all("drop", **expected) if each["netns"] in numbers]

    def reasons(self, scenario: Scenario) -> frozenset[str]:
        """Of all drops in its namespaces that are not harmless, but those of ICMP messages: these are evidence."""
        dropped = self.dropped(scenario, benign=False)
        return frozenset(each["reason"] for each in dropped if each["proto"] not in ("icmp", "icmpv6"))

    def all(self, namespace: Namespace, **expected: object) -> list[Fields]:
        """All decoded events of a namespace but drops that are harmless."""
        told = self.watch.everything(netns=namespace.number, **expected)
        return [each for each in told if not each.get("benign")]

    def sockets(self, namespace: Namespace, *states: SocketState) -> list[OpenSocket]:
        listed = self._portal.call(self._collector.source.sockets, SocketQuery(states=frozenset(states)))
        return [each for each in listed.sockets if each.namespace == namespace.number]

    def counted(self, namespace: Namespace, counter: str) -> Counters:
        """As soon as this counter is seen to have grown."""
        return _awaited(lambda: self._counted(namespace, counter), f"a higher {counter}")

    def told(self, ask: Callable[[EbpfSource], Awaitable[_Found]]) -> _Found:
        """What somebody else finds in its source."""
        return self._portal.call(ask, self._collector.source)

    def read_all(self) -> None:
        """Until what has happened so far is known: events come in their order."""
        with socket.socket() as marker:
            marker.bind(("127.0.0.1", 0))
            port = marker.getsockname()[1]
            marker.connect_ex(("127.0.0.1", port + 1 if port < 60000 else port - 1))
        self.watch.one("connect", pid=os.getpid(), sport=port)
        _awaited(lambda: [each for each in self._events("connection") if each.pid == os.getpid()], "the marker")

    def _events(self, kind: EventKind) -> tuple[Event, ...]:
        asked = EventQuery(kind=kind, window=_until_now(), limit=20_000)
        return self._portal.call(self._collector.source.events, asked).events

    def _counted(self, namespace: Namespace, counter: str) -> Counters | None:
        deltas = self._portal.call(self._collector.machine.counters, _until_now(), Clock.now()).deltas
        grown = [each.counters for each in deltas if each.namespace == namespace.number]
        return next((each for each in grown if getattr(each, counter)), None)


@contextmanager
def seeing(scenarios: Iterable[Scenario]) -> Iterator[Seen]:
    """All of them happen at once, and have happened when it begins; those that last go on."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(open_collector()) as collector,
        watching() as watch,
        ExitStack() as stack,
    ):
        under_way = {each: stack.enter_context(each.provoked()) for each in scenarios}
        seen = Seen(collector, watch, portal, under_way)
        for scenario, made in under_way.items():
            assert made.happens(), f"this did not happen: {scenario}"
        seen.read_all()
        yield seen


def _subject(scenario: Scenario) -> tuple[str, str]:
    return scenario.process, scenario.destination


def _until_now() -> Window:
    return Window.last(300, datetime.now(UTC))


def _awaited(ask: Callable[[], _Found | None], what: str) -> _Found:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        if found := ask():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} was not seen")
