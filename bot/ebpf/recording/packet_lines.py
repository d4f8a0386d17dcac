"""Lines that tell of packets: dropped, sent again, resets, ICMP errors. Pure; `recorded_lines` calls them."""

from datetime import datetime

from bot.domain.network import Direction, Drop, IcmpSent, Reset, Retransmit
from bot.ebpf.recording.kernel_events import SkbDropped
from bot.ebpf.recording.line_parts import (
    direction,
    end_of,
    evidence_of,
    owner,
    owner_kind,
    owner_only,
    packet_end,
    packet_protocol,
    role,
    rtt_of,
)
from bot.ebpf.recording.line_values import Fields, flag, integer, pair, text

_STATES = {"NEW_SYN_RECV": "SYN_RECV"}
"""A connection that nobody has accepted yet has a state of its own in the kernel only."""


def dropped(fields: Fields, time: datetime) -> SkbDropped:
    who, protocol = owner(fields), packet_protocol(fields)
    drop = Drop(
        **who.at(time),
        reason=text(fields, "reason"),
        location=text(fields, "location"),
        size_bytes=integer(fields, "len"),
        harmless=flag(fields, "benign"),
        owner=owner_kind(fields),
        protocol=protocol,
        source=packet_end(fields, "src", protocol),
        destination=packet_end(fields, "dst", protocol),
        direction=direction(fields),
        interface=text(fields, "if") or None,
    )
    return SkbDropped(drop=drop, attempt=text(fields, "attempt"), evidence=evidence_of(fields))


def sent_again(fields: Fields, time: datetime) -> Retransmit:
    who, state = owner_only(fields), text(fields, "state")
    return Retransmit(
        **who.at(time),
        source=end_of(fields, "src"),
        destination=end_of(fields, "dst"),
        state=_STATES.get(state, state) if state else None,
        role=role(fields),
        size_bytes=integer(fields, "len"),
        retransmits=integer(fields, "retransmits"),
        rtt_us=rtt_of(fields),
        errno=text(fields, "errno"),
    )


def reset_sent(fields: Fields, time: datetime) -> Reset:
    return _reset(fields, time, "out")


def reset_came(fields: Fields, time: datetime) -> Reset:
    return _reset(fields, time, "in")


def _reset(fields: Fields, time: datetime, which: Direction) -> Reset:
    who = owner_only(fields)
    return Reset(
        **who.at(time),
        direction=which,
        source=end_of(fields, "src"),
        destination=end_of(fields, "dst"),
        reason=text(fields, "reason"),
        state=text(fields, "state"),
        role=role(fields),
    )


def icmp_sent(fields: Fields, time: datetime) -> IcmpSent:
    who, protocol = owner(fields), packet_protocol(fields)
    icmp_type, code = pair(fields, "icmp")
    return IcmpSent(
        **who.at(time),
        type=icmp_type,
        code=code,
        source=packet_end(fields, "src", protocol),
        destination=packet_end(fields, "dst", protocol),
        protocol="ICMPV6" if text(fields, "family") == "ipv6" else "ICMP",
        interface=text(fields, "if") or None,
        owner=owner_kind(fields),
    )
