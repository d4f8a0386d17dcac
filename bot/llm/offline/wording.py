"""A question's text made plain for reading: odd quotes, control characters, flags and misspelt key words. Pure."""

import re
from difflib import get_close_matches

from bot.llm.offline.vocabulary import KEYWORDS, VOCABULARY, WELL_KNOWN_PROCESSES

MAX_CHARACTERS = 2000
"""What is behind these is not read: no question needs more."""
MASK = "§"
"""Stands where something was read already, so that nothing reads it twice."""

_QUOTES = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00b4": "'", "\u2026": "...", MASK: " "}
)
_FLAGS = (
    (re.compile(r"--process[ =]+([\"'`]?)([^\s\"'`]+)\1"), r"process '\2'"),
    (re.compile(r"--pid[ =]+(-?\d+)"), r"pid \1"),
    (re.compile(r"--duration[ =]+(-?\d+)"), r"in the last \1 seconds"),
    (re.compile(r"--max-events[ =]+(-?\d+)"), r"top \1"),
    (re.compile(r"--include-local\b"), "including local sockets"),
)
_USUAL_WINDOW = re.compile(
    r"(?P<before>, )?in the last (?P<seconds>\d{1,7}) seconds unless the question names a time(?=\))"
)
"""What `contextual_analysis` says behind a question about its default window."""
_WORD = re.compile(r"(?<![\w./@:'-])[A-Za-z]{5,}(?![\w./@:'-]\w)")
_MIN_LIKENESS = 0.8


def plain(question: str) -> str:
    """One line with plain quotes and without control characters; flags become words."""
    printable = "".join(mark if mark.isprintable() else " " for mark in question[:MAX_CHARACTERS].translate(_QUOTES))
    text = " ".join(printable.split())
    for flag, words in _FLAGS:
        text = flag.sub(words, text)
    return text


def take_usual_window(text: str) -> tuple[int | None, str]:
    """The window in seconds of a question that names no time, where the text says one, and the text without it."""
    match = _USUAL_WINDOW.search(text)
    if match is None:
        return None, text
    without = f"{text[: match.start()]}{text[match.end() :]}".replace("()", "")
    return int(match["seconds"]), without.strip()


def spelled(text: str, names: frozenset[str]) -> str:
    """Misspelt key words mended; `names` (of processes) stay as they are."""
    return _WORD.sub(lambda match: _mended(match.group(), names), text)


def masked(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {MASK} {text[match.end() :]}"


def _mended(word: str, names: frozenset[str]) -> str:
    lower = word.lower()
    if lower in VOCABULARY or lower in WELL_KNOWN_PROCESSES or word in names or lower in names:
        return word
    if lower.endswith("d") and lower[:-1] in KEYWORDS:  # networkd is a daemon, no slip of the finger
        return word
    near = get_close_matches(lower, KEYWORDS, n=1, cutoff=_MIN_LIKENESS)
    return near[0] if near else word
