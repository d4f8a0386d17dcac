"""The roles that the parts of netspy play for each other. Fakes of them are in `tests/fakes.py`."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.domain.message import Action, Address, Block, Message, Reply, Step, ThreadKey, TurnId
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.domain.turn import ModelEvent, ModelRequest, ToolCall, ToolResult, ToolSpec, Turn


@dataclass(frozen=True, slots=True)
class Check:
    """The state of one part, in one line; `remedy` says how to mend it."""

    part: str
    state: Literal["ok", "warning", "fault"]
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class FlagHelp:
    """`written` is the flag with its value's name (`--pid PID`); `argument` is what `Desk.complete` calls it."""

    written: str
    meaning: str
    argument: str


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """One command as help shows it."""

    name: str
    usage: str
    summary: str
    flags: tuple[FlagHelp, ...] = ()


class EbpfSource(Protocol):
    """Where events come from. Raises `SourceError`; `CannotAnswer` when it lacks what the query needs."""

    async def events(self, query: EventQuery) -> Events: ...

    async def aggregate(self, query: Aggregate) -> Groups: ...

    async def check(self) -> Check: ...


class ToolHost(Protocol):
    """Runs tools by name. A tool that fails is a result with `failed`, never an exception.

    `now` is the end of every window that a call does not bound itself.
    """

    async def tools(self) -> tuple[ToolSpec, ...]: ...

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult: ...


class Analyst(Protocol):
    """Answers a question by running data tools: what the two AI tools stand on."""

    async def analyze(self, call: ToolCall, question: str, *, now: datetime) -> ToolResult:
        """`call` is the AI tool's own, which the result answers: prose as summary, and the data tools' tables."""
        ...


class ChatModel(Protocol):
    """Answers one round: any number of `TextDelta`, then exactly one `Completion`. Raises `ModelError`."""

    @property
    def name(self) -> str: ...

    def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]: ...

    async def check(self) -> Check: ...


class ThreadStore(Protocol):
    """Threads and their turns. Raises `StorageError`."""

    async def begin(self, turn: Turn) -> bool:
        """Store a new turn; False, with nothing stored, when its thread already has this message id."""
        ...

    async def finish(self, turn: Turn) -> None:
        """Store a turn's end: state, results and answer."""
        ...

    async def history(self, key: ThreadKey, *, limit: int) -> tuple[Turn, ...]:
        """The newest `limit` turns of a thread that have ended, oldest first."""
        ...

    async def check(self) -> Check: ...


class Outlet(Protocol):
    """Where one turn's answer goes. Obeys its platform's limits by itself.

    Everything given to `prose` and `show` stands again in `reply`, in the same order, so what a platform cannot show
    early may wait for it.
    """

    async def step(self, step: Step) -> None: ...

    async def prose(self, delta: str) -> None:
        """More Markdown behind what was said last."""
        ...

    async def show(self, block: Block) -> None:
        """A block that is final already: a table as soon as its tool is done."""
        ...

    async def reply(self, reply: Reply) -> None:
        """The whole answer. Called once, last."""
        ...


class Desk(Protocol):
    """All that an adapter is ever given."""

    async def handle(self, message: Message) -> None:
        """Take a message. When this returns it is stored and may be acknowledged; the answer goes to its outlet."""
        ...

    async def act(self, action: Action) -> None: ...

    async def commands(self) -> tuple[CommandHelp, ...]: ...

    async def complete(self, argument: str, prefix: str) -> tuple[str, ...]:
        """Values of a command's argument (such as process names seen lately) that begin with `prefix`."""
        ...

    async def status(self) -> tuple[Check, ...]: ...


class Adapter(Protocol):
    """One chat platform."""

    @property
    def name(self) -> str: ...

    async def run(self, desk: Desk) -> None: ...

    def outlet(self, turn: TurnId, address: Address) -> Outlet:
        """A place for one turn's answer; also for a turn that this process never saw begin."""
        ...

    async def check(self) -> Check: ...
