"""A collector's HTTP side on 127.0.0.1 port 0, over the event store or any other source."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bot.domain.counters import Counters, Levels
from bot.domain.network import Endpoint, Event
from bot.domain.ports import EbpfSource
from bot.domain.sockets import OpenSocket, OpenSockets, SocketState
from bot.ebpf.agent.application import application
from bot.ebpf.agent.parts import Parts
from bot.ebpf.live import Listening, LiveSource
from bot.ebpf.machine.container_files import ContainerFiles
from bot.ebpf.machine.containers import Containers
from bot.ebpf.machine.counter_history import CounterHistory
from bot.ebpf.machine.counters import Reading
from bot.ebpf.machine.state import Machine
from bot.ebpf.remote.client import JsonClient
from bot.ebpf.remote.server import HttpSource
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.store import EventStore
from bot.web import serving
from tests import raw_events
from tests.fakes import NOW

PATIENT_S = 60.0
LISTENING = Listening(raw_events.BOOT, {"drop": 3}, ("connect", "drop"), {"dns": "the kernel is older than 5.8"})
REASONS = {3: "NO_SOCKET"}


def a_store(told: Sequence[bytes] = ()) -> EventStore:
    names = KernelNames(REASONS.get, lambda location: f"function+{location:#x}" if location else None)
    store = EventStore(names, max_age_s=86_400)
    store.add(told, now_ns=0)
    return store


@dataclass
class FakeSockets:
    """So many listeners, in the states that are asked for."""

    open: int = 1
    asked: list[tuple[frozenset[SocketState], int]] = field(default_factory=list)

    def __call__(self, *, states: Collection[SocketState], limit: int, with_holders: bool = True) -> OpenSockets:
        self.asked.append((frozenset(states), limit))
        listed = tuple(listener(8000 + number) for number in range(min(self.open, limit)))
        return OpenSockets(
            time=NOW, sockets=listed, left_out=self.open - len(listed), namespaces=(7,), notes=("a note",)
        )


def listener(port: int) -> OpenSocket:
    return OpenSocket(
        protocol="tcp",
        state=SocketState.LISTEN,
        local=Endpoint("::", port),
        remote=None,
        namespace=7,
        uid=0,
        inode=port,
        pid=100,
        process="nginx",
    )


@dataclass
class FakeCounters:
    """Ten more overflows with each reading, which is a second after the one before; from the moment `begun` on."""

    begun: datetime
    count: int = 0

    def __call__(self) -> tuple[Reading, ...]:
        self.count += 1
        time_ns = raw_events.boot_ns(self.begun + timedelta(seconds=self.count - 1))
        return (Reading(7, time_ns, Counters(listen_overflows=10 * self.count), Levels(tcp_in_use=self.count)),)


def a_machine(*, sockets: FakeSockets | None = None, samples: int = 0, begun: datetime = NOW) -> Machine:
    history = CounterHistory(FakeCounters(begun))
    for _ in range(samples):
        history.sample()
    return Machine(Containers(ContainerFiles(Path("nowhere"))), history=history, list_sockets=sockets or FakeSockets())


def parts_of(store: EventStore, listening: Listening = LISTENING) -> Parts:
    """Of a collector whose kernel program has told what the store holds."""
    source = LiveSource(store, listening=lambda: listening, clock=lambda: raw_events.CLOCK)
    return parts_over(source, reason_codes={name: code for code, name in REASONS.items()})


def parts_with(machine: Machine) -> Parts:
    """Of a collector that has heard of no event yet."""
    source = LiveSource(a_store(), listening=lambda: LISTENING, machine=machine, clock=lambda: raw_events.CLOCK)
    return parts_over(source)


def parts_over(source: EbpfSource, **more: Any) -> Parts:
    quiet = Parts(source=source, version="1.2.3", now=lambda: NOW, clock=lambda: raw_events.CLOCK)
    return replace(quiet, **more)


def told_of(events: Sequence[Event]) -> list[bytes]:
    return [raw for event in events for raw in raw_events.of(event)]


@asynccontextmanager
async def agent(parts: Parts, **more: Any) -> AsyncGenerator[str, None]:
    """Its URL."""
    async with serving(application(parts, **more), "127.0.0.1", 0) as url:
        yield url


@asynccontextmanager
async def asking(url: str, **headers: str) -> AsyncGenerator[httpx.AsyncClient, None]:
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=PATIENT_S) as client:
        yield client


@asynccontextmanager
async def reference_client(url: str) -> AsyncGenerator[HttpSource, None]:
    """One that knows ebpf-server and nothing else."""
    async with asking(url) as client:
        yield HttpSource(JsonClient(client, url, PATIENT_S))
