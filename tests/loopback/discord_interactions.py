"""One interaction: what a person started, and how the app acknowledged it. A value; the rules are elsewhere.

https://docs.discord.com/developers/interactions/receiving-and-responding
"""

import asyncio
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from tests.loopback.discord_message import Message

TOKEN_TTL_S = 15 * 60.0
ACK_LIMIT_S = 3.0
"""https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-callback"""


class Kind(IntEnum):
    COMMAND = 2
    COMPONENT = 3
    COMPLETION = 4
    SUBMISSION = 5


class Ack(IntEnum):
    """Kinds of answers. NONE: there is none yet."""

    NONE = 0
    MESSAGE = 4
    DEFERRED = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(slots=True, eq=False)
class Interaction:
    """`acked`: the kind of the app's answer. `error`: what the person sees instead of one.

    `message`: what the app answered with, or the message of the button. `followups`: what it added.
    """

    id: str
    token: str
    kind: Kind
    user: str
    channel: str
    data: dict[str, Any]
    born_s: float
    source: Message | None = None
    acked: Ack = Ack.NONE
    acked_after_s: float | None = None
    ephemeral: bool = False
    message: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[dict[str, Any]] = field(default_factory=list)
    modal: dict[str, Any] | None = None
    error: str = ""
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def messages(self) -> list[Message]:
        """All that the app said in answer, in order."""
        return [*([self.message] if self.message else ()), *self.followups]

    @property
    def shown(self) -> str:
        """What the person sees of it, one message after the other."""
        return "\n".join(one.shown for one in self.messages)
