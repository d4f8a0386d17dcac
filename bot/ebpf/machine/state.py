"""What is known of this machine beside its events: open sockets, counters, and who runs in a cgroup.

Whoever opens the collector samples it; all else may be asked at any time.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Protocol

from bot.domain.counters import CounterDeltas
from bot.domain.network import Window
from bot.domain.sockets import OpenSockets, SocketQuery, SocketState
from bot.domain.workload import Workload
from bot.ebpf.collector.cgroups import Cgroups
from bot.ebpf.machine.containers import Containers
from bot.ebpf.machine.counter_history import CounterHistory
from bot.ebpf.machine.sockets import open_sockets
from bot.ebpf.store.clock import Clock

log = logging.getLogger("netspy.collector")

SAMPLED_EVERY_S = 5.0
CGROUPS_PAUSE_S = 1.0
"""One question may be about thousands of cgroups that are gone: not each of them is worth a look at all others."""


class Lister(Protocol):
    def __call__(self, *, states: Collection[SocketState], limit: int, with_holders: bool) -> OpenSockets: ...


class Machine:
    """`list_sockets` and what the history reads may block: they are called in worker threads.

    `node` is what its rows call this machine.
    """

    def __init__(
        self,
        containers: Containers,
        *,
        cgroups: Cgroups | None = None,
        history: CounterHistory | None = None,
        list_sockets: Lister = open_sockets,
        node: str | None = None,
    ) -> None:
        self._containers = containers
        self._node = node
        self._cgroups = cgroups or Cgroups(pause_s=CGROUPS_PAUSE_S)
        self._history = history or CounterHistory()
        self._list_sockets = list_sockets

    async def open_sockets(self, query: SocketQuery) -> OpenSockets:
        return await asyncio.to_thread(self._open_sockets, query)

    async def counters(self, window: Window, clock: Clock) -> CounterDeltas:
        """As far as they were sampled."""
        deltas = await asyncio.to_thread(self._history.deltas, window, clock)
        named = tuple(replace(delta, node=self._node) for delta in deltas)
        return CounterDeltas(deltas=named, left_out=self._history.left_out)

    def workload_of(self, cgroup: int) -> Workload | None:
        """From any thread. Files are read for cgroups that no sample has met."""
        path = self._cgroups(cgroup)
        return self._containers.of_path(path) if path else None

    def _open_sockets(self, query: SocketQuery) -> OpenSockets:
        found = self._list_sockets(states=query.states, limit=query.limit, with_holders=query.holders)
        cgroups = {each.cgroup for each in found.sockets if each.cgroup}
        workloads: dict[int | None, Workload | None] = {cgroup: self.workload_of(cgroup) for cgroup in cgroups}
        named = (replace(each, node=self._node, workload=workloads.get(each.cgroup)) for each in found.sockets)
        return replace(found, sockets=tuple(named))

    @asynccontextmanager
    async def sampled(self, *, every_s: float = SAMPLED_EVERY_S) -> AsyncGenerator[None, None]:
        """Sampled as long as it is open. No task group: it would wrap what is raised inside."""
        sampling = asyncio.create_task(self._sample_for_ever(every_s), name="samples of the machine")
        try:
            yield
        finally:
            sampling.cancel()
            await asyncio.wait([sampling])

    async def _sample_for_ever(self, every_s: float) -> None:
        while True:
            await asyncio.to_thread(_guarded, "counters.broke", self._history.sample)
            await asyncio.to_thread(_guarded, "workloads.broke", self._meet_workloads)
            await asyncio.sleep(every_s)

    def _meet_workloads(self) -> None:
        """So that they are known when they are asked for, also those that have ended by then."""
        for path in self._cgroups.look_around():
            self._containers.of_path(path)


def _guarded(event: str, sample: Callable[[], None]) -> None:
    try:
        sample()
    except Exception:  # one sample that fails must end neither the others nor the collector
        log.exception(event)
