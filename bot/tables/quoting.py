"""Untrusted text inside of Markdown that netspy writes: as a code span, or without what Markdown or a chat acts on."""

from bot.tables.text import plain

_MAX_SHOWN = 80
"""Characters of a name or an address in prose."""
_MARKUP = str.maketrans({"`": "'", "[": "(", "]": ")", "<": "(", ">": ")", "*": "'", "|": "/", "~": "-", "@": "(at)"})


def code(text: str | None) -> str:
    """Text from the data as a code span on one line: it can neither end the span nor look like anything else."""
    shown = plain(text or "").replace("`", "'").strip()
    if len(shown) > _MAX_SHOWN:
        shown = f"{shown[: _MAX_SHOWN - 1]}…"
    return f"`{shown or 'no name'}`"


def unmarked(text: str) -> str:
    """The same words without characters that mark something up, on one line."""
    return " ".join(" ".join(plain(line) for line in text.split("\n")).translate(_MARKUP).split())
