# ruff: noqa: RUF001  the letters of other alphabets are meant
"""Between which bounds a value must lie to be what a figure says. Pure; `quantities.py` finds the figures.

Bounds are in base units (microseconds, bytes, percent, per second) and without a sign: "-12" is as far as "+12".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf

from bot.conversation.grounding.numerals import Numeral
from bot.conversation.grounding.units import LETTERS, Dimension, Unit
from bot.conversation.grounding.wording import Sense

_ABOUT = 0.1
"""How far "about" reaches."""
_ABOUT_PERCENT = 3
"""Percentage points."""
_ONE_SIDED: Mapping[Sense, float] = {"over": 1.5, "just over": 1.15, "under": 1.5, "just under": 1.15}
"""How far away "more than" may be: who says it of 90 means something like 100, not 1000."""
_LARGE_MULTIPLE = 100
_LOOSE_MULTIPLE = 0.1
"""Who says "800 times as much" has not divided."""
_EXACT_COUNTS_BELOW = 1000
_ALMOST = 0.999
_REACH = 64
_NOISE = 1e-6
"""Of floating point."""


_COUNT = Unit("count")
_PER = re.compile(
    r"(?P<noun>(?:\s?(?:-|–|to|and|or|bis|und|à|et|a|y)\s?\d[\d.,]*)?"
    rf"(?:\s(?!(?:than|in|within|from)\b)[{LETTERS}\ue000\ue001`.-]+){{0,4}}?)"
    r"(?:\s?/\s?|\s(?:per|pro|par|por|al|a|an|i|je|each|every|в|на|na)\s)"
    r"(?P<time>milliseconds?|ms|seconds?|sec|s|minutes?|min|hours?|h|sekunde|minute|stunde|seconde|heure|segundo"
    r"|minuto|hora"
    rf"|secondo|ora|sekunden|minuten|timmen|секунду|минуту|час|sekundę|minutę|godzinę|seconde|minuut|uur)(?![{LETTERS}])",
    re.IGNORECASE,
)
_PER_BEFORE = re.compile(
    r"(?:(?:每|毎|一|1)?(?P<time>秒|分|小时|小時|時|초|분|시간)[钟鐘间間]?(?:当たり|あたり|当|に|당|에)?(?:约|約|\s?약)?"
    r"|(?P<word>saniyede|dakikada|saatte)(?:\s\w+)?"
    r"|\b(?:per|pro|par|por|al|je|every|each)\s(?P<unit>second|minute|hour|sekunde|stunde|seconde|heure|segundo"
    r"|minuto|hora)\b"
    r"(?:[,:]?\s[^\W\d]+){0,3},?)\s?$",
    re.IGNORECASE,
)
_FIGURE_BEFORE = re.compile(r"\d[^\d,.;:]*$")
_PER_OTHER = re.compile(
    rf"(?:\s[{LETTERS}-]+){{0,2}}?\s(?:per|pro|par|por|each|apiece|je|chacune?|cada una?|ciascun[ao])(?:\s|$|[.,])",
    re.IGNORECASE,
)
_AS_MUCH = re.compile(
    r"\s(?:as|tyle|autant|tanto|slower|faster|higher|lower|larger|longer|bigger|the|that|what|its|so|langsamer|schneller|höher|länger"
    r"|größer)\b",
    re.IGNORECASE,
)
_FACTOR_BEFORE = re.compile(
    r"\b(?:factor\sof|faktor|facteur|factor\sde|for\s(?:each|every)\b[^.;]{2,40})[\s,~≈*]*(?:about|roughly|of|de)?[\s*]*$",
    re.IGNORECASE,
)
_EVERY = re.compile(
    r"(?:\bevery|\beach|\balle|\bjede|\btoutes les|\btous les|\bcada|\bogni|\bелки|каждые|每隔?"
    r"|毎)[\s*~≈]*(?:about\s|etwa\s)?$",
    re.IGNORECASE,
)
_PERIODS_S = (
    (re.compile(r"ms|milli", re.IGNORECASE), 1e-3),
    (re.compile(r"s(?!aat)|с|秒|초", re.IGNORECASE), 1.0),
    (re.compile(r"m|м|dak|分|분", re.IGNORECASE), 60.0),
    (re.compile(r"", re.IGNORECASE), 3600.0),
)
"""By how they begin; what is left is an hour."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`cut` is the upper bound where the digits behind the last one were left out instead of rounded."""

    dimension: Dimension
    low: float
    high: float
    cut: float
    value: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A number and its units where it stands, before it is known what the words around it say. No unit: a count."""

    start: int
    end: int
    numerals: tuple[Numeral, ...]
    units: tuple[Unit, ...]
    sense: Sense


def says_as_much(text: str, end: int) -> bool:
    """Whether "three times" is no "three times ago": more, as much."""
    return bool(_AS_MUCH.match(text, end))


def says_for_each(text: str, end: int) -> bool:
    """Whether it is "drops per attempt": so many for one of the other."""
    return bool(_PER_OTHER.match(text, end))


def end_of(text: str, figure: Figure) -> int:
    """Behind its unit, and behind "per second" where that follows at once."""
    per = _PER.match(text, figure.end)
    return per.end() if per and not per["noun"] else figure.end


def readings_of(text: str, figure: Figure) -> Iterator[Reading]:
    """Everything that it may mean."""
    before = text[max(0, figure.start - _REACH) : figure.start]
    period_s = _period_s(_PER.match(text, figure.end) or _per_before(before))
    for unit in figure.units or (_COUNT,):
        if period_s and unit.dimension in ("count", "bytes", "multiple"):
            yield from _rates(figure, unit, period_s)
            continue
        yield from _plain_readings(figure, unit)
        if unit.dimension == "multiple" and not says_as_much(text, figure.end):
            yield from _plain_readings(figure, _COUNT)
        if unit.dimension == "count" and (says_for_each(text, figure.end) or _FACTOR_BEFORE.search(before)):
            yield from _plain_readings(figure, Unit("multiple"))
        if unit.dimension == "time" and _EVERY.search(before):
            yield from _turned_over(_plain_readings(figure, unit))


def _per_before(before: str) -> re.Match[str] | None:
    """None where it belongs to another figure: "9 a minute, 544 in all"."""
    per = _PER_BEFORE.search(before)
    return None if per is None or _FIGURE_BEFORE.search(before, 0, per.start()) else per


def _period_s(per: re.Match[str] | None) -> float | None:
    if per is None:
        return None
    written = per[per.lastgroup or 0]
    return next(period_s for beginning, period_s in _PERIODS_S if beginning.match(written))


def _plain_readings(figure: Figure, unit: Unit) -> Iterator[Reading]:
    is_count = unit.dimension in ("count", "rate")
    for numeral in figure.numerals[-1:] if is_count else figure.numerals:
        for scale in unit.scales:
            yield _reading(numeral, unit, scale, figure.sense)


def _reading(numeral: Numeral, unit: Unit, scale: float, sense: Sense) -> Reading:
    value, step = numeral.value, numeral.step
    if unit.dimension == "count" and scale == 1 and value < _EXACT_COUNTS_BELOW:
        step = min(step, 1)
    if unit.dimension == "multiple":
        step = max(step, value * _LOOSE_MULTIPLE if value >= _LARGE_MULTIPLE else 0)
    low, high = _bounds(value, step, sense, _ABOUT_PERCENT if unit.dimension == "percent" else inf)
    is_whole = unit.dimension == "count" and step == scale == 1
    cut = max(high, value if is_whole else value + step * _ALMOST)
    return Reading(unit.dimension, low * scale - _NOISE, high * scale + _NOISE, cut * scale + _NOISE, value * scale)


def _bounds(value: float, step: float, sense: Sense, widest: float) -> tuple[float, float]:
    low, high = value - step / 2, value + step / 2
    match sense:
        case "about":
            reach = min(value * _ABOUT, widest)
            return min(low, value - reach), max(high, value + reach)
        case "over" | "just over":
            return low, max(high, value * _ONE_SIDED[sense])
        case "under" | "just under":
            return min(low, value / _ONE_SIDED[sense]), high
        case "to":
            return value - step * _ALMOST, high
        case _:
            return low, high


def _rates(figure: Figure, unit: Unit, period_s: float) -> Iterator[Reading]:
    dimension: Dimension = "byte rate" if unit.dimension == "bytes" else "rate"
    for each in _plain_readings(figure, replace(unit, dimension="rate") if dimension == "rate" else unit):
        low, high, cut, value = (bound / period_s for bound in (each.low, each.high, each.cut, each.value))
        yield Reading(dimension, low, high, cut, value)


def _turned_over(readings: Iterable[Reading]) -> Iterator[Reading]:
    """Something every ten seconds is a rate."""
    for each in readings:
        if each.low > 0:
            yield Reading("rate", 1e6 / each.high, 1e6 / each.low, 1e6 / each.low, 1e6 / each.value)
