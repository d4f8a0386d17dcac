"""How one line of a recording becomes kernel events. The fields are those of `bot.ebpf.collector.decode`.

A line may tell more than one story: of an attempt to connect, say, and of a reset that came in.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

from bot.ebpf.recording.attempt_lines import (
    connect_returned,
    connection_closed,
    error_learnt,
    handshake_ended,
    reset_received,
    syn_sent_again,
)
from bot.ebpf.recording.kernel_events import KernelEvent
from bot.ebpf.recording.line_values import NO_EVENT, Fields, time_of
from bot.ebpf.recording.packet_lines import dropped, icmp_sent, reset_came, reset_sent, sent_again
from bot.ebpf.recording.socket_lines import (
    accept_failed,
    accepted,
    accepted_closed,
    icmp_learnt,
    listening,
    owner_seen,
    query_sent,
    reply_received,
)

_Parser: TypeAlias = Callable[[Fields, datetime], KernelEvent | None]


def parse_fields(fields: Fields) -> tuple[datetime, tuple[KernelEvent, ...]]:
    """The time of a line, and what it tells; nothing where its kind is none that netspy knows.

    Raises: ValueError when it is no event.
    """
    kind = fields.get("event")
    if not isinstance(kind, str):
        raise ValueError(NO_EVENT)  # noqa: TRY004 - bad data, not a bad call
    time = time_of(fields)
    told = (parse(fields, time) for parse in _PARSERS.get(kind, ()))
    return time, tuple(event for event in told if event is not None)


_PARSERS: Mapping[str, tuple[_Parser, ...]] = {
    "connect": (connect_returned,),
    "tcp_open": (handshake_ended,),
    "tcp_accept": (accepted,),
    "tcp_close": (connection_closed, owner_seen, accepted_closed),
    "tcp_listen": (listening,),
    "tcp_retransmit": (syn_sent_again, owner_seen, sent_again),
    "synack_retransmit": (sent_again,),
    "tcp_reset_sent": (owner_seen, reset_sent),
    "tcp_reset_received": (reset_received, owner_seen, reset_came),
    "drop": (owner_seen, dropped),
    "dns_query": (query_sent,),
    "dns_reply": (reply_received,),
    "accept_failed": (accept_failed,),
    "sock_error": (error_learnt, icmp_learnt),
    "icmp_sent": (owner_seen, icmp_sent),
}
