"""What the rows of connection attempts say: the `Reading` of `Connection`."""

from errno import errorcode
from typing import Final

import numpy as np

from bot.domain.network import FAILED_OUTCOMES, UNDECIDED_OUTCOMES, Connection, Endpoint
from bot.ebpf.collector.errnos import errno_name
from bot.ebpf.collector.text import unix_path
from bot.ebpf.outcomes import UNDER_WAY
from bot.ebpf.store import attempt_steps as steps
from bot.ebpf.store.attempts import OUTCOMES
from bot.ebpf.store.fields import OfNumber, protocol_name
from bot.ebpf.store.log import Chunk, Column, Log
from bot.ebpf.store.reading import Reading, Telling, duration_us, traffic_numbers
from bot.ebpf.store.row import Meanings, Row


def attempt_reading(log: Log, meanings: Meanings) -> Reading:
    telling = Telling(
        event=_event,
        fields={
            "protocol": OfNumber("protocol", protocol_name),
            "outcome": OfNumber("outcome", lambda number: OUTCOMES[number].value),
            "errno": OfNumber(_errnos, errno_name),
        },
        numbers={**traffic_numbers(), "waited_us": _waited_us},
        direction="out",
        hidden=lambda chunk: (chunk["facts"] & steps.LOCAL > 0) & np.isin(chunk["outcome"], _FAILED),
    )
    return Reading(log, meanings, telling)


def _event(row: Row) -> Connection:
    outcome = OUTCOMES[row["outcome"]]
    is_local = bool(row["facts"] & steps.LOCAL)
    path = Endpoint(path=unix_path(row.bytes_of("path")) or None)
    return Connection(
        **row.who(),
        destination=path if is_local else row.destination(),
        protocol=protocol_name(row["protocol"]),
        outcome=outcome,
        errno=errno_name(_errno(row)),
        waited_us=None if outcome in UNDECIDED_OUTCOMES else row.microseconds("waited_ns"),
        duration_us=row.microseconds("duration_ns"),
        sent_bytes=row.told("sent_bytes"),
        received_bytes=row.told("received_bytes"),
        retransmits=row.told("retransmits"),
        rtt_us=row.told("rtt_us"),
    )


def _waited_us(chunk: Chunk) -> Column:
    return np.where(np.isin(chunk["outcome"], _UNDECIDED), np.nan, duration_us("waited_ns")(chunk))


_FAILED: Final = [OUTCOMES.index(outcome) for outcome in FAILED_OUTCOMES]
_UNDECIDED: Final = [OUTCOMES.index(outcome) for outcome in UNDECIDED_OUTCOMES]
_UNDER_WAY: Final = [number for number, name in errorcode.items() if name in UNDER_WAY]


def _errno(row: Row) -> int:
    """The last word on an attempt; "under way" only while that is the last word. 0 where all went well."""
    call = row["call_errno"]
    if call in _UNDER_WAY and row["facts"] & (steps.HANDSHAKEN | steps.CLOSED):
        call = 0
    return row["close_errno"] or row["handshake_errno"] or call


def _errnos(rows: Chunk) -> Column:
    """`_errno` of each row."""
    closed, handshake, call = rows["close_errno"], rows["handshake_errno"], rows["call_errno"]
    has_ended = np.bitwise_and(rows["facts"], steps.HANDSHAKEN | steps.CLOSED) > 0
    of_call = np.where(has_ended & np.isin(call, _UNDER_WAY), 0, call)
    return np.where(closed, closed, np.where(handshake, handshake, of_call))
