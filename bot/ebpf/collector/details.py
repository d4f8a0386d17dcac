"""What a raw event says beyond who and where, as fields of a recording's line. Pure; each function adds its kind's."""

from typing import Any, TypeAlias

from bot.ebpf.collector import layout
from bot.ebpf.collector.errnos import errno_name
from bot.ebpf.collector.layout import RawEvent
from bot.ebpf.collector.text import until_nul

Fields: TypeAlias = dict[str, Any]

_STATES = (
    None, "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT",
    "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV",
)  # fmt: skip
_EVIDENCE = {
    "reset": layout.GOT_RESET,
    "neighbour failed": layout.NEIGHBOUR_FAILED,
    "unreachable": layout.UNREACHABLE,
}
_TYPES = {1: "stream", 2: "dgram", 3: "raw", 4: "rdm", 5: "seqpacket"}


def add_call(fields: Fields, event: RawEvent) -> None:
    fields["type"] = _TYPES.get(event.socktype)
    fields["ret"] = event.ret
    fields["errno"] = _errno(event)


def add_connect(fields: Fields, event: RawEvent) -> None:
    add_call(fields, event)
    fields["call_us"] = event.elapsed_ns / 1e3


def add_state_change(fields: Fields, event: RawEvent) -> None:
    fields["from"] = state_name(event.oldstate)
    fields["to"] = state_name(event.newstate)
    fields["errno"] = _errno(event)
    fields["role"] = _role(event)


def add_open(fields: Fields, event: RawEvent) -> None:
    add_state_change(fields, event)
    fields["handshake_us"] = event.elapsed_ns / 1e3
    add_evidence(fields, event)
    _add_traffic(fields, event)


def add_evidence(fields: Fields, event: RawEvent) -> None:
    fields["evidence"] = [said for said, flag in _EVIDENCE.items() if event.flags & flag]


def add_close(fields: Fields, event: RawEvent) -> None:
    """A connection that is older than the collector has no duration."""
    add_state_change(fields, event)
    fields["owner"] = _owner(event)
    fields["duration_us"] = event.elapsed_ns / 1e3 if event.elapsed_ns else None
    _add_traffic(fields, event)
    fields["rx_bytes"] = max(0, event.rx_bytes - (event.oldstate in layout.AFTER_PEERS_FIN))


def add_retransmit(fields: Fields, event: RawEvent) -> None:
    add_synack_retransmit(fields, event)
    fields["len"] = event.len
    fields["rtt_us"] = event.srtt_us
    fields["errno"] = _errno(event)


def add_synack_retransmit(fields: Fields, event: RawEvent) -> None:
    fields["state"] = state_name(event.newstate)
    fields["owner"] = _owner(event)
    fields["retransmits"] = event.retransmits
    fields["role"] = _role(event)


def add_socket_error(fields: Fields, event: RawEvent) -> None:
    fields["errno"] = _errno(event)
    fields["owner"] = _owner(event)


def add_packet(fields: Fields, event: RawEvent) -> None:
    fields["state"] = state_name(event.newstate)
    fields["owner"] = _owner(event)
    fields["role"] = _role(event)
    fields["if"] = until_nul(event.ifname)
    fields["ifindex"] = event.ifindex
    fields["len"] = event.len
    fields["ethertype"] = event.ethertype
    fields["tcp_flags"] = event.tcp_flags


def add_directed_packet(fields: Fields, event: RawEvent) -> None:
    add_packet(fields, event)
    fields["direction"] = "in" if event.flags & layout.RECEIVED else "out"


def add_icmp(fields: Fields, event: RawEvent) -> None:
    add_directed_packet(fields, event)
    fields["icmp"] = [event.icmp_type, event.icmp_code]


def _add_traffic(fields: Fields, event: RawEvent) -> None:
    fields["tx_bytes"] = event.tx_bytes
    fields["rx_bytes"] = event.rx_bytes
    fields["rtt_us"] = event.srtt_us
    fields["retransmits"] = event.retransmits


def _errno(event: RawEvent) -> str | None:
    return errno_name(-event.ret) if event.ret < 0 else None


def state_name(number: int) -> str | None:
    """Of a TCP socket, by the kernel's number; None for 0."""
    return _STATES[number] if number < len(_STATES) else str(number)


def _role(event: RawEvent) -> str | None:
    if event.flags & layout.OPENED:
        return "client"
    return "server" if event.flags & layout.ACCEPTED else None


def _owner(event: RawEvent) -> str:
    return "socket" if event.flags & layout.OWNED else "current"
