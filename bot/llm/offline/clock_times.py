"""Spans of time that a question names by the clock or the calendar: since 14:00, between 13:00 and 13:30, yesterday.

Pure; `times.py` calls it. All times are on the clock of `now`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from bot.llm.offline.wording import masked

ENDS_NOW = "I can't end a window before now, so what came later is in it too"
AROUND = timedelta(minutes=5)
"""How far to look before and after a point in time."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = rf"today|this\s+morning|this\s+week|yesterday|last\s+night|{'|'.join(_WEEKDAYS)}"
_OPEN_DAYS = frozenset({"today", "this morning", "this week"})
_CLOCK = (
    r"(?P<hour>[01]?\d|2[0-3])(?::(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?(?:\s*(?P<half>[ap])\.?m\b\.?)?"
    r"|\s*(?P<half_only>[ap])\.?m\b\.?)|(?P<word>midnight|noon|midday)"
)
_START = r"\b(?P<lead>since|after|from|between|starting|around|at|about)\s+(?:about\s+|around\s+|at\s+)?"
_MOMENT = re.compile(
    rf"{_START}(?:the\s+)?(?:(?P<day>{_DAY})(?:\s*,?\s*(?:at\s+)?(?:{_CLOCK}))?\b(?:\s*(?P<utc>utc|z|gmt)\b)?)",
    re.IGNORECASE,
)
_CLOCK_FIRST = re.compile(
    rf"{_START}(?:{_CLOCK})(?:\s*(?P<utc>utc|z|gmt)\b)?(?:\s*,?\s*(?:on\s+)?(?P<day>{_DAY})\b)?", re.IGNORECASE
)
_ISO_TIME = r"(?P<iso>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?)"
_ISO = re.compile(rf"\b(?:since|after|from|between)\s+{_ISO_TIME}", re.IGNORECASE)
_DAY_ALONE = re.compile(rf"(?<!\bthan )\b(?P<day>{_DAY})\b", re.IGNORECASE)
_TO = r"\s*(?:and|to|until|till|-|\u2013)\s*"
_CLOCK_END = re.compile(rf"{_TO}(?:{_CLOCK})(?:\s*(?P<utc>utc|z|gmt)\b)?(?![\w:])", re.IGNORECASE)
_ISO_END = re.compile(rf"{_TO}{_ISO_TIME}", re.IGNORECASE)
_POINTS = frozenset({"around", "at", "about"})


@dataclass(frozen=True, slots=True)
class Span:
    """`end` is None where it reaches until now."""

    start: datetime
    end: datetime | None = None


def take_span(text: str, *, now: datetime) -> tuple[Span | None, str]:
    """The span that the text names by its beginning, and the text with it masked."""
    for pattern, read in ((_ISO, _iso), (_MOMENT, _moment), (_CLOCK_FIRST, _moment)):
        match = pattern.search(text)
        span = read(match, now) if match else None
        if match and span:
            end, length = _end(span.start, text[match.end() :], now)
            text = f"{text[: match.end()]}{text[match.end() + length :]}"
            return _before_now(Span(span.start, end or span.end), now), masked(text, match)
    return None, text


def take_day(text: str, *, now: datetime) -> tuple[Span | None, str]:
    """The day that the text names, and the text with it masked."""
    match = _DAY_ALONE.search(text)
    if match is None:
        return None, text
    return _before_now(_day_alone(match, now), now), masked(text, match)


def _before_now(span: Span, now: datetime) -> Span:
    is_over = span.end is not None and span.start.astimezone(UTC) < span.end.astimezone(UTC) < now.astimezone(UTC)
    return span if is_over else Span(span.start)


def _end(start: datetime, behind: str, now: datetime) -> tuple[datetime | None, int]:
    """The end that is named behind the beginning, and the length of its words."""
    found = _ISO_END.match(behind)
    if found:
        return _iso_time(found, now), found.end()
    found = _CLOCK_END.match(behind)
    if not found:
        return None, 0
    here = start.astimezone(UTC) if found["utc"] else start
    end = datetime.combine(here, _clock(found), here.tzinfo)
    return (end if end > start else end + timedelta(days=1)), found.end()


def _iso(match: re.Match[str], now: datetime) -> Span | None:
    start = _iso_time(match, now)
    return Span(start) if start else None


def _iso_time(match: re.Match[str], now: datetime) -> datetime | None:
    try:
        found = datetime.fromisoformat(match["iso"].upper())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)


def _moment(match: re.Match[str], now: datetime) -> Span:
    here = now.astimezone(UTC) if match["utc"] else now
    day = " ".join((match["day"] or "").lower().split())
    start = _day_start(day, here)
    has_clock = bool(match["hour"] or match["word"])
    if has_clock:
        start = datetime.combine(start, _clock(match), start.tzinfo)
    if not day and start > here:
        start -= timedelta(days=1)
    if match["lead"].lower() not in _POINTS:
        return Span(start)
    return Span(start - AROUND, start + AROUND) if has_clock else Span(start, _day_end(day, start))


def _day_alone(match: re.Match[str], now: datetime) -> Span:
    day = " ".join(match["day"].lower().split())
    start = _day_start(day, now)
    return Span(start, _day_end(day, start))


def _day_end(day: str, start: datetime) -> datetime | None:
    if day in _OPEN_DAYS:
        return None
    return start + timedelta(hours=12 if day == "last night" else 24)


def _day_start(day: str, now: datetime) -> datetime:
    """Midnight of the day that is meant."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if day == "yesterday":
        return midnight - timedelta(days=1)
    if day == "last night":
        return midnight - timedelta(hours=6)
    if day == "this week":
        return midnight - timedelta(days=midnight.weekday())
    if day in _WEEKDAYS:
        return midnight - timedelta(days=(midnight.weekday() - _WEEKDAYS.index(day) - 1) % 7 + 1)
    return midnight


def _clock(match: re.Match[str]) -> time:
    if match["word"]:
        return time(0 if match["word"].lower() == "midnight" else 12)
    hour = int(match["hour"])
    half = (match["half"] or match["half_only"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, int(match["minute"] or 0), int(match["second"] or 0))
