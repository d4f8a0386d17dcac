"""Real names in what a model says while it says it: a placeholder that is cut between two pieces is waited for."""

import re

from bot.llm.masking.names import HYPHENS, JOINER, PLACEHOLDER
from bot.llm.masking.request import Masking
from bot.llm.masking.vocabulary import KINDS

_BEGUN = re.compile(
    rf"({JOINER}?)(?<![A-Za-z0-9])([a-z]*)(?:[{HYPHENS}]([0-9]{{0,6}}(?::[0-9]{{0,5}})?))?\Z", re.IGNORECASE | re.ASCII
)
"""What may be the begin of one: letters, a hyphen, digits; with a port, which decides about brackets."""


class Unmasking:
    """Of one answer."""

    def __init__(self, masking: Masking) -> None:
        self._masking = masking
        self._said = ""
        """The last character that was passed on, as the model wrote it, and what waits behind it."""
        self._done = 0

    def feed(self, delta: str) -> str:
        """What can be passed on with this piece."""
        self._said += delta
        return self._upto(_safe(self._said))

    def rest(self) -> str:
        """What still waits, at the end."""
        return self._upto(len(self._said))

    def _upto(self, end: int) -> str:
        if end <= self._done:
            return ""
        text = self._masking.unmasked(self._said, begin=self._done, end=end)
        self._said, self._done = self._said[end - 1 :], 1
        return text


def _safe(text: str) -> int:
    """Up to where no placeholder can have begun that goes on."""
    found = _BEGUN.search(text, max(0, len(text) - _LONGEST))
    if found is None or not found[0]:
        return len(text)
    letters = found[2].lower()
    is_begun = any(kind.startswith(letters) for kind in KINDS) if found[3] is None else letters in KINDS
    return _behind_joiner(text, found.start()) if is_begun else len(text)


def _behind_joiner(text: str, start: int) -> int:
    """A joiner that stands behind a placeholder goes with that one."""
    ends = (found.end() for found in PLACEHOLDER.finditer(text, max(0, start - _LONGEST)))
    return start + 1 if start + 1 in ends and text.startswith(JOINER, start) else start


_LONGEST = max(map(len, KINDS)) + len("-999999:65535") + len(JOINER)
