"""Many conversations at once, and long ones: what the engine itself costs beside a model that takes its time."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from bot.conversation.answering import Answering
from bot.conversation.loop import ToolLoop
from bot.conversation.manager import Manager, open_manager
from bot.conversation.parts import Parts
from bot.domain.message import Address, Author, Message, MessageId, Reply, ThreadKey, TurnId
from bot.domain.ports import Check
from bot.domain.stores import WorkerId
from bot.domain.turn import Completion, ModelEvent, ModelRequest, TextDelta, ToolCall, Turn
from bot.ebpf.scoped import scoped
from bot.llm.offline import Planner
from bot.storage import SqlThreadStore, open_store
from bot.tools.direct import DirectHost
from bot.tools.insights import question_of
from bot.tools.registry import TOOLS
from tests.bench.pairs import measure_async
from tests.fakes import NOW, FakeEbpf, RecordingOutlet, connection, only_everything

THREADS = 500
MODEL_S = 1.0
SHORT, LONG = 10, 1000
SOURCE = FakeEbpf([connection(f"p{number}", ago_s=number / 10) for number in range(20)])


@dataclass
class SlowModel:
    """Asks for one tool, takes `takes_s` and answers."""

    takes_s: float
    name: str = "slow"

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        if not request.rounds:
            yield Completion("", (ToolCall("1", "list_connections", {"max_events": 20}),), self.name)
            return
        await asyncio.sleep(self.takes_s)
        yield TextDelta("Twenty.")
        yield Completion("Twenty.", (), self.name)

    async def check(self) -> Check:
        return Check("model", "ok", self.name)


@dataclass
class Crowd:
    """Outlets by message, and when each was done."""

    outlets: dict[str, RecordingOutlet] = field(default_factory=dict)

    def outlet(self, _: TurnId, address: Address) -> RecordingOutlet:
        return self.outlets[address.target]

    async def ask(self, desk: Manager, thread: str) -> float:
        """Seconds from the message to its reply."""
        message = question(thread)
        outlet = self.outlets[message.id] = RecordingOutlet()
        began = time.perf_counter()
        await desk.handle(message)
        await outlet.done.wait()
        return time.perf_counter() - began


def question(thread: str) -> Message:
    key, identity = ThreadKey("bench", "", "", thread), MessageId(uuid4().hex)
    return Message(key, identity, Author("u", "u"), "what connects?", NOW, Address("bench", identity))


@asynccontextmanager
async def desk_over(store: SqlThreadStore, model: SlowModel, crowd: Crowd) -> AsyncIterator[Manager]:
    loop = ToolLoop(model, DirectHost(SOURCE))
    answering = Answering(
        planner=Planner(), loop=loop, hosts=only_everything(loop.host), tools=TOOLS, question_of=question_of
    )
    parts = Parts(
        store=store,
        leases=store.leases,
        sources=partial(scoped, SOURCE),
        answering=answering,
        outlet=crowd.outlet,
        clock=lambda: NOW,
    )
    async with open_manager(parts) as desk:
        yield desk


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
async def test_500_threads_at_once(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = str(tmp_path / "netspy.db") if database == "SQLite" else request.getfixturevalue("postgres_url")
    crowd = Crowd()
    async with open_store(url) as store, desk_over(store, SlowModel(MODEL_S), crowd) as desk:
        began, cpu = time.perf_counter(), time.process_time()
        waited_s = await asyncio.gather(*(crowd.ask(desk, str(number)) for number in range(THREADS)))
        total_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    answered = sum(len(outlet.replies) for outlet in crowd.outlets.values())
    print(
        f"\n{THREADS} threads at once, a model of {MODEL_S:g} s, {database}: {answered} answered in {total_s:.2f} s, "
        f"{1000 * cpu_s / THREADS:.1f} ms of our CPU per turn, the slowest thread {max(waited_s):.2f} s"
    )
    assert answered == THREADS


async def lengthen(store: SqlThreadStore, thread: str, turns: int) -> None:
    """A thread of as many turns, each with a table of 20 rows."""
    worker = WorkerId("past")
    result = await DirectHost(SOURCE).call(ToolCall("1", "list_connections", {"max_events": 20}), now=NOW)
    for _ in range(turns):
        turn = Turn(TurnId(uuid4().hex), question(thread), NOW)
        await store.begin(turn, worker=worker)
        ended = replace(turn, state="answered", results=(result,), answer="Twenty.")
        await store.finish(ended, Reply(turn.id, ()), kept=0, worker=worker)
        await store.close(turn.id, worker=worker)


async def test_a_turn_after_1000_turns_against_one_after_10(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    crowd, rounds = Crowd(), pytestconfig.getoption("--bench-rounds")
    async with open_store(str(tmp_path / "netspy.db")) as store, desk_over(store, SlowModel(0), crowd) as desk:
        await lengthen(store, "long", LONG)
        # A turn makes its thread longer: each round has a short one of its own.
        fresh = [f"short {number}" for number in range(rounds + 1)]
        for thread in fresh:
            await lengthen(store, thread, SHORT)
        shorts = iter(fresh)

        async def after_many() -> None:
            await crowd.ask(desk, "long")

        async def after_few() -> None:
            await crowd.ask(desk, next(shorts))

        ratio = await measure_async(after_many, after_few, rounds=rounds)
    print("\n" + ratio.line(f"a turn after {LONG:,} turns : one after {SHORT}", 1.2))
