"""What the value of a parameter may be: how it is written, read and described. Pure; `parameters` uses it."""

import errno
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from bot import scope_text
from bot.commands import nearest
from bot.domain.json_types import JsonObject
from bot.domain.query import Scope, Target
from bot.moments import A_DURATION, A_MOMENT, duration, moment, rfc3339
from bot.targets import A_TARGET, read_target

Value_co = TypeVar("Value_co", covariant=True)
Value = TypeVar("Value")
Name = TypeVar("Name", bound=str)

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


def _errno(text: str) -> str:
    """By the one name that events have; also of its number, or of another name for the same."""
    number = int(text) if re.fullmatch(r"\d{1,5}", text, re.ASCII) else _number_of(text.upper())
    return errno.errorcode.get(number, str(number))


def _number_of(name: str) -> int:
    if not re.fullmatch("E[A-Z0-9]+", name) or not hasattr(errno, name):
        raise ValueError(nearest(name, tuple(errno.errorcode.values())))
    number: int = getattr(errno, name)
    return number


def _target(text: str) -> Target:
    try:
        return read_target(text)
    except ValueError:
        raise ValueError from None


def _scope(text: str) -> Scope:
    try:
        return scope_text.read(text)
    except ValueError as wrong:
        raise ValueError(f"{wrong}.") from None


TEXT = Kind("any text", {"type": "string"}, str)
SWITCH = Kind("true or false", {"type": "boolean"}, _switch)
UPPER = Kind("any text", {"type": "string"}, str.upper)
DNS_NAME = Kind("any text", {"type": "string"}, lambda text: text.lower().rstrip(".") or text)
TARGET = Kind(
    A_TARGET, {"type": "string", "examples": ["10.0.0.0/8", "[2001:db8::1]:443", "db.internal:5432"]}, _target
)
SCOPE = Kind(
    scope_text.A_SCOPE,
    {"type": "string", "maxLength": scope_text.MAX_CHARACTERS, "examples": ['[{"namespaces":["shop"]}]']},
    _scope,
)
ERRNO = Kind("the name of an errno such as ECONNREFUSED, or its number", {"type": "string"}, _errno)
DURATION = Kind(A_DURATION, {"type": "string", "examples": ["60", "10m"]}, duration)
MOMENT = Kind(A_MOMENT, {"type": "string", "examples": ["2026-11-23T14:02:00Z", "10m"]}, moment)
FROM = Kind(
    "an RFC 3339 time such as 2026-11-23T14:02:00Z",
    {"type": "string", "format": "date-time"},
    lambda text: rfc3339(text, upwards=True),
)
UP_TO = Kind(FROM.allowed, FROM.schema, lambda text: rfc3339(text, upwards=False) + MICROSECOND)
"""With the moment itself, as an end that is not: events have times in whole microseconds."""
