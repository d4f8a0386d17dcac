"""What a network namespace counts, as frozen values: losses that no event tells of, such as full accept queues.

A counter that the kernel does not have is None, never zero. IPv4 and IPv6 are counted together.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """How often something happened: since the namespace began, or within a span."""

    listen_overflows: int | None = None
    """Connections that found an accept queue full; each is a listen drop too."""
    listen_drops: int | None = None
    """Connections that a listener dropped, for whatever reason."""
    request_queue_full_drops: int | None = None
    """SYNs that found the queue of handshakes full, without SYN cookies."""
    syn_cookies_sent: int | None = None
    backlog_drops: int | None = None
    """Segments that came while their socket was busy, and found no room to wait."""
    receive_queue_drops: int | None = None
    zero_window_drops: int | None = None
    """Segments that came although the window was closed."""
    pruned_segments: int | None = None
    """Received segments that were dropped again for lack of memory."""
    zero_windows_advertised: int | None = None
    """How often a receive buffer got full: the application does not read fast enough."""
    segments_received: int | None = None
    segments_sent: int | None = None
    retransmits: int | None = None
    syn_retransmits: int | None = None
    """SYN and SYN-ACK."""
    timeouts: int | None = None
    failed_retransmits: int | None = None
    tcp_in_errors: int | None = None
    tcp_checksum_errors: int | None = None
    resets_sent: int | None = None
    established_resets: int | None = None
    failed_attempts: int | None = None
    active_opens: int | None = None
    passive_opens: int | None = None
    aborts_on_timeout: int | None = None
    aborts_on_memory: int | None = None
    memory_pressures: int | None = None
    time_wait_overflows: int | None = None
    stale_timestamp_drops: int | None = None
    """Segments of established connections with a timestamp that goes back (PAWS)."""
    udp_received: int | None = None
    udp_sent: int | None = None
    udp_no_ports: int | None = None
    udp_in_errors: int | None = None
    udp_receive_buffer_errors: int | None = None
    """Datagrams that found their socket's receive buffer full; each is an in-error too."""
    udp_send_buffer_errors: int | None = None
    udp_checksum_errors: int | None = None
    udp_memory_errors: int | None = None
    icmp_in_unreachable: int | None = None
    icmp_out_unreachable: int | None = None
    icmp_in_time_exceeded: int | None = None
    icmp_out_time_exceeded: int | None = None
    icmp_in_packet_too_big: int | None = None
    """IPv6 only: IPv4 counts it as unreachable."""
    icmp_out_packet_too_big: int | None = None
    icmp_in_redirects: int | None = None
    icmp_out_rate_limited: int | None = None
    ip_in_header_errors: int | None = None
    """Also packets whose TTL expired here."""
    ip_in_address_errors: int | None = None
    ip_in_discards: int | None = None
    ip_out_discards: int | None = None
    ip_no_routes: int | None = None
    ip_forwarded: int | None = None
    ip_failed_reassemblies: int | None = None
    ip_failed_fragmentations: int | None = None
    """Packets that were too big and must not be fragmented."""
    reverse_path_filtered: int | None = None
    conntrack_insert_failures: int | None = None
    conntrack_drops: int | None = None
    """Packets that found the table of connections full."""
    conntrack_early_drops: int | None = None
    """Connections that had to go before their time, to make room."""
    conntrack_invalid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """How much there is of something at one moment."""

    tcp_established: int | None = None
    """CLOSE_WAIT counts too."""
    tcp_in_use: int | None = None
    """IPv4 and IPv6, without TIME_WAIT."""
    tcp_time_wait: int | None = None
    tcp_orphans: int | None = None
    """Of the whole machine: sockets that their process closed, with data still to be sent."""
    tcp_memory_pages: int | None = None
    """Of the whole machine."""
    udp_in_use: int | None = None
    udp_memory_pages: int | None = None
    """Of the whole machine."""
    conntrack_entries: int | None = None
    conntrack_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterDelta:
    """What one namespace counted within [since, until), and its levels at the end."""

    namespace: int
    since: datetime
    until: datetime
    counters: Counters
    levels: Levels
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterDeltas:
    """By namespace, then by time. `left_out`: namespaces of the machine that are not observed, there being too many."""

    deltas: tuple[CounterDelta, ...]
    left_out: int
    notes: tuple[str, ...] = ()
    """Sentences for people: what is missing here."""
