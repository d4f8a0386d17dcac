"""Prometheus metrics of parts that nobody tells of: the source of events, the database, and the adapters.

They are asked beside the scrapes, at most every `LOOK_S`, and only while somebody scrapes; `serve.py` runs it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge

from bot.domain.errors import NetspyError, StorageError
from bot.domain.network import EventKind
from bot.domain.ports import Check
from bot.domain.source_status import NodeStatus, SourceStatus
from bot.telemetry.metrics import PrometheusObserver

log = logging.getLogger("netspy.telemetry")

LOOK_S = 15.0
"""As often as Prometheus usually scrapes."""
ANSWER_S = 5.0
"""How long a part has to say how it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is asked. `waiting` is how many turns wait in the database, and raises StorageError."""

    source: Callable[[], Awaitable[SourceStatus]]
    storage: Callable[[], Awaitable[Check]]
    waiting: Callable[[], Awaitable[int]]
    adapters: Sequence[Callable[[], Awaitable[Check]]] = ()


class Health:
    """Looks at `parts`, and adds what it sees to `metrics`."""

    def __init__(
        self,
        metrics: PrometheusObserver,
        parts: Parts,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        registry = metrics.registry
        self._metrics = metrics
        self._parts = parts
        self._sleep = sleep
        self._wanted = asyncio.Event()
        self._source = _Source(registry)
        self._adapter_up = Gauge(
            "netspy_adapter_up", "1 while the adapter of a chat platform runs.", ["platform"], registry=registry
        )
        self._storage_up = Gauge("netspy_storage_up", "1 while the database can be used.", registry=registry)
        self._waiting = Gauge(
            "netspy_turns_waiting", "Turns of all replicas that wait for those before them.", registry=registry
        )

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """All metrics and their media type, at once. The next look is due when the last one is old enough."""
        self._wanted.set()
        return self._metrics.exposition(accept)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._wanted.clear()
            await self._look()
            await self._sleep(LOOK_S)
            await self._wanted.wait()

    async def _look(self) -> None:
        try:
            await asyncio.gather(self._look_at_source(), self._look_at_storage(), self._look_at_adapters())
        except Exception:
            log.exception("health.broke")  # what only looks must not end those who answer

    async def _look_at_source(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                status = await self._parts.source()
        except (NetspyError, TimeoutError) as error:
            log.debug("source.down", extra={"cause": str(error)})
            self._source.is_down()
        else:
            self._source.seen(status)

    async def _look_at_storage(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                check = await self._parts.storage()
                self._storage_up.set(check.state != "fault")
                self._waiting.set(await self._parts.waiting())
        except (StorageError, TimeoutError):
            self._storage_up.set(0)

    async def _look_at_adapters(self) -> None:
        for check in [await adapter() for adapter in self._parts.adapters]:
            self._adapter_up.labels(check.part).set(check.state != "fault")


class _Source:
    """Of many nodes it is up while one answers. What they lost is counted from the first time that each was seen."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._up = Gauge("netspy_source_up", "1 while the source of events answers and listens.", registry=registry)
        self._nodes = Gauge(
            "netspy_source_nodes",
            "Nodes of the source of events, by whether they answer.",
            ["state"],
            registry=registry,
        )
        self._lost = Counter(
            "netspy_source_events_lost_total",
            "Events that the source could not keep, since netspy looks.",
            ["kind"],
            registry=registry,
        )
        self._before: dict[tuple[str, EventKind], int] = {}

    def is_down(self) -> None:
        self._up.set(0)

    def seen(self, status: SourceStatus) -> None:
        nodes = status.nodes or (NodeStatus(name="", status=status),)
        answering = [node for node in nodes if node.status and not node.status.broken]
        self._up.set(bool(answering))
        if status.nodes:
            self._nodes.labels("up").set(len(answering))
            self._nodes.labels("down").set(len(nodes) - len(answering))
        for node, kind, lost in _losses(answering):
            before = self._before.get((node, kind), lost)
            self._before[node, kind] = lost
            self._lost.labels(kind).inc(lost - before if lost >= before else lost)  # less: it began anew


def _losses(nodes: Sequence[NodeStatus]) -> Iterator[tuple[str, EventKind, int]]:
    for node in nodes:
        for kind, each in node.status.kinds.items() if node.status else ():
            if each.lost is not None:
                yield node.name, kind, each.lost
