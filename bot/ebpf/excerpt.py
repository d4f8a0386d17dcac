"""The beginning of a foreign text, fit to be shown: on one line, and without anything that a terminal might obey."""

MAX_CHARACTERS = 200


def excerpt(text: str) -> str:
    line = " ".join(text[: 4 * MAX_CHARACTERS].split())
    shown = (letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line[:MAX_CHARACTERS])
    return "".join(shown)
