"""From when until when a certificate is valid: read from its DER (RFC 5280, section 4.1). Pure.

`ssl` tells that only of certificates that it trusts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_SEQUENCE, _VERSION = 0x30, 0xA0
_FORMATS: Final = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}
"""UTCTime and GeneralizedTime."""
_VALIDITY_AT: Final = 3
"""Behind serial number, algorithm and issuer."""


@dataclass(frozen=True, slots=True)
class Validity:
    since: datetime
    until: datetime


def validity_of(der: bytes) -> Validity:
    """Raises: ValueError for what is no certificate."""
    certificate = _only(_parts(der))
    fields = [part for part in _parts(_only(_parts(certificate))) if part[0] != _VERSION]
    if len(fields) <= _VALIDITY_AT or fields[_VALIDITY_AT][0] != _SEQUENCE:
        raise ValueError("this certificate has no times")
    times = [_time(*part) for part in _parts(fields[_VALIDITY_AT][1])]
    if len(times) != 2:
        raise ValueError("this certificate has not two times")
    return Validity(*times)


def _only(parts: Iterator[tuple[int, bytes]]) -> bytes:
    """What the first sequence holds."""
    tag, content = next(parts, (0, b""))
    if tag != _SEQUENCE:
        raise ValueError("this is no certificate")
    return content


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags and contents, one behind the other."""
    at = 0
    while at < len(der):
        size, begin = _size(der, at + 1)
        if begin + size > len(der):
            raise ValueError("this certificate ends within a part")
        yield der[at], der[begin : begin + size]
        at = begin + size


def _size(der: bytes, at: int) -> tuple[int, int]:
    """How long a content is, and where it begins."""
    first = der[at] if at < len(der) else 0
    if first < 0x80:
        return first, at + 1
    begin = at + 1 + (first & 0x7F)
    return int.from_bytes(der[at + 1 : begin], "big"), begin


def _time(tag: int, content: bytes) -> datetime:
    """`strptime` reads two digits of a year as RFC 5280 does but for 50 to 68, which are long past."""
    if tag not in _FORMATS:
        raise ValueError("this is no time")
    return datetime.strptime(content.decode("ascii", "replace"), _FORMATS[tag]).replace(tzinfo=UTC)
