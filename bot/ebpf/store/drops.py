"""Dropped skbs, one row each, complete as they come."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from socket import AF_INET6, AF_UNIX
from typing import Literal

import numpy as np

from bot.domain.network import Drop, Endpoint
from bot.domain.query import Filter, GroupField, NumberField
from bot.domain.workload import Workload
from bot.ebpf.collector import layout
from bot.ebpf.collector.harmless import is_harmless
from bot.ebpf.collector.text import until_nul
from bot.ebpf.store.batch import Batch, Events, endpoint, endpoints
from bot.ebpf.store.clock import Clock
from bot.ebpf.store.log import Chunk, Column, Log, Schema
from bot.ebpf.store.naming import (
    HOP_BY_HOP,
    LOCAL,
    Keys,
    alike,
    all_of,
    named,
    numbered,
    of_process,
    process_name,
    protocol_name,
)

SCHEMA = Schema(
    numbers={
        "time": "i8",
        **dict.fromkeys(("cgroup", "location"), "u8"),
        **dict.fromkeys(("pid", "uid", "netns", "size_bytes"), "u4"),
        "reason": "i2",
        "protocol": "u2",
        **dict.fromkeys(("harmless", "is_owned", "tcp_flags", "icmp_type", "icmp_code"), "u1"),
    },
    texts=("process", "source", "destination", "interface"),
)
_WITH_PORTS = (6, 17, 132, 136)
"""TCP, UDP, SCTP, UDP-Lite. Of others the ports are those of some socket."""
_DECIDING = np.dtype(
    [
        ("family", "u2"),
        ("reason", "i4"),
        *((name, "u1") for name in ("proto", "icmp_type", "tcp_flags", "is_empty")),
        ("begin", "S2"),
    ]
)
"""Whether a drop is harmless depends on these; `begin` is of the destination's address."""


@dataclass(frozen=True, slots=True)
class KernelNames:
    """What numbers mean on this machine."""

    reason_of: Callable[[int], str | None]
    symbol_of: Callable[[int], str | None]
    workload_of: Callable[[int], Workload | None] = lambda _: None
    """By the number of its cgroup. Asked for every event that is told, while the store is locked."""


class Drops:
    """The log of drops, and its `Reading`. `node` is the name of this machine, where it is to be told."""

    def __init__(self, names: KernelNames, *, node: str | None = None) -> None:
        self.log = Log(SCHEMA)
        self._names = names
        self._node = node
        self._keys: Mapping[GroupField, Callable[[Chunk], Keys]] = {
            "process": lambda chunk: named(chunk, "process", process_name),
            "destination": lambda chunk: named(chunk, "destination", lambda text: _told(endpoint(text))),
            "address": lambda chunk: named(chunk, "destination", lambda text: endpoint(text).address),
            "port": lambda chunk: named(chunk, "destination", lambda text: endpoint(text).port),
            "interface": lambda chunk: named(chunk, "interface", lambda text: until_nul(text) or None),
            "pid": lambda chunk: numbered(chunk["pid"], lambda pid: pid or None),
            "protocol": lambda chunk: numbered(chunk["protocol"], protocol_name),
            "reason": lambda chunk: numbered(chunk["reason"], names.reason_of),
            "location": lambda chunk: numbered(chunk["location"], names.symbol_of),
            "harmless": lambda chunk: numbered(chunk["harmless"], bool),
        }

    def add(self, batch: Batch) -> None:
        told = batch.events[batch.events["kind"] == layout.DROP]
        if len(told):
            self.log.append(_columns(told, self._harmless(told)))

    def evict(self) -> int:
        """Let the oldest chunk go. Returns how many drops that were."""
        return self.log.evict().count

    def matching(self, chunk: Chunk, wanted: Filter) -> Column | None:
        return all_of(self._masks(chunk, wanted))

    def event(self, chunk: Chunk, place: int, clock: Clock) -> Drop:
        row = {name: int(chunk[name][place]) for name in SCHEMA.numbers}
        text = {name: chunk.text(name, place) for name in SCHEMA.texts}
        owner: Literal["socket", "current"] = "socket" if row["is_owned"] else "current"
        return Drop(
            time=clock.moment(row["time"]),
            process=process_name(text["process"]),
            pid=row["pid"] or None,
            reason=self._names.reason_of(row["reason"]),
            location=self._names.symbol_of(row["location"]),
            size_bytes=row["size_bytes"],
            harmless=bool(row["harmless"]),
            owner=owner,
            protocol=protocol_name(row["protocol"]),
            source=_end(text["source"]),
            destination=_end(text["destination"]),
            interface=until_nul(text["interface"]) or None,
            node=self._node,
            workload=self._names.workload_of(row["cgroup"]) if row["is_owned"] else None,
        )

    def keys(self, chunk: Chunk, field: GroupField) -> Keys:
        if field == "node":
            return alike(chunk, self._node)
        return self._keys[field](chunk) if field in self._keys else alike(chunk, None)

    def numbers(self, chunk: Chunk, field: NumberField) -> Column:
        return chunk[field].astype(np.float64) if field == "size_bytes" else np.full(chunk.count, np.nan)

    def _masks(self, chunk: Chunk, wanted: Filter) -> Iterator[Column]:
        yield from of_process(chunk, wanted)
        if not wanted.harmless:
            yield chunk["harmless"] == 0

    def _harmless(self, events: Events) -> Column:
        """Asked once for all drops that are alike in what decides it."""
        deciding = np.zeros(len(events), _DECIDING)
        for name in ("family", "reason", "proto", "icmp_type", "tcp_flags"):
            deciding[name] = events[name]
        deciding["is_empty"] = events["payload"] == 0
        deciding["begin"] = events["daddr"].astype("S2")
        _, first, which = np.unique(deciding.view(f"V{_DECIDING.itemsize}"), return_index=True, return_inverse=True)
        verdicts = [self._is_harmless(events[place]) for place in first.tolist()]
        return np.array(verdicts, np.uint8)[which]

    def _is_harmless(self, event: Events) -> bool:
        raw = layout.RawEvent(*event.tolist())
        return is_harmless(raw, self._names.reason_of(raw.reason))


def _columns(events: Events, harmless: Column) -> Mapping[str, Column]:
    source, destination = endpoints(events, "saddr", "sport"), endpoints(events, "daddr", "dport")
    portless = ~np.isin(events["proto"], _WITH_PORTS)
    source[portless], destination[portless] = (endpoints(events[portless], end) for end in ("saddr", "daddr"))
    return {
        "time": events["ts"],
        **{name: events[name] for name in ("cgroup", "location", "pid", "uid", "netns", "reason")},
        **{name: events[name] for name in ("tcp_flags", "icmp_type", "icmp_code")},
        "size_bytes": events["len"],
        "harmless": harmless,
        "is_owned": events["flags"] & layout.OWNED > 0,
        "protocol": _protocols(events),
        "process": events["comm"],
        "source": source,
        "destination": destination,
        "interface": events["ifname"],
    }


def _protocols(events: Events) -> Column:
    begins_with_options = (events["family"] == AF_INET6) & (events["proto"] == 0)
    of_ip = np.where(begins_with_options, HOP_BY_HOP, events["proto"].astype(np.uint16))
    return np.where(events["family"] == AF_UNIX, LOCAL, of_ip)


def _end(packed: bytes) -> Endpoint | None:
    end = endpoint(packed)
    return end if end.address else None


def _told(end: Endpoint) -> str | None:
    return str(end) if end.address else None
