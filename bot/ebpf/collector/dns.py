r"""DNS messages from the wire, and which reply answers which query. Pure; whatever a message holds, nothing is raised.

Names may come from anybody: bytes that a host name does not have are written out (`\032`, as zone files do).
"""

import socket
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

_HEADER_SIZE = 12
_POINTER = 0xC0
_MAX_NAME = 255
_MAX_PLACES, _MAX_OF_PLACE, _MAX_WAITING = 4096, 256, 16384
"""Queries without a reply are forgotten in the order in which they were asked. A resolver may ask all from one port."""
_RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
_ADDRESS_FAMILIES = {(1, 4): socket.AF_INET, (28, 16): socket.AF_INET6}
"""By the type and the length of a record."""
_TYPES = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    12: "PTR",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    33: "SRV",
    64: "SVCB",
    65: "HTTPS",
    255: "ANY",
}
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*")


@dataclass(frozen=True, slots=True)
class DnsMessage:
    """What a message says as far as it could be read; `answers` are the addresses among them, `cut` or not."""

    id: int
    rcode: str
    qname: str | None = None
    qtype: int | None = None
    answers: tuple[str, ...] = ()


def type_name(number: int) -> str:
    """Of a question; `TYPE99` where nobody here knows it."""
    return _TYPES.get(number, f"TYPE{number}")


def parse(message: bytes) -> DnsMessage | None:
    """None where not even the header is there."""
    if len(message) < _HEADER_SIZE:
        return None
    number, flags, questions, answers = (int.from_bytes(message[at : at + 2], "big") for at in (0, 2, 4, 6))
    code = flags & 15
    header = DnsMessage(number, _RCODES[code] if code < len(_RCODES) else f"RCODE{code}")
    if questions != 1:
        return header
    qname, at = _name(message, _HEADER_SIZE)
    if qname is None or at + 4 > len(message):
        return header
    qtype = int.from_bytes(message[at : at + 2], "big")
    return DnsMessage(number, header.rcode, qname, qtype, _addresses(message, at + 4, answers))


def _name(message: bytes, at: int) -> tuple[str | None, int]:
    """The question's name and where it ends; None where it is cut off or no name."""
    labels, size = [], 0
    while at < len(message) and 0 < message[at] < 64 and size <= _MAX_NAME:
        end = at + 1 + message[at]
        labels.append(_label(message[at + 1 : end]))
        size += end - at
        at = end
    is_complete = at < len(message) and message[at] == 0 and size <= _MAX_NAME
    return (".".join(labels) if is_complete else None), at + 1


def _label(raw: bytes) -> str:
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03}" for byte in raw)


def _addresses(message: bytes, at: int, records: int) -> tuple[str, ...]:
    found = []
    for _ in range(records):
        at = _skip_name(message, at)
        body = at + 10
        if body > len(message):
            break
        kind, size = int.from_bytes(message[at : at + 2], "big"), int.from_bytes(message[at + 8 : body], "big")
        at = body + size
        family = _ADDRESS_FAMILIES.get((kind, size))
        if family is not None and at <= len(message):
            found.append(socket.inet_ntop(family, message[body:at]))
    return tuple(found)


def _skip_name(message: bytes, at: int) -> int:
    while at < len(message) and 0 < message[at] < _POINTER:
        at += 1 + message[at]
    return at + (2 if at < len(message) and message[at] >= _POINTER else 1)


def question_of(message: DnsMessage | None) -> tuple[int, str, int | None] | None:
    """What a reply repeats. Some resolvers change the case of letters, as a further secret."""
    return (message.id, (message.qname or "").lower(), message.qtype) if message else None


_Asker = TypeVar("_Asker")


class WaitingQueries(Generic[_Asker]):
    """Queries that wait for their replies, by where they were asked from and by what a reply repeats of them."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Hashable, OrderedDict[Hashable, _Asker]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def ask(self, place: Hashable, question: Hashable, asker: _Asker) -> _Asker:
        """Who waits now: a query that is sent again with the same id waits from its first time on."""
        questions = self._waiting.setdefault(place, OrderedDict())
        self._count += question not in questions
        first = questions.setdefault(question, asker)
        if len(questions) > _MAX_OF_PLACE:
            questions.popitem(last=False)
            self._count -= 1
        while len(self._waiting) > _MAX_PLACES or self._count > _MAX_WAITING:
            self._count -= len(self._waiting.popitem(last=False)[1])
        return first

    def answer(self, place: Hashable, question: Hashable | None) -> _Asker | None:
        """Whose reply this is. One that could not be read (None) answers the only query of its place, if it is one."""
        questions = self._waiting.get(place, OrderedDict())
        if question is None and len(questions) == 1:
            (question,) = questions
        self._count -= question in questions
        asker = questions.pop(question, None)
        if not questions:
            self._waiting.pop(place, None)
        return asker

    def forget(self, is_gone: Callable[[_Asker], bool]) -> None:
        """No longer wait for replies to these."""
        for place, questions in list(self._waiting.items()):
            for question in [each for each, asker in questions.items() if is_gone(asker)]:
                del questions[question]
                self._count -= 1
            if not questions:
                del self._waiting[place]
