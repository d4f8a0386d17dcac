"""A desk with a scripted model and tools that wait when a test says so, and everything that a test looks at."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from bot.conversation.answering import Answering
from bot.conversation.loop import ToolLoop
from bot.conversation.manager import Manager, open_manager
from bot.conversation.manners import ThreadReplies
from bot.conversation.parts import Parts
from bot.domain.errors import StorageError
from bot.domain.message import (
    Action,
    Address,
    Addressee,
    Author,
    Command,
    Message,
    MessageId,
    Notice,
    Press,
    Reply,
    ThreadKey,
    TurnId,
)
from bot.domain.observing import UNOBSERVED, Observer
from bot.domain.stores import Begun, WorkerId
from bot.domain.turn import Completion, Question, ToolCall, ToolResult, Turn
from bot.ebpf.scoped import scoped
from bot.llm.offline import Planner
from bot.tools.registry import TOOLS
from tests.fakes import (
    NOW,
    FakeEbpf,
    FakeHost,
    MemoryStore,
    RecordingOutlet,
    ScriptedModel,
    connection,
    only_everything,
    result,
)


@dataclass
class Stage:
    """A desk with everything a test wants to look at."""

    model: ScriptedModel
    host: FakeHost = field(default_factory=lambda: FakeHost({"list_connections": result("list_connections")}))
    store: MemoryStore = field(default_factory=MemoryStore)
    outlets: dict[str, RecordingOutlet] = field(default_factory=dict)
    turns: dict[str, TurnId] = field(default_factory=dict)
    deadline_s: float = 60.0
    lease_s: float = 10.0
    thread_replies: ThreadReplies = "auto"
    observer: Observer = UNOBSERVED
    clock: Callable[[], datetime] = lambda: NOW

    def outlet(self, turn: TurnId, address: Address) -> RecordingOutlet:
        """Named after the message; a second turn with the same address gets a stroke behind its name."""
        first = self.turns.setdefault(address.target, turn)
        outlet = self.outlets.setdefault(address.target + ("" if first == turn else "'"), RecordingOutlet())
        outlet.shown.clear()
        outlet.said = ""
        return outlet

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Manager]:
        source = FakeEbpf([connection("curl"), connection("nginx"), connection("cupsd")])
        answering = Answering(
            planner=Planner(),
            loop=ToolLoop(self.model, self.host),
            hosts=only_everything(self.host),
            tools=TOOLS,
            question_of=question_of,
            observer=self.observer,
        )
        parts = Parts(
            store=self.store,
            leases=self.store,
            sources=partial(scoped, source),
            answering=answering,
            outlet=self.outlet,
            clock=self.clock,
            turn_deadline_s=self.deadline_s,
            lease_s=self.lease_s,
            thread_replies=self.thread_replies,
        )
        async with open_manager(parts) as desk:
            yield desk

    async def ask(self, desk: Manager, text: str, **more: Any) -> Reply:
        message = message_of(text, **more)
        await desk.handle(message)
        return await self.reply_to(message.id)

    async def reply_to(self, message_id: str) -> Reply:
        outlet = self.outlets.setdefault(message_id, RecordingOutlet())
        await asyncio.wait_for(outlet.done.wait(), 10)
        return outlet.replies[0]


def question_of(command: Command) -> Question | None:
    return Question(str(command.arguments["query"])) if "query" in command.arguments else None


_numbers = iter(range(10**6))


def message_of(
    text: str,
    *,
    thread: str = "1",
    message_id: str | None = None,
    command: Command | None = None,
    by: str = "dana",
    addressee: Addressee = "netspy",
    opens: bool = False,
) -> Message:
    chosen = MessageId(message_id or f"m{next(_numbers)}")
    key = ThreadKey("test", "w", "c", thread)
    return Message(
        key, chosen, Author(f"id of {by}", by), text, NOW, Address("test", chosen), command, addressee, opens
    )


def press(action: Action) -> Press:
    return Press(action, MessageId(f"p{next(_numbers)}"), Author("u", "dana"))


def says(text: str, *calls: str) -> Completion:
    return Completion(text, tuple(ToolCall(f"id{number}", name) for number, name in enumerate(calls)), "scripted")


def notices(reply: Reply) -> list[Notice]:
    return [block for block in reply.blocks if isinstance(block, Notice)]


GONE = WorkerId("a process that was killed")


def stuck(*quick: str) -> FakeHost:
    """A host whose tool `stuck` never answers."""
    return FakeHost({name: result(name) for name in (*quick, "stuck")}, gates={"stuck": asyncio.Event()})


async def called(host: FakeHost, times: int) -> None:
    while len(host.calls) < times:
        await asyncio.sleep(0)


def turn_of(message: Message) -> Turn:
    return Turn(TurnId(f"turn of {message.id}"), message, NOW)


async def left_behind(store: MemoryStore, text: str, *, attempts: int = 1) -> Message:
    """A turn that as many processes died of."""
    message = message_of(text)
    await store.begin(turn_of(message), worker=GONE)
    for _ in range(attempts - 1):
        await store.take_over(GONE, message.key)
    return message


class Away(MemoryStore):
    """A store that takes nothing while `error` is set. `among`: the methods that fail then."""

    error: StorageError | None = None
    shares = False
    among: frozenset[str] = frozenset({"begin", "keep", "finish", "history"})

    @property
    def shared(self) -> bool:
        return self.shares

    async def begin(self, turn: Turn, *, worker: WorkerId) -> Begun:
        self._fail("begin")
        return await super().begin(turn, worker=worker)

    async def finish(self, turn: Turn, reply: Reply, *, kept: int, worker: WorkerId) -> bool:
        self._fail("finish")
        return await super().finish(turn, reply, kept=kept, worker=worker)

    async def keep(self, turn: TurnId, results: Sequence[ToolResult], *, first: int) -> None:
        self._fail("keep")
        await super().keep(turn, results, first=first)

    async def history(self, key: ThreadKey, *, limit: int, whole: int, after: int = 0) -> tuple[Turn, ...]:
        self._fail("history")
        return await super().history(key, limit=limit, whole=whole, after=after)

    def _fail(self, method: str) -> None:
        if self.error and method in self.among:
            raise self.error


async def some_looks() -> None:
    for _ in range(100):
        await asyncio.sleep(0)
