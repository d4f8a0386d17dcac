"""One question and all that was done to answer it; and what a model is asked and says on the way."""

from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Literal, TypeAlias

from bot.domain.json_types import JsonObject
from bot.domain.message import Attachment, Message, ThreadKey, TurnId
from bot.domain.network import Coverage
from bot.domain.table import Series, Table

ATTACHED_FILE = "attached_file"
"""The name of a call that nobody makes: its result is what a file holds that the person attached."""
ABOUT_FILES = "What do the attached files tell?"
"""The question of a message that is files alone."""

Made: TypeAlias = frozenset[str] | None
"""What something rests on: the marks of all limits that were in force while it was made; None where there were none."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as discovery describes it. `parameters` is the JSON schema of its arguments, an object.

    `title` is what people read where that is not the name. `read_only`: calling it changes nothing, so that one answer
    may serve two callers. `server` is whose tool it is; empty for netspy's own. `uses` names the tools that it runs.
    """

    name: str
    description: str
    parameters: JsonObject
    title: str = ""
    read_only: bool = False
    server: str = ""
    uses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`id` is unique within its turn."""

    id: str
    name: str
    arguments: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call brought: a sentence, and tables and files that travel to the reply around the model.

    A failure is one too.
    """

    call: ToolCall
    summary: str
    tables: tuple[Table, ...] = ()
    coverage: Coverage | None = None
    failed: bool = False
    attachments: tuple[Attachment, ...] = ()
    charts: tuple[Series, ...] = ()
    """What is drawn beside the tables."""
    took_s: float | None = None
    """How long the call took; None where nobody measured it."""
    made: Made = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a command stands for: words for the model, and calls whose results it is given before it says anything."""

    text: str
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the model's server counted them."""

    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def total(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens)


TurnState: TypeAlias = Literal["running", "answered", "stopped", "failed", "deleted"]
"""running: waiting or at work. deleted: the person took the question back, so it is nobody's history."""


@dataclass(frozen=True, slots=True)
class Turn:
    """`started_at` is the "now" of every window in the turn."""

    id: TurnId
    message: Message
    started_at: datetime
    state: TurnState = "running"
    results: tuple[ToolResult, ...] = ()
    answer: str = ""
    """The prose that was shown, without tables."""
    number: int = field(default=0, compare=False)
    """Its place in its thread, from 1; numbers grow and may have gaps. Set by the store; 0 until it was read there."""
    model: str = ""
    """The model that answered; empty for a command that asked none."""
    usage: Usage = Usage()
    """All tokens of all its rounds."""
    made: Made = None
    """Also of an answer without results: what it says may come from earlier turns."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept of the turns of a thread that no longer fit into the model's window.

    `summary` tells of all turns up to the one numbered `upto`; `since` is when the first of them was asked.
    `told`: the person knows that something is left out. `made`: as of a turn.
    """

    summary: str = ""
    upto: int = 0
    since: datetime | None = None
    told: bool = False
    made: Made = None


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the model's prose, as it comes. `checked`: its figures come from the data, and nobody need look."""

    text: str
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Delay:
    """Why nothing is heard for a while: a model failed, and is asked again or another one is. `reason` is a clause."""

    reason: str


@dataclass(frozen=True, slots=True)
class Completion:
    """The end of one round: everything the model said in it.

    `carry` holds provider items that must be sent back unread in the turn's next round (encrypted reasoning).
    `notice` is for the person: why another model answered than the preferred one. `served_by` is what the server calls
    the model that answered, where it says so.
    """

    text: str
    calls: tuple[ToolCall, ...]
    model: str
    carry: tuple[JsonObject, ...] = ()
    usage: Usage | None = None
    notice: str = ""
    served_by: str = field(default="", compare=False)


ModelEvent: TypeAlias = TextDelta | Delay | Completion


@dataclass(frozen=True, slots=True)
class Round:
    """One round of a turn: what the model said, and the results of its calls, in call order."""

    completion: Completion
    results: tuple[ToolResult, ...]


Task: TypeAlias = Literal["answer", "summarise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """Everything that a model may know. No `tools`: it has to answer now.

    `deadline` is when the whole turn must have ended, in seconds of the event loop's clock, which no clock step moves.
    `summary` tells of the thread's turns before `history`. `images` (base64) belong to the question. `remark` is what
    netspy itself says behind the rounds. `author` is whoever asks, as `author_of` writes it.
    `models` names the language models that may be told this, with `*` and `?`; None: any.
    `seen` are the marks of what whoever asks may see.

    The task "summarise": the answer is a summary of `summary` and `history` in at most `max_characters`.
    """

    thread: ThreadKey
    instructions: str
    history: tuple[Turn, ...]
    question: str
    now: datetime
    rounds: tuple[Round, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    deadline: float = inf
    task: Task = "answer"
    max_characters: int = 2_400
    summary: str = ""
    images: tuple[Attachment, ...] = ()
    remark: str = ""
    author: str = ""
    models: tuple[str, ...] | None = None
    seen: Made = None


def author_of(message: Message) -> str:
    """Whoever asks, for budgets: the same person in all threads of a workspace."""
    return f"{message.key.platform}/{message.key.workspace}/{message.author.id}"
