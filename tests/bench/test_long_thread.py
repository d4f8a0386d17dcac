"""What a long thread costs its next question: fitting it into the window, and looking up the figures of the answer."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

import pytest

from bot.conversation.answering import Answering
from bot.conversation.loop import ToolLoop
from bot.conversation.thread import Thread
from bot.conversation.transcript import Nowhere, Transcript
from bot.conversation.visit import unbounded_visit
from bot.domain.message import TurnId
from bot.domain.ports import Check
from bot.domain.stores import WorkerId
from bot.domain.turn import Completion, ModelEvent, ModelRequest, TextDelta, ToolCall, Turn
from bot.llm.offline import Planner
from bot.tools.direct import DirectHost
from bot.tools.insights import question_of
from bot.tools.registry import TOOLS
from tests.bench.pairs import measure_async
from tests.contract.test_thread_store import ended
from tests.dialog.stage import message_of
from tests.fakes import NOW, FakeEbpf, MemoryStore, connection, only_everything, result

TURNS = 200
WORKER = WorkerId("bench")
SAID = "All 100 attempts connected, each within 0.3 ms [T1]. Nothing else stands out. " * 5
SOURCE = FakeEbpf([connection(f"p{number}", ago_s=number / 10) for number in range(100)])


@dataclass
class Talking:
    """Calls one tool, then says several sentences with figures."""

    name: str = "talking"

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        if not request.rounds:
            yield Completion("", (ToolCall("c", "list_connections", {"max_events": 100}),), self.name)
            return
        yield TextDelta(SAID)
        yield Completion(SAID, (), self.name)

    async def check(self) -> Check:
        return Check("model", "ok", self.name)


def past(number: int, thread: str) -> Turn:
    message = message_of(f"what of part {number}?", thread=thread)
    turn = Turn(TurnId(f"{thread}.{number}"), message, NOW, "answered", (result("list_connections", rows=20),))
    return replace(turn, answer=f"Part {number} made {number} attempts, {number / 7:.1f} ms each.")


async def test_a_question_behind_200_turns_against_a_first_one(pytestconfig: pytest.Config) -> None:
    store = MemoryStore()
    await ended(store, *(past(number, "long") for number in range(TURNS)))
    loop = ToolLoop(Talking(), DirectHost(SOURCE))
    answering = Answering(
        loop=loop, hosts=only_everything(loop.host), planner=Planner(), tools=TOOLS, question_of=question_of
    )

    async def ask(thread: str) -> None:
        message = message_of("and now?", thread=thread)
        transcript = Transcript(Nowhere())
        turn = Turn(TurnId("now"), message, NOW)
        await answering.work(
            turn, Thread(message.key, store, None, transcript.notice), transcript, visit=unbounded_visit(turn)
        )
        assert transcript.answer.count("connected") == 5

    ratio = await measure_async(
        lambda: ask("long"), lambda: ask("new"), rounds=pytestconfig.getoption("--bench-rounds")
    )
    print("\n" + ratio.line(f"a question behind {TURNS} turns : a first question", 3))
