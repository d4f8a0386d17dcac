"""Which rows of netspy's tables tell of something that goes wrong, by what their columns hold. Pure.

It knows the words of the tools' tables, and nothing of what they mean for anybody. Of a table with other words nothing
is known to be wrong.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from bot.domain.network import FAILED_OUTCOMES
from bot.domain.table import Cell

TROUBLE_COUNTS: Final = frozenset({"failed", "retrans", "retransmits", "RST out", "RST in", "lost"})
"""Columns that count what goes wrong, whatever the row is."""
_OUTCOMES = frozenset(outcome.value for outcome in FAILED_OUTCOMES)
_FAILED = "|".join(map(re.escape, sorted(_OUTCOMES)))
_WORDS = re.compile(rf"^(?:{_FAILED})\b|\b(?:NXDOMAIN|SERVFAIL|REFUSED|FORMERR|NOTIMP|no answer)\b")
_BAD_EVENTS = frozenset({"drop", "retransmit", "reset", "error", "icmp"})


def _is_said(cell: Cell) -> bool:
    return cell is not None


_SIGNS: Mapping[str, Callable[[Cell], bool]] = {
    "outcome": lambda cell: str(cell).rpartition(": ")[2] in _OUTCOMES,
    "what": lambda cell: isinstance(cell, str) and bool(_WORDS.search(cell)),
    "answer": lambda cell: cell not in {"NOERROR", None},
    "harmless": lambda cell: cell == "no",
    "errno": _is_said,
    "what holds it up": _is_said,
    "counter": _is_said,
    "program": _is_said,
}


def is_trouble(row: Mapping[str, Cell]) -> bool:
    """Whether such a row, its cells by column, is there only where something goes wrong."""
    is_event = "process" in row and row.get("event") in _BAD_EVENTS  # without a process it is about the kind itself
    return is_event or any(is_wrong(row[name]) for name, is_wrong in _SIGNS.items() if name in row)
