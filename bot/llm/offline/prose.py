"""The small phrases of an answer, and data made safe to stand between them. Pure; every reader of results calls it."""

from collections.abc import Iterable

from bot.domain.table import Table
from bot.tables.quoting import code, unmarked
from bot.tables.text import plain
from bot.tables.units import human_count, human_duration

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_MOST = 100
"""Minutes, hours or days that are still told as such: 90 minutes, but 5 h 59 min."""
_NO_TICK = str.maketrans("`", "'")


__all__ = ["cited", "code", "counted", "joined", "reported", "sentence", "span", "told"]


def cited(tables: Iterable[Table]) -> str:
    """` [T1]`, ` [T1, T2]`, or nothing while the tables have no labels."""
    labels = [table.label for table in tables if table.label]
    return f" [{', '.join(labels)}]" if labels else ""


def reported(reason: str) -> str:
    """An error's words: as they are where Markdown leaves them alone, else as a code span, so that none is changed."""
    shown = " ".join(plain(reason).split())
    return told(shown) if unmarked(shown) == shown else f"`{shown.translate(_NO_TICK)}`"


def told(said: str) -> str:
    """A tool's own sentence, which may hold names from the data: without what Markdown or a chat acts on."""
    shown = unmarked(said)
    return sentence(f"{shown[:1].upper()}{shown[1:]}".rstrip("."))


def counted(count: float, noun: str) -> str:
    """`1 attempt`, `1,234 attempts`."""
    return f"{human_count(count)} {noun}" if count == 1 else f"{human_count(count)} {noun}s"


def span(duration_s: float) -> str:
    """`last minute`, `last 10 minutes`, `last 1 h 10 min`."""
    seconds = round(duration_s)
    for size_s, noun in ((_DAY_S, "day"), (_HOUR_S, "hour"), (_MINUTE_S, "minute")):
        if seconds % size_s == 0 and 0 < seconds < _MOST * size_s:
            return f"last {noun}" if seconds == size_s else f"last {seconds // size_s} {noun}s"
    return f"last {human_duration(seconds * 1e6)}"


def joined(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def sentence(text: str) -> str:
    """With a capital where it begins with a word, and a full stop."""
    shown = text.strip()
    return f"{shown[:1].upper()}{shown[1:]}" + ("" if shown.endswith((".", "?", "!", ":")) else ".") if shown else ""
