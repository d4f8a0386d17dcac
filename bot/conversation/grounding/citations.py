"""Which tables a text cites. Pure; whoever shows an answer calls it."""

import re

from bot.markdown.fences import stretches

_INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_LABEL = re.compile(
    r"(?<![\w.:@#-])(?<!(?<!\d)/)T(?P<first>[1-9]\d{0,2})(?:\s?[-\u2013\u2026]\s?T?(?P<last>[1-9]\d{0,2}))?"
    r"(?![\w@#]|/(?!T\d)|[.:-]\w)",
    re.ASCII,
)
_LONGEST_RANGE = 50


def cited(text: str) -> tuple[str, ...]:
    """The labels in the order of their first mention: `[T1, T3]`, `T4`, and all of `[T5-T7]`. Code mentions none."""
    prose = "".join(stretch.text for stretch in stretches(text) if not stretch.marks)
    found = _LABEL.finditer(_INLINE_CODE.sub(" ", prose))
    return tuple(dict.fromkeys(f"T{number}" for each in found for number in _numbers(each)))


def _numbers(label: re.Match[str]) -> range:
    first, last = int(label["first"]), int(label["last"] or label["first"])
    return range(first, last + 1) if first <= last < first + _LONGEST_RANGE else range(first, first + 1)
