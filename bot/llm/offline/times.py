"""How far back a question looks, and how many rows it wants. Pure; `now` and the zone of the clock are given."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from math import ceil

from bot.llm.offline.clock_times import Span, take_day, take_span
from bot.llm.offline.plan import ALL_ROWS, MAX_DURATION_S, MAX_ROWS
from bot.llm.offline.wording import masked

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

_EVER = re.compile(r"\b(?:ever|at any time|all[- ]time)\b", re.IGNORECASE)
_UNREADABLE = re.compile(r"\bsince\s+(?P<what>(?:the\s+|my\s+|our\s+|we\s+|i\s+)?[\w-]+)", re.IGNORECASE)
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
    """`duration_s` is None where the question names no time. `notes` say what of it could not be kept.

    `ends` are both ends of a window that does not end now; its duration is that from its beginning until now.
    """

    duration_s: int | None = None
    notes: tuple[str, ...] = ()
    ends: tuple[datetime, datetime] | None = None


def take_lookback(text: str, *, now: datetime, zone: tzinfo) -> tuple[Lookback, str]:
    """How far back the text looks, and the text with that masked."""
    for phrase, amount in _PHRASES:
        text = re.sub(phrase, amount, text, flags=re.IGNORECASE)
    text = re.sub(r"\b(last|past)\s+(?:1\s+)?(90 minutes)", r"\1 \2", text)
    here = now.astimezone(zone)
    span, without = take_span(text, now=here)
    if span:
        return _of_span(span, here), without
    for pattern, read in _READERS:
        match = pattern.search(text)
        found = read(match) if match else None
        if match and found:
            return _within_limits(found), masked(text, match)
    span, without = take_day(text, now=here)
    if span:
        return _of_span(span, here), without
    ever = _EVER.search(text)
    if ever:
        return Lookback(EVER_S, (EVER,)), masked(text, ever)
    unreadable = _UNREADABLE.search(text)
    if unreadable:
        note = f"when “{unreadable['what']}” was is not in the data: name a time, such as *since 14:00*"
        return Lookback(None, (note,)), text
    return Lookback(), text


def _of_span(span: Span, now: datetime) -> Lookback:
    """The duration reaches back to its beginning; a window cannot end before what may be asked for begins."""
    age_s = ceil((now.astimezone(UTC) - span.start.astimezone(UTC)).total_seconds())
    found = _within_limits(Lookback(age_s))
    if span.end is None or found.notes:
        return found
    return Lookback(found.duration_s, (), (span.start, span.end))


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


def _within_limits(found: Lookback) -> Lookback:
    duration_s = max(1, found.duration_s or 0)
    if duration_s > MAX_DURATION_S:
        return Lookback(MAX_DURATION_S, (*found.notes, "a week is the longest window"))
    return Lookback(duration_s, found.notes)


def _amount(match: re.Match[str]) -> Lookback | None:
    text = next(filter(None, match.group("amount", "span", "ago", "bare", "end")))
    parts = re.findall(rf"({_NUMBER})?\s*-?\s*({_UNIT}|[hm](?=\d))", text, re.IGNORECASE)
    seconds = sum(_number(number or "1") * _unit_s(unit) for number, unit in parts)
    return Lookback(ceil(seconds)) if seconds > 0 else None


def _this_unit(match: re.Match[str]) -> Lookback:
    return Lookback(_unit_s(match["unit"]))


def _number(text: str) -> float:
    return _NUMBER_WORDS[text.lower()] if text.lower() in _NUMBER_WORDS else float(text)


def _unit_s(unit: str) -> int:
    lower = unit.lower()
    return _UNITS_S["month"] if lower.startswith("mo") else _UNITS_S[lower[0]]


_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Lookback | None]], ...] = (
    (_LOOK_BACK, _amount),
    (_THIS, _this_unit),
)
