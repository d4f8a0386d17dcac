"""TCP segments that were sent again, and SYN-ACKs."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from bot.domain.network import Endpoint, Retransmit
from bot.ebpf.collector import layout
from bot.ebpf.collector.details import state_name
from bot.ebpf.collector.errnos import errno_name
from bot.ebpf.store.batch import Events, endpoints
from bot.ebpf.store.columns import WHO, errnos, roles, rtt_us, who_of_owner
from bot.ebpf.store.fields import UNTOLD, Alike, OfNumber
from bot.ebpf.store.keeper import PlainKeeper
from bot.ebpf.store.log import Column, Log, Schema
from bot.ebpf.store.reading import Reading, Telling, plain_number, source_fields
from bot.ebpf.store.row import Meanings, Row, role_of

SCHEMA: Final = Schema(
    numbers={
        **WHO,
        "size_bytes": "i8",
        **dict.fromkeys(("retransmits", "rtt_us"), "i4"),
        "errno": "u2",
        **dict.fromkeys(("state", "role"), "u1"),
    },
    texts=("process", "source", "destination"),
)


def retransmit_keeper() -> PlainKeeper:
    return PlainKeeper((layout.TCP_RETRANSMIT, layout.SYNACK_RETRANSMIT), SCHEMA, _columns)


def retransmit_reading(log: Log, meanings: Meanings) -> Reading:
    telling = Telling(
        event=_event,
        fields={
            **source_fields(),
            "protocol": Alike("TCP"),
            "state": OfNumber("state", _state),
            "role": OfNumber("role", role_of),
            "errno": OfNumber("errno", errno_name),
        },
        numbers={name: plain_number(name) for name in ("size_bytes", "retransmits", "rtt_us")},
        direction="out",
    )
    return Reading(log, meanings, telling)


def _columns(events: Events) -> Mapping[str, Column]:
    is_synack = events["kind"] == layout.SYNACK_RETRANSMIT
    return {
        **who_of_owner(events),
        "source": endpoints(events, "saddr", "sport"),
        "destination": endpoints(events, "daddr", "dport"),
        "size_bytes": np.where(is_synack, UNTOLD, events["len"].astype(np.int64)),
        "retransmits": events["retransmits"],
        "rtt_us": rtt_us(events),
        "errno": errnos(events),
        "state": events["newstate"],
        "role": roles(events),
    }


def _event(row: Row) -> Retransmit:
    return Retransmit(
        **row.who(),
        source=row.end("source") or Endpoint(),
        destination=row.destination(),
        state=_state(row["state"]),
        role=role_of(row["role"]),
        size_bytes=row.told("size_bytes"),
        retransmits=row["retransmits"],
        rtt_us=row.told("rtt_us"),
        errno=errno_name(row["errno"]),
    )


def _state(number: int) -> str | None:
    """Of a connection request the kernel has a state of its own, which says no more."""
    name = state_name(number)
    return "SYN_RECV" if name == "NEW_SYN_RECV" else name
