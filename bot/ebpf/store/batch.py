"""Events as they come in: many at a time, as one NumPy array of the kernel program's own structs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET, AF_INET6
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bot.domain.network import Endpoint
from bot.ebpf.collector import layout


def _kinds(written: str) -> Iterator[str]:
    """NumPy's names for the fields of a struct's format."""
    for count, code in re.findall(r"(\d+)([a-zA-Z])", written):
        yield from [f"S{count}"] if code == "s" else [f"<{np.dtype(code).str[1:]}"] * int(count)


EVENT = np.dtype(list(zip(layout.RawEvent._fields, _kinds(layout.EVENT.format), strict=True)))
"""`layout.EVENT` for NumPy."""
ENDPOINT = np.dtype([("family", "<u2"), ("port", "<u2"), ("address", "S16")])

Events: TypeAlias = NDArray[Any]
"""Of `EVENT`."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in the order in which the kernel reported them; `tails` are the bytes behind some, by their place."""

    events: Events
    tails: Mapping[int, bytes]

    @classmethod
    def of(cls, raw: Sequence[bytes]) -> "Batch":
        """From what the ring held: a struct each, with or without a tail."""
        size = EVENT.itemsize
        heads = b"".join([each[:size] for each in raw])
        tails = {place: each[size:] for place, each in enumerate(raw) if len(each) > size}
        return cls(np.frombuffer(heads, EVENT), tails)

    def where(self, chosen: NDArray[Any]) -> "Batch":
        """The events at these places, or for which this is true, in this order."""
        places = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
        if len(places) == len(self.events) and chosen.dtype == np.bool_:
            return self
        if not self.tails:
            return Batch(self.events[places], {})
        now = {before: after for after, before in enumerate(places.tolist()) if before in self.tails}
        return Batch(self.events[places], {after: self.tails[before] for before, after in now.items()})


def endpoints(events: Events, address: str, port: str | None = None) -> NDArray[np.bytes_]:
    """One end of each event's flow as bytes, so that equal ends are equal; read by `endpoint`."""
    ends = np.zeros(len(events), ENDPOINT)
    ends["family"] = events["family"]
    ends["address"] = events[address]
    if port:
        ends["port"] = events[port]
    return ends.view(f"S{ENDPOINT.itemsize}")


@lru_cache(maxsize=1 << 16)
def endpoint(packed: bytes) -> Endpoint:
    """What `endpoints` packed; zeros at its end may be missing."""
    end = np.frombuffer(packed.ljust(ENDPOINT.itemsize, b"\0"), ENDPOINT)[0]
    address = bytes(end["address"]).ljust(16, b"\0")
    port = int(end["port"]) or None
    if end["family"] == AF_INET:
        return Endpoint(str(IPv4Address(address[:4])), port)
    if end["family"] == AF_INET6:
        ipv6 = IPv6Address(address)
        return Endpoint(str(ipv6.ipv4_mapped or ipv6), port)  # a socket that speaks both writes IPv4 as IPv6
    return Endpoint()
