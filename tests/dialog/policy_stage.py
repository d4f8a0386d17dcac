"""A desk under a policy: people of all kinds in channels and direct messages, and tools that see what a scope shows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TypedDict, Unpack

from bot.conversation.answering import Answering
from bot.conversation.loop import ToolLoop
from bot.conversation.manager import Manager, open_manager
from bot.conversation.parts import Parts
from bot.domain.audit import AuditEntry
from bot.domain.errors import PlatformError
from bot.domain.message import (
    Address,
    Addressee,
    Author,
    Button,
    Channel,
    Command,
    Message,
    MessageId,
    Notice,
    Press,
    Reply,
    ThreadKey,
)
from bot.domain.ports import ChatModel, Directory, EbpfSource, ToolHost
from bot.domain.query import Limits, Scope
from bot.domain.table import Table
from bot.llm.offline import Planner
from bot.policy.rules import DEFAULT, Policy, Rule
from bot.tools.direct import DirectHost
from bot.tools.registry import TOOLS
from tests.dialog.stage import Stage, question_of
from tests.fakes import NOW, FakeEbpf, ScriptedModel, connection

DANA = Author("U1", "dana")
ALI = Author("U2", "ali")
GUEST = Author("U3", "gil", "guest")
C1, C2 = "C1", "C2"
EVENTS = (connection("checkout", pid=1), connection("secretd", "10.9.9.9:22", pid=2), connection("curl", pid=3))
CHECKOUT = Scope(frozenset({Limits(processes=frozenset({"checkout*"}))}))
CURL = Scope(frozenset({Limits(processes=frozenset({"curl"}))}))


def policy(*rules: Rule, per_user: int | None = None, per_channel: int | None = None) -> Policy:
    return Policy(rules=rules, per_user=per_user, per_channel=per_channel)


EVERYBODY = Rule(name="everybody")
ONLY_CHECKOUT = policy(Rule(name="checkout", scope=CHECKOUT))


@dataclass
class Channels:
    """A `Directory`: who is in which channels with netspy."""

    of: dict[str, frozenset[str]] = field(default_factory=dict)
    error: PlatformError | None = None
    asked: int = 0
    hangs: bool = False

    async def channels(self, workspace: str, person: str) -> frozenset[str]:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.error:
            raise self.error
        return self.of.get(person, frozenset())


class Where(TypedDict, total=False):
    """What else `said` takes."""

    channel: str
    thread: str
    direct: bool
    addressee: Addressee
    command: Command | None


@dataclass
class PolicyStage(Stage):
    """`others` are tools in the place of netspy's own; `scopes` are those that a source was asked for."""

    model: ScriptedModel = field(default_factory=lambda: ScriptedModel([]))
    own: ChatModel = field(default_factory=Planner)
    policy: Policy = DEFAULT
    directory: Directory | None = None
    others: Callable[[Scope], ToolHost] | None = None
    audited: list[AuditEntry] = field(default_factory=list)
    now: datetime = NOW
    scopes: list[Scope] = field(default_factory=list)

    def note(self, entry: AuditEntry) -> None:
        self.audited.append(entry)

    def source(self, scope: Scope) -> EbpfSource:
        self.scopes.append(scope)
        return FakeEbpf([event for event in EVENTS if _sees(scope, event.process)])

    def tools(self, scope: Scope) -> ToolHost:
        return self.others(scope) if self.others else DirectHost(self.source(scope))

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Manager]:
        loop = ToolLoop(self.own, self.tools(Scope()))
        parts = Parts(
            store=self.store,
            leases=self.store,
            sources=self.source,
            answering=Answering(loop=loop, hosts=self.tools, planner=Planner(), tools=TOOLS, question_of=question_of),
            outlet=self.outlet,
            clock=lambda: self.now,
            turn_deadline_s=self.deadline_s,
            thread_replies=self.thread_replies,
            policy=lambda: self.policy,
            directory=lambda _: self.directory,
            audit=self,
        )
        async with open_manager(parts) as desk:
            yield desk

    async def say(self, desk: Manager, text: str, by: Author = DANA, **more: Unpack[Where]) -> Reply:
        message = said(text, by, **more)
        await desk.handle(message)
        return await self.reply_to(message.id)

    def last_turn(self) -> str:
        return list(self.store.turns.values())[-1].id


_numbers = iter(range(10**6))


def said(
    text: str,
    by: Author = DANA,
    *,
    channel: str = C1,
    thread: str = "1",
    direct: bool = False,
    addressee: Addressee = "netspy",
    command: Command | None = None,
) -> Message:
    chosen = MessageId(f"m{next(_numbers)}")
    key = ThreadKey("slack", "T1", channel, thread)
    message = Message(key, chosen, by, text, NOW, Address("slack", chosen), command, addressee)
    return replace(message, direct=direct)


def pressed(button: Button, by: Author = DANA, *, channel: str = C1) -> Press:
    return Press(button, MessageId(f"p{next(_numbers)}"), by, Channel("slack", "T1", channel))


def cells(reply: Reply) -> set[object]:
    """Everything that stands in its tables."""
    return {cell for block in reply.blocks if isinstance(block, Table) for row in block.rows for cell in row}


def told(reply: Reply) -> str:
    return " ".join(block.text for block in reply.blocks if isinstance(block, Notice))


def _sees(scope: Scope, process: str) -> bool:
    return scope.any_of is None or any(
        fnmatchcase(process, name) for limits in scope.any_of for name in limits.processes
    )
