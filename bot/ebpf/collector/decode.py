"""Raw events as the fields of a recording's lines (`bot.ebpf.recording.recorded_lines`), one mapping an event.

Beside the kinds and fields of recordings there are:

- `attempt`: the identity of the attempt to connect that the event's socket made, with `attempt_us`, the time since it
  began; null where no SYN was sent. All events of one attempt have the same, and no other attempt has it.
- `evidence` of why a handshake fails, in its `tcp_open` and in a `drop` at its socket: `reset`, `neighbour failed`,
  `unreachable` (an ICMP message said so).
- `accept_failed` (type, ret, errno): accept(2) returned an error; the address is the listener's.
- `sock_error` (errno, owner): a datagram socket learnt of an ICMP message.
- `icmp_sent` (icmp): this machine answered a packet with an ICMP error; the addresses are that packet's.
- `synack_retransmit` (state, retransmits): a SYN-ACK was sent again; `sock` is the listener.
- `answers` of a `dns_reply`: addresses, as many as could be read; null, as is `rcode`, where nothing could.
- `errno` of a `tcp_retransmit` that could not be sent.
- `owner` of what happens to a socket: `socket` where the process is the socket's, or `current`, whoever ran then.
- `role` where a connection is known: `client` opened it from here, `server` was asked from afar.
- `direction` of a packet: `in` through `if`, or `out`, also of one that came in to be forwarded. Behind the IP layer
  the kernel knows no more than the number of the interface.

Everything here was chosen by somebody else: process names, paths, DNS messages. Nothing of it raises.
"""

import hashlib
import os
import socket
from collections.abc import Callable, Iterable, Iterator

from bot.ebpf.collector import details, dns, layout
from bot.ebpf.collector.btf import ReasonNames
from bot.ebpf.collector.details import Fields
from bot.ebpf.collector.harmless import is_harmless
from bot.ebpf.collector.layout import RawEvent
from bot.ebpf.collector.text import unix_path, until_nul

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp", 136: "udplite", 262: "mptcp"}
_FAMILIES = {0: None, 1: "unix", 2: "ipv4", 10: "ipv6", 16: "netlink", 17: "packet"}
_UNIX, _INET, _INET6 = 1, 2, 10
_MAPPED = bytes(10) + b"\xff\xff"
"""Begins the IPv6 form of an IPv4 address, which sockets that speak both use."""
_ICMP = (1, 58)
_ASKER = ("pid", "tid", "uid", "comm", "cgroup")


class Decoder:
    """Knows the machine whose events it reads. Events must come in their order: replies find their queries by it."""

    def __init__(
        self,
        reasons: ReasonNames,
        *,
        symbol_of: Callable[[int], str | None],
        cgroup_of: Callable[[int], str | None],
        key: bytes | None = None,
    ) -> None:
        """`key` makes ids of sockets from their addresses, which nobody else should see."""
        self._reasons = reasons
        self._symbol_of = symbol_of
        self._cgroup_of = cgroup_of
        self._key = key or os.urandom(16)
        self._queries: dns.WaitingQueries[tuple[int, Fields]] = dns.WaitingQueries()
        self._with_tail = {"connect": self._connect, "dns_query": self._dns_query, "dns_reply": self._dns_reply}
        self._plain: dict[str, Callable[[Fields, RawEvent], None]] = {
            "tcp_open": details.add_open,
            "tcp_accept": details.add_state_change,
            "tcp_close": details.add_close,
            "tcp_listen": details.add_state_change,
            "tcp_retransmit": details.add_retransmit,
            "tcp_reset_sent": self._reset_sent,
            "tcp_reset_received": details.add_packet,
            "drop": self._drop,
            "accept_failed": details.add_call,
            "sock_error": details.add_socket_error,
            "icmp_sent": details.add_icmp,
            "synack_retransmit": details.add_synack_retransmit,
        }

    def batch(self, raws: Iterable[bytes], *, epoch_ns: int) -> Iterator[Fields]:
        """Each event's fields. `epoch_ns` is what the wall clock was ahead of CLOCK_BOOTTIME when they were read."""
        for raw in raws:
            yield self.decode(raw, epoch_ns=epoch_ns)

    def decode(self, raw: bytes, *, epoch_ns: int) -> Fields:
        """Raises: struct.error or IndexError when `raw` is no event of these kernel programs."""
        event = layout.read(raw)
        kind = layout.KINDS[event.kind - 1]
        fields = self._who_and_where(event, kind, epoch_ns)
        if kind in self._plain:
            self._plain[kind](fields, event)
        else:
            self._with_tail[kind](fields, event, layout.tail(raw))
        return fields

    def _who_and_where(self, event: RawEvent, kind: str, epoch_ns: int) -> Fields:
        family, source, destination = _addresses(event)
        return {
            "ts": (event.ts + epoch_ns) / 1e9,
            "event": kind,
            "pid": event.pid or None,
            "tid": event.tid or None,
            "uid": event.uid,
            "comm": until_nul(event.comm),
            "cgroup": self._cgroup_of(event.cgroup),
            "netns": event.netns or None,
            "family": family,
            "proto": "unix" if event.family == _UNIX else _PROTOCOLS.get(event.proto, event.proto),
            "src": source,
            "sport": event.sport,
            "dst": destination,
            "dport": event.dport,
            "sock": self._socket_id(event.sock),
            "attempt": f"{event.attempt:x}" if event.attempt else None,
            "attempt_us": max(0, event.ts - layout.attempt_began_at(event)) / 1e3 if event.attempt else None,
        }

    def _socket_id(self, address: int) -> str | None:
        if not address:
            return None
        return hashlib.blake2b(address.to_bytes(8, "little"), key=self._key, digest_size=6).hexdigest()

    def _connect(self, fields: Fields, event: RawEvent, tail: bytes) -> None:
        details.add_connect(fields, event)
        if event.family == _UNIX:
            fields["path"] = unix_path(tail)

    def _reset_sent(self, fields: Fields, event: RawEvent) -> None:
        """Without a socket the packet is the one that is answered: the reset goes the other way."""
        details.add_packet(fields, event)
        if event.reason >= 0:
            fields["reason"] = self._reasons.reset.get(event.reason, str(event.reason))
        if not event.sock:
            fields["src"], fields["dst"] = fields["dst"], fields["src"]
            fields["sport"], fields["dport"] = fields["dport"], fields["sport"]

    def _drop(self, fields: Fields, event: RawEvent) -> None:
        (details.add_icmp if event.proto in _ICMP else details.add_directed_packet)(fields, event)
        reason = self._reasons.of_drop(event.reason)
        fields["reason"] = reason
        fields["location"] = self._symbol_of(event.location)
        fields["benign"] = is_harmless(event, reason)
        details.add_evidence(fields, event)

    def _dns_query(self, fields: Fields, event: RawEvent, tail: bytes) -> None:
        message = dns.parse(tail)
        _add_question(fields, message)
        self._queries.ask((event.netns, event.sport), dns.question_of(message), (event.ts, fields))

    def _dns_reply(self, fields: Fields, event: RawEvent, tail: bytes) -> None:
        """It came in while somebody else ran: who asked is known from the query, or not at all.

        So is what was asked, where the reply could not be read: larger ones often lie beyond a tracepoint's reach.
        """
        message = dns.parse(tail)
        fields["rcode"] = message.rcode if message else None
        fields["answers"] = list(message.answers) if message else None
        asked_at, query = self._queries.answer((event.netns, event.dport), dns.question_of(message)) or (0, None)
        fields["latency_us"] = (event.ts - asked_at) / 1e3 if query else None
        for name in _ASKER:
            fields[name] = query[name] if query else None
        _add_question(fields, message)
        if query and not message:
            fields |= {name: query[name] for name in ("qname", "qtype", "id")}


def _addresses(event: RawEvent) -> tuple[str | None, str | None, str | None]:
    """Family, source and destination."""
    if event.family == _INET6:
        if event.daddr.startswith(_MAPPED):
            return "ipv4", _ipv4(event.saddr[12:]), _ipv4(event.daddr[12:])
        return "ipv6", socket.inet_ntop(socket.AF_INET6, event.saddr), socket.inet_ntop(socket.AF_INET6, event.daddr)
    if event.family == _INET:
        return "ipv4", _ipv4(event.saddr), _ipv4(event.daddr)
    return _FAMILIES.get(event.family, f"af_{event.family}"), None, None


def _ipv4(raw: bytes) -> str:
    return f"{raw[0]}.{raw[1]}.{raw[2]}.{raw[3]}"


def _add_question(fields: Fields, message: dns.DnsMessage | None) -> None:
    fields["qname"] = message.qname if message else None
    fields["qtype"] = message.qtype if message else None
    fields["id"] = message.id if message else None
