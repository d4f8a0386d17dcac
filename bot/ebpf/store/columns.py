"""Columns that rows of more than one kind have, and how they come from events."""

from collections.abc import Mapping
from errno import EINTR
from socket import AF_INET6, AF_UNIX
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.ebpf.collector import layout
from bot.ebpf.collector.errnos import RESTARTED
from bot.ebpf.store.batch import Events
from bot.ebpf.store.fields import HOP_BY_HOP, LOCAL, UNTOLD
from bot.ebpf.store.log import Column

WHO: Final = {"time": "i8", "cgroup": "u8", "pid": "u4", "uid": "i8"}
"""With the text `process`: what every row tells of who it was. A cgroup or pid that nobody knows is 0."""
TRAFFIC: Final = {"duration_ns": "i8", "sent_bytes": "i8", "received_bytes": "i8", "retransmits": "i4", "rtt_us": "i4"}
"""What is known of a TCP connection when it is over."""
MAX_OPEN: Final = 65536
"""Sockets of which more may be told, of each kind: the kernel programs remember the owners of no more."""


def who(events: Events) -> dict[str, Column]:
    """Where the process is certainly that of the event."""
    return {
        "time": events["ts"],
        "process": events["comm"],
        **{name: events[name] for name in ("cgroup", "pid", "uid")},
    }


def who_of_owner(events: Events) -> dict[str, Column]:
    """Nobody where the process is that which ran just then: there is no field to tell it apart."""
    owned = is_owned(events)
    return {
        **who_beside(events, owned),
        "pid": np.where(owned, events["pid"], 0),
        "process": np.where(owned, events["comm"], b""),
    }


def who_beside(events: Events, owned: Column) -> dict[str, Column]:
    """With whoever ran just then where no owner is known, of whom no more is told than that."""
    return {
        **who(events),
        "cgroup": np.where(owned, events["cgroup"], 0),
        "uid": np.where(owned, events["uid"].astype(np.int64), UNTOLD),
    }


def is_owned(events: Events) -> NDArray[np.bool_]:
    owned: NDArray[np.bool_] = events["flags"] & layout.OWNED > 0
    return owned


def roles(events: Events) -> Column:
    """The bits of `flags` that tell it."""
    bits: Column = events["flags"] & (layout.OPENED | layout.ACCEPTED)
    return bits


def untold_traffic(count: int) -> Mapping[str, Column]:
    return dict.fromkeys(TRAFFIC, np.full(count, UNTOLD, np.int64))


def traffic(events: Events) -> Mapping[str, Column]:
    """As a close tells it; the kernel counts the peer's FIN as a received byte."""
    fin = np.isin(events["oldstate"], layout.AFTER_PEERS_FIN) & (events["rx_bytes"] > 0)
    return {
        "duration_ns": elapsed_ns(events),
        "sent_bytes": events["tx_bytes"],
        "received_bytes": events["rx_bytes"].astype(np.int64) - fin,
        "retransmits": events["retransmits"],
        "rtt_us": rtt_us(events),
    }


def elapsed_ns(events: Events) -> Column:
    return _or_untold(events["elapsed_ns"])


def rtt_us(events: Events) -> Column:
    """The kernel has 0 until it has measured one."""
    return _or_untold(events["srtt_us"])


def errnos(events: Events) -> NDArray[np.uint16]:
    """0 where all went well."""
    numbers = np.where(events["ret"] < 0, -events["ret"], 0)
    return np.where(np.isin(numbers, RESTARTED), EINTR, numbers).astype(np.uint16)


def protocols(events: Events) -> Column:
    begins_with_options = (events["family"] == AF_INET6) & (events["proto"] == 0)
    return np.where(begins_with_options, HOP_BY_HOP, protocols_of_sockets(events))


def protocols_of_sockets(events: Events) -> Column:
    """Of which none begins with options."""
    return np.where(events["family"] == AF_UNIX, LOCAL, events["proto"].astype(np.uint16))


def _or_untold(numbers: Column) -> Column:
    return np.where(numbers > 0, numbers.astype(np.int64), UNTOLD)
