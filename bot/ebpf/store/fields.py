"""Fields of rows by which one can filter and group: how a row holds a field, and what that means.

A value is worked out once for all rows of a chunk that hold the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeAlias

import numpy as np

from bot.domain.network import UNNAMED
from bot.domain.query import GroupKey
from bot.ebpf.collector.text import until_nul
from bot.ebpf.store.log import Chunk, Column

UNTOLD = -1
"""In columns of times, sizes and users: nobody knows."""
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

Keys: TypeAlias = tuple[Column, list[GroupKey]]
"""For each row the place of its value among the values."""
Judge: TypeAlias = Callable[[GroupKey], bool]


class Field(Protocol):
    def keys(self, chunk: Chunk) -> Keys: ...

    def mask(self, chunk: Chunk, judge: Judge) -> Column:
        """For each row what the judge says of its value."""
        ...


@dataclass(frozen=True, slots=True)
class OfText:
    """What the texts of a column say."""

    column: str
    value: Callable[[bytes], GroupKey]

    def keys(self, chunk: Chunk) -> Keys:
        return chunk[self.column], [self.value(text) for text in chunk.texts[self.column].values]

    def mask(self, chunk: Chunk, judge: Judge) -> Column:
        return text_mask(chunk, self.column, lambda text: judge(self.value(text)))


@dataclass(frozen=True, slots=True)
class OfNumber:
    """What the numbers of a column say, or of several columns put together."""

    column: str | Callable[[Chunk], Column]
    value: Callable[[int], GroupKey]

    def keys(self, chunk: Chunk) -> Keys:
        numbers, places = np.unique(self._numbers(chunk), return_inverse=True)
        return places, [self.value(number) for number in numbers.tolist()]

    def mask(self, chunk: Chunk, judge: Judge) -> Column:
        numbers = self._numbers(chunk)
        chosen = [number for number in np.unique(numbers).tolist() if judge(self.value(number))]
        return numbers == chosen[0] if len(chosen) == 1 else np.isin(numbers, chosen)

    def _numbers(self, chunk: Chunk) -> Column:
        return chunk[self.column] if isinstance(self.column, str) else self.column(chunk)


@dataclass(frozen=True, slots=True)
class Alike:
    """All rows have the same value."""

    value: GroupKey

    def keys(self, chunk: Chunk) -> Keys:
        return np.zeros(chunk.count, np.uint8), [self.value]

    def mask(self, chunk: Chunk, judge: Judge) -> Column:
        return np.full(chunk.count, judge(self.value))


def text_mask(chunk: Chunk, column: str, judge: Callable[[bytes], bool]) -> Column:
    """For each row what the judge says of its text."""
    verdicts = np.array([judge(text) for text in chunk.texts[column].values], np.bool_)
    return verdicts[chunk[column]] if verdicts.any() else np.zeros(chunk.count, np.bool_)


@lru_cache(maxsize=1 << 14)
def process_name(comm: bytes) -> str:
    return until_nul(comm) or UNNAMED


def protocol_name(number: int) -> str | None:
    """None for 0, which a frame without IP has."""
    return _PROTOCOLS.get(number, f"IP {number}") if number else None


def text_of(raw: bytes) -> str | None:
    """None where there is none."""
    return until_nul(raw) or None


def told(number: int) -> int | None:
    return None if number == UNTOLD else number
