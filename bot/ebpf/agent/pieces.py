"""Long answers in pieces, none of which takes long to write. Pure."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

PIECE = 200
"""Values of which one piece is made: a few milliseconds' work."""

Value = TypeVar("Value")


def array(head: str, values: Iterable[Value], tail: str, write: Callable[[Value], bytes]) -> Iterator[bytes]:
    """A JSON array of all values between what comes before and behind it."""
    texts = map(write, values)
    first = list(islice(texts, PIECE))
    yield head.encode() + b"[" + b",".join(first)
    while piece := list(islice(texts, PIECE)):
        yield b"," + b",".join(piece)
    yield b"]" + tail.encode()


def lines(values: Iterable[Value], tail: str, write: Callable[[Value], bytes]) -> Iterator[bytes]:
    """A line for each value, and a last one."""
    texts = map(write, values)
    while piece := list(islice(texts, PIECE)):
        yield b"".join(chain.from_iterable((text, b"\n") for text in piece))
    yield tail.encode() + b"\n"
