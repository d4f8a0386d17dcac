"""How each kind of event begins or completes the rows of connection attempts."""

from collections.abc import Callable, Mapping
from errno import EMSGSIZE
from socket import AF_INET, AF_INET6, AF_UNIX, SOCK_SEQPACKET, SOCK_STREAM
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bot.ebpf.collector import layout
from bot.ebpf.store.batch import Batch, Events, endpoints
from bot.ebpf.store.columns import elapsed_ns, errnos, rtt_us, traffic, untold_traffic
from bot.ebpf.store.fields import LOCAL as LOCAL_PROTOCOL
from bot.ebpf.store.fields import UNTOLD
from bot.ebpf.store.log import Chunk, Column, Places

CALLED, HANDSHAKEN, CONNECTED, CLOSED, GOT_RESET, NEIGHBOUR_FAILED, UNREACHABLE, LOCAL, STREAM = (
    1 << bit for bit in range(9)
)
"""What is known of an attempt, as bits of its `facts`; `outcomes.Evidence` says what they mean."""
ESTABLISHED, SYN_SENT = 1, 2
BEGINNINGS = (layout.CONNECT, layout.TCP_OPEN, layout.TCP_RETRANSMIT)
"""Kinds of events that say who connects to where."""

_CPU_BITS = 8

Step: TypeAlias = Callable[[Chunk, Places, Events], None]
"""Completes the rows at these places of a chunk by an event each."""


def tells_of_attempts(events: Events) -> NDArray[np.bool_]:
    """A connect(2) on a socket whose attempt began before the call only fetches what that came to."""
    kinds, known = events["kind"], events["attempt"] > 0
    repeated = known & (_begin_of(events) < _called_at(events))
    called = (kinds == layout.CONNECT) & ~repeated & np.isin(events["family"], (AF_UNIX, AF_INET, AF_INET6))
    waits = (kinds == layout.TCP_RETRANSMIT) & (events["newstate"] == SYN_SENT)
    explains = (kinds == layout.DROP) & (_evidence(events) > 0)
    ends = np.isin(kinds, (layout.TCP_OPEN, layout.TCP_CLOSE, layout.TCP_RESET_RECEIVED))
    learns = (kinds == layout.SOCK_ERROR) & (events["ret"] != -EMSGSIZE)  # which says how large a packet may be
    tells: NDArray[np.bool_] = called | (known & (waits | explains | ends | learns))
    return tells


def begun(told: Batch) -> Mapping[str, Column]:
    """The columns of rows that begin with these events."""
    events = told.events
    nothing = np.zeros(len(events), np.uint16)
    is_stream = (events["kind"] != layout.CONNECT) | np.isin(events["socktype"], (SOCK_STREAM, SOCK_SEQPACKET))
    facts = np.where(events["family"] == AF_UNIX, LOCAL, 0) | np.where(is_stream, STREAM, 0)
    return {
        "time": np.where(events["attempt"] > 0, _begin_of(events), _called_at(events)),
        "waited_ns": np.full(len(events), UNTOLD, np.int64),
        **untold_traffic(len(events)),
        **dict.fromkeys(("call_errno", "handshake_errno", "close_errno", "outcome"), nothing),
        **{name: events[name] for name in ("attempt", "cgroup", "pid", "uid")},
        "protocol": np.where(events["family"] == AF_UNIX, LOCAL_PROTOCOL, events["proto"].astype(np.uint16)),
        "facts": facts,
        "process": events["comm"],
        "destination": endpoints(events, "daddr", "dport"),
        "path": _paths(told),
    }


def returned(chunk: Chunk, places: Places, events: Events) -> None:
    chunk["call_errno"][places] = errnos(events)
    chunk["facts"][places] |= CALLED
    alone = chunk["facts"][places] & HANDSHAKEN == 0
    chunk["waited_ns"][places[alone]] = events["elapsed_ns"][alone]


def handshaken(chunk: Chunk, places: Places, events: Events) -> None:
    facts = np.full(len(events), HANDSHAKEN, np.uint16)
    facts[events["newstate"] == ESTABLISHED] |= CONNECTED
    chunk["facts"][places] |= facts | _evidence(events)
    chunk["handshake_errno"][places] = errnos(events)
    chunk["waited_ns"][places] = elapsed_ns(events)
    chunk["retransmits"][places] = events["retransmits"]
    chunk["rtt_us"][places] = rtt_us(events)


def learnt(chunk: Chunk, places: Places, events: Events) -> None:
    """A datagram socket was told that what it sends reaches nobody."""
    chunk["facts"][places] |= HANDSHAKEN
    chunk["handshake_errno"][places] = errnos(events)
    chunk["waited_ns"][places] = events["ts"].astype(np.int64) - _begin_of(events)


def closed(chunk: Chunk, places: Places, events: Events) -> None:
    chunk["facts"][places] |= CLOSED
    unseen = chunk["facts"][places] & HANDSHAKEN == 0  # its handshake was lost: the call's time is not that one's
    chunk["waited_ns"][places[unseen]] = UNTOLD
    chunk["close_errno"][places] = errnos(events)
    for name, column in traffic(events).items():
        chunk[name][places] = column


def reset(chunk: Chunk, places: Places, _: Events) -> None:
    """Also by a peer whose connection was being closed; once it is, nothing comes any more."""
    chunk["facts"][places] |= GOT_RESET


def explained(chunk: Chunk, places: Places, events: Events) -> None:
    """By what was dropped at its socket, perhaps when it had given up."""
    chunk["facts"][places] |= _evidence(events)


STEPS: Mapping[int, Step] = {
    layout.CONNECT: returned,
    layout.TCP_OPEN: handshaken,
    layout.SOCK_ERROR: learnt,
    layout.TCP_CLOSE: closed,
    layout.TCP_RESET_RECEIVED: reset,
    layout.DROP: explained,
}
_EVIDENCE = {
    layout.GOT_RESET: GOT_RESET,
    layout.NEIGHBOUR_FAILED: NEIGHBOUR_FAILED,
    layout.UNREACHABLE: UNREACHABLE,
}


def _evidence(events: Events) -> NDArray[np.uint16]:
    facts = np.zeros(len(events), np.uint16)
    for flag, fact in _EVIDENCE.items():
        facts[events["flags"] & flag > 0] |= fact
    return facts


def _begin_of(events: Events) -> Column:
    """When its attempt began."""
    begin: Column = events["attempt"] >> _CPU_BITS
    return begin.astype(np.int64)


def _called_at(events: Events) -> Column:
    begin: Column = events["ts"] - events["elapsed_ns"]
    return begin.astype(np.int64)


def _paths(told: Batch) -> Column:
    if not told.tails:
        return np.zeros(len(told.events), "S1")
    return np.array([told.tails.get(place, b"") for place in range(len(told.events))])
