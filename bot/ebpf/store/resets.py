"""RSTs that were sent or received. Their source is this machine's end."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from bot.domain.network import Endpoint, Reset
from bot.ebpf.collector import layout
from bot.ebpf.collector.details import state_name
from bot.ebpf.store.batch import Events, endpoints
from bot.ebpf.store.columns import WHO, roles, who_of_owner
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.fields import UNTOLD, Alike, OfNumber
from bot.ebpf.store.keeper import PlainKeeper
from bot.ebpf.store.log import Column, Log, Schema
from bot.ebpf.store.reading import Reading, Telling, source_fields
from bot.ebpf.store.row import Meanings, Row, direction_of, role_of

SCHEMA: Final = Schema(
    numbers={**WHO, "reason": "i4", **dict.fromkeys(("is_received", "state", "role"), "u1")},
    texts=("process", "source", "destination"),
)


def reset_keeper() -> PlainKeeper:
    return PlainKeeper((layout.TCP_RESET_SENT, layout.TCP_RESET_RECEIVED), SCHEMA, _columns)


def reset_reading(log: Log, meanings: Meanings, names: KernelNames) -> Reading:
    telling = Telling(
        event=lambda row: _event(row, names),
        fields={
            **source_fields(),
            "protocol": Alike("TCP"),
            "direction": OfNumber("is_received", direction_of),
            "reason": OfNumber("reason", names.reset_reason_of),
            "state": OfNumber("state", state_name),
            "role": OfNumber("role", role_of),
        },
    )
    return Reading(log, meanings, telling)


def _columns(events: Events) -> Mapping[str, Column]:
    """Without a socket there is only the packet that was answered: it went the other way."""
    is_received = events["kind"] == layout.TCP_RESET_RECEIVED
    is_answer = ~is_received & (events["sock"] == 0)
    local, peer = endpoints(events, "saddr", "sport"), endpoints(events, "daddr", "dport")
    return {
        **who_of_owner(events),
        "source": np.where(is_answer, peer, local),
        "destination": np.where(is_answer, local, peer),
        "reason": np.where(is_received, UNTOLD, events["reason"]),
        "is_received": is_received,
        "state": events["newstate"],
        "role": roles(events),
    }


def _event(row: Row, names: KernelNames) -> Reset:
    return Reset(
        **row.who(),
        direction=direction_of(row["is_received"]),
        source=row.end("source") or Endpoint(),
        destination=row.destination(),
        reason=names.reset_reason_of(row["reason"]),
        state=state_name(row["state"]),
        role=role_of(row["role"]),
    )
