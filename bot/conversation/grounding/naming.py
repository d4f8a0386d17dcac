"""Under which names a sentence may speak of a cell, and which names a sentence has. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from bot.domain.table import Cell

Rows: TypeAlias = frozenset[int]

_EAST_ASIAN = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"(?:[^\W{_EAST_ASIAN}]|[.:/@-])+|[{_EAST_ASIAN}]+")
"""Particles of these scripts follow a name without a blank."""
_EDGE = ".:/@-"
_LONGEST_NAME = 5
"""Words."""
_IDENTIFIER = re.compile(r"[^\W\d].*[\d._:/-]|[\d._:/-].*[^\W\d]|\d[.:]")
"""What no ordinary word looks like."""
_SHORTEST_NAME = 3
SHORTEST_NUMBER = 4
"""Digits. Smaller ports and pids are too much like counts."""
_BEGIN = re.compile(r"^[a-z]{5,}(?=_)")
"""Who says "netfilter" speaks of all that begin so."""
_PORT = re.compile(r":\d{1,5}$")


def names_of(cell: Cell) -> Iterator[str]:
    """`db.internal 10.2.0.14:5432` by its name, its address with or without the port; a time by its clock."""
    match cell:
        case str():
            words = _words(cell)
            yield " ".join(words[:_LONGEST_NAME])
            yield " ".join(_words(cell.partition(",")[0])[:_LONGEST_NAME])
            for word in filter(_IDENTIFIER.search, words):
                yield word
                yield _PORT.sub("", word)
                yield from (begin[0] for begin in _BEGIN.finditer(word))
            for port in _PORT.finditer(cell):
                yield f"port {port[0][1:]}"
                yield from [port[0][1:]] if len(port[0]) > SHORTEST_NUMBER else []
        case datetime():
            yield f"{cell:%H:%M:%S}"
            yield f"{cell:%H:%M}"
        case int():
            yield str(cell)
        case _:
            pass


@lru_cache(maxsize=1024)
def names_in(text: str) -> frozenset[str]:
    """Every run of up to five words of it."""
    words = _words(text)
    ends = range(1, _LONGEST_NAME + 1)
    return frozenset(" ".join(words[place : place + end]) for place in range(len(words)) for end in ends)


def rows_by_name(cells: Sequence[Cell], heading: str = "", *, read: int) -> Mapping[str, Rows]:
    """The rows that each name of a column's first cells stands for, as far as a model has read them; later ones too.

    A number has its heading in front: `port 80`.
    """
    places: dict[Cell, list[int]] = {cell: [] for cell in cells[:read]}
    for row, cell in enumerate(cells):
        if cell in places:
            places[cell].append(row)
    rows: defaultdict[str, set[int]] = defaultdict(set)
    for cell, own in places.items():
        for name in names_of(cell):
            rows[name].update(own)
            if name.isdecimal():
                rows[f"{heading} {name}"].update(own)
    return {name: frozenset(found) for name, found in rows.items() if len(name) >= _SHORTEST_NAME}


def rows_between(times: Sequence[Cell], named: Sequence[Rows]) -> Iterator[Rows]:
    """From the first to the last one, where a sentence names two clock times."""
    moments = [time.timestamp() if isinstance(time, datetime) else None for time in times]
    ends = [moment for rows in named for row in rows if (moment := moments[row]) is not None]
    if len(named) > 1 and ends:
        first, last = min(ends), max(ends)
        yield frozenset(row for row, moment in enumerate(moments) if moment is not None and first <= moment <= last)


def _words(text: str) -> list[str]:
    return [word for found in _WORD.findall(text.lower()) if (word := found.strip(_EDGE))]
