"""How far back a question looks, and how many rows it wants. Pure; `now` and the zone of the clock are given."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from math import ceil

from bot.llm.offline.plan import ALL_ROWS, MAX_DURATION_S, MAX_ROWS
from bot.llm.offline.wording import masked

ENDS_NOW = "I can't end a window before now, so what came later is in it too"
EVER_S = 3600
EVER = "“ever” is the last hour here: name a time to look further back"

_NUMBER_WORDS = {
    word: number
    for number, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1)
} | {
    "a": 1,
    "an": 1,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
    "hundred": 100,
}
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "month": 30 * 86_400}

_UNIT = r"(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?|months?)(?![\w.:])"
_LONG_UNIT = r"(?:second|minute|min|hour|day|week|month)\b"
_NUMBER = rf"(?:\d{{1,7}}(?:\.\d{{1,3}})?|\b(?:{'|'.join(_NUMBER_WORDS)})\b)"
_AMOUNT = rf"{_NUMBER}\s*-?\s*(?:{_UNIT}|[hm](?=\d))(?:(?:,?\s+and)?\s*{_NUMBER}\s*{_UNIT})*"
_LEAD = r"(?:(?:in|over|during|within|for|from|of)\s+)?(?:the\s+|these\s+|this\s+)?"
_PHRASES = (
    (r"\b(?:an?\s+)?hour\s+and\s+a\s+half\b", "90 minutes"),
    (r"\b(?:a\s+)?half\s+(?:an?\s+)?hour\b", "30 minutes"),
    (r"\b(?:a\s+)?quarter\s+(?:of\s+)?(?:an\s+)?hour\b", "15 minutes"),
    (rf"\b(?:a\s+)?couple\s+(?:of\s+)?(?={_UNIT})", "2 "),
    (rf"\b(?:a\s+)?(?:few|several)\s+(?={_UNIT})", "5 "),
)
_LOOK_BACK = re.compile(
    rf"{_LEAD}\b(?:last|past|previous|recent|latest|final)\s+(?P<amount>{_AMOUNT}|{_LONG_UNIT})"
    rf"|\b(?:in|over|during|within|since|for)\s+(?:the\s+|about\s+)?(?P<span>{_AMOUNT})(?:\s+(?:ago|back))?"
    rf"|(?P<ago>{_AMOUNT})\s+(?:ago|back)\b"
    rf"|(?:^|[,;(]|\band|\babout)\s*(?:the\s+)?(?P<bare>{_AMOUNT})\s*(?=$|[?.!,;)])"
    rf"|(?<!\bevery)(?<!\beach)(?<!\bafter)(?<!\bthan)(?<!\btakes)(?<!\btook)\s(?P<end>{_AMOUNT})\s*[?.!)]*$",
    re.IGNORECASE,
)
_THIS = re.compile(r"\b(?:in\s+)?this\s+(?P<unit>second|minute|hour)\b", re.IGNORECASE)

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = rf"today|this\s+morning|this\s+week|yesterday|last\s+night|{'|'.join(_WEEKDAYS)}"
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
_ISO = re.compile(
    r"\b(?:since|after|from|between)\s+"
    r"(?P<iso>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?)",
    re.IGNORECASE,
)
_DAY_ALONE = re.compile(rf"\b(?P<day>{_DAY})\b", re.IGNORECASE)
_EVER = re.compile(r"\b(?:ever|at any time|all[- ]time)\b", re.IGNORECASE)
_UNREADABLE = re.compile(r"\bsince\s+(?P<what>(?:the\s+|my\s+|our\s+|we\s+|i\s+)?[\w-]+)", re.IGNORECASE)
_RANGE_END = re.compile(r"\s*(?:and|to|until|till|-)\s*(?:[01]?\d|2[0-3])(?::[0-5]\d|\s*[ap]m\b)\S*", re.IGNORECASE)
_POINTS = frozenset({"between", "around", "at", "about"})

_COUNT = rf"(?P<count>\d{{1,6}}|{'|'.join(word for word in _NUMBER_WORDS if len(word) > 2)})"
_ROWS = (
    r"(?:connections?|conns?|events?|drops?|rows?|entries|results?|attempts?|failures?|processes|destinations|talkers)"
)
_COUNTS = (
    re.compile(
        rf"\b(?:top|first|last|latest|newest|recent|past|previous|show|list|display|print|max|limit|limited\s+to|up\s+to"
        rf"|at\s+most|only|just)(?:\s+(?:me|the|to|only))*\s+{_COUNT}\b(?![.:%]|\s*(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|days?)\b)",
        re.IGNORECASE,
    ),
    re.compile(rf"\b{_COUNT}\s+(?:newest|latest|most\s+recent|last|recent|top)\b", re.IGNORECASE),
    re.compile(rf"\b(?:give|get|see|want)(?:\s+(?:me|the))*\s+{_COUNT}\s+{_ROWS}\b", re.IGNORECASE),
)
_THE_LAST = re.compile(
    r"\b(?:last|latest|newest|most\s+recent)\s+(?:connection|drop|failure|event|attempt)\b", re.IGNORECASE
)
_ALL = re.compile(r"\b(?:list|show|display|print|give|get|see)(?:\s+me)?\s+(?:all|every)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lookback:
    """`duration_s` is None where the question names no time. `notes` say what of it could not be kept."""

    duration_s: int | None = None
    notes: tuple[str, ...] = ()


def take_lookback(text: str, *, now: datetime, zone: tzinfo) -> tuple[Lookback, str]:
    """How far back the text looks, and the text with that masked."""
    for phrase, amount in _PHRASES:
        text = re.sub(phrase, amount, text, flags=re.IGNORECASE)
    text = re.sub(r"\b(last|past)\s+(?:1\s+)?(90 minutes)", r"\1 \2", text)
    for pattern, read in _READERS:
        match = pattern.search(text)
        found = read(match, now.astimezone(zone)) if match else None
        if match and found:
            return _within_limits(found, ended=_RANGE_END.match(text, match.end())), _RANGE_END.sub(
                "", masked(text, match)
            )
    unreadable = _UNREADABLE.search(text)
    if unreadable:
        note = f"when “{unreadable['what']}” was is not in the data: name a time, such as *since 14:00*"
        return Lookback(None, (note,)), text
    return Lookback(), text


def take_count(text: str) -> tuple[int | None, str]:
    """How many rows the text wants, and the text with the number gone."""
    for pattern in _COUNTS:
        match = pattern.search(text)
        count = _number(match["count"]) if match else 0
        if match and count >= 1:
            return min(int(count), MAX_ROWS), text[: match.start("count")] + text[match.end("count") :]
    if _THE_LAST.search(text):
        return 1, text
    return (ALL_ROWS if _ALL.search(text) else None), text


def _within_limits(found: Lookback, *, ended: object) -> Lookback:
    notes = found.notes or ((ENDS_NOW,) if ended else ())
    duration_s = max(1, found.duration_s or 0)
    if duration_s > MAX_DURATION_S:
        return Lookback(MAX_DURATION_S, (*notes, "a week is the longest window"))
    return Lookback(duration_s, notes)


def _amount(match: re.Match[str], now: datetime) -> Lookback | None:
    del now
    text = next(filter(None, match.group("amount", "span", "ago", "bare", "end")))
    parts = re.findall(rf"({_NUMBER})?\s*-?\s*({_UNIT}|[hm](?=\d))", text, re.IGNORECASE)
    seconds = sum(_number(number or "1") * _unit_s(unit) for number, unit in parts)
    return Lookback(ceil(seconds)) if seconds > 0 else None


def _this_unit(match: re.Match[str], now: datetime) -> Lookback:
    del now
    return Lookback(_unit_s(match["unit"]))


def _ever(match: re.Match[str], now: datetime) -> Lookback:
    del match, now
    return Lookback(EVER_S, (EVER,))


def _iso(match: re.Match[str], now: datetime) -> Lookback | None:
    try:
        start = datetime.fromisoformat(match["iso"].upper())
    except ValueError:
        return None
    return _since(start if start.tzinfo else start.replace(tzinfo=now.tzinfo), now)


def _moment(match: re.Match[str], now: datetime) -> Lookback:
    here = now.astimezone(UTC) if match["utc"] else now
    day = " ".join((match["day"] or "").lower().split())
    start = _day_start(day, here)
    has_clock = bool(match["hour"] or match["word"])
    if has_clock:
        start = datetime.combine(start, _clock(match), start.tzinfo)
    if not day and start > here:
        start -= timedelta(days=1)
    is_point = has_clock and match["lead"].lower() in _POINTS
    return _since(start, here, (ENDS_NOW,) if is_point or match["lead"].lower() == "between" else ())


def _day_alone(match: re.Match[str], now: datetime) -> Lookback:
    day = " ".join(match["day"].lower().split())
    notes = () if day in {"today", "this morning", "this week"} else (ENDS_NOW,)
    return _since(_day_start(day, now), now, notes)


def _since(start: datetime, now: datetime, notes: tuple[str, ...] = ()) -> Lookback:
    return Lookback(max(1, ceil((now.astimezone(UTC) - start.astimezone(UTC)).total_seconds())), notes)


def _day_start(day: str, now: datetime) -> datetime:
    """Midnight of the day that is meant, on the clock of `now`."""
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


def _number(text: str) -> float:
    return _NUMBER_WORDS[text.lower()] if text.lower() in _NUMBER_WORDS else float(text)


def _unit_s(unit: str) -> int:
    lower = unit.lower()
    return _UNITS_S["month"] if lower.startswith("mo") else _UNITS_S[lower[0]]


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], Lookback | None]], ...] = (
    (_ISO, _iso),
    (_MOMENT, _moment),
    (_CLOCK_FIRST, _moment),
    (_LOOK_BACK, _amount),
    (_THIS, _this_unit),
    (_DAY_ALONE, _day_alone),
    (_EVER, _ever),
)
