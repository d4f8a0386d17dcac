"""Times as people write them: how long, when, and how long ago. Pure.

Each that reads raises ValueError, or OverflowError for a time that no calendar has.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

MAX_DURATION_S: Final = 10 * 365 * 86_400
A_DURATION: Final = "a time such as 500ms, 90s, 10m, 24h or 7d (without a unit: seconds), at most 3650d"
A_MOMENT: Final = "an RFC 3339 time such as 2026-11-23T14:02:00Z, or how long ago, such as 10m"

_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|[smhd])", re.ASCII)
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,18}))?([Zz]|[+ -]\d\d:\d\d)", re.ASCII)
_MICROSECOND = timedelta(microseconds=1)


def duration(text: str) -> timedelta:
    """`90`, `500ms`, `10m` ..., above zero."""
    seconds = float(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else _seconds(text)
    if not 0 < seconds <= MAX_DURATION_S:
        raise ValueError
    return timedelta(seconds=seconds)


def moment(text: str) -> datetime | timedelta:
    """A time, or how long ago that is."""
    if not _DURATION.fullmatch(text):
        return rfc3339(text, upwards=True)
    return duration(text)


def rfc3339(text: str, *, upwards: bool) -> datetime:
    """In whole microseconds, in UTC. A plus sign that was not escaped in a URL is a blank here."""
    written = _RFC3339.fullmatch(text)
    if written is None:
        raise ValueError
    day, clock, fraction, zone = written.groups()
    digits = (fraction or "").ljust(6, "0")
    known = datetime.fromisoformat(f"{day}T{clock}.{digits[:6]}{zone.upper().replace(' ', '+')}")
    return known.astimezone(UTC) + _MICROSECOND * (upwards and digits[6:].strip("0") != "")


def written(moment_: datetime) -> str:
    """The inverse of `rfc3339`, for a time in UTC."""
    return moment_.isoformat().replace("+00:00", "Z")


def _seconds(text: str) -> float:
    written = _DURATION.fullmatch(text)
    if written is None:
        raise ValueError
    return float(written[1]) * _UNITS_S[written[2]]


def local_zone() -> tzinfo:
    """The time zone of this machine, as it is now."""
    return datetime.now().astimezone().tzinfo or UTC
