"""Text in terminal cells: how wide it is, how it is cut, and how untrusted text is made harmless.

It knows Unicode and nothing of tables. `bot.tables` and every adapter call it. Widths are those of `wcwidth`: East
Asian wide characters and emoji take two cells, combining marks none.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from unicodedata import category

from wcwidth import iter_graphemes, iter_graphemes_reverse, wcswidth

ELLIPSIS = "…"
ZERO_WIDTH = "\u200b"
"""Put by adapters where a platform would begin to read more than text."""

_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0d\U000e0100-\U000e01ef]"
)
"""What Unicode counts as printable although nothing is to be seen: it would make two names look alike."""
_EMOJI_STYLE = frozenset("\ufe0e\ufe0f")
_MOST_MARKS = 4
"""Above or below one letter. Living scripts need three; a pile costs no cell, and any number of characters."""
_PORT = re.compile(r"\]?:\d{1,5}$")


def plain(text: str) -> str:
    r"""The text on one line, with everything invisible written out: `\x1b`, `\n`, `\u202e`, `\udc80`.

    Controls, bidi overrides, joiners, lone surrogates and unassigned characters can then neither break a line nor move
    a cursor nor hide; a pile of marks cannot reach into other lines. Every kind of space is one space. A backslash
    stays one: what can be seen is not changed.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written(text))


def control_in(text: str, *, allowed: str) -> str | None:
    """The first control character or lone surrogate of the text that is not one of those allowed."""
    return next((char for char in text if category(char) in {"Cc", "Cs"} and char not in allowed), None)


def as_sentence(text: str) -> str:
    """With a capital letter in front."""
    return text[:1].upper() + text[1:]


def cell_width(text: str) -> int:
    """How many cells `plain` text takes."""
    return wcswidth(text)


def pad_end(text: str, width: int) -> str:
    return text + " " * (width - cell_width(text))


def pad_start(text: str, width: int) -> str:
    return " " * (width - cell_width(text)) + text


def cut_end(text: str, width: int) -> str:
    """`plain` text in at most `width` cells; where it is longer, its end becomes an ellipsis."""
    if cell_width(text) <= width:
        return text
    clusters = list(islice(iter_graphemes(text), max(0, width)))
    return _longest(lambda kept: "".join(clusters[:kept]) + ELLIPSIS, len(clusters), width)


def cut_middle(text: str, width: int) -> str:
    """A `plain` address in at most `width` cells: the middle of a longer host becomes an ellipsis, its port stays."""
    if cell_width(text) <= width:
        return text
    port = _PORT.search(text)
    tail = port[0] if port and len(port[0]) < width - 2 else ""
    host = text.removesuffix(tail)
    first = list(islice(iter_graphemes(host), max(0, width)))
    last = list(islice(iter_graphemes_reverse(host), max(0, width)))[::-1]

    def keeping(kept: int) -> str:
        before = kept // 2  # ends differ more often than beginnings
        return "".join([*first[:before], ELLIPSIS, *last[len(last) - (kept - before) :], tail])

    return _longest(keeping, len(first), width)


def short(text: str, most: int) -> str:
    """Any text as one harmless line of at most `most` characters and cells: marks above a letter take no cell."""
    line = cut_end(plain(text), most)
    return line if len(line) <= most else _longest(lambda kept: line[:kept] + ELLIPSIS, most - len(ELLIPSIS), most)


def _longest(keeping: Callable[[int], str], most: int, width: int) -> str:
    """What keeps the most characters and still fits. Tried rather than added up: a mark can widen its neighbour."""
    candidates = (keeping(kept) for kept in range(most, -1, -1))
    return next((text for text in candidates if cell_width(text) <= width), "")


def _written(text: str) -> Iterator[str]:
    before, marks = " ", 0
    for char in text:
        marks = marks + 1 if category(char).startswith("M") else 0
        if category(char) == "Zs":
            yield " "
        elif marks <= _MOST_MARKS and _can_stand(char, before):
            yield char
        else:
            yield char.encode("unicode_escape").decode("ascii")
        before = char


def _can_stand(char: str, before: str) -> bool:
    if char in _EMOJI_STYLE:
        return category(before).startswith("S")
    if category(char).startswith("M") and before.isspace():
        return False  # it would cling to the space between two columns
    return char.isprintable() and not _BLANK.match(char)
