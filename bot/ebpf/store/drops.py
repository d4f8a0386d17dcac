"""Dropped skbs, one row each, complete as they come."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.domain.network import Drop
from bot.domain.workload import Workload
from bot.ebpf.collector import layout
from bot.ebpf.collector.harmless import is_harmless
from bot.ebpf.store.batch import Events, packet_ends
from bot.ebpf.store.columns import WHO, is_owned, protocols, who_beside
from bot.ebpf.store.fields import OfNumber, OfText, protocol_name, text_of
from bot.ebpf.store.keeper import PlainKeeper
from bot.ebpf.store.log import Column, Log, Schema
from bot.ebpf.store.reading import Reading, Telling, owned_rows, plain_number, source_fields
from bot.ebpf.store.row import Meanings, Row, direction_of, end_of, owner_of

SCHEMA: Final = Schema(
    numbers={
        **WHO,
        "location": "u8",
        "size_bytes": "u4",
        "reason": "i4",
        "protocol": "u2",
        **dict.fromkeys(("harmless", "is_owned", "is_received"), "u1"),
    },
    texts=("process", "source", "destination", "interface"),
)
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
    reset_reason_of: Callable[[int], str | None] = lambda number: str(number) if number >= 0 else None


def drop_keeper(names: KernelNames) -> PlainKeeper:
    return PlainKeeper((layout.DROP,), SCHEMA, lambda events: _columns(events, names))


def drop_reading(log: Log, meanings: Meanings, names: KernelNames) -> Reading:
    telling = Telling(
        event=lambda row: _event(row, names),
        fields={
            **source_fields(),
            "protocol": OfNumber("protocol", protocol_name),
            "direction": OfNumber("is_received", direction_of),
            "reason": OfNumber("reason", names.reason_of),
            "location": OfNumber("location", names.symbol_of),
            "harmless": OfNumber("harmless", bool),
            "interface": OfText("interface", text_of),
        },
        numbers={"size_bytes": plain_number("size_bytes")},
        end=end_of,
        owned=owned_rows,
    )
    return Reading(log, meanings, telling)


def _event(row: Row, names: KernelNames) -> Drop:
    return Drop(
        **row.who(),
        reason=names.reason_of(row["reason"]),
        location=names.symbol_of(row["location"]),
        size_bytes=row["size_bytes"],
        harmless=bool(row["harmless"]),
        owner=owner_of(row["is_owned"]),
        protocol=protocol_name(row["protocol"]),
        source=row.end("source"),
        destination=row.destination_if_any(),
        direction=direction_of(row["is_received"]),
        interface=row.text("interface"),
    )


def _columns(events: Events, names: KernelNames) -> Mapping[str, Column]:
    owned = is_owned(events)
    return {
        **who_beside(events, owned),
        **packet_ends(events),
        "location": events["location"],
        "reason": events["reason"],
        "size_bytes": events["len"],
        "harmless": _harmless(events, names),
        "is_owned": owned,
        "is_received": events["flags"] & layout.RECEIVED > 0,
        "protocol": protocols(events),
        "interface": events["ifname"],
    }


def _harmless(events: Events, names: KernelNames) -> Column:
    """Asked once for all drops that are alike in what decides it."""
    deciding = np.zeros(len(events), _DECIDING)
    for name in ("family", "reason", "proto", "icmp_type", "tcp_flags"):
        deciding[name] = events[name]
    deciding["is_empty"] = events["payload"] == 0
    deciding["begin"] = events["daddr"].astype("S2")
    _, first, which = np.unique(deciding.view(f"V{_DECIDING.itemsize}"), return_index=True, return_inverse=True)
    verdicts = [_is_harmless(events[place], names) for place in first.tolist()]
    return np.array(verdicts, np.uint8)[which]


def _is_harmless(event: Events, names: KernelNames) -> bool:
    raw = layout.RawEvent(*event.tolist())
    return is_harmless(raw, names.reason_of(raw.reason))
