"""Finds the quantities in a text, and everything that each of them may mean. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import accumulate

from bot.conversation.grounding.masking import masked, normal
from bot.conversation.grounding.numerals import NUMBER, Numeral, numerals
from bot.conversation.grounding.readings import Figure, Reading, end_of, readings_of, says_as_much, says_for_each
from bot.conversation.grounding.units import LETTERS, SECOND, Dimension, Unit, percent_before, unit_at
from bot.conversation.grounding.wording import (
    COUNTED_WORD,
    FRACTION_WORDS,
    MULTIPLE_WORDS,
    NUMBER_WORD,
    OUT_OF,
    counts_something,
    number_of,
    sense_of,
    value_of,
)

_COUNT = Unit("count")
_JOINED = re.compile(
    r"[\s*`]*(?:-|\u2013|\u2014|/|,|\bto\b|\band\b|\bor\b|\bund\b|\boder\b|\bbis\b|\bauf\b|\bet\b|\bou\b|à|\by\b"
    r"|\ba\b|\bo\b|\be\b"
    r"|->|→|\bvs\.?|\bversus\b|\bagainst\b|\bgegen\b|~|до|и|至|到|から|と)[\s*`~]*",
    re.IGNORECASE,
)
_OR_LESS = ("about", "under", "just under")
_IS_TIMES = re.compile(r"times|mal|fois|veces", re.IGNORECASE)
_LOOSE = 0.2
"""How much wider than exact a share in words is: a third may be 31 or 36 %."""
_MOST_PARTS = (20, 1000)
"""Of more than that, "37 out of 449" are two counts; where the part is one, it is a share."""
_LOOSEST = 8
"""Percentage points."""
_RANGE = re.compile(r"[\s*`]*(?:-|\u2013|\u2014|to|bis|à|a|до|至|到|から|~)[\s*`]*", re.IGNORECASE)
_BETWEEN = re.compile(r"\b(?:between|zwischen|entre|tra|tussen|mellan|между)[\s*`~]*$", re.IGNORECASE)
_FOLLOWED_BY_WORD = re.compile(r"[\s*`]*(?!(?:per|each|pro|je|par|por|and|und|et|y|or|oder|to)\b)[^\W\d]")
_WITHIN_DURATION = re.compile(r"\s?(?:and\s|und\s|et\s|y\s)?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """As written, where, and everything that it may mean."""

    written: str
    start: int
    end: int
    readings: tuple[Reading, ...]


@lru_cache(maxsize=4096)
def quantities(text: str) -> tuple[Quantity, ...]:
    """In their order. Remembered: every turn reads its thread's texts again, and cells of many rows say the same."""
    plain = masked(normal(text))
    figures = _joined(plain, _figures(plain))
    found = list(_fractions(text, plain))
    for quantity in (*(_quantity(text, plain, figure) for figure in figures), *_in_words(text, plain)):
        if not any(quantity.start < other.end and other.start < quantity.end for other in found):
            found.append(quantity)
    return tuple(sorted(found, key=lambda quantity: quantity.start))


def _figures(plain: str) -> Sequence[Figure]:
    return [figure for match in NUMBER.finditer(plain) if (figure := _figure(plain, match))]


def _figure(plain: str, match: re.Match[str]) -> Figure | None:
    """None where a word goes on behind the digits, and they are no quantity: `3-way`, `2nd`."""
    found = unit_at(plain, match.end()) or percent_before(plain, match)
    if found is None and re.match(rf"-?[{LETTERS}]", plain[match.end() :]):
        return None
    if not (numbers := tuple(numerals(match[0]))):
        return None
    end = found.end if found else match.end()
    sense = sense_of(plain, match.start(), end)
    return Figure(match.start(), end, numbers, (found.unit,) if found else (), sense)


def _joined(plain: str, figures: Sequence[Figure]) -> Sequence[Figure]:
    """From the last to the first: a bare number may borrow the next one's unit, and a duration can have two parts."""
    done: list[Figure] = []
    for figure in reversed(figures):
        behind = done[-1] if done else None
        if behind and _is_one_duration(plain, figure, behind):
            done[-1] = _added(figure, behind)
        elif behind and not figure.units and _JOINED.fullmatch(plain, figure.end, behind.start):
            is_range = _is_range(plain, figure, behind)
            if is_range and behind.sense == "exact":
                done[-1] = replace(behind, sense="to")
            bare = () if is_range or _COUNT in behind.units else (_COUNT,)
            done.append(replace(figure, units=(*behind.units, *bare) if behind.units else ()))
        else:
            done.append(figure)
    in_order = done[::-1]
    return list(accumulate(in_order, partial(_borrowing, plain)))


def _borrowing(plain: str, before: Figure, figure: Figure) -> Figure:
    """In "received 48 bytes and sent 21." the last one is of the same unit."""
    if figure.units or not before.units or _FOLLOWED_BY_WORD.match(plain, figure.end):
        return figure
    return replace(figure, units=(*before.units, _COUNT))


def _is_range(plain: str, first: Figure, second: Figure) -> bool:
    """Whose end may be rounded up."""
    return bool(_RANGE.fullmatch(plain, first.end, second.start) or _BETWEEN.search(plain, 0, first.start))


def _is_one_duration(plain: str, first: Figure, second: Figure) -> bool:
    """`2 min 5 s`, `1h30m`."""
    if len(first.units) != 1 or len(second.units) != 1:
        return False
    large, small = first.units[0], second.units[0]
    is_finer = large.dimension == small.dimension == "time" and large.scales[0] > max(small.scales[0], SECOND - 1)
    return is_finer and bool(_WITHIN_DURATION.fullmatch(plain, first.end, second.start))


def _added(first: Figure, second: Figure) -> Figure:
    (large,), (small,) = first.units, second.units
    factor = large.scales[0] / small.scales[0]
    summed = tuple(replace(each, value=each.value + first.numerals[0].value * factor) for each in second.numerals)
    return replace(second, start=first.start, numerals=summed, sense=first.sense)


def _quantity(text: str, plain: str, figure: Figure) -> Quantity:
    end = end_of(plain, figure)
    return Quantity(text[figure.start : end].strip(), figure.start, end, tuple(readings_of(plain, figure)))


def _in_words(text: str, plain: str) -> Iterator[Quantity]:
    for value, pattern in MULTIPLE_WORDS:
        for match in pattern.finditer(plain):
            as_often = _about(value, "count", 0.5, 0.5)
            is_less = sense_of(plain, match.start(), match.end()) in _OR_LESS
            as_much = _about(value, "multiple", 0.5 if is_less else 0.3, 0.9)
            is_count = _IS_TIMES.search(match[0]) and not says_as_much(plain, match.end())
            yield _worded(text, match.start(), match.end(), as_much, *([as_often] if is_count else []))
    for match in COUNTED_WORD.finditer(plain):
        if counts_something(plain, match.start()):
            value = value_of(match["number"])
            readings = [_about(value, "count", 0.5, 0.5)]
            if says_for_each(plain, match.end()):
                readings.append(_about(value, "multiple", 0.5, 0.5))
            yield _worded(text, match.start(), match.end("number"), *readings)
    for match in NUMBER_WORD.finditer(plain):
        if found := unit_at(plain, match.end()):
            sense = sense_of(plain, match.start(), found.end)
            numeral = Numeral(value_of(match[0]), 1)
            figure = Figure(match.start(), found.end, (numeral,), (found.unit,), sense)
            yield _quantity(text, plain, figure)


def _fractions(text: str, plain: str) -> Iterator[Quantity]:
    """`half of`, `one in five`."""
    for percent, pattern in FRACTION_WORDS:
        for match in pattern.finditer(plain):
            yield _fraction(text, plain, match, percent)
    for match in OUT_OF.finditer(plain):
        part, whole = number_of((match["part"] or "one").lower()), number_of(match["whole"].lower())
        if part and whole and part < whole <= _MOST_PARTS[part == 1] and not unit_at(plain, match.end()):
            share = _fraction(text, plain, match, 100 * part / whole)
            counted = _about(part, "count", 0.5, 0.5)
            yield replace(share, readings=(*share.readings, *([counted] if part > 1 else [])))


def _fraction(text: str, plain: str, match: re.Match[str], percent: float) -> Quantity:
    figure = Figure(
        match.start(),
        match.end(),
        (Numeral(percent, min(percent * _LOOSE, _LOOSEST)),),
        (Unit("percent"),),
        sense_of(plain, match.start(), match.end()),
    )
    return _quantity(text, plain, figure)


def _about(value: float, dimension: Dimension, below: float, above: float) -> Reading:
    return Reading(dimension, value - below, value + above, value + above, value)


def _worded(text: str, start: int, end: int, *readings: Reading) -> Quantity:
    return Quantity(text[start:end], start, end, readings)
