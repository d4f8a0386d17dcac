"""What people say and what they read, in no platform's terms.

Adapters make `Message` and `Action` of their platform's events and render `Reply`; nothing else crosses.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NewType, TypeAlias

from bot.domain.json_types import Json
from bot.domain.network import Coverage
from bot.domain.table import Series, Table

MessageId = NewType("MessageId", str)
"""The platform's own id of a message: a message delivered twice has it twice."""
TurnId = NewType("TurnId", str)


@dataclass(frozen=True, slots=True)
class ThreadKey:
    """One conversation, and its storage key. Nobody branches on `platform`."""

    platform: str
    workspace: str
    channel: str
    thread: str

    def __str__(self) -> str:
        return f"{self.platform}/{self.workspace}/{self.channel}/{self.thread}"


@dataclass(frozen=True, slots=True)
class Channel:
    """Where people talk. `direct`: with netspy alone, so that no channel's members bound what may be seen."""

    platform: str
    workspace: str
    id: str
    direct: bool = False


PersonKind: TypeAlias = Literal["member", "guest", "outsider", "service"]
"""guest: invited to some channels of the workspace only. outsider: of another workspace, in a channel that both share.
service: no person, such as Alertmanager."""


@dataclass(frozen=True, slots=True)
class Author:
    """`groups` are the platform's ids of what the person belongs to there: user groups in Slack, roles in Discord."""

    id: str
    name: str
    kind: PersonKind = "member"
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes, in a form that can be stored: the adapter's name and what only it can read."""

    adapter: str
    target: str


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that a person attached. `id` is what their platform reads it by, such as a URL; it is read at work time.

    `size_bytes` (None: not told) and `media_type` are what the platform says of it, which need not be true.
    """

    id: str
    name: str
    size_bytes: int | None = None
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A tool call that a person made: no language model takes part."""

    tool: str
    arguments: Mapping[str, Json] = field(default_factory=dict)


Addressee: TypeAlias = Literal["netspy", "thread", "others"]
"""Whom a message speaks to: netspy (a mention, a direct message, a command), nobody by name, or people by name."""


@dataclass(frozen=True, slots=True)
class Message:
    """One human utterance, mention and markup removed.

    `command` is set where the platform gave structured options; commands in `text` are the manager's to parse.
    `opens`: the thread begins with it, so that netspy was asked for from the start.
    """

    key: ThreadKey
    id: MessageId
    author: Author
    text: str
    sent_at: datetime
    reply_to: Address
    command: Command | None = None
    addressee: Addressee = "netspy"
    opens: bool = False
    files: tuple[FileRef, ...] = ()
    direct: bool = False
    """In a conversation with netspy alone."""

    @property
    def channel(self) -> Channel:
        return Channel(self.key.platform, self.key.workspace, self.key.channel, self.direct)


@dataclass(frozen=True, slots=True)
class Prose:
    """Markdown as the model wrote it."""

    markdown: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of a table that stands beside it, never instead of it."""

    series: Series
    form: Literal["line", "bar"] = "line"


@dataclass(frozen=True, slots=True)
class Footer:
    """What the tables above it rest on: one quiet line."""

    coverage: Coverage


Level: TypeAlias = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Notice:
    """A short word from netspy itself about this answer."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file for the person who asked. `content` is its text, or the bytes of any other file in base64."""

    name: str
    content: str
    encoding: Literal["text", "base64"] = "text"

    @property
    def body(self) -> str | bytes:
        """What stands in the file. Raises: ValueError where that is no base64."""
        return self.content if self.encoding == "text" else b64decode(self.content, validate=True)


Block: TypeAlias = Prose | Table | Chart | Footer | Notice | Attachment


def add_prose(blocks: list[Block], delta: str) -> None:
    """Go on with the prose at the end of the blocks, or begin some there."""
    if blocks and isinstance(last := blocks[-1], Prose):
        blocks[-1] = Prose(last.markdown + delta)
    else:
        blocks.append(Prose(delta))


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; blocks stand in the order in which they came to be."""

    turn: TurnId
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """The progress of one piece of work inside a turn."""

    id: str
    title: str
    state: Literal["running", "done", "failed"]
    detail: str = ""


QUEUE_STEP = "queue"
"""The id of the step of a question that waits for the one before it: it is not at work yet."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End this turn now and say what was found so far."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class Again:
    """Run this turn's tool calls again and answer its question anew, as the thread's next turn."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class Diff:
    """Run this turn's tool calls again and show what has changed since, as the thread's next turn."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class Why:
    """Show what was asked of which tool for this turn, and what its answer rests on."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class Page:
    """Show the page with this number (from 1), of `size` rows each, of the table with this label ("T1")."""

    turn: TurnId
    table: str
    number: int
    size: int = 15


@dataclass(frozen=True, slots=True)
class Csv:
    """Give all rows of the table with this label as a file."""

    turn: TurnId
    table: str


Verdict: TypeAlias = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person thinks of an answer; the last word of each person counts."""

    turn: TurnId
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Edit:
    """The person changed a message's text. While it waits or is worked on, the new text is answered instead."""

    key: ThreadKey
    message: MessageId
    text: str


@dataclass(frozen=True, slots=True)
class Delete:
    """The person took a message back: nobody waits for its answer any more."""

    key: ThreadKey
    message: MessageId


Button: TypeAlias = Stop | Again | Diff | Why | Page | Csv | Feedback
"""What stands on buttons. They outlive restarts: everything they need is in the store."""
Action: TypeAlias = Button | Edit | Delete


@dataclass(frozen=True, slots=True)
class Press:
    """An action that somebody took. `id` is the platform's own of that event: one delivered twice has it twice.

    `channel` is where it was taken; None where the platform does not say.
    """

    action: Action
    id: MessageId
    by: Author
    channel: Channel | None = None
