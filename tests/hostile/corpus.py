"""Strings that somebody may put where netspy reads: each with its kind, and why it is here. Data, and nothing else.

`CORPUS` is what the tests of this folder send through everything that shows, stores, logs or tells text.
"""

from dataclasses import dataclass

from tests.hostile import texts_of_chats, texts_of_machines, texts_of_people


@dataclass(frozen=True, slots=True)
class Hostile:
    kind: str
    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text[:60]!a} ({self.why})"


CORPUS = tuple(
    Hostile(kind, text, why)
    for texts in (texts_of_chats.TEXTS, texts_of_machines.TEXTS, texts_of_people.TEXTS)
    for kind, group in texts.items()
    for text, why in group.items()
)
SHORT = tuple(each for each in CORPUS if len(each.text) <= 200)
"""Those with which an answer is no longer than with a harmless text."""
HARMLESS = "plain-name"
"""What every one of them is compared with."""
