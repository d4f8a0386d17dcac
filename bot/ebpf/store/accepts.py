"""Accepted TCP connections, one row each: begun when the handshake ends, completed when the socket closes.

All events of one socket carry its address, until it is closed: then another may get it. Who serves the connection is
told by the first event of it that knows the owner.
"""

from collections import OrderedDict
from typing import Final

import numpy as np

from bot.domain.network import Accepted, Endpoint
from bot.ebpf.collector import layout
from bot.ebpf.collector.errnos import errno_name
from bot.ebpf.store.batch import Batch, Events, endpoints
from bot.ebpf.store.columns import MAX_OPEN, TRAFFIC, WHO, errnos, is_owned, traffic, untold_traffic, who
from bot.ebpf.store.fields import UNTOLD, Alike, OfNumber
from bot.ebpf.store.log import Column, Log, Rows, Schema
from bot.ebpf.store.reading import Reading, Telling, source_fields, traffic_numbers
from bot.ebpf.store.row import Meanings, Row

SCHEMA: Final = Schema(
    numbers={**WHO, **TRAFFIC, "sock": "u8", "errno": "u2"},
    texts=("process", "source", "destination"),
)
_UNKNOWN = -1


class Accepts:
    """The log of accepted connections, and which of them are open."""

    def __init__(self) -> None:
        self.log = Log(SCHEMA)
        self._open: OrderedDict[int, int] = OrderedDict()
        """Rows by the addresses of their sockets, at most `MAX_OPEN`."""

    def add(self, batch: Batch) -> None:
        told = batch.where(_tells_of_accepted(batch))
        if not len(told.events):
            return
        rows = self._rows(told)
        self._complete(rows, told)
        self._attribute(rows, told.events)

    @property
    def remembered(self) -> int:
        return len(self._open)

    def evict(self) -> int:
        chunk = self.log.evict()
        for place, sock in enumerate(chunk["sock"].tolist()):
            if self._open.get(sock) == chunk.first + place:
                del self._open[sock]
        return chunk.count

    def _rows(self, told: Batch) -> Rows:
        """The row of each event, one after the other, since an address may be that of several sockets in turn."""
        begins = told.kinds == layout.TCP_ACCEPT
        fresh = iter(self.log.append(_begun(told.where(begins).events)).tolist())
        rows = np.full(len(begins), _UNKNOWN, np.int64)
        each = zip(told.events["sock"].tolist(), told.kinds.tolist(), strict=True)
        for place, (sock, kind) in enumerate(each):
            if kind == layout.TCP_ACCEPT:
                self._open.pop(sock, None)
                self._open[sock] = rows[place] = next(fresh)
            elif kind == layout.TCP_CLOSE:
                rows[place] = self._open.pop(sock, _UNKNOWN)
            else:
                rows[place] = self._open.get(sock, _UNKNOWN)
        while len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        return rows

    def _complete(self, rows: Rows, told: Batch) -> None:
        (closed,) = np.nonzero((told.kinds == layout.TCP_CLOSE) & (rows != _UNKNOWN))
        for chunk, places, given in self.log.of(rows[closed]):
            events = told.events.take(closed[given])
            for name, column in (*traffic(events).items(), ("errno", errnos(events))):
                chunk[name][places] = column

    def _attribute(self, rows: Rows, events: Events) -> None:
        (known,) = np.nonzero(is_owned(events) & (rows != _UNKNOWN))
        _, first = np.unique(rows[known], return_index=True)
        for chunk, places, given in self.log.of(rows[known[first]]):
            nameless = chunk["pid"][places] == 0
            owners = events.take(known[first[given[nameless]]])
            for name in ("pid", "uid"):
                chunk[name][places[nameless]] = owners[name]
            chunk.rewrite("process", places[nameless], owners["comm"])


def _tells_of_accepted(batch: Batch) -> Column:
    """Of a SYN-ACK that is sent again the socket is the listener."""
    flags, kinds = batch.events["flags"], batch.kinds
    knows_more = (flags & layout.OWNED > 0) | (kinds == layout.TCP_CLOSE)
    is_later = (flags & layout.ACCEPTED > 0) & knows_more & (kinds != layout.SYNACK_RETRANSMIT)
    tells: Column = (kinds == layout.TCP_ACCEPT) | is_later
    return tells


def _begun(events: Events) -> dict[str, Column]:
    return {
        **who(events),
        "uid": np.full(len(events), UNTOLD, np.int64),
        **untold_traffic(len(events)),
        "sock": events["sock"],
        "errno": np.zeros(len(events), np.uint16),
        "source": endpoints(events, "daddr", "dport"),
        "destination": endpoints(events, "saddr", "sport"),
    }


def accept_reading(log: Log, meanings: Meanings) -> Reading:
    telling = Telling(
        event=_event,
        fields={
            **source_fields(),
            "protocol": Alike("TCP"),
            "errno": OfNumber("errno", errno_name),
        },
        numbers=traffic_numbers(),
        direction="in",
    )
    return Reading(log, meanings, telling)


def _event(row: Row) -> Accepted:
    return Accepted(
        **row.who(),
        source=row.end("source") or Endpoint(),
        destination=row.destination(),
        errno=errno_name(row["errno"]),
        duration_us=row.microseconds("duration_ns"),
        sent_bytes=row.told("sent_bytes"),
        received_bytes=row.told("received_bytes"),
        retransmits=row.told("retransmits"),
        rtt_us=row.told("rtt_us"),
    )
