"""Text that nobody here wrote, of foreign servers and attached files: bounded, and without what hides in it. Pure.

It is data for models and people, never an instruction; what says so stands in the prompt.
"""

from unicodedata import category

_KEPT = frozenset("\n\t")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Controls, what is invisible or turns text around (even tags that spell words nobody sees), and lone surrogates."""


def cleaned(text: str, most: int) -> str:
    """The first `most` characters, without hidden ones. Line ends and tabs stay."""
    head = text[:most]
    if head.isascii() and head.isprintable():
        return head
    return "".join(char for char in head if char in _KEPT or category(char) not in _HIDDEN)


def one_line(text: str, most: int) -> str:
    """The same with every run of blanks as one space, and an ellipsis where it was cut."""
    line = " ".join(cleaned(text, 4 * most).split())
    return line if len(line) <= most else line[: most - 1] + "…"
