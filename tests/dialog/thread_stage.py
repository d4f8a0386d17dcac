"""A desk over real tools and events, at a time that a test may move on: for what threads remember."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from bot.conversation.answering import Answering
from bot.conversation.loop import ToolLoop
from bot.conversation.manager import Manager, open_manager
from bot.conversation.parts import Parts
from bot.domain.message import Notice, Prose, Reply, TurnId
from bot.domain.network import Event
from bot.domain.ports import ChatModel, Files, ToolHost
from bot.domain.table import Table
from bot.domain.turn import Turn
from bot.ebpf.scoped import scoped
from bot.llm.offline import Planner
from bot.policy.rules import DEFAULT, Policy
from bot.storage import SqlThreadStore
from bot.tools.direct import DirectHost
from bot.tools.registry import TOOLS
from tests.dialog.stage import Stage, message_of, question_of
from tests.fakes import NOW, FakeEbpf, ScriptedModel, only_everything


@dataclass
class ThreadStage(Stage):
    """`own` answers in the place of the planner, `other` are tools in the place of netspy's, `stored` is a database."""

    model: ScriptedModel = field(default_factory=lambda: ScriptedModel([]))
    events: list[Event] = field(default_factory=list)
    own: ChatModel = field(default_factory=Planner)
    other: ToolHost | None = None
    files: Files | None = None
    now: datetime = NOW
    stored: SqlThreadStore | None = None
    retention_days: int | None = None
    policy: Policy = DEFAULT

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Manager]:
        source = FakeEbpf(self.events)
        host = self.other or DirectHost(source)
        answering = Answering(
            loop=ToolLoop(self.own, host),
            hosts=only_everything(host) if self.other else lambda scope: DirectHost(scoped(source, scope)),
            planner=Planner(),
            tools=TOOLS,
            question_of=question_of,
        )
        parts = Parts(
            store=self.stored or self.store,
            leases=self.stored.leases if self.stored else self.store,
            sources=partial(scoped, source),
            answering=answering,
            outlet=self.outlet,
            files=lambda _: self.files,
            clock=lambda: self.now,
            retention_days=self.retention_days,
            policy=lambda: self.policy,
        )
        async with open_manager(parts) as desk:
            yield desk

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def kept(self, number: int) -> Turn:
        """A turn of the thread as it is stored."""
        found = await self.store.numbered(message_of("").key, number)
        assert found is not None
        return found

    @property
    def first(self) -> TurnId:
        """The turn of the message `q`."""
        return self.turns["q"]


def prose(reply: Reply) -> str:
    return "\n\n".join(block.markdown for block in reply.blocks if isinstance(block, Prose))


def tables(reply: Reply) -> list[Table]:
    return [block for block in reply.blocks if isinstance(block, Table)]


def told(reply: Reply) -> str:
    """The only notice of an answer."""
    (notice,) = [block for block in reply.blocks if isinstance(block, Notice)]
    return notice.text


def column(table: Table, name: str) -> list[object]:
    place = [each.name for each in table.columns].index(name)
    return [row[place] for row in table.rows]
