"""What the layers tell of their work, for metrics and traces: the port `Observer`, and one that nobody listens to.

It holds names and numbers only: nothing that people or tools said.
"""

from asyncio import CancelledError
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from bot.domain.correlation import within
from bot.domain.message import ThreadKey, TurnId
from bot.domain.turn import Usage


@dataclass(frozen=True, slots=True)
class TurnWork:
    """One try to answer a turn, until the answer was sent. Its outcome is the turn's state, or why it was given up."""

    turn: TurnId
    thread: ThreadKey


@dataclass(frozen=True, slots=True)
class ToolWork:
    """A call of a tool. `name` is empty for one that does not exist, `server` for netspy's own."""

    call: str
    name: str
    server: str = ""


@dataclass(frozen=True, slots=True)
class ModelWork:
    """One request to a model: its name here, its server's name for it, who made its API, and where it is.

    `host` is empty for the planner, which is nowhere else.
    """

    model: str
    requested: str
    provider: str
    host: str = ""
    port: int | None = None


@dataclass(frozen=True, slots=True)
class RequestWork:
    """One HTTP request to a source of events."""

    method: str
    host: str
    port: int | None = None


Work: TypeAlias = TurnWork | ToolWork | ModelWork | RequestWork


@dataclass(slots=True)
class Progress:
    """How a piece of work goes: filled in by whoever does it, and read by observers when it has ended.

    `outcome` is "ok" or one word of few; `error` the class of what was raised. `first_s` is when a model said its first
    word, `model` what its server calls the one that answered. `parent` is set by an observer when the work begins: a
    traceparent for what is done inside.
    """

    outcome: str = "ok"
    error: str = ""
    usage: Usage | None = None
    model: str = ""
    first_s: float | None = None
    status: int | None = None
    parent: str = ""


@dataclass(frozen=True, slots=True)
class FellBack:
    """A model failed for good in a turn, and the next one answers."""

    model: str


@dataclass(frozen=True, slots=True)
class BreakerTurned:
    """A model is left alone from now on (`is_open`), or is asked again."""

    model: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class AdapterFailed:
    """An adapter ended, and begins again."""

    platform: str


@dataclass(frozen=True, slots=True)
class PlatformFailed:
    """A chat platform did not take something (failed), or never will (undeliverable)."""

    platform: str
    kind: Literal["failed", "undeliverable"]


@dataclass(frozen=True, slots=True)
class Refused:
    """A question was refused; `reason` is one word of few."""

    reason: str


@dataclass(frozen=True, slots=True)
class AlertTaken:
    """An alert came; `outcome` is one word of few."""

    outcome: str


Fact: TypeAlias = FellBack | BreakerTurned | AdapterFailed | PlatformFailed | Refused | AlertTaken


class Observer(Protocol):
    """Never raises, never waits, and never changes what is done."""

    def work(self, work: Work, progress: Progress) -> AbstractContextManager[None]:
        """Entered when the work begins, left when it has ended; `progress` is whole by then."""
        ...

    def note(self, fact: Fact) -> None: ...


class Observers:
    """All of these as one; of none it is one that nobody listens to."""

    def __init__(self, members: Sequence[Observer] = ()) -> None:
        self._members = tuple(members)

    @contextmanager
    def work(self, work: Work, progress: Progress) -> Iterator[None]:
        with ExitStack() as stack:
            for member in self._members:
                stack.enter_context(member.work(work, progress))
            yield

    def note(self, fact: Fact) -> None:
        for member in self._members:
            member.note(fact)


UNOBSERVED: Observer = Observers()


@contextmanager
def observed(observer: Observer, work: Work) -> Iterator[Progress]:
    """Tell of the work that is done inside this block. For generators, whose blocks stay open meanwhile: `told`."""
    with told(observer, work) as progress, within(progress.parent):
        yield progress


@contextmanager
def told(observer: Observer, work: Work) -> Iterator[Progress]:
    """The same, but what is done inside does not belong to it by itself."""
    progress = Progress()
    with observer.work(work, progress):
        try:
            yield progress
        except (CancelledError, GeneratorExit):
            progress.outcome = "cancelled"
            raise
        except BaseException as error:
            progress.outcome, progress.error = "failed", type(error).__name__
            raise
