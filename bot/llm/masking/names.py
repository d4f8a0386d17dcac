"""What one thread's addresses and names are called towards language models, and what a placeholder stands for.

The same value has the same placeholder as long as the object lives. Numbers follow the order in which values are
needed, so that they tell nothing. It knows values and placeholders; where values stand in texts, `text.py` finds out.
"""

import re
from ipaddress import ip_address
from typing import Final

from bot.llm.masking.vocabulary import KINDS, NOT_NAMES, ORDINARY, Kind
from bot.placeholders import Placeholders
from bot.tables.text import plain

HYPHENS: Final = "-\u2010\u2011\u2012\u2013"
"""Models like to write one of the others."""
JOINER: Final = "\u2060"
"""Unseen, between a placeholder and what stood against the name without a gap, as in languages that write none."""
PLACEHOLDER: Final = re.compile(
    rf"{JOINER}?(?<![A-Za-z0-9])({'|'.join(KINDS)})[{HYPHENS}]([0-9]{{1,6}})(?![A-Za-z0-9]){JOINER}?",
    re.IGNORECASE | re.ASCII,
)
_PIECE = "[A-Za-z0-9](?:[A-Za-z0-9_]{0,254}[A-Za-z0-9])?"
WORD: Final = re.compile(rf"{_PIECE}(?:[{HYPHENS}.]{_PIECE}){{0,40}}")
"""What running text is read by. A name of any other shape is looked for as it is."""
MAX_VALUES: Final = 20_000
_LEAST_WORD = 2


class Names:
    """Of one thread. `learn` makes a value known before it is needed, so that it is found in running text as well."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind] = {}
        self._spelt: dict[str, str] = {}
        """What is meant by another spelling: in small letters, or with what is invisible written out."""
        self._words: set[str] = set()
        self._special: set[str] = set()
        self._numbered = {kind: Placeholders(f"{kind}-") for kind in KINDS}
        self._originals: dict[str, str] = {}

    @property
    def is_full(self) -> bool:
        return len(self._kinds) >= MAX_VALUES

    @property
    def version(self) -> int:
        """Grows with everything that is looked for in running text."""
        return len(self._words) + len(self._special)

    @property
    def special(self) -> frozenset[str]:
        """Known names that are no `WORD`, also with what is invisible in them written out."""
        return frozenset(self._special)

    def learn(self, value: str, kind: Kind) -> None:
        """A name that stands alone in its place. In running text it is looked for if no ordinary word is spelt so."""
        if value.lower() in NOT_NAMES:
            return
        self._know(value, kind)
        shown = plain(value)
        self._spelt.setdefault(shown, value)
        if _is_word(value):
            self._find(value, value)
            self._find(shown, value)

    def learn_host(self, host: str) -> None:
        """A DNS name: its labels, of which the first is a name by itself. Or an address, which needs no learning."""
        labels = [label for label in host.split(".") if label]
        if not labels or host.lower() in NOT_NAMES or _address_key(host) is not None:
            return
        self.learn(labels[0], "host")
        for label in labels[1:]:
            self._know(label, "host")

    def hide(self, value: str, kind: Kind) -> str:
        """The placeholder of a value, whether it was known or not."""
        value = self._meant(value)
        self._know(value, kind)
        placeholder = self._numbered[self._kinds[value]](value)
        self._originals[placeholder] = value
        return placeholder

    def find(self, word: str) -> str | None:
        """The placeholder of a word of running text; None where it is no name."""
        if word not in self._words:
            word = word.lower() if word.lower() in self._words else ""
        return self.hide(word, "name") if word else None

    def begin_with(self, text: str) -> bool:
        """Whether some name in running text does: this may be what is left of one."""
        return len(text) > _LEAST_WORD and any(word.startswith(text) for word in self._words)

    def original(self, placeholder: re.Match[str]) -> str | None:
        """What it stands for; None for one that was never given out."""
        return self._originals.get(f"{placeholder[1].lower()}-{int(placeholder[2])}")

    def _know(self, value: str, kind: Kind) -> None:
        if value not in self._kinds:
            self._kinds[value] = kind
            self._spelt.setdefault(_key(value), value)

    def _meant(self, value: str) -> str:
        if value in self._kinds:
            return value
        return self._spelt.get(value) or self._spelt.get(_key(value), value)

    def _find(self, spelling: str, value: str) -> None:
        if WORD.fullmatch(spelling):
            self._words |= {spelling, spelling.lower()}
        else:
            self._special.add(spelling)
        self._spelt.setdefault(spelling.lower(), value)


def _is_word(value: str) -> bool:
    """Numbers and single letters stand for too much else."""
    has_letter = any(char.isalpha() for char in value)
    return has_letter and len(value) >= _LEAST_WORD and value.lower() not in ORDINARY


def _key(value: str) -> str:
    """The same for all ways in which people write one name or one address."""
    return _address_key(value) or value.lower()


def _address_key(value: str) -> str | None:
    try:
        return str(ip_address(value))
    except ValueError:
        return None
