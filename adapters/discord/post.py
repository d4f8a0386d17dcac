"""What is sent to Discord, as values. Pure: rendering makes them, the client sends them."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Style: TypeAlias = Literal["primary", "secondary", "success", "danger"]
"""https://discord.com/developers/docs/components/reference#button-button-styles"""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file below a message."""

    name: str
    content: str | bytes

    @property
    def data(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content.encode(errors="replace")


@dataclass(frozen=True, slots=True)
class ButtonSpec:
    """`custom_id` is what `bot.codec.decode_action` reads."""

    label: str
    custom_id: str
    style: Style = "secondary"


@dataclass(frozen=True, slots=True)
class Post:
    """One message: harmless Markdown, files, and rows of buttons. Either content or a file is there."""

    content: str
    files: tuple[Upload, ...] = ()
    buttons: tuple[tuple[ButtonSpec, ...], ...] = ()
