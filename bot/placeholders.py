"""Numbered placeholders for what is not to be told: in recordings that are handed on, and to language models. Pure."""


class Placeholders:
    """Numbered in the order in which they are needed, which nobody can trace back."""

    def __init__(self, begin: str) -> None:
        self._begin = begin
        self._known: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        return self._known.setdefault(text, f"{self._begin}{len(self._known) + 1}")
