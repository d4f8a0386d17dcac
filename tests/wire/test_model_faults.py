"""Whatever a model does, its question is answered within the turn's deadline, and the answer says what happened."""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
from math import isfinite

import pytest

from bot.conversation.answering import Answering
from bot.conversation.loop import ToolLoop
from bot.conversation.manager import open_manager
from bot.conversation.parts import Parts
from bot.domain.message import Address, Author, Message, MessageId, Notice, Prose, Reply, ThreadKey, TurnId
from bot.domain.network import Outcome
from bot.domain.table import Table
from bot.domain.turn import ModelEvent, ModelRequest
from bot.ebpf.scoped import scoped
from bot.llm.chain import chained
from bot.llm.offline import Planner
from bot.tools.direct import DirectHost
from bot.tools.insights import question_of
from bot.tools.registry import TOOLS
from tests.fakes import NOW, FakeEbpf, MemoryStore, RecordingOutlet, connection, only_everything
from tests.loopback.openai_peer import OpenAIPeer, Request
from tests.loopback.openai_script import Call, Say, Step
from tests.wire.llm_requests import SHORT, Api, model_at
from tests.wire.test_llm_chain import CASES, Waits

DEADLINE_S = 60.0
SOURCE = FakeEbpf([connection("curl", outcome=Outcome.REFUSED, errno="ECONNREFUSED")])
MESSAGE = Message(
    ThreadKey("test", "", "", "1"), MessageId("m"), Author("u", "u"), "what fails?", NOW, Address("test", "m")
)


async def answer_of(step: Step, api: Api) -> Reply:
    """The reply of a whole desk whose model does `step` whatever it is asked."""
    outlet = RecordingOutlet()

    def script(_: Request) -> Step:
        return step

    async with OpenAIPeer(script) as peer, model_at(peer, api, SHORT) as model:
        loop = ToolLoop(chained([model], Planner(), sleep=Waits()), DirectHost(SOURCE))
        store = MemoryStore()
        parts = Parts(
            store=store,
            leases=store,
            sources=partial(scoped, SOURCE),
            answering=Answering(
                planner=Planner(), loop=loop, hosts=only_everything(loop.host), tools=TOOLS, question_of=question_of
            ),
            outlet=lambda *_: outlet,
            clock=lambda: NOW,
            turn_deadline_s=DEADLINE_S,
        )
        async with open_manager(parts) as desk, asyncio.timeout(DEADLINE_S):
            await desk.handle(MESSAGE)
            await outlet.done.wait()
    return outlet.replies[0]


def told(reply: Reply) -> str:
    return " ".join(block.text for block in reply.blocks if isinstance(block, Notice))


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_every_fault_gets_an_answer_that_says_what_happened(api: Api) -> None:
    answered = 0
    unsaid: dict[str, str] = {}
    for case in CASES:
        reply = await answer_of(case.step, api)
        answered += any(isinstance(block, Table) for block in reply.blocks)
        if not ("No language model answered" in told(reply) and case.says in told(reply)):
            unsaid[case.says] = told(reply)
    print(f"\n{api}: {len(CASES)} faults: {answered} answered within the deadline, {len(unsaid)} not said")
    assert (answered, unsaid) == (len(CASES), {})


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize("call", [Call("no_such_tool"), Call("find_failures", "{no json")], ids=["unknown", "no JSON"])
async def test_a_model_that_calls_wrongly_without_end_is_stopped_and_told_about(api: Api, call: Call) -> None:
    reply = await answer_of(Say(calls=(call,)), api)
    assert "asked for more tools after 8 rounds instead of answering" in told(reply)


async def test_a_request_carries_the_deadline_of_its_turn() -> None:
    seen: list[ModelRequest] = []

    class Watching(Planner):
        async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
            seen.append(request)
            async for event in super().answer(request):
                yield event

    outlet, store = RecordingOutlet(), MemoryStore()
    loop = ToolLoop(Watching(), DirectHost(SOURCE))
    answering = Answering(
        planner=Planner(), loop=loop, hosts=only_everything(loop.host), tools=TOOLS, question_of=question_of
    )
    parts = Parts(
        store=store,
        leases=store,
        sources=partial(scoped, SOURCE),
        answering=answering,
        outlet=lambda *_: outlet,
    )
    async with open_manager(parts) as desk:
        await desk.handle(MESSAGE)
        await outlet.done.wait()
    assert all(isfinite(request.deadline) for request in seen)
    assert len({request.deadline for request in seen}) == 1
    assert any(isinstance(block, Prose) for block in outlet.replies[0].blocks)
    assert outlet.replies[0].turn != TurnId("")
