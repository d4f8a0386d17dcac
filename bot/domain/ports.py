"""The roles that the parts of netspy play for each other. Fakes of them are in `tests/fakes.py`."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NewType, Protocol, Self, TypeAlias, runtime_checkable

from bot.domain.audit import AuditEntry
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
    MessageId,
    Press,
    Reply,
    Step,
    ThreadKey,
    TurnId,
    Verdict,
)
from bot.domain.network import Window
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import SourceStatus
from bot.domain.turn import Memory, ModelEvent, ModelRequest, ToolCall, ToolResult, ToolSpec, Turn


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


WorkerId = NewType("WorkerId", str)
"""One running desk: a process has a new one each time."""
Begun: TypeAlias = Literal["repeated", "waiting", "owned"]
"""repeated: the message was stored before. waiting: another turn of the thread comes first. owned: work on it."""
Wish: TypeAlias = Literal["stop", "restart", "delete"]
"""What a person wants of a turn that runs somewhere."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A turn that a worker owns now.

    `attempt` counts from 1 the workers that began it, crashed ones included. `reply` is set when the turn has ended and
    its reply may or may not have been sent.
    """

    turn: Turn
    attempt: int = 1
    reply: Reply | None = None
    wish: Wish | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a thread that holds turns is to netspy.

    `ours`: its first message spoke to netspy and began it. `first_author` is the first person who asked there (empty:
    not known, or none yet, since an alert began it); `crowded`: other people asked there too. `quiet`: only mentions
    are answered there.
    """

    ours: bool
    first_author: str
    crowded: bool
    quiet: bool


@dataclass(frozen=True, slots=True)
class View:
    """`own`: the worker's open turns, each with its wish. `others`: the beats of those who own other open turns.

    `free`: whether some open turn has no owner.
    """

    own: Mapping[TurnId, Wish | None]
    others: Mapping[WorkerId, int]
    free: bool


class ThreadStore(Protocol):
    """Threads and their turns. It only ever adds: nothing that was said changes. Raises `StorageError`."""

    @property
    def shared(self) -> bool:
        """Whether bots on other machines may be given the same messages and answer from the same store."""
        ...

    async def begin(self, turn: Turn, *, worker: WorkerId) -> Begun:
        """Store a new turn, unless its thread has this message id already.

        The worker owns the turn at once when nothing before it in its thread is open.
        """
        ...

    async def keep(self, turn: TurnId, results: Sequence[ToolResult], *, first: int) -> None:
        """Store results of a turn at work; `first` is the place of the first of them within the turn."""
        ...

    async def finish(self, turn: Turn, reply: Reply, *, kept: int, worker: WorkerId) -> bool:
        """Store how a turn ended and what is about to be sent; its first `kept` results are stored already.

        False, with nothing stored, when the worker does not own the turn any more, or its restart is wished: then the
        worker must not answer.
        """
        ...

    async def close(self, turn: TurnId, *, worker: WorkerId) -> Claim | None:
        """Note that the reply stands on its platform (or never will), and take the thread's next turn."""
        ...

    async def history(self, key: ThreadKey, *, limit: int, whole: int, after: int = 0) -> tuple[Turn, ...]:
        """The newest `limit` turns before a thread's first open one, oldest first; the newest `whole` with tables.

        Only those whose number is larger than `after`. What a person took back is not among them.
        """
        ...

    async def numbered(self, key: ThreadKey, number: int) -> Turn | None:
        """The ended turn of a thread that has this number, with all that its tools brought."""
        ...

    async def memory(self, key: ThreadKey) -> Memory:
        """What is kept of a thread's older turns; an empty one where nothing was left out yet."""
        ...

    async def remember(self, key: ThreadKey, memory: Memory) -> None:
        """Keep this instead of what was kept before; nothing for a thread without turns."""
        ...

    async def forget(self, key: ThreadKey) -> int:
        """Delete a thread's closed turns and its memory for good. Returns how many turns they were."""
        ...

    async def expire(self, before: datetime) -> int:
        """Delete closed turns that began before this time, memories made of such, what was spent before that day, and
        what was audited before this time.

        Returns how many turns they were.
        """
        ...

    async def turn(self, turn: TurnId) -> Turn | None:
        """A turn with all that its tools brought."""
        ...

    async def rate(self, turn: TurnId, verdict: Verdict, *, by: str) -> None:
        """Store what the person with this id thinks of an answer, instead of what they thought before."""
        ...

    async def standing(self, key: ThreadKey) -> Standing | None:
        """None for a thread without turns."""
        ...

    async def hush(self, key: ThreadKey, *, quiet: bool) -> bool:
        """Answer only mentions in a thread from now on, or everything again. Returns whether that is a change."""
        ...

    async def nth_newest(
        self, nth: int, *, since: datetime, author: str = "", channel: Channel | None = None
    ) -> datetime | None:
        """When the turn began that is the `nth` newest of all since then; None where there are fewer.

        Of one person, as `author_of` writes it, or of one channel; over all replicas.
        """
        ...

    async def holds(self, key: ThreadKey, message: MessageId) -> bool:
        """Whether a thread has this message: delivered once more, it is nothing new."""
        ...

    async def check(self) -> Check: ...


class AuditStore(Protocol):
    """Where audit entries are kept, in the order in which they come. Raises `StorageError`."""

    async def record(self, entries: Sequence[AuditEntry]) -> None: ...


class Audit(Protocol):
    """Takes entries at once and writes them beside the work; it raises nothing."""

    def note(self, entry: AuditEntry) -> None: ...


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens of one day: of all people together, and of one of them."""

    of_all: int
    of_author: int


class Ledger(Protocol):
    """What language models have cost. `ThreadStore.finish` enters a turn's usage. Raises `StorageError`.

    What a thread cost stays entered when the thread is forgotten.
    """

    async def spent(self, day: date, author: str) -> Spent:
        """The tokens of the turns that ended on this day (in UTC); `author` as `author_of` writes it."""
        ...


class Leases(Protocol):
    """Who works on which turn, across processes. Raises `StorageError`.

    A worker owns turns as long as its beat goes on. Nobody compares clocks: who watches a beat that stands still
    decides by its own clock that the worker is gone.
    """

    async def beat(self, worker: WorkerId) -> None:
        """Raise the worker's beat by one."""
        ...

    async def look(self, worker: WorkerId, platforms: Collection[str]) -> View:
        """What goes on: the worker's own turns, and what others own or nobody does on these platforms."""
        ...

    async def claim(self, worker: WorkerId, platforms: Collection[str], *, limit: int) -> tuple[Claim, ...]:
        """Own turns on these platforms that nobody owns: the first open one of each thread, the oldest first."""
        ...

    async def waiting(self) -> int:
        """How many open turns nobody works on: most of them wait for those before them in their threads."""
        ...

    async def take_over(self, worker: WorkerId, key: ThreadKey) -> Claim | None:
        """Own the first open turn of a thread, whoever owned it: for callers who know that nobody works there."""
        ...

    async def bury(self, dead: WorkerId, *, beat: int) -> int:
        """Let a worker's turns go, unless it has beaten since `beat` (0: never). Returns how many they were."""
        ...

    async def release(self, worker: WorkerId) -> None:
        """Let the worker's turns go as if it had not begun them, and forget it."""
        ...

    async def hand_over(self, turn: TurnId, *, worker: WorkerId) -> None:
        """Let one of the worker's turns go, likewise."""
        ...

    async def wish(self, turn: TurnId, wish: Wish) -> Turn | None:
        """Tell whoever owns an open turn what the person wants now; None when the turn is not running any more."""
        ...

    async def edit(self, key: ThreadKey, message: MessageId, text: str) -> Turn | None:
        """Change the text of a message whose turn still runs, and wish its restart; None when it does not."""
        ...

    async def delete(self, key: ThreadKey, message: MessageId) -> Turn | None:
        """Wish that a message's turn is ended without an answer; None when it does not run any more.

        A turn that nobody works on yet is closed at once.
        """
        ...

    async def restart(self, turn: TurnId, *, worker: WorkerId) -> Claim | None:
        """The turn as it is now, its wish fulfilled; None when the worker does not own it any more."""
        ...


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
