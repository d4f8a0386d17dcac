"""ICMP errors with which this machine answered packets."""

from collections.abc import Mapping
from socket import AF_INET6
from typing import Final

from bot.domain.network import IcmpSent
from bot.ebpf.collector import layout
from bot.ebpf.store.batch import Events, packet_ends
from bot.ebpf.store.columns import WHO, is_owned, who_beside
from bot.ebpf.store.fields import OfNumber, OfText, text_of
from bot.ebpf.store.keeper import PlainKeeper
from bot.ebpf.store.log import Column, Log, Schema
from bot.ebpf.store.reading import Reading, Telling, owned_rows, source_fields
from bot.ebpf.store.row import Meanings, Row, end_of, owner_of

SCHEMA: Final = Schema(
    numbers={**WHO, **dict.fromkeys(("type", "code", "is_ipv6", "is_owned"), "u1")},
    texts=("process", "source", "destination", "interface"),
)


def icmp_keeper() -> PlainKeeper:
    return PlainKeeper((layout.ICMP_SENT,), SCHEMA, _columns)


def icmp_reading(log: Log, meanings: Meanings) -> Reading:
    telling = Telling(
        event=_event,
        fields={
            **source_fields(),
            "protocol": OfNumber("is_ipv6", _protocol),
            "type": OfNumber("type", int),
            "code": OfNumber("code", int),
            "interface": OfText("interface", text_of),
        },
        end=end_of,
        owned=owned_rows,
    )
    return Reading(log, meanings, telling)


def _columns(events: Events) -> Mapping[str, Column]:
    """Type and code are those of the message; the addresses are those of the packet that it answers."""
    owned = is_owned(events)
    return {
        **who_beside(events, owned),
        **packet_ends(events),
        "type": events["icmp_type"],
        "code": events["icmp_code"],
        "is_ipv6": events["family"] == AF_INET6,
        "is_owned": owned,
        "interface": events["ifname"],
    }


def _event(row: Row) -> IcmpSent:
    return IcmpSent(
        **row.who(),
        type=row["type"],
        code=row["code"],
        source=row.end("source"),
        destination=row.destination_if_any(),
        protocol=_protocol(row["is_ipv6"]),
        interface=row.text("interface"),
        owner=owner_of(row["is_owned"]),
    )


def _protocol(is_ipv6: int) -> str:
    return "ICMPV6" if is_ipv6 else "ICMP"
