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
from bot.ebpf.store.reading import Reading, shared_fields, source_fields
from bot.ebpf.store.row import Meanings, Row, direction_of, role_of

SCHEMA: Final = Schema(
    numbers={**WHO, "reason": "i2", **dict.fromkeys(("is_received", "state", "role"), "u1")},
    texts=("process", "source", "destination"),
)


def reset_keeper() -> PlainKeeper:
    return PlainKeeper((layout.TCP_RESET_SENT, layout.TCP_RESET_RECEIVED), SCHEMA, _columns)


def reset_reading(log: Log, meanings: Meanings, names: KernelNames) -> Reading:
    return Reading(
        log=log,
        meanings=meanings,
        event=lambda row: _event(row, names),
        fields={
            **shared_fields(meanings),
            **source_fields(),
            "protocol": Alike("TCP"),
            "direction": OfNumber("is_received", direction_of),
            "reason": OfNumber("reason", lambda number: _reason(number, names)),
            "state": OfNumber("state", state_name),
            "role": OfNumber("role", role_of),
        },
        numbers={},
    )


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
        destination=row.destination() or Endpoint(),
        reason=_reason(row["reason"], names),
        state=state_name(row["state"]),
        role=role_of(row["role"]),
    )


def _reason(number: int, names: KernelNames) -> str | None:
    return names.reset_reason_of(number) if number >= 0 else None
