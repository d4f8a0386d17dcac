"""What is sent to Slack, as values: messages of parts, and files. Pure.

A message has two forms: as it should look, and for where Slack refuses that. Rendering makes it, the outlet sends it.
"""

from dataclasses import dataclass
from typing import TypeAlias

from adapters.slack.limits import MAX_SECTION
from bot.domain.json_types import JsonObject


@dataclass(frozen=True, slots=True)
class Markdown:
    """Prose that is harmless already."""

    text: str

    @property
    def blocks(self) -> tuple[JsonObject, ...]:
        return ({"type": "markdown", "text": self.text},)

    @property
    def plain(self) -> tuple[JsonObject, ...]:
        return sections(self.text)


@dataclass(frozen=True, slots=True)
class Blocks:
    """What belongs together; `plain` is the same for when Slack refuses it."""

    blocks: tuple[JsonObject, ...]
    plain: tuple[JsonObject, ...]


Part: TypeAlias = Markdown | Blocks
NO_BUTTONS = Blocks((), ())


@dataclass(frozen=True, slots=True)
class Post:
    """One message. `text` is what notifications show; `buttons` stand below it when the answer is complete."""

    parts: tuple[Part, ...]
    text: str
    buttons: Blocks = NO_BUTTONS

    @property
    def blocks(self) -> tuple[JsonObject, ...]:
        return tuple(block for part in self.parts for block in part.blocks)

    @property
    def plain(self) -> tuple[JsonObject, ...]:
        """Nothing in it is newer than sections and contexts."""
        return tuple(block for part in self.parts for block in part.plain)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in the thread."""

    name: str
    title: str
    content: str | bytes


def sections(text: str) -> tuple[JsonObject, ...]:
    """Text in which nothing formats."""
    return tuple(
        {"type": "section", "text": {"type": "plain_text", "text": text[at : at + MAX_SECTION], "emoji": False}}
        for at in range(0, max(1, len(text)), MAX_SECTION)
    )
