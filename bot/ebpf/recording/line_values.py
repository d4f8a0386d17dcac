"""The values of a line of a recording, each of the type that it should have. Pure."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

NO_EVENT: Final = 'it is not an event: an object with "ts" and "event"'
_MAX_NUMBER = 1e15
"""Microseconds of thirty years: what is beyond is no measurement."""
_MAX_TIME_S = 1e11

Fields: TypeAlias = Mapping[str, Any]


def parse_object(line: str) -> Fields:
    """Raises: json.JSONDecodeError when it is not JSON; ValueError when it is not an object."""
    try:
        fields = json.loads(line)
    except RecursionError:
        raise ValueError("it is nested too deep for an event") from None
    if not isinstance(fields, dict):
        raise ValueError(NO_EVENT)  # noqa: TRY004 - bad data, not a bad call
    return fields


def time_of(fields: Fields) -> datetime:
    """Raises: ValueError when it has none."""
    seconds = number(fields, "ts")
    if seconds is None:
        raise ValueError('"ts" is missing')
    if seconds > _MAX_TIME_S:
        raise ValueError(f'"ts" is no time in seconds: {seconds}')
    return datetime.fromtimestamp(seconds, UTC)


def text(fields: Fields, name: str) -> str | None:
    """Raises: ValueError, as all these do, when something else is there."""
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    raise wrong(name, value)


def flag(fields: Fields, name: str) -> bool | None:
    value = fields.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise wrong(name, value)


def integer(fields: Fields, name: str) -> int | None:
    value = fields.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise wrong(name, value)


def number(fields: Fields, name: str) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MAX_NUMBER:
        return value
    raise wrong(name, value)


def texts(fields: Fields, name: str) -> tuple[str, ...]:
    value = fields.get(name) or []
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise wrong(name, value)


def pair(fields: Fields, name: str) -> tuple[int, int]:
    value = fields.get(name)
    if isinstance(value, list) and [type(each) for each in value] == [int, int]:
        return value[0], value[1]
    raise wrong(name, value)


def wrong(name: str, value: object) -> ValueError:
    return ValueError(f'"{name}" is {value!r:.40}')
