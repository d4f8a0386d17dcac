"""Numbers as people write them, in digits, and what they may mean. Pure.

"1,234" is 1234 in one language and a bit more than one in another: both are readings of it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLANKS = "\u00a0\u2007\u2009\u202f"
NUMBER = re.compile(
    rf"(?:(?<![\w.,#@$:])(?<!(?<!\d)/)"
    rf"|(?<=\d[dhm]))(?:\d{{1,3}}(?:[ {_BLANKS}'\u2019_]\d{{3}})+(?:[.,]\d+)?(?![\w'\u2019])"
    r"|\d+(?:[.,]\d+)*)(?:[eE][+-]?\d{1,2}(?!\w))?",
    re.ASCII,
)
_LONGEST = 24
_GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+")


@dataclass(frozen=True, slots=True)
class Numeral:
    """`step` is the worth of the last digit that says something."""

    value: float
    step: float


def numerals(written: str) -> Iterator[Numeral]:
    """Every reading of digits with signs between them; none of what is too long for a measurement."""
    mantissa, _, exponent = written.lower().partition("e")
    if len(mantissa) > _LONGEST:
        return
    scale = 10.0 ** int(exponent or 0)
    for digits in dict.fromkeys(_readings(mantissa)):
        whole, _, fraction = digits.partition(".")
        step = 10.0 ** -len(fraction) if fraction else _step_of_whole(whole)
        yield Numeral(float(digits) * scale, step * scale)


def _readings(mantissa: str) -> Iterator[str]:
    text = re.sub(rf"[ {_BLANKS}'\u2019_]", "", mantissa)
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        yield text
        return
    signs = [char for char in text if char in ".,"]
    if len(signs) == 1 or (len(set(signs)) > 1 and signs.count(text[last]) == 1):
        yield f"{re.sub('[.,]', '', text[:last])}.{text[last + 1 :]}"
    if len(set(signs)) == 1 and _GROUPED.fullmatch(text) and not text.startswith("0"):
        yield re.sub("[.,]", "", text)


def _step_of_whole(digits: str) -> float:
    """Zeros at the end may be rounded, as long as two digits are not: "300" can stand for 304."""
    zeros = len(digits) - len(digits.rstrip("0"))
    return float(10 ** max(0, min(zeros, len(digits) - 2)))
