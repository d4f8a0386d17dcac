"""The event that the kernel programs write, as `events.h` lays it out; a test compares the two. It knows bytes only.

An event is `EVENT.size` bytes, for some kinds with a tail behind them: a unix path, or a DNS message.
"""

import struct
from typing import Final, NamedTuple


class RawEvent(NamedTuple):
    """The fields of `struct event`, by the same names. `reason` is -1 where the kernel tells none."""

    ts: int
    sock: int
    attempt: int
    cgroup: int
    elapsed_ns: int
    tx_bytes: int
    rx_bytes: int
    location: int
    pid: int
    tid: int
    uid: int
    netns: int
    ifindex: int
    len: int
    payload: int
    srtt_us: int
    retransmits: int
    ret: int
    reason: int
    family: int
    ethertype: int
    sport: int
    dport: int
    tail_len: int
    flags: int
    kind: int
    proto: int
    socktype: int
    oldstate: int
    newstate: int
    tcp_flags: int
    icmp_type: int
    icmp_code: int
    unused: int
    saddr: bytes
    daddr: bytes
    comm: bytes
    ifname: bytes


EVENT: Final = struct.Struct("<8Q9I2i5H10B16s16s16s16s")

KINDS: Final = (
    "connect",
    "tcp_open",
    "tcp_accept",
    "tcp_close",
    "tcp_listen",
    "tcp_retransmit",
    "tcp_reset_sent",
    "tcp_reset_received",
    "drop",
    "dns_query",
    "dns_reply",
    "accept_failed",
    "sock_error",
    "icmp_sent",
    "synack_retransmit",
)
"""By the number in `kind`, which begins at 1."""

OWNED: Final = 1
"""pid, tid and comm are the socket owner's, not those of whoever ran just then."""
RECEIVED: Final = 2
ACCEPTED: Final = 4
OPENED: Final = 8
CUT: Final = 16
"""The tail is not the whole message."""
GOT_RESET: Final = 32
"""The SYN was answered by an RST."""
NEIGHBOUR_FAILED: Final = 64
"""A SYN was dropped because the next hop does not answer."""
UNREACHABLE: Final = 128
"""An ICMP message said that the destination is not reached: refused on the way, or lost in a loop."""
CONNECT, TCP_OPEN, TCP_ACCEPT, TCP_CLOSE, TCP_LISTEN, TCP_RETRANSMIT, TCP_RESET_SENT, TCP_RESET_RECEIVED, DROP = range(
    1, 10
)
DNS_QUERY, DNS_REPLY, ACCEPT_FAILED, SOCK_ERROR, ICMP_SENT, SYNACK_RETRANSMIT = range(10, 16)

AFTER_PEERS_FIN: Final = (5, 9, 11, 6)
"""FIN_WAIT2, LAST_ACK, CLOSING, TIME_WAIT: states before CLOSE by which the peer's FIN has come, which the kernel
counts as a received byte."""


def read(raw: bytes) -> RawEvent:
    """The fixed part. Raises: struct.error when `raw` is too short for one."""
    return RawEvent._make(EVENT.unpack_from(raw))


def attempt_began_at(event: RawEvent) -> int:
    """By the clock of `ts`. Only for an event that has an `attempt`."""
    return event.attempt >> 8


def tail(raw: bytes) -> bytes:
    return raw[EVENT.size :]
