"""netspy as `bot/app.py` wires it, over a network with marked secrets: one channel is scoped, one sees everything."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from bot.app import open_answering, open_desk
from bot.conversation.manager import Manager
from bot.domain.errors import NotPermitted
from bot.domain.message import (
    Address,
    Author,
    Button,
    Channel,
    Command,
    Message,
    MessageId,
    Press,
    ThreadKey,
    TurnId,
)
from bot.domain.observing import UNOBSERVED, Observer
from bot.domain.ports import ChatModel, Check, Outlet, ToolHost
from bot.domain.turn import Completion, ModelEvent, ModelRequest, TextDelta, ToolCall, ToolResult, ToolSpec
from bot.llm.masking.vocabulary import KINDS
from bot.policy_book import PolicyBook
from bot.settings import Settings
from bot.ways import Ways
from tests.dialog.policy_stage import Channels
from tests.fakes import FakeEbpf, MemoryStore, RecordingOutlet
from tests.fakes import result as result_of

SCOPED, OPEN, LATER = "C0SCOPED", "C0OPEN", "C0LATER"
DANA = Author("U0DANA", "dana")
CALL = "call "
SPELL = "spell"
PLACEHOLDERS = " ".join(f"{kind}-{number}" for kind in KINDS for number in range(1, 20))
POLICY = """
[[rules]]
name = "scoped"
channels = {channels}
[rules.scope]
{scope}
[[rules]]
name = "the rest"
"""


@dataclass
class Obedient:
    """A `ChatModel` that makes the calls in a question (`call NAME JSON`, several by ` ; `), and tells all it reads.

    Asked to `spell`, it writes all placeholders that may stand for a name.
    """

    requests: list[str] = field(default_factory=list)
    name: str = "obedient"

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        self.requests.append(repr((request.history, request.summary, request.rounds, request.question)))
        wanted = request.question.removeprefix(CALL) if request.question.startswith(CALL) else ""
        if request.question == SPELL:
            yield TextDelta(PLACEHOLDERS)
            yield Completion(PLACEHOLDERS, (), self.name)
            return
        if wanted and not request.rounds and request.tools:
            yield Completion("", tuple(map(_call, enumerate(wanted.split(" ; ")))), self.name)
            return
        said = "\n".join(result.summary for past in request.rounds for result in past.results) or "Nothing."
        yield TextDelta(said)
        yield Completion(said, (), self.name)

    async def check(self) -> Check:
        return Check("model", "ok", "obedient")


def _call(wanted: tuple[int, str]) -> ToolCall:
    name, _, arguments = wanted[1].partition(" ")
    return ToolCall(f"c{wanted[0]}", name, json.loads(arguments or "{}"))


@dataclass(frozen=True, slots=True)
class WithForeign:
    """`host`'s tools, and one of another server, whose rows nobody can bound."""

    host: ToolHost

    async def tools(self) -> tuple[ToolSpec, ...]:
        foreign = ToolSpec("db__query", "asks a database", {"type": "object"}, read_only=True, server="db")
        return (*await self.host.tools(), foreign)

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        if call.name != "db__query":
            return await self.host.call(call, now=now)
        return replace(result_of("zzforeign", rows=3), call=call)

    async def check(self) -> tuple[Check, ...]:
        return await self.host.check()


@dataclass
class Attacked:
    """`shown` collects all that people were shown since it was emptied."""

    desk: Manager
    model: Obedient
    store: MemoryStore
    book: PolicyBook
    policy: Path
    outlets: dict[TurnId, RecordingOutlet]
    directory: Channels

    async def say(
        self, channel: str, text: str = "", command: Command | None = None, *, thread: str = "", direct: bool = False
    ) -> tuple[str, TurnId]:
        """What the answer shows, and its turn."""
        key = ThreadKey("slack", "T0", channel, thread or uuid4().hex)
        id_ = MessageId(uuid4().hex)
        message = Message(key, id_, DANA, text, datetime.now(UTC), Address("slack", id_), command, direct=direct)
        try:
            await self.desk.handle(message)
        except NotPermitted as error:
            return str(error), TurnId("")
        turn = next(turn.id for turn in self.store.turns.values() if turn.message.id == id_)
        outlet = self.outlets.setdefault(turn, RecordingOutlet())
        await asyncio.wait_for(outlet.done.wait(), 20)
        return repr((outlet.replies, outlet.steps, outlet.said, outlet.shown)), turn

    async def press(self, button: Button, *, channel: str) -> str:
        press = Press(button, MessageId(uuid4().hex), DANA, Channel("slack", "T0", channel))
        before = self.turns
        try:
            told = repr(await self.desk.act(press))
        except NotPermitted as error:
            return str(error)
        return told + await self.answers_since(before)

    @property
    def turns(self) -> frozenset[TurnId]:
        return frozenset(turn.id for turn in self.store.turns.values())

    async def answers_since(self, before: frozenset[TurnId]) -> str:
        """What is answered to all that was asked meanwhile."""
        told = ""
        for turn in self.turns - before:
            outlet = self.outlets.setdefault(turn, RecordingOutlet())
            await asyncio.wait_for(outlet.done.wait(), 20)
            told += repr(outlet.replies)
        return told

    def scope(self, *channels: str, scope: str) -> None:
        """Another policy from now on."""
        self.policy.write_text(POLICY.format(channels=json.dumps(channels), scope=scope))
        assert self.book.reload()


@asynccontextmanager
async def attacked(
    folder: Path,
    source: FakeEbpf,
    *,
    scope: str,
    told: Callable[[ChatModel], ChatModel] = lambda model: model,
    observer: Observer = UNOBSERVED,
) -> AsyncGenerator[Attacked, None]:
    """`told` is what stands between netspy and the model."""
    policy = folder / "policy.toml"
    policy.write_text(POLICY.format(channels=json.dumps([SCOPED]), scope=scope))
    off: dict[str, Any] = {"OPENAI_API_KEY": None, "OPENAI_BASE_URL": None, "NETSPY_MCP_CONFIG": None}
    settings = Settings.model_validate({**off, "NETSPY_WORKFLOWS": None, "NETSPY_AUDIT_FILE": None})
    outlets: dict[TurnId, RecordingOutlet] = {}
    directory = Channels({DANA.id: frozenset({SCOPED})})
    model, store, book = Obedient(), MemoryStore(), PolicyBook(policy)

    def outlet(turn: TurnId, address: Address) -> Outlet:
        return outlets.setdefault(turn, RecordingOutlet())

    ways = Ways(outlet, directory=lambda _: directory)
    async with open_answering(settings, source, observer) as opened:
        hosts = opened.hosts
        answering = replace(
            opened,
            loop=replace(opened.loop, model=told(model), host=WithForeign(opened.loop.host)),
            hosts=lambda scope: WithForeign(hosts(scope)),
        )
        async with open_desk(settings, source, answering, ways, store=store, policy=book) as desk:
            yield Attacked(desk, model, store, book, policy, outlets, directory)
