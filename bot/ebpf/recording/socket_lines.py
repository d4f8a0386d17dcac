"""Lines that tell of sockets: accepted and listening ones, their errors, and DNS. `recorded_lines` calls them."""

from collections.abc import Hashable
from datetime import datetime

from bot.domain.network import Listen, SocketError
from bot.ebpf.collector.dns import type_name
from bot.ebpf.recording.kernel_events import AcceptedClosed, ConnectionAccepted, OwnerSeen, QuerySent, ReplyReceived
from bot.ebpf.recording.line_parts import (
    caller,
    end_of,
    ending_of,
    is_owned,
    owner,
    owner_kind,
    packet_end,
    protocol_of,
    role,
)
from bot.ebpf.recording.line_values import Fields, integer, number, text, texts


def accepted(fields: Fields, time: datetime) -> ConnectionAccepted:
    return ConnectionAccepted(
        sock=text(fields, "sock"),
        time=time,
        source=end_of(fields, "dst"),
        destination=end_of(fields, "src"),
        workload=caller(fields).workload,
    )


def owner_seen(fields: Fields, _: datetime) -> OwnerSeen | None:
    sock = text(fields, "sock")
    is_known = sock and role(fields) == "server" and is_owned(fields)
    return OwnerSeen(sock, caller(fields)) if sock and is_known else None


def accepted_closed(fields: Fields, _: datetime) -> AcceptedClosed | None:
    """Older recordings do not say whose it was; the reset that an abortive close sends next does."""
    sock = text(fields, "sock")
    if not sock or role(fields) != "server":
        return None
    return AcceptedClosed(sock, ending_of(fields), owner_may_follow="owner" not in fields)


def listening(fields: Fields, time: datetime) -> Listen:
    who = caller(fields)
    return Listen(
        **who.at(time),
        destination=end_of(fields, "src"),
        began=text(fields, "to") == "LISTEN",
    )


def accept_failed(fields: Fields, time: datetime) -> SocketError:
    who, protocol = caller(fields), protocol_of(fields)
    return SocketError(
        **who.at(time),
        call="accept",
        errno=text(fields, "errno"),
        destination=packet_end(fields, "src", protocol),
        protocol=protocol,
        owner="socket",
    )


def icmp_learnt(fields: Fields, time: datetime) -> SocketError:
    who, protocol = owner(fields), protocol_of(fields)
    return SocketError(
        **who.at(time),
        call="icmp",
        errno=text(fields, "errno"),
        source=packet_end(fields, "src", protocol),
        destination=packet_end(fields, "dst", protocol),
        protocol=protocol,
        owner=owner_kind(fields),
    )


def query_sent(fields: Fields, time: datetime) -> QuerySent:
    kind = integer(fields, "qtype")
    return QuerySent(
        place=(integer(fields, "netns"), integer(fields, "sport")),
        question=_question(fields),
        time=time,
        who=caller(fields),
        destination=end_of(fields, "dst"),
        name=text(fields, "qname"),
        type=None if kind is None else type_name(kind),
    )


def reply_received(fields: Fields, _: datetime) -> ReplyReceived:
    return ReplyReceived(
        place=(integer(fields, "netns"), integer(fields, "dport")),
        question=_question(fields),
        rcode=text(fields, "rcode"),
        latency_us=number(fields, "latency_us"),
        answers=texts(fields, "answers"),
    )


def _question(fields: Fields) -> Hashable:
    """As the collector's decoder has it, which gives an unreadable reply the question that it found for it."""
    asked = integer(fields, "id")
    if asked is None:
        return None
    return asked, (text(fields, "qname") or "").lower(), integer(fields, "qtype")
