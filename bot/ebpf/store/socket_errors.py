"""Calls of accept(2) that failed, and ICMP messages that datagram sockets learnt of."""

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np

from bot.domain.network import SocketError
from bot.ebpf.collector import layout
from bot.ebpf.collector.errnos import errno_name
from bot.ebpf.store.batch import Events, packet_ends
from bot.ebpf.store.columns import WHO, errnos, is_owned, protocols_of_sockets, who_beside
from bot.ebpf.store.fields import OfNumber, protocol_name
from bot.ebpf.store.keeper import PlainKeeper
from bot.ebpf.store.log import Column, Log, Schema
from bot.ebpf.store.reading import Reading, Telling, owned_rows, source_fields
from bot.ebpf.store.row import Meanings, Row, end_of, owner_of

SCHEMA: Final = Schema(
    numbers={**WHO, **dict.fromkeys(("errno", "protocol"), "u2"), **dict.fromkeys(("is_accept", "is_owned"), "u1")},
    texts=("process", "source", "destination"),
)


def error_keeper() -> PlainKeeper:
    return PlainKeeper((layout.ACCEPT_FAILED, layout.SOCK_ERROR), SCHEMA, _columns)


def error_reading(log: Log, meanings: Meanings) -> Reading:
    telling = Telling(
        event=_event,
        fields={
            **source_fields(),
            "protocol": OfNumber("protocol", protocol_name),
            "call": OfNumber("is_accept", _call),
            "errno": OfNumber("errno", errno_name),
        },
        end=end_of,
        owned=owned_rows,
    )
    return Reading(log, meanings, telling)


def _columns(events: Events) -> Mapping[str, Column]:
    """Who calls accept(2) is certain. Its address is the listener's."""
    is_accept = events["kind"] == layout.ACCEPT_FAILED
    owned = is_owned(events) | is_accept
    ends = packet_ends(events)
    local, peer = ends["source"], ends["destination"]
    return {
        **who_beside(events, owned),
        "source": np.where(is_accept, b"", local),
        "destination": np.where(is_accept, local, peer),
        "errno": errnos(events),
        "protocol": protocols_of_sockets(events),
        "is_accept": is_accept,
        "is_owned": owned,
    }


def _event(row: Row) -> SocketError:
    return SocketError(
        **row.who(),
        call=_call(row["is_accept"]),
        errno=errno_name(row["errno"]),
        source=row.end("source"),
        destination=row.destination_if_any(),
        protocol=protocol_name(row["protocol"]),
        owner=owner_of(row["is_owned"]),
    )


def _call(is_accept: int) -> Literal["accept", "icmp"]:
    return "accept" if is_accept else "icmp"
