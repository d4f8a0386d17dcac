"""One message of the loopback Discord, as a reader sees it. Knows neither the server nor how it is told as JSON."""

from dataclasses import dataclass, field
from typing import Any

from tests.loopback import discord_components as components
from tests.loopback import discord_embeds as embeds
from tests.loopback.discord_mentions import Mentions, links

DEFAULT, THREAD_CREATED, REPLY, SLASH, THREAD_STARTER, CONTEXT_MENU = 0, 18, 19, 20, 21, 23
"""https://docs.discord.com/developers/resources/message#message-object-message-types"""
SYSTEM = frozenset({THREAD_CREATED, THREAD_STARTER})
"""Kinds that nobody wrote."""


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a message shows."""

    id: str
    name: str
    content: bytes
    url: str
    description: str | None = None


@dataclass(slots=True, eq=False)
class Message:
    """`notified`: whom it could ever notify, and `mentions`: whom it mentions now; edits change the second.

    `ephemeral_to` is the one person who sees it. `reference` is the message that it answers, or points at.
    """

    id: str
    channel: str
    author: str
    content: str = ""
    kind: int = DEFAULT
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    reference: tuple[str, str] | None = None
    mentions: Mentions = field(default_factory=Mentions)
    notified: Mentions = field(default_factory=Mentions)
    stickers: list[str] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    flags: int = 0
    nonce: str | None = None
    edited: str | None = None
    ephemeral_to: str | None = None
    by_interaction: dict[str, Any] | None = None
    states: list[str] = field(default_factory=list)
    """Everything that it ever showed, in order."""

    @property
    def shown(self) -> str:
        """Everything that a reader sees: the text, embeds, buttons, names of files; one piece a line."""
        pieces = [self.content] if self.content else []
        for embed in self.embeds:
            pieces += embeds.words(embed)
        return "\n".join([*pieces, *components.words(self.components), *(one.name for one in self.attachments)])

    @property
    def pinged(self) -> set[str]:
        """Ids of users and roles, and `everyone`, `here`."""
        return {*self.notified.all}

    @property
    def links(self) -> set[str]:
        found = {*links(self.content)} | {one["url"] for one in self.buttons if one.get("url")}
        for embed in self.embeds:
            found |= {target for word in embeds.words(embed) for target in links(word)}
            found |= {embed["url"]} if embed.get("url") else set()
        return found

    @property
    def buttons(self) -> list[dict[str, Any]]:
        """Buttons and menus, in order."""
        return components.elements(self.components)

    def file(self, name: str) -> bytes:
        """What a file holds that it shows."""
        return next(one.content for one in self.attachments if one.name == name)
