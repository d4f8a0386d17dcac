"""The counters of all network namespaces that have a process, read from /proc. No rights are needed for one's own
processes; the caller's namespace never changes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.domain.counters import Counters, Levels
from bot.ebpf.boot_clock import since_boot_ns
from bot.ebpf.machine.counter_files import Named, in_columns, in_pairs, in_phrases, of_conntrack
from bot.ebpf.machine.namespaces import PROC, Namespace, namespaces, number_of

_ALWAYS: dict[str, Callable[[str], Named]] = {"netstat": in_pairs, "snmp": in_pairs, "sockstat": in_phrases}
_PERHAPS: dict[str, Callable[[str], Named]] = {
    "snmp6": in_columns,
    "sockstat6": in_phrases,
    "stat/nf_conntrack": of_conntrack,
}
_CONNTRACK_LIMIT = "sys/net/netfilter/nf_conntrack_max"
_COUNTERS: dict[str, tuple[str, ...]] = {
    "listen_overflows": ("TcpExt.ListenOverflows",),
    "listen_drops": ("TcpExt.ListenDrops",),
    "request_queue_full_drops": ("TcpExt.TCPReqQFullDrop",),
    "syn_cookies_sent": ("TcpExt.SyncookiesSent",),
    "backlog_drops": ("TcpExt.TCPBacklogDrop",),
    "receive_queue_drops": ("TcpExt.TCPRcvQDrop",),
    "zero_window_drops": ("TcpExt.TCPZeroWindowDrop",),
    "pruned_segments": ("TcpExt.RcvPruned",),
    "zero_windows_advertised": ("TcpExt.TCPToZeroWindowAdv",),
    "segments_received": ("Tcp.InSegs",),
    "segments_sent": ("Tcp.OutSegs",),
    "retransmits": ("Tcp.RetransSegs",),
    "syn_retransmits": ("TcpExt.TCPSynRetrans",),
    "timeouts": ("TcpExt.TCPTimeouts",),
    "failed_retransmits": ("TcpExt.TCPRetransFail",),
    "tcp_in_errors": ("Tcp.InErrs",),
    "tcp_checksum_errors": ("Tcp.InCsumErrors",),
    "resets_sent": ("Tcp.OutRsts",),
    "established_resets": ("Tcp.EstabResets",),
    "failed_attempts": ("Tcp.AttemptFails",),
    "active_opens": ("Tcp.ActiveOpens",),
    "passive_opens": ("Tcp.PassiveOpens",),
    "aborts_on_timeout": ("TcpExt.TCPAbortOnTimeout",),
    "aborts_on_memory": ("TcpExt.TCPAbortOnMemory",),
    "memory_pressures": ("TcpExt.TCPMemoryPressures",),
    "time_wait_overflows": ("TcpExt.TCPTimeWaitOverflow",),
    "stale_timestamp_drops": ("TcpExt.PAWSEstab",),
    "udp_received": ("Udp.InDatagrams", "Udp6InDatagrams"),
    "udp_sent": ("Udp.OutDatagrams", "Udp6OutDatagrams"),
    "udp_no_ports": ("Udp.NoPorts", "Udp6NoPorts"),
    "udp_in_errors": ("Udp.InErrors", "Udp6InErrors"),
    "udp_receive_buffer_errors": ("Udp.RcvbufErrors", "Udp6RcvbufErrors"),
    "udp_send_buffer_errors": ("Udp.SndbufErrors", "Udp6SndbufErrors"),
    "udp_checksum_errors": ("Udp.InCsumErrors", "Udp6InCsumErrors"),
    "udp_memory_errors": ("Udp.MemErrors", "Udp6MemErrors"),
    "icmp_in_unreachable": ("Icmp.InDestUnreachs", "Icmp6InDestUnreachs"),
    "icmp_out_unreachable": ("Icmp.OutDestUnreachs", "Icmp6OutDestUnreachs"),
    "icmp_in_time_exceeded": ("Icmp.InTimeExcds", "Icmp6InTimeExcds"),
    "icmp_out_time_exceeded": ("Icmp.OutTimeExcds", "Icmp6OutTimeExcds"),
    "icmp_in_packet_too_big": ("Icmp6InPktTooBigs",),
    "icmp_out_packet_too_big": ("Icmp6OutPktTooBigs",),
    "icmp_in_redirects": ("Icmp.InRedirects", "Icmp6InRedirects"),
    "icmp_out_rate_limited": ("Icmp.OutRateLimitGlobal", "Icmp.OutRateLimitHost", "Icmp6OutRateLimitHost"),
    "ip_in_header_errors": ("Ip.InHdrErrors", "Ip6InHdrErrors"),
    "ip_in_address_errors": ("Ip.InAddrErrors", "Ip6InAddrErrors"),
    "ip_in_discards": ("Ip.InDiscards", "Ip6InDiscards"),
    "ip_out_discards": ("Ip.OutDiscards", "Ip6OutDiscards"),
    "ip_no_routes": ("Ip.OutNoRoutes", "IpExt.InNoRoutes", "Ip6OutNoRoutes", "Ip6InNoRoutes"),
    "ip_forwarded": ("Ip.ForwDatagrams", "Ip6OutForwDatagrams"),
    "ip_failed_reassemblies": ("Ip.ReasmFails", "Ip6ReasmFails"),
    "ip_failed_fragmentations": ("Ip.FragFails", "Ip6FragFails"),
    "reverse_path_filtered": ("TcpExt.IPReversePathFilter",),
    "conntrack_insert_failures": ("conntrack.insert_failed",),
    "conntrack_drops": ("conntrack.drop",),
    "conntrack_early_drops": ("conntrack.early_drop",),
    "conntrack_invalid": ("conntrack.invalid",),
}
"""Fields of `Counters`, each the sum of what the kernel calls so (of those that it has)."""
_LEVELS: dict[str, tuple[str, ...]] = {
    "tcp_established": ("Tcp.CurrEstab",),
    "tcp_in_use": ("TCP.inuse", "TCP6.inuse"),
    "tcp_time_wait": ("TCP.tw",),
    "tcp_orphans": ("TCP.orphan",),
    "tcp_memory_pages": ("TCP.mem",),
    "udp_in_use": ("UDP.inuse", "UDP6.inuse"),
    "udp_memory_pages": ("UDP.mem",),
    "conntrack_entries": ("conntrack.entries",),
    "conntrack_limit": ("conntrack.limit",),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a namespace had counted at one moment, in nanoseconds since boot."""

    namespace: int
    time_ns: int
    counters: Counters
    levels: Levels


def read_counters(proc: Path = PROC) -> tuple[Reading, ...]:
    """One reading a namespace; one that ends meanwhile is left out, and so is one that must not be known."""
    limit = dict(_limit(proc))
    readings = (_read(namespace, proc, limit) for namespace in namespaces(proc).found)
    return tuple(reading for reading in readings if reading)


def counted(values: Mapping[str, int]) -> Counters:
    """From the kernel's names and numbers."""
    return Counters(**{name: _sum(values, parts) for name, parts in _COUNTERS.items()})


def levels(values: Mapping[str, int]) -> Levels:
    """From the kernel's names and numbers."""
    return Levels(**{name: _sum(values, parts) for name, parts in _LEVELS.items()})


def _read(namespace: Namespace, proc: Path, limit: Mapping[str, int]) -> Reading | None:
    """From the first of its processes that has not ended: a pid may belong to another process by now."""
    for pid in namespace.pids:
        time_ns = since_boot_ns()
        try:
            values = {**limit, **_values(proc / str(pid) / "net")}
            if number_of(pid, proc) == namespace.number:
                return Reading(namespace.number, time_ns, counted(values), levels(values))
        except OSError:
            continue
    return None


def _values(folder: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for file, parse in _ALWAYS.items():
        found.update(parse((folder / file).read_text("ascii", "replace")))
    for file, parse in _PERHAPS.items():
        try:
            found.update(parse((folder / file).read_text("ascii", "replace")))
        except FileNotFoundError:
            continue  # no IPv6, no connection tracking
    return found


def _limit(proc: Path) -> Named:
    """The same in all namespaces."""
    try:
        yield "conntrack.limit", int((proc / _CONNTRACK_LIMIT).read_text("ascii", "replace"))
    except (OSError, ValueError):
        return


def _sum(values: Mapping[str, int], parts: tuple[str, ...]) -> int | None:
    found = [values[part] for part in parts if part in values]
    return sum(found) if found else None
