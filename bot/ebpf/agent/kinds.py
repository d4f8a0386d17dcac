"""What the value of a parameter may be: how it is written, read and described. Pure; `parameters` uses it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from bot.commands import nearest
from bot.domain.json_types import JsonObject

Value_co = TypeVar("Value_co", covariant=True)
Value = TypeVar("Value")
Name = TypeVar("Name", bound=str)

_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|[smhd])", re.ASCII)
MAX_DURATION_S = 10 * 365 * 86_400
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,18}))?([Zz]|[+ -]\d\d:\d\d)", re.ASCII)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Kind(Generic[Value_co]):
    """`read` raises ValueError or OverflowError on all but what is `allowed`; a ValueError's text is a hint."""

    allowed: str
    schema: JsonObject
    read: Callable[[str], Value_co]


def whole(minimum: int, maximum: int) -> Kind[int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[+-]?\d{1,20}", text, re.ASCII) or not minimum <= int(text) <= maximum:
            raise ValueError
        return int(text)

    schema: JsonObject = {"type": "integer", "minimum": minimum, "maximum": maximum}
    return Kind(f"a whole number from {minimum:,} to {maximum:,}", schema, read)


def one_of(names: Sequence[Name]) -> Kind[Name]:
    def read(text: str) -> Name:
        for name in names:
            if name == text:
                return name
        raise ValueError(nearest(text, names))

    return Kind(f"one of: {' | '.join(names)}", {"type": "string", "enum": list(map(str, names))}, read)


def either(kind: Kind[Value], *, empty: Value) -> Kind[Value]:
    """Also an empty text, which means `empty`."""
    return Kind(kind.allowed, kind.schema, lambda text: kind.read(text) if text else empty)


def _switch(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


def _duration(text: str) -> timedelta:
    seconds = float(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else _seconds(text)
    if not 0 < seconds <= MAX_DURATION_S:
        raise ValueError
    return timedelta(seconds=seconds)


def _seconds(text: str) -> float:
    written = _DURATION.fullmatch(text)
    if written is None:
        raise ValueError
    return float(written[1]) * _UNITS_S[written[2]]


def _moment(text: str) -> datetime | timedelta:
    """A time, or how long ago that is."""
    if not _DURATION.fullmatch(text):
        return rfc3339(text, upwards=True)
    return _duration(text)


def rfc3339(text: str, *, upwards: bool) -> datetime:
    """In whole microseconds. A plus sign that was not escaped in a URL is a blank here.

    Raises: ValueError, OverflowError.
    """
    written = _RFC3339.fullmatch(text)
    if written is None:
        raise ValueError
    day, clock, fraction, zone = written.groups()
    digits = (fraction or "").ljust(6, "0")
    known = datetime.fromisoformat(f"{day}T{clock}.{digits[:6]}{zone.upper().replace(' ', '+')}")
    return known.astimezone(UTC) + MICROSECOND * (upwards and digits[6:].strip("0") != "")


TEXT = Kind("any text", {"type": "string"}, str)
SWITCH = Kind("true or false", {"type": "boolean"}, _switch)
DURATION = Kind(
    "a time such as 500ms, 90s, 10m, 24h or 7d (without a unit: seconds), at most 3650d",
    {"type": "string", "examples": ["60", "10m"]},
    _duration,
)
MOMENT = Kind(
    "an RFC 3339 time such as 2026-11-23T14:02:00Z, or how long ago, such as 10m",
    {"type": "string", "examples": ["2026-11-23T14:02:00Z", "10m"]},
    _moment,
)
FROM = Kind(
    "an RFC 3339 time such as 2026-11-23T14:02:00Z",
    {"type": "string", "format": "date-time"},
    lambda text: rfc3339(text, upwards=True),
)
UP_TO = Kind(FROM.allowed, FROM.schema, lambda text: rfc3339(text, upwards=False) + MICROSECOND)
"""With the moment itself, as an end that is not: events have times in whole microseconds."""
