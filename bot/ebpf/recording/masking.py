"""Replaces what tells whose traffic a recording shows: addresses, names and paths become placeholders. Pure.

The same becomes the same within one recording, and something else in another. Times, ports, protocols, errnos, pids and
what the kernel calls its own code stay: answers about a masked recording are those about the original.

Addresses keep their relations, as Crypto-PAn keeps them (Xu et al., ICNP 2002): two that share their first n bits still
share n, and no more. A private address stays private, a public one public, and those that say where nothing is, or is
the same everywhere (loopback, multicast, unspecified), stay as they are. The price: of a public address that begins
like one of these blocks, those first bits are kept, which are sixteen of IPv4 at most.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

from bot.placeholders import Placeholders

Fields: TypeAlias = Mapping[str, Any]
Network: TypeAlias = IPv4Network | IPv6Network

_KEPT = tuple(map(ip_network, ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127", "ff00::/8")))
"""Addresses that stay as they are."""
_HOSTS_OF_MULTICAST = ip_network("ff02::1:ff00:0/104")
"""Multicast, and yet it repeats the end of a host's address."""
_INSIDE = (
    *map(ip_network, ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")),
    *map(ip_network, ("::ffff:0:0/96", "64:ff9b::/96", "fc00::/8", "fd00::/8", "fe80::/64")),
    _HOSTS_OF_MULTICAST,
)
"""Blocks whose addresses stay in them."""
_MAX_KNOWN = 1 << 16
TELL_NOTHING = frozenset(
    (
        *("ts", "event", "pid", "tid", "uid", "netns", "family", "proto", "sport", "dport", "sock", "type", "ret"),
        *("errno", "call_us", "attempt", "attempt_us", "from", "to", "state", "role", "owner", "direction", "evidence"),
        *(
            "handshake_us",
            "duration_us",
            "tx_bytes",
            "rx_bytes",
            "rtt_us",
            "retransmits",
            "ifindex",
            "len",
            "ethertype",
        ),
        *("tcp_flags", "icmp", "reason", "location", "benign", "qtype", "id", "rcode", "latency_us"),
    )
)
"""Fields that stay. What is neither among these nor masked is left out."""


class Mask:
    """Of one recording. `key` decides which addresses become which."""

    def __init__(self, key: bytes | None = None) -> None:
        addresses, parts = Addresses(key or os.urandom(32)), Placeholders("part-")
        labels, interfaces = Placeholders("name-"), Placeholders("if")
        self._nodes = Placeholders("node-")
        self._masks: Mapping[str, Callable[[Any], Any]] = {
            "src": addresses,
            "dst": addresses,
            "answers": lambda found: [addresses(each) for each in found],
            "comm": Placeholders("process-"),
            "if": lambda name: name if name == "lo" else interfaces(name),
            "qname": lambda name: ".".join(map(labels, name.lower().split("."))),
            "cgroup": lambda path: _masked_path(path, parts),
            "path": lambda path: _masked_path(path, parts),
        }

    def node(self, name: str) -> str:
        return self._nodes(name)

    def event(self, fields: Fields) -> dict[str, Any]:
        """Names are masked part by part, so that those of one folder or of one domain still are."""
        kept = (name for name in fields if name in TELL_NOTHING or name in self._masks)
        return {name: self._masked(name, fields[name]) for name in kept}

    def _masked(self, name: str, value: Any) -> Any:
        return self._masks[name](value) if value and name in self._masks else value


class Addresses:
    """Other addresses for addresses, one to one."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        if text not in self._known:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[text] = str(self._masked(ip_address(text)))
        return self._known[text]

    def _masked(self, address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
        """Bit by bit from the left: each is kept or turned over, as the key and the bits before it decide."""
        if any(address in block for block in _KEPT) and address not in _HOSTS_OF_MULTICAST:
            return address
        size, number, masked = address.max_prefixlen, int(address), 0
        for length in range(size):
            prefix = number >> (size - length)
            bit = number >> (size - length - 1) & 1
            masked = masked << 1 | (bit ^ self._turns_over(address.version, prefix, length))
        return type(address)(masked)

    def _turns_over(self, version: int, prefix: int, length: int) -> int:
        """Never where one half of what begins so holds a block that the other has not."""
        if (prefix, length) in _FORKS[version]:
            return 0
        said = hashlib.blake2b(f"{version} {length} {prefix:x}".encode(), key=self._key, digest_size=1)
        return said.digest()[0] & 1


def _masked_path(path: str, parts: Placeholders) -> str:
    """`@` begins the name of an abstract socket, and stays."""
    begin, rest = ("@", path[1:]) if path.startswith("@") else ("", path)
    return begin + "/".join(parts(part) if part else "" for part in rest.split("/"))


def _forks(version: int) -> frozenset[tuple[int, int]]:
    """Beginnings of blocks, shorter than these, each with its length in bits."""
    blocks: Iterable[Network] = (block for block in (*_KEPT, *_INSIDE) if block.version == version)
    return frozenset(
        (int(block.network_address) >> (block.max_prefixlen - length), length)
        for block in blocks
        for length in range(block.prefixlen)
    )


_FORKS = {version: _forks(version) for version in (4, 6)}
