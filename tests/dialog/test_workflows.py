"""Workflows in a thread: as a command, as a tool of a model, and in the planner's words, over real tools."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bot.conversation.answering import Answering
from bot.conversation.attempt import ended
from bot.conversation.builtin import answer as builtin_answer
from bot.conversation.channel_node import NodeHost
from bot.conversation.loop import ToolLoop
from bot.conversation.thread import Thread
from bot.conversation.transcript import Transcript
from bot.conversation.visit import unbounded_visit
from bot.domain.errors import CannotAnswer, InvalidArguments, SourceUnreachable, UnknownTool
from bot.domain.message import Address, Author, Command, Footer, Message, MessageId, Reply, ThreadKey, TurnId
from bot.domain.network import Event, Outcome
from bot.domain.ports import ChatModel, Check
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.stores import WorkerId
from bot.domain.turn import Completion, ModelEvent, ModelRequest, ToolCall, Turn
from bot.llm.offline import Planner
from bot.tools import insights
from bot.tools.cache import CachingHost
from bot.tools.direct import DirectHost
from bot.tools.registry import TOOLS
from bot.tools.workflows.host import WorkflowHost
from bot.tools.workflows.merging import with_shipped
from bot.tools.workflows.reading import read_workflows
from tests.fakes import NOW, FakeEbpf, MemoryStore, RecordingOutlet, ScriptedModel, connection, drop, only_everything
from tests.network_events import accepted

TEAM = """
[checkout]
summary = "our checkout"
question = "Which connections of process 'checkout' failed?"
steps = ["failures --process checkout --duration 60", "sockets --process checkout", "dropsummary --process checkout"]
"""
WORKFLOWS = with_shipped({"team.toml": read_workflows(TEAM.encode(), file="team.toml")})
REFUSED = Outcome.REFUSED
STORED: Sequence[Event] = (
    *(connection("checkout", to="10.2.0.14:5432", outcome=REFUSED, errno="ECONNREFUSED", ago_s=ago) for ago in (1, 2)),
    connection("curl"),
    drop("checkout"),
)


WORKER = WorkerId("w")


class Stage:
    """One thread of messages, whose answers a test looks at."""

    def __init__(self, model: ChatModel, source: FakeEbpf | None = None, **more: Any) -> None:
        self.source = source or FakeEbpf(STORED)
        host = CachingHost(WorkflowHost(DirectHost(self.source), WORKFLOWS))
        self.answering = Answering(
            loop=ToolLoop(model, host),
            hosts=only_everything(host),
            planner=Planner(),
            tools=(*TOOLS, *WORKFLOWS.tools),
            question_of=lambda command: insights.question_of(command) or WORKFLOWS.question_of(command),
            **more,
        )
        self.outlet = RecordingOutlet()
        self.store = MemoryStore()
        self.asked = 0

    async def ask(self, text: str, command: Command | None = None) -> Transcript:
        self.asked += 1
        number = self.asked
        key = ThreadKey("slack", "T1", "C1", "1")
        message = Message(
            key, MessageId(f"m{number}"), Author("U1", "dana"), text, NOW, Address("slack", ""), command=command
        )
        turn = Turn(TurnId(f"t{number}"), message, NOW)
        transcript = Transcript(self.outlet)
        await self.store.begin(turn, worker=WORKER)
        await self.answering.work(
            turn, Thread(key, self.store, None, transcript.notice), transcript, visit=unbounded_visit(turn)
        )
        await self.store.finish(ended(turn, transcript, "answered"), Reply(turn.id, ()), kept=0, worker=WORKER)
        await self.store.close(turn.id, worker=WORKER)
        return transcript


async def test_the_planner_answers_a_workflow_from_the_results_of_its_steps() -> None:
    answer = await Stage(Planner()).ask("investigate checkout")
    assert answer.answer.startswith("`checkout` is refused by `10.2.0.14:5432`: all 2 of its attempts")
    assert [result.call.name for result in answer.results] == [
        "find_failures",
        "get_network_summary",
        "connection_latency",
        "list_connections",
        "get_packet_drop_summary",
        "tcp_health",
        "dns_lookups",
        "compare_periods",
    ]
    assert "incoming" not in answer.answer, "one step of eight is about incoming connections"


async def test_each_step_is_shown_with_tables_and_a_footer_of_its_own() -> None:
    stage = Stage(Planner())
    await stage.ask("investigate checkout --duration 60")
    footers = [block.coverage.command for block in stage.outlet.shown if isinstance(block, Footer)]
    assert footers[0] == "failures --process checkout --duration 60 --max-events 5"
    assert len(footers) > 1
    begun = [step.title.split()[0] for step in stage.outlet.steps if step.state == "running"]
    assert begun[:2] == ["find_failures", "get_network_summary"]


async def test_of_a_server_is_told_who_calls_it_before_that_it_calls_nobody() -> None:
    source = FakeEbpf([accepted("nginx"), connection("curl")])
    answer = (await Stage(Planner(), source).ask("investigate nginx")).answer
    assert answer.startswith("1 connection was accepted")
    assert "No connection attempts by process 'nginx'" in answer


async def test_a_platform_with_structured_options_gets_the_same() -> None:
    stage = Stage(Planner())
    typed = await stage.ask("checkout")
    chosen = await stage.ask("checkout", Command("checkout", {}))
    assert [result.call.arguments for result in chosen.results] == [result.call.arguments for result in typed.results]
    assert chosen.answer == typed.answer


async def test_a_follow_up_knows_what_a_workflow_was_about() -> None:
    stage = Stage(Planner())
    await stage.ask("checkout")
    more = await stage.ask("and over the last 10 minutes?")
    assert {result.call.arguments["process_name"] for result in more.results} == {"checkout"}
    assert more.results[0].call.arguments["duration"] == 600


async def test_a_failing_step_is_told_and_the_others_answer() -> None:
    answer = await Stage(Planner(), EventsOnly(STORED)).ask("checkout")
    assert [result.failed for result in answer.results] == [False, True, False]
    assert answer.answer.startswith("`checkout` is refused by")
    assert "`list_sockets` gave no answer" in answer.answer
    assert "list_sockets (failed)" in answer.answer


async def test_without_a_source_every_step_fails_and_the_reason_is_told_once() -> None:
    gone = FakeEbpf(error=SourceUnreachable("GET http://h/api", "connection refused", "start netspy collect there"))
    answer = await Stage(Planner(), gone).ask("checkout")
    assert all(result.failed for result in answer.results)
    assert answer.answer.count("connection refused") == 1


async def test_a_model_is_given_the_results_and_asked_the_question_of_the_workflow() -> None:
    model = ScriptedModel([Completion("nothing listens there", (), "scripted")])
    answer = await Stage(model).ask("checkout")
    model.done()
    [request] = model.requests
    assert request.question == "Which connections of process 'checkout' failed?"
    assert [result.call.name for result in request.rounds[0].results] == [
        "find_failures",
        "list_sockets",
        "get_packet_drop_summary",
    ]
    assert answer.answer == "nothing listens there"


async def test_a_model_may_call_a_workflow_as_a_tool() -> None:
    call = ToolCall("id1", "investigate", {"process_name": "checkout", "duration": 60})
    script = [Completion("", (call,), "scripted"), Completion("it is refused [T1]", (), "scripted")]
    model = ScriptedModel(script)
    stage = Stage(model)
    answer = await stage.ask("is checkout well?")
    offered = {tool.name for tool in model.requests[0].tools}
    assert offered >= {"investigate", "incident", "destination", "checkout", "find_failures"}
    [result] = answer.results
    assert result.call == call
    assert "2 of 2 attempts by process 'checkout' failed" in result.summary
    assert [table.label for table in result.tables] == [f"T{number}" for number in range(1, len(result.tables) + 1)]
    footers = [block.coverage.command for block in stage.outlet.shown if isinstance(block, Footer)]
    assert footers == ["investigate --process checkout --duration 60"]


async def test_the_planner_says_what_a_workflow_brought_that_a_model_has_called() -> None:
    first = Completion("", (ToolCall("id1", "checkout", {}),), "scripted")
    answer = await Stage(ThenPlanner(first), EventsOnly(STORED)).ask("is checkout well?")
    assert answer.answer.split("\n") == [
        "2 of 2 attempts by process 'checkout' failed; most: checkout to 10.2.0.14:5432, refused (2) (find_failures).",
        "",
        "- List_sockets gave no answer: open sockets: this source holds events only. Run netspy collect and ask that.",
        "- 1 dropped skb of process 'checkout' over the last 60 seconds: 1 lost, 0 harmless (get_packet_drop_summary).",
        "",
        "Understood: checkout. Ran: checkout.",
    ]


async def test_a_channel_that_is_about_a_node_asks_it_also_through_a_workflow() -> None:
    stored = [replace(connection("checkout", outcome=REFUSED), node=node) for node in ("node-a", "node-b", "node-b")]
    stage = Stage(Planner(), FakeEbpf(stored), nodes={"C1": "node-a"})
    assert (await stage.ask("checkout")).results[0].summary.startswith("1 of 1 attempt ")
    host = NodeHost(WorkflowHost(DirectHost(FakeEbpf(stored)), WORKFLOWS), "node-a")
    called = await host.call(ToolCall("c", "checkout", {}), now=NOW)
    assert called.summary.startswith("1 of 1 attempt ")


async def test_wrong_values_are_refused_before_anything_runs() -> None:
    stage = Stage(Planner())
    with pytest.raises(InvalidArguments, match="--duration: '0' was given"):
        await stage.ask("investigate checkout --duration 0")
    assert stage.source.queries == []


def test_help_lists_workflows_and_explains_one() -> None:
    tools = (*TOOLS, *WORKFLOWS.tools)
    assert "- `investigate PROCESS`: one process:" in (builtin_answer("help", tools) or "")
    details = builtin_answer("help investigate", tools) or ""
    assert "`--duration SECONDS`: how far to look back, in seconds (default 600)" in details
    assert "For example: `investigate PROCESS --duration 600`" in details
    assert "- `checkout`: our checkout" in (builtin_answer("tools", tools) or "")


def test_help_explains_commands_about_netspy_too_as_they_are_typed() -> None:
    assert builtin_answer("help why", TOOLS) == "`why [NUMBER]`: what was asked of which tool, and what it took"
    with pytest.raises(UnknownTool, match="help diff: there is no such command"):
        builtin_answer("help diff", TOOLS, ())


class EventsOnly(FakeEbpf):
    async def sockets(self, query: SocketQuery) -> OpenSockets:
        raise CannotAnswer("open sockets", "this source holds events only", "run netspy collect and ask that")


@dataclass
class ThenPlanner:
    """A model that fails behind its first round, so that the planner has to end what it began."""

    first: Completion
    name: str = "first, then the planner"

    async def answer(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        if not request.rounds:
            yield self.first
            return
        async for event in Planner().answer(request):
            yield event

    async def check(self) -> Check:
        return Check("model", "ok", self.name)
