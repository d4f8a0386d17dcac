"""What one message of sock_diag means: `struct inet_diag_msg` and its attributes (linux/inet_diag.h, linux/tcp.h).
Pure.
"""

import struct
from collections.abc import Collection, Iterator, Mapping
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Final

from bot.domain.network import Endpoint
from bot.domain.sockets import Buffers, OpenSocket, SocketState, Transfer, Transport
from bot.ebpf.machine.holders import Holder

STATES: Final = (
    None, SocketState.ESTABLISHED, SocketState.SYN_SENT, SocketState.SYN_RECV, SocketState.FIN_WAIT1,
    SocketState.FIN_WAIT2, SocketState.TIME_WAIT, SocketState.CLOSE, SocketState.CLOSE_WAIT, SocketState.LAST_ACK,
    SocketState.LISTEN, SocketState.CLOSING,
)  # fmt: skip
"""By the kernel's numbers."""
_HEAD: Final = struct.Struct("=BBBB2s2s16s16s12x4xIIII")
_INODE: Final = struct.Struct("=68xI")
_ATTRIBUTE: Final = struct.Struct("=HH")
_TCP_INFO_KIND, _MEMORY_KIND, _CGROUP_KIND = 2, 7, 21
_MEMORY: Final = struct.Struct("=IIII4xI8xI")
_CGROUP: Final = struct.Struct("=Q")
_TCP_INFO: Final = struct.Struct("=7xB8xI4xI16xI4xI12xII4xI16xI24xQ12xIIIQQQQ8xQQ12xI")
"""What is read of `struct tcp_info`; Linux 5.4 and later have all of it."""
_BOUND_ONLY = 13
"""From 6.8 on: TCP sockets with a port of their own which neither listen nor connect."""
_RETRANSMIT_TIMER, _PROBE_TIMER = 1, 4
_MAPPED: Final = bytes(10) + b"\xff\xff"
_WITHOUT_END: Final = frozenset({SocketState.LISTEN, SocketState.UNCONN, SocketState.CLOSE})
_OWN_SYN_OR_FIN: Final = frozenset(
    {SocketState.SYN_SENT, SocketState.FIN_WAIT1, SocketState.CLOSING, SocketState.LAST_ACK}
)
"""States in which one of the bytes that were sent and not acknowledged is none."""
_PEERS_FIN: Final = frozenset({SocketState.CLOSE_WAIT, SocketState.CLOSING, SocketState.LAST_ACK})
"""States in which one of the bytes that came is none."""


def mask(protocol: Transport, states: Collection[SocketState]) -> int:
    """The bits of the kernel's numbers for these states; 0 when the protocol does not know any of them."""
    if protocol == "udp":
        bits = {SocketState.ESTABLISHED: 1 << 1, SocketState.UNCONN: 1 << 7}
    else:
        bits = {state: 1 << number for number, state in enumerate(STATES) if state}
        bits[SocketState.CLOSE] |= 1 << _BOUND_ONLY
    return sum(bit for state, bit in bits.items() if state in states)


def inode_of(message: bytes) -> int:
    """0 for sockets without one."""
    return int(_INODE.unpack_from(message)[0])


def socket_of(message: bytes, protocol: Transport, namespace: int, holders: Mapping[int, Holder]) -> OpenSocket:
    """Raises: struct.error for a message that is too short."""
    family, number, timer, times, port, peer_port, local, remote, received, sent, uid, inode = _HEAD.unpack_from(
        message
    )
    attributes = dict(_attributes(message))
    state = _state(protocol, number)
    tries = {timer: times}
    holder = holders.get(inode) if inode else None
    is_listener = state is SocketState.LISTEN
    memory = _whole(attributes, _MEMORY_KIND, _MEMORY)
    cgroup = _whole(attributes, _CGROUP_KIND, _CGROUP)
    tcp_info = _whole(attributes, _TCP_INFO_KIND, _TCP_INFO)
    return OpenSocket(
        protocol=protocol,
        state=state,
        local=_endpoint(family, local, port),
        remote=None if state in _WITHOUT_END else _endpoint(family, remote, peer_port),
        namespace=namespace,
        uid=uid if memory else None,  # handshakes and TIME_WAIT are no whole sockets: theirs is always 0
        inode=inode or None,
        cgroup=cgroup[0] if cgroup else None,
        pid=holder.pid if holder else None,
        process=holder.process if holder else None,
        holders=holder.count if holder else None,
        receive_queue_bytes=None if is_listener else max(received - (state in _PEERS_FIN), 0),
        send_queue_bytes=None if is_listener else max(sent - (state in _OWN_SYN_OR_FIN), 0),
        backlog=received if is_listener else None,
        backlog_limit=sent if is_listener else None,
        retransmits_now=tries.get(_RETRANSMIT_TIMER, 0) if protocol == "tcp" else None,
        window_probes_now=tries.get(_PROBE_TIMER, 0) if protocol == "tcp" else None,
        buffers=_buffers(memory, protocol) if memory else None,
        transfer=_transfer(tcp_info, state) if tcp_info and state not in _WITHOUT_END else None,
    )


def _attributes(message: bytes) -> Iterator[tuple[int, bytes]]:
    at = _INODE.size
    while at + _ATTRIBUTE.size <= len(message):
        size, kind = _ATTRIBUTE.unpack_from(message, at)
        if size < _ATTRIBUTE.size:
            return
        yield kind, message[at + _ATTRIBUTE.size : at + size]
        at += size + 3 & ~3


def _whole(attributes: Mapping[int, bytes], kind: int, layout: struct.Struct) -> tuple[int, ...] | None:
    """None also for what an older kernel has less of."""
    raw = attributes.get(kind, b"")
    return layout.unpack_from(raw) if len(raw) >= layout.size else None


def _state(protocol: Transport, number: int) -> SocketState:
    state = STATES[number] if number < len(STATES) else None
    if protocol == "udp":
        return SocketState.ESTABLISHED if state is SocketState.ESTABLISHED else SocketState.UNCONN
    return state or SocketState.CLOSE


def _endpoint(family: int, address: bytes, port: bytes) -> Endpoint:
    if family == AF_INET:
        written = inet_ntop(AF_INET, address[:4])
    elif address.startswith(_MAPPED):
        written = inet_ntop(AF_INET, address[12:])
    else:
        written = inet_ntop(AF_INET6, address)
    return Endpoint(written, int.from_bytes(port, "big"))


def _buffers(memory: tuple[int, ...], protocol: Transport) -> Buffers:
    received, receive_limit, sent, send_limit, queued, drops = memory
    return Buffers(
        receive_used_bytes=received,
        receive_limit_bytes=receive_limit,
        send_used_bytes=queued if protocol == "tcp" else sent,
        send_limit_bytes=send_limit,
        drops=drops,
    )


def _transfer(tcp_info: tuple[int, ...], state: SocketState) -> Transfer:
    (
        flags, segment_size, unanswered, since_sent, since_received, rtt, deviation, congestion_window, retransmits,
        received, min_rtt, segments_in, segments_out, rate, busy, receiver_limited, buffer_limited, sent, again, window,
    ) = tcp_info  # fmt: skip
    return Transfer(
        sent_bytes=sent - again,
        received_bytes=max(received - (state in _PEERS_FIN), 0),
        retransmitted_bytes=again,
        retransmits=retransmits,
        unanswered_segments=unanswered,
        rtt_us=rtt or None,
        rtt_deviation_us=deviation if rtt else None,
        min_rtt_us=min_rtt if rtt else None,
        congestion_window_segments=congestion_window,
        segment_size_bytes=segment_size,
        peer_window_bytes=window,
        delivery_bytes_per_s=rate or None,
        is_application_limited=bool(flags & 1),
        busy_us=busy,
        receiver_limited_us=receiver_limited,
        send_buffer_limited_us=buffer_limited,
        since_sent_ms=since_sent if segments_out else None,
        since_received_ms=since_received if segments_in else None,
    )
