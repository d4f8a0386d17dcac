"""A thread that is longer than what a model can be given: it stays within the window, and loses no decision."""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count

import pytest

from bot.codec import compact
from bot.conversation.answering import Answering
from bot.conversation.loop import ToolLoop
from bot.conversation.manager import open_manager
from bot.conversation.parts import Parts
from bot.conversation.window import MAX_SUMMARY, Window
from bot.domain.errors import ModelUnreachable, StorageError
from bot.domain.message import Prose, Reply, ThreadKey, TurnId
from bot.domain.ports import Check
from bot.domain.turn import Completion, Memory, ModelEvent, ModelRequest, TextDelta, ToolCall, Turn, Usage
from bot.ebpf.scoped import scoped
from bot.llm.dialog import Called, Said, entries, output_of
from bot.llm.offline import Planner
from bot.tools.direct import DirectHost
from bot.tools.registry import TOOLS
from tests.dialog.stage import Away, Stage, message_of, notices, question_of
from tests.fakes import NOW, FakeEbpf, MemoryStore, ScriptedModel, connection, only_everything

LIMIT = 8_000
DECISION = "we decided: rollback of checkout at 22:00, dana does it"


def written(request: ModelRequest) -> str:
    """All of a request that a server reads."""
    said = [
        request.instructions,
        request.summary,
        *(compact(tool.parameters) + tool.description for tool in request.tools),
    ]
    for entry in entries(request):
        match entry:
            case Said(_, text):
                said.append(text)
            case Called(results, _):
                said += [compact(each.call.arguments) + each.call.name + output_of(each) for each in results]
    return "\n".join(said)


def counted(text: str) -> int:
    """Tokens of a server with a small vocabulary: up to six letters, each two digits and each mark for itself."""
    return len(re.findall(r"[a-zA-Z]{1,6}|[0-9]{1,2}|[^\sa-zA-Z0-9]", text))


@dataclass
class CountingModel:
    """Calls two tools, then answers; what it was told of a rollback it repeats. `summarises`: whether it can."""

    summarises: bool
    most: int = 0
    summaries: int = 0
    asked: list[str] = field(default_factory=list)
    name: str = "counting"

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        text = written(request)
        self.most = max(self.most, counted(text))
        usage = Usage(counted(text), 50)
        if request.task == "summarise":
            self.summaries += 1
            if not self.summarises:
                raise ModelUnreachable("asking counting", "it is gone")
            kept = dict.fromkeys(re.findall(r"[^\n]*we decided[^\n]*", text))
            yield Completion("\n".join(kept), (), self.name, usage=usage)
            return
        if request.question.startswith("list") and not request.rounds:
            calls = tuple(ToolCall(name, name) for name in ("list_connections", "find_failures"))
            yield Completion("", calls, self.name, usage=usage)
            return
        known = re.search(r"rollback of checkout at 22:00", text)
        said = (
            f"Known: {known[0]}." if known else f"All is well, {request.question}. " + "Nothing stands out here. " * 20
        )
        yield TextDelta(said)
        yield Completion(said, (), self.name, usage=usage)

    async def check(self) -> Check:
        return Check("model", "ok", self.name)


@dataclass
class LongStage(Stage):
    """A desk over real tools, with a small window."""

    counting: CountingModel = field(default_factory=lambda: CountingModel(summarises=True))
    limit: int = LIMIT

    def parts(self) -> Parts:
        source = FakeEbpf([connection(f"process-{n}", f"10.0.{n}.1:443", ago_s=n) for n in range(60)])
        loop = ToolLoop(self.counting, DirectHost(source), Window(self.limit))
        return Parts(
            store=self.store,
            leases=self.store,
            sources=partial(scoped, source),
            answering=Answering(
                loop=loop, hosts=only_everything(loop.host), planner=Planner(), tools=TOOLS, question_of=question_of
            ),
            outlet=self.outlet,
            clock=self.clock,
        )


@pytest.mark.parametrize("summariser", ["model", "planner"])
async def test_200_turns_never_overflow_a_window_of_8000_tokens_and_turn_3_is_still_known(summariser: str) -> None:
    stage = LongStage(ScriptedModel([]), counting=CountingModel(summarises=summariser == "model"))
    replies: list[Reply] = []
    async with open_manager(stage.parts()) as desk:
        for number in range(1, 201):
            text = DECISION if number == 3 else f"list what happens in part {number}, please?"
            replies.append(await stage.ask(desk, text))
        last = await stage.ask(desk, "what did we decide about that?")

    assert stage.counting.most <= LIMIT
    assert [block.markdown for block in last.blocks if isinstance(block, Prose)] == [
        "Known: rollback of checkout at 22:00."
    ]
    assert 1 <= stage.counting.summaries <= 100
    told = [notice.text for reply in replies for notice in notices(reply) if "summary" in notice.text]
    assert len(told) == 1
    memory = await stage.store.memory(message_of("").key)
    assert len(memory.summary) <= MAX_SUMMARY
    assert 100 < memory.upto < 201
    stored = await stage.store.history(message_of("").key, limit=1000, whole=1000)
    assert [turn.message.text for turn in stored][2] == DECISION
    assert len(stored) == 201
    assert all(turn.results[0].tables for turn in stored if turn.results)


class Ancient(MemoryStore):
    """A thread of 10,000 messages that no summary was ever made of."""

    async def history(self, key: ThreadKey, *, limit: int, whole: int, after: int = 0) -> tuple[Turn, ...]:
        told = {600: DECISION}
        numbers = range(max(after, 10_000 - limit) + 1, 10_001)
        return tuple(
            Turn(TurnId(f"t{n}"), message_of(told.get(n, f"how is part {n}?")), NOW, "answered", (), "fine", n)
            for n in numbers
        )


async def test_of_a_thread_of_10000_messages_the_model_is_asked_for_one_summary() -> None:
    stage = LongStage(ScriptedModel([]), store=Ancient())
    async with open_manager(stage.parts()) as desk:
        last = await stage.ask(desk, "what did we decide about that?")
    assert stage.counting.most <= LIMIT
    assert stage.counting.summaries == 1
    assert [block.markdown for block in last.blocks if isinstance(block, Prose)][-1].startswith("Known: rollback")
    assert (await stage.store.memory(message_of("").key)).upto > 9_500


async def test_a_summary_that_cannot_be_stored_is_made_again_by_the_next_question() -> None:
    class Away(MemoryStore):
        async def remember(self, key: ThreadKey, memory: Memory) -> None:
            raise StorageError("storing a summary", "the disk is full")

    stage = LongStage(ScriptedModel([]), store=Away())
    async with open_manager(stage.parts()) as desk:
        while stage.counting.summaries < 2:
            await stage.ask(desk, "list everything, please?")
    assert stage.counting.most <= LIMIT


@pytest.mark.parametrize(("stored", "told"), [(0, "older questions, which are not stored,"), (2, "first 2 questions")])
async def test_what_the_database_could_not_take_is_summarised_and_moves_no_number(stored: int, told: str) -> None:
    store, moments = Away(), (NOW + timedelta(minutes=number) for number in count())
    store.among = frozenset({"begin", "finish"})
    stage = LongStage(ScriptedModel([]), store=store, clock=lambda: next(moments))
    async with open_manager(stage.parts()) as desk:
        for _ in range(stored):
            await stage.ask(desk, "list everything, please?")
        store.error = StorageError("storing a message in netspy.db", "the disk is full")
        while not stage.counting.summaries:
            last = await stage.ask(desk, "list everything, please?")
    assert stage.counting.most <= LIMIT
    assert (await store.memory(message_of("").key)).upto == stored
    assert [notice.text for notice in notices(last) if f"of its {told} the language model" in notice.text]


async def test_a_question_that_fits_into_no_window_says_how_much_fits() -> None:
    stage = LongStage(ScriptedModel([]))
    async with open_manager(stage.parts()) as desk:
        (notice,) = notices(await stage.ask(desk, "what of " + "10.2.0.14:5432 " * 1_200))
    assert notice.level == "error"
    assert "the model's window has room for" in notice.text
