"""The files below /proc/PID/net that count, as the kernel's names with their numbers. Pure.

What is no number, or has no name, is left out: other kernels may write what this one does not.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TypeAlias

Named: TypeAlias = Iterator[tuple[str, int]]


def in_pairs(text: str) -> Named:
    """`netstat` and `snmp`: a line of names, then a line of numbers, both behind the same prefix."""
    for names, numbers in pairwise(line.split() for line in text.splitlines()):
        if names and names[:1] == numbers[:1]:
            yield from _named(names[0].replace(":", "."), zip(names[1:], numbers[1:], strict=False))


def in_columns(text: str) -> Named:
    """`snmp6`: a name and a number a line."""
    rows = [line.split() for line in text.splitlines()]
    yield from _named("", ((row[0], row[1]) for row in rows if len(row) == 2))


def in_phrases(text: str) -> Named:
    """`sockstat` and `sockstat6`: a prefix, then names and numbers by turns."""
    for words in (line.split() for line in text.splitlines()):
        if words:
            yield from _named(words[0].replace(":", "."), zip(words[1::2], words[2::2], strict=False))


def of_conntrack(text: str) -> Named:
    """`stat/nf_conntrack`: names, then one line of hexadecimal numbers a CPU; `entries` is the same in all."""
    names, *rows = [line.split() for line in text.splitlines()] or [[]]
    for name, *numbers in zip(names, *rows, strict=False):
        found = [int(number, 16) for number in numbers if _is_hexadecimal(number)]
        if found:
            yield f"conntrack.{name}", max(found) if name == "entries" else sum(found)


def _named(prefix: str, written: Iterable[tuple[str, str]]) -> Named:
    for name, number in written:
        if number.isascii() and number.isdigit():
            yield prefix + name, int(number)


def _is_hexadecimal(number: str) -> bool:
    return bool(number) and set(number) <= set("0123456789abcdef")
