"""The roles that the parts of netspy play for each other. Fakes of them are in `tests/fakes.py`."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, Self, runtime_checkable

from bot.domain.command_help import CommandHelp
from bot.domain.counters import CounterDeltas
from bot.domain.errors import NetspyError
from bot.domain.message import (
    Address,
    Author,
    Block,
    Channel,
    FileRef,
    Message,
    Press,
    Reply,
    Step,
    ThreadKey,
    TurnId,
)
from bot.domain.network import Window
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import SourceStatus
from bot.domain.turn import ModelEvent, ModelRequest, ToolCall, ToolResult, ToolSpec


@dataclass(frozen=True, slots=True)
class Check:
    """The state of one part, in one line; `remedy` says how to mend it, `finding` names the case for machines."""

    part: str
    state: Literal["ok", "warning", "fault"]
    detail: str
    remedy: str = ""
    finding: str = ""

    @classmethod
    def of(cls, part: str, error: NetspyError, state: Literal["warning", "fault"] = "fault") -> Self:
        """What an error says of a part."""
        return cls(part, state, f"{error.asked}: {error.got}", error.remedy, error.finding)


class EbpfSource(Protocol):
    """Where events come from. Raises `SourceError`; `CannotAnswer` when it lacks what the query needs."""

    async def events(self, query: EventQuery) -> Events: ...

    async def aggregate(self, query: Aggregate) -> Groups: ...

    async def sockets(self, query: SocketQuery) -> OpenSockets:
        """What is open at this moment."""
        ...

    async def counters(self, window: Window) -> CounterDeltas:
        """What was counted meanwhile, as far as it was sampled."""
        ...

    async def status(self) -> SourceStatus: ...

    async def check(self) -> Check:
        """The same in a line. It raises nothing: what is wrong is in it."""
        ...


class ToolHost(Protocol):
    """Runs tools by name. A tool that fails is a result with `failed`, never an exception.

    `now` is the end of every window that a call does not bound itself.
    """

    async def tools(self) -> tuple[ToolSpec, ...]: ...

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult: ...

    async def check(self) -> tuple[Check, ...]:
        """The state of each other server that it has tools from; netspy's own tools are always there."""
        ...


class Analyst(Protocol):
    """Answers a question by running data tools: what the two AI tools stand on."""

    async def analyze(self, call: ToolCall, question: str, *, now: datetime) -> ToolResult:
        """`call` is the AI tool's own, which the result answers: prose as summary, and the data tools' tables."""
        ...


class ChatModel(Protocol):
    """Answers one round: any number of `TextDelta` and `Delay`, then exactly one `Completion`. Raises `ModelError`."""

    @property
    def name(self) -> str: ...

    def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]: ...

    async def check(self) -> Check: ...


class Outlet(Protocol):
    """Where one turn's answer goes. Obeys its platform's limits by itself. Raises `PlatformError`.

    Everything given to `prose` and `show` stands again in `reply`, in the same order, but for results whose tables the
    answer cites: they stand before others. So what a platform cannot show early may wait for it.
    """

    async def step(self, step: Step) -> None: ...

    async def prose(self, delta: str) -> None:
        """More Markdown behind what was said last."""
        ...

    async def show(self, block: Block) -> None:
        """A block that is final already: a table as soon as its tool is done."""
        ...

    async def reply(self, reply: Reply) -> None:
        """The whole answer. Called last; and again, with the same reply, when it raised."""
        ...

    async def delivered(self) -> bool:
        """Whether the platform holds this turn's whole reply already: asked before a turn is taken up again."""
        ...


@runtime_checkable
class Directory(Protocol):
    """Who is where on one platform."""

    async def channels(self, workspace: str, person: str) -> frozenset[str]:
        """The ids of the channels of a workspace that both this person and netspy are in. Raises: PlatformError.

        Where the workspace is empty or names direct messages: of all workspaces.
        """
        ...


@dataclass(frozen=True, slots=True)
class Announced:
    """A message of netspy's own. `key` is the thread below it, `address` where answers stand in that thread."""

    key: ThreadKey
    address: Address


@runtime_checkable
class Announcer(Protocol):
    """Speaks on one platform without having been asked."""

    async def announce(self, channel: str, text: str) -> Announced:
        """Post a message in the channel with this id: Markdown that pings nobody, cut where the platform takes no more.

        What people say below it belongs to the same thread. Raises: PlatformError; Undeliverable where netspy can post
        nothing.
        """
        ...


@runtime_checkable
class Files(Protocol):
    """The files that people attach on one platform."""

    async def read(self, file: FileRef, *, max_bytes: int) -> bytes:
        """The content of a file. Raises: PlatformError; FileTooLarge beyond `max_bytes`.

        No more than that is ever read, whatever size the platform tells and however it is compressed on the way.
        """
        ...


class Desk(Protocol):
    """All that an adapter is ever given."""

    async def handle(self, message: Message) -> None:
        """Take a message. When this returns it is stored and may be acknowledged; the answer goes to its outlet.

        One that does not speak to netspy is only answered where that is no noise, else dropped.

        Raises: StorageError where other bots share the store and it does not answer (and the platform is adopted, or
        the message does not speak to netspy): leave it unacknowledged, so that it is delivered again. NotPermitted,
        for a message that speaks to netspy: nothing is stored; tell its author why, and nobody else.
        """
        ...

    async def act(self, press: Press) -> Reply:
        """Do at once what somebody wants of a turn. Returns what that person is shown, and nobody else."""
        ...

    async def adopt(self, platform: str) -> None:
        """From now on answer also what other processes leave unanswered on this platform."""
        ...

    async def resume(self, key: ThreadKey) -> Message | None:
        """Take up what a process that is gone left unanswered in this thread, which nobody else is in.

        Returns the first such message; its answer goes to its outlet.
        """
        ...

    async def commands(self) -> tuple[CommandHelp, ...]: ...

    async def complete(self, argument: str, prefix: str, *, by: Author, channel: Channel) -> tuple[str, ...]:
        """Values of a command's argument (such as process names seen lately) that begin with `prefix`.

        Only those that this person may see in this channel.
        """
        ...

    async def status(self, *, by: Author | None = None, channel: Channel | None = None) -> tuple[Check, ...]:
        """How all parts are; where a person and a channel are given, as far as that person may see it there.

        Raises: NotPermitted.
        """
        ...


class Adapter(Protocol):
    """One chat platform."""

    @property
    def name(self) -> str: ...

    async def run(self, desk: Desk) -> None: ...

    def outlet(self, turn: TurnId, address: Address) -> Outlet:
        """A place for one turn's answer; also for a turn that this process never saw begin.

        A turn that is taken up again gets another one, which replaces whatever the earlier one showed.
        """
        ...

    async def check(self) -> tuple[Check, ...]:
        """The state of everything that the platform needs: credentials, rights, how events arrive."""
        ...
