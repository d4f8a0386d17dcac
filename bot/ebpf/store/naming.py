"""What all readings share: names for what rows hold as bytes and numbers, and who did it."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from bot.domain.network import UNNAMED
from bot.domain.query import Filter, GroupKey
from bot.ebpf.collector.text import until_nul
from bot.ebpf.store.log import Chunk, Column

LOCAL, HOP_BY_HOP = 256, 257
"""Protocols beyond the numbers of IP: of a local socket, and of IPv6 where the number is 0."""
_PROTOCOLS = {
    1: "ICMP",
    6: "TCP",
    17: "UDP",
    58: "ICMPV6",
    132: "SCTP",
    136: "UDPLITE",
    LOCAL: "UNIX",
    HOP_BY_HOP: "HOPOPT",
}
_NO_PID = -1
"""A pid of 0 is one that nobody knows: no row has it when it is asked for."""

Keys: TypeAlias = tuple[Column, list[GroupKey]]
"""For each row the place of its value among the values."""


@lru_cache(maxsize=1 << 14)
def process_name(comm: bytes) -> str:
    return until_nul(comm) or UNNAMED


def protocol_name(number: int) -> str | None:
    """None for 0, which a frame without IP has."""
    return _PROTOCOLS.get(number, f"IP {number}") if number else None


def of_process(chunk: Chunk, wanted: Filter) -> Iterator[Column]:
    """Masks of the rows by whom the filter asks for."""
    if wanted.pid is not None:
        yield chunk["pid"] == (wanted.pid or _NO_PID)
    if wanted.process is not None:
        names = [process_name(text) == wanted.process for text in chunk.texts["process"].values]
        yield np.array(names)[chunk["process"]] if any(names) else np.zeros(chunk.count, np.bool_)


def all_of(masks: Iterator[Column]) -> Column | None:
    """True where all of them are; None where there is none."""
    listed = list(masks)
    return np.logical_and.reduce(listed) if listed else None


def numbered(column: Column, name: Callable[[int], GroupKey]) -> Keys:
    values, places = np.unique(column, return_inverse=True)
    return places, [name(value) for value in values.tolist()]


def named(chunk: Chunk, column: str, name: Callable[[bytes], GroupKey]) -> Keys:
    return chunk[column], [name(text) for text in chunk.texts[column].values]


def alike(chunk: Chunk, value: GroupKey) -> Keys:
    return np.zeros(chunk.count, np.uint8), [value]
