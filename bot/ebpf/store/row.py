"""A row of a log, for making the event that it tells of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from bot.domain.network import Direction, Endpoint, Owner, Role
from bot.domain.workload import Workload
from bot.ebpf.collector import layout
from bot.ebpf.store.address_names import AddressNames
from bot.ebpf.store.batch import endpoint
from bot.ebpf.store.clock import Clock
from bot.ebpf.store.fields import UNTOLD, process_name, text_of, told
from bot.ebpf.store.log import Chunk

NS_PER_US = 1000


@dataclass(frozen=True, slots=True)
class Meanings:
    """What rows mean on this machine. `node` is its name, where it is to be told."""

    addresses: AddressNames
    workload_in: Callable[[int], Workload | None]
    """By the number of a cgroup. Asked while the store is locked."""
    node: str | None = None

    def workload_of(self, cgroup: int) -> Workload | None:
        return self.workload_in(cgroup) if cgroup else None


class Who(TypedDict):
    """What every event says."""

    time: datetime
    process: str
    pid: int | None
    uid: int | None
    node: str | None
    workload: Workload | None


@dataclass(frozen=True, slots=True)
class Row:
    """Its numbers by their columns' names."""

    chunk: Chunk
    place: int
    meanings: Meanings
    clock: Clock

    def __getitem__(self, name: str) -> int:
        return int(self.chunk[name][self.place])

    def who(self) -> Who:
        return Who(
            time=self.clock.moment(self["time"]),
            process=process_name(self.bytes_of("process")),
            pid=self["pid"] or None,
            uid=told(self["uid"]),
            node=self.meanings.node,
            workload=self.meanings.workload_of(self["cgroup"]),
        )

    def bytes_of(self, name: str) -> bytes:
        return self.chunk.text(name, self.place)

    def text(self, name: str) -> str | None:
        return text_of(self.bytes_of(name))

    def told(self, name: str) -> int | None:
        return told(self[name])

    def microseconds(self, name: str) -> float | None:
        """Of a column of nanoseconds."""
        duration_ns = self[name]
        return None if duration_ns == UNTOLD else duration_ns / NS_PER_US

    def end(self, name: str) -> Endpoint | None:
        return end_of(self.bytes_of(name))

    def destination(self) -> Endpoint:
        return self.meanings.addresses.named(endpoint(self.bytes_of("destination")))

    def destination_if_any(self) -> Endpoint | None:
        return self.destination() if self.end("destination") else None


def owner_of(is_owned: int) -> Owner:
    return "socket" if is_owned else "current"


def direction_of(is_received: int) -> Direction:
    return "in" if is_received else "out"


def role_of(bits: int) -> Role | None:
    """Of `columns.roles`."""
    if bits & layout.OPENED:
        return "client"
    return "server" if bits else None


def end_of(packed: bytes) -> Endpoint | None:
    """One end of a flow, where it has an address."""
    end = endpoint(packed)
    return end if end.address else None
