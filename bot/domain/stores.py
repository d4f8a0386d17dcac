"""What is kept, and by whom it is worked on: threads and their turns, leases, what was spent, the audit.

Each is a role; `bot/storage` plays them over SQL, `bot/conversation/forgetful.py` in memory.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NewType, Protocol, TypeAlias

from bot.domain.audit import AuditEntry
from bot.domain.message import (
    Channel,
    MessageId,
    Reply,
    ThreadKey,
    TurnId,
    Verdict,
)
from bot.domain.ports import Check
from bot.domain.turn import Memory, ToolResult, Turn

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
