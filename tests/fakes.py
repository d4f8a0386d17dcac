"""Stand-ins for the ports, honest enough to pass their contract tests. They fail on what a test did not foresee."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.conversation.forgetful import ForgetfulStore
from bot.domain.command_help import CommandHelp
from bot.domain.counters import CounterDeltas
from bot.domain.errors import NetspyError, NotPermitted, StorageError
from bot.domain.message import (
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
)
from bot.domain.network import EVENT_TYPES, Connection, Coverage, Drop, Endpoint, Event, Outcome, UnknownField, Window
from bot.domain.observing import Fact, Progress, Work
from bot.domain.ports import Check, ToolHost
from bot.domain.query import Aggregate, EventQuery, Events, Groups, Scope
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import KindStatus, SourceStatus
from bot.domain.table import Column, Table
from bot.domain.turn import Completion, ModelEvent, ModelRequest, TextDelta, ToolCall, ToolResult, ToolSpec, Turn
from bot.ebpf import evaluate
from bot.ebpf.matching import matches
from bot.ebpf.scopes import sees
from bot.ebpf.seen_sockets import ask_within

NOW = datetime(2026, 11, 23, 14, 7, tzinfo=UTC)


def connection(
    process: str = "curl",
    to: str = "10.2.0.14:5432",
    *,
    ago_s: float = 1.0,
    outcome: Outcome = Outcome.CONNECTED,
    errno: str | None = None,
    pid: int | None = 100,
    waited_us: float | None = 300.0,
) -> Connection:
    """A TCP attempt `ago_s` seconds before NOW; `to` is `host:port`, or empty for a local socket."""
    host, _, port = to.rpartition(":")
    endpoint = Endpoint(host.strip("[]"), int(port)) if to else Endpoint(path="/run/x.sock")
    return Connection(
        time=NOW - timedelta(seconds=ago_s),
        process=process,
        pid=pid,
        destination=endpoint,
        protocol="TCP" if to else "UNIX",
        outcome=outcome,
        errno=errno,
        waited_us=waited_us,
    )


def drop(
    process: str = "curl",
    reason: str | None = "NO_SOCKET",
    *,
    ago_s: float = 1.0,
    harmless: bool | None = False,
    pid: int | None = 100,
    location: str | None = "tcp_v4_rcv+0x1",
) -> Drop:
    return Drop(
        time=NOW - timedelta(seconds=ago_s),
        process=process,
        pid=pid,
        reason=reason,
        location=location,
        harmless=harmless,
        size_bytes=60,
    )


NO_SOCKETS = OpenSockets(time=NOW, sockets=(), left_out=0, namespaces=())
NO_COUNTERS = CounterDeltas(deltas=(), left_out=0)
QUIET = SourceStatus(source="fake", kind="live", since=NOW, programs=("connect",), kinds={"connection": KindStatus()})


@dataclass
class FakeEbpf:
    """An `EbpfSource` over events in memory. `error` makes every query raise; `unknown` is what it cannot know."""

    stored: Iterable[Event] = ()
    unknown: tuple[UnknownField, ...] = ()
    error: NetspyError | None = None
    queries: list[EventQuery | Aggregate] = field(default_factory=list)
    open: OpenSockets = NO_SOCKETS
    counted: CounterDeltas = NO_COUNTERS
    state: SourceStatus = QUIET
    machine_queries: list[SocketQuery | Window] = field(default_factory=list)

    async def events(self, query: EventQuery) -> Events:
        found, coverage = self._select(query)
        return Events(tuple(evaluate.newest(found)[: query.limit]), coverage)

    async def aggregate(self, query: Aggregate) -> Groups:
        found, coverage = self._select(query)
        groups = evaluate.aggregate(found, query)
        return Groups(groups[: query.top], len(groups), coverage)

    async def sockets(self, query: SocketQuery) -> OpenSockets:
        """Those that are open, in the states that are asked for."""
        return await ask_within(self._sockets, query)

    async def _sockets(self, query: SocketQuery) -> OpenSockets:
        self._ask(query)
        found = [each for each in self.open.sockets if each.state in query.states]
        cut = len(found) - len(found[: query.limit])
        return replace(self.open, sockets=tuple(found[: query.limit]), left_out=self.open.left_out + cut)

    async def counters(self, window: Window) -> CounterDeltas:
        self._ask(window)
        inside = (each for each in self.counted.deltas if each.since < window.until and each.until > window.since)
        return replace(self.counted, deltas=tuple(inside))

    async def status(self) -> SourceStatus:
        if self.error:
            raise self.error
        return self.state

    async def check(self) -> Check:
        return Check("source", "ok", "fake")

    def _ask(self, query: SocketQuery | Window) -> None:
        self.machine_queries.append(query)
        if self.error:
            raise self.error

    def _select(self, query: EventQuery | Aggregate) -> tuple[list[Event], Coverage]:
        self.queries.append(query)
        if self.error:
            raise self.error
        kind = EVENT_TYPES[query.kind]
        inside = [event for event in self.stored if isinstance(event, kind) and _inside(event, query.window)]
        seen = [event for event in inside if sees(event, query.filter.within)]
        found = [event for event in seen if matches(event, query.filter)]
        coverage = Coverage(
            source="fake",
            kind="live",
            window=query.window,
            seen=len(seen),
            matched=len(found),
            lost=0,
            nodes=("node-a",),
            unknown=self.unknown,
        )
        return found, coverage


def _inside(event: Event, window: Window) -> bool:
    return window.since <= event.time < window.until


def only_everything(host: ToolHost) -> Callable[[Scope], ToolHost]:
    """For desks without scopes: being asked for one is an error."""

    def hosts(scope: Scope) -> ToolHost:
        assert scope.is_everything, f"nothing is set up for {scope}"
        return host

    return hosts


@dataclass
class ScriptedModel:
    """A `ChatModel` that plays its script, one entry a round. A round beyond it fails; `done()` fails on one unused."""

    script: Sequence[Completion | Exception]
    name: str = "scripted"
    requests: list[ModelRequest] = field(default_factory=list)

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        self.requests.append(request)
        assert len(self.requests) <= len(self.script), f"asked once more than scripted: {request.question!r}"
        entry = self.script[len(self.requests) - 1]
        if isinstance(entry, Exception):
            raise entry
        for word in re.findall(r"\s*\S+", entry.text):
            yield TextDelta(word)
        yield entry

    async def check(self) -> Check:
        return Check("model", "ok", self.name)

    def done(self) -> None:
        unused = len(self.script) - len(self.requests)
        assert unused == 0, f"{unused} scripted rounds were never asked for"


@dataclass
class FakeHost:
    """A `ToolHost` whose tools answer with the results given here. `gates` hold a tool back until they are set."""

    results: dict[str, ToolResult] = field(default_factory=dict)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    calls: list[ToolCall] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    nows: set[datetime] = field(default_factory=set)
    checks: tuple[Check, ...] = ()

    async def tools(self) -> tuple[ToolSpec, ...]:
        return tuple(
            ToolSpec(name, name, {"type": "object", "properties": {}}, read_only=True) for name in self.results
        )

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        self.calls.append(call)
        self.nows.add(now)
        assert call.name in self.results, f"no result is scripted for {call.name}"
        if gate := self.gates.get(call.name):
            await gate.wait()
        self.ended.append(call.name)
        return replace(self.results[call.name], call=call)

    async def check(self) -> tuple[Check, ...]:
        return self.checks


def result(name: str, *, rows: int = 1, failed: bool = False) -> ToolResult:
    """A result with one table of `rows` rows (none: no table)."""
    cells = tuple((f"{name}-{number}", number) for number in range(rows))
    columns = (Column("process"), Column("attempts", "integer"))
    tables = (Table(f"Table of {name}", columns, cells, rows),) if rows else ()
    coverage = Coverage(source="fake", kind="live", window=Window.last(60, NOW), seen=rows, matched=rows, shown=rows)
    return ToolResult(ToolCall("", name), f"{rows} by {name}", tables, coverage, failed)


@dataclass
class RecordingOutlet:
    """An `Outlet` that keeps everything, and checks that the reply repeats what was shown."""

    steps: list[Step] = field(default_factory=list)
    shown: list[Block] = field(default_factory=list)
    said: str = ""
    replies: list[Reply] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def step(self, step: Step) -> None:
        self.steps.append(step)

    async def prose(self, delta: str) -> None:
        self.said += delta

    async def show(self, block: Block) -> None:
        self.shown.append(block)

    async def reply(self, reply: Reply) -> None:
        missing = [block for block in self.shown if block not in reply.blocks]
        assert not missing, f"shown, but not in the reply: {missing}"
        assert not self.replies, "a turn has one reply"
        self.replies.append(reply)
        self.done.set()

    async def delivered(self) -> bool:
        return bool(self.replies)


class MemoryStore(ForgetfulStore):
    """A `ThreadStore` without a disk, whose turns a test may look at."""

    def __init__(self) -> None:
        super().__init__(StorageError("nothing", "nothing"))

    @property
    def turns(self) -> dict[tuple[ThreadKey, MessageId], Turn]:
        return {place: self._entries[turn].turn for place, turn in self._messages.items()}

    async def check(self) -> Check:
        return Check("storage", "ok", "in memory")


@dataclass
class IdleDesk:
    """A `Desk` whose parts are as `parts` says, and which nobody should ask for anything else."""

    parts: tuple[Check, ...] = ()
    asked: int = 0

    async def handle(self, message: Message) -> None:
        raise AssertionError(f"nobody should say anything here: {message.text!r}")

    async def act(self, press: Press) -> Reply:
        raise AssertionError(f"nobody should press anything here: {press}")

    async def adopt(self, platform: str) -> None:
        raise AssertionError(f"nobody should adopt {platform}")

    async def resume(self, key: ThreadKey) -> Message | None:
        raise AssertionError(f"nobody should resume {key}")

    async def commands(self) -> tuple[CommandHelp, ...]:
        return ()

    async def complete(self, argument: str, prefix: str, *, by: Author, channel: Channel) -> tuple[str, ...]:
        return ()

    async def status(self, *, by: Author | None = None, channel: Channel | None = None) -> tuple[Check, ...]:
        self.asked += 1
        return self.parts


@dataclass
class NotingDesk(IdleDesk):
    """Notes what it is given, and knows `known`. Whoever presses something is shown `blocks`.

    `refusal`: why nobody may ask.
    """

    known: tuple[CommandHelp, ...] = ()
    blocks: tuple[Block, ...] = ()
    messages: list[Message] = field(default_factory=list)
    presses: list[Press] = field(default_factory=list)
    refusal: NotPermitted | None = None

    async def handle(self, message: Message) -> None:
        self.messages.append(message)
        if self.refusal:
            raise self.refusal

    async def act(self, press: Press) -> Reply:
        self.presses.append(press)
        return Reply(TurnId("t1"), self.blocks)

    async def adopt(self, platform: str) -> None:
        """There is nothing to take up."""

    async def commands(self) -> tuple[CommandHelp, ...]:
        return self.known


@dataclass
class HeldFiles:
    """`Files` in memory, by id. `limits` are those that it was asked with."""

    held: dict[str, bytes | NetspyError]
    limits: list[int] = field(default_factory=list)

    async def read(self, file: FileRef, *, max_bytes: int) -> bytes:
        self.limits.append(max_bytes)
        content = self.held[file.id]
        if isinstance(content, NetspyError):
            raise content
        assert len(content) <= max_bytes, "a reader never gives more than was asked for"
        return content


class RecordingObserver:
    """An `Observer` that keeps what it is told; `parent` is the span that it gives all work."""

    def __init__(self, parent: str = "") -> None:
        self.ended: list[tuple[Work, Progress]] = []
        self.facts: list[Fact] = []
        self._parent = parent

    @contextmanager
    def work(self, work: Work, progress: Progress) -> Iterator[None]:
        progress.parent = self._parent
        try:
            yield
        finally:
            self.ended.append((work, progress))

    def note(self, fact: Fact) -> None:
        self.facts.append(fact)
