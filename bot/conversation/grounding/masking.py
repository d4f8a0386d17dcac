"""Takes everything out of a text that has digits and is no quantity: code, names, addresses, dates, labels. Pure.

What is taken out is replaced by as many marks, so that what stays keeps its place.
"""

import re
from unicodedata import decimal

from bot.conversation.grounding.labels import (
    ADDRESSES,
    ADVICE,
    ADVISED,
    CODE,
    DATES,
    ERRNOS,
    LABELS,
    NAMES,
    PRODUCT_VERSION,
    WORD,
)
from bot.conversation.grounding.units import unit_at
from bot.markdown.fences import stretches

_MARK = "\ue000"
_PUNCTUATION = str.maketrans("．，％：／＋－〜～−٫٬＝（）", ".,%:/+-~~-.,=()")  # noqa: RUF001  these are meant
_INLINE_CODE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_SETTING = re.compile(r"[a-z]+(?:\.[a-z\d]+)*(?:_[a-z\d]+)+(?:\.\w+)*|[a-z]+(?:\.\w+){2,}|[A-Z]{2,}_[A-Z_]+")
_PURE_NUMBER = re.compile(r"[\s~<>≈+-]*\d[\d.,'\u2019 \u00a0\u2009\u202f]*(?:/\s?\d[\d.,]*)?")
_PER_UNIT = re.compile(r"\s?/\s?[a-z]{1,6}")


def normal(text: str) -> str:
    """The same text, character for character, with ASCII digits and punctuation around them."""
    if text.isascii():
        return text
    return "".join(char if char.isascii() else str(decimal(char, char)) for char in text).translate(_PUNCTUATION)


def masked(text: str) -> str:
    """`normal` text without what is no quantity, as long as it was."""
    text = ERRNOS.sub(_marks, _without_fences(text))
    text = _INLINE_CODE.sub(_of_code, text)
    text = ADVICE.sub(lambda advice: ADVISED.sub(_marks, advice[0]), text)
    for pattern in (*ADDRESSES, *DATES, *NAMES, *LABELS, PRODUCT_VERSION):
        text = pattern.sub(_marks, text)
    return WORD.sub(_of_word, text)


def _of_word(match: re.Match[str]) -> str:
    """`node-3`, `p50`, `db.internal:5432`: a word that has a digit is a name."""
    return _marks(match) if any(map(str.isdecimal, match[0])) else match[0]


def _marks(match: re.Match[str]) -> str:
    return _MARK * len(match[0])


def _without_fences(text: str) -> str:
    if "```" not in text and "~~~" not in text:
        return text
    return "".join(_MARK * len(each.text) if each.marks else each.text for each in stretches(text))


def _of_code(match: re.Match[str]) -> str:
    """A number in backticks is a quantity like any other."""
    ticks, inside = len(match[1]), match[2]
    if is_amount(inside.strip()):
        return " " * ticks + inside + " " * ticks
    return (CODE if _SETTING.fullmatch(inside.strip()) else _MARK) * len(match[0])


def is_amount(text: str) -> bool:
    """A number, with or without a unit, and nothing else."""
    number = _PURE_NUMBER.match(text)
    if number is None:
        return False
    end = len(number[0].rstrip())
    unit = unit_at(text, end)
    rest = text[unit.end if unit else end :]
    return not rest.strip() or bool(_PER_UNIT.fullmatch(rest)) or (bool(unit) and is_amount(rest.lstrip()))
