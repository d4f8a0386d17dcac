"""`again`: an earlier turn's calls made once more, and its question about what they bring now."""

from dataclasses import dataclass, replace

import pytest

from bot.domain.errors import ModelUnreachable
from bot.domain.message import Command, FileRef, Notice
from bot.domain.network import Outcome
from bot.domain.turn import Completion, ModelRequest, ToolCall, ToolSpec
from bot.llm.dialog import Called, entries
from tests.dialog.stage import message_of, says
from tests.dialog.thread_stage import ThreadStage, column, prose, tables, told
from tests.fakes import FakeHost, ScriptedModel, connection, result

REFUSED = [connection("ledger", "10.2.0.9:8443", outcome=Outcome.REFUSED, ago_s=n) for n in range(1, 31)]


def asked(request: ModelRequest) -> list[list[str]]:
    """The names of the calls of each round."""
    return [[each.call.name for each in past.results] for past in request.rounds]


def scripted(*script: Completion | Exception) -> tuple[ThreadStage, FakeHost, ScriptedModel]:
    host = FakeHost({name: result(name) for name in ("list_connections", "find_failures", "writes")})
    model = ScriptedModel(list(script))
    return ThreadStage(other=host, own=model), host, model


async def test_again_makes_the_same_calls_first_and_then_asks_the_model_the_same_question() -> None:
    stage, host, model = scripted(says("", "list_connections", "find_failures"), says("One."), says("Two."))
    async with stage.desk() as desk:
        await stage.ask(desk, "what fails?")
        reply = await stage.ask(desk, "again")
    assert prose(reply) == "Two."
    assert [table.label for table in tables(reply)] == ["T1", "T2"]
    assert [call.name for call in host.calls] == ["list_connections", "find_failures"] * 2
    assert model.requests[-1].question == "what fails?"
    assert asked(model.requests[-1]) == [["list_connections", "find_failures"]]
    model.done()


async def test_again_of_the_planner_answers_from_what_is_there_now() -> None:
    late = [connection("ledger", "10.2.0.9:8443", outcome=Outcome.REFUSED, ago_s=-600 + n) for n in range(1, 5)]
    stage = ThreadStage(events=[*REFUSED, *late])
    async with stage.desk() as desk:
        before = await stage.ask(desk, "why is ledger failing?")
        stage.later(600)
        after = await stage.ask(desk, "/AGAIN")
    assert column(tables(before)[0], "attempts") == [30]
    assert column(tables(after)[0], "attempts") == [4]
    assert "`ledger`" in prose(after)


@pytest.mark.parametrize(
    "chain", [["again"] * 4, ["again", "again 2", "again 3", "again"], ["again 1", "again", "again 3"]]
)
async def test_again_of_again_asks_the_first_question(chain: list[str]) -> None:
    stage, host, model = scripted(says("", "list_connections"), *[says("Well.")] * 5)
    async with stage.desk() as desk:
        await stage.ask(desk, "what fails?")
        for text in chain:
            await stage.ask(desk, text)
    assert {request.question for request in model.requests} == {"what fails?"}
    assert len(host.calls) == 1 + len(chain)


async def test_ids_of_calls_stay_unique_in_all_that_a_model_is_told() -> None:
    stage, _, model = scripted(says("", "list_connections", "find_failures"), *[says("Well.")] * 3)
    async with stage.desk() as desk:
        for text in ("what fails?", "again", "again"):
            await stage.ask(desk, text)
    called = [each for entry in entries(model.requests[-1]) if isinstance(entry, Called) for each in entry.results]
    ids = [each.call.id for each in called]
    assert len(ids) == 6
    assert len(set(ids)) == 6


async def test_again_of_a_question_that_no_model_could_answer_asks_it_once_more() -> None:
    stage, _, model = scripted(
        says("", "list_connections"), says("One."), ModelUnreachable("asked gpt", "down"), says("Two.")
    )
    async with stage.desk() as desk:
        await stage.ask(desk, "what fails?")
        await stage.ask(desk, "and what else?")
        reply = await stage.ask(desk, "again")
    assert prose(reply) == "Two."
    assert model.requests[-1].question == "and what else?"


async def test_again_of_a_message_that_could_not_be_used_says_so_once_more() -> None:
    stage, _, model = scripted()
    async with stage.desk() as desk:
        first = told(await stage.ask(desk, "why " * 6_000))
        assert told(await stage.ask(desk, "again")) == first
    assert "20,000 are the most" in first
    assert model.requests == []


async def test_again_of_a_command_runs_its_call_and_asks_no_model() -> None:
    stage, host, model = scripted()
    async with stage.desk() as desk:
        await stage.ask(desk, "list --pid 3")
        reply = await stage.ask(desk, "again")
    assert [call.arguments for call in host.calls] == [{"pid": "3"}] * 2
    assert column(tables(reply)[0], "process") == ["list_connections-0"]
    assert model.requests == []


async def test_again_of_a_command_with_options_is_that_command() -> None:
    stage, host, _ = scripted()
    async with stage.desk() as desk:
        await stage.ask(desk, "list --pid 3", command=Command("list_connections", {"pid": 3}))
        await stage.ask(desk, "again 1")
    assert [call.arguments for call in host.calls] == [{"pid": 3}] * 2


async def test_a_command_whose_tool_is_gone_says_so() -> None:
    stage, host, _ = scripted()
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        del host.results["list_connections"]
        said = told(await stage.ask(desk, "again"))
    assert said == "again 1: list_connections is not offered here any more. Type the command itself"


@dataclass
class Writing(FakeHost):
    """`writes` does not say that calling it changes nothing."""

    async def tools(self) -> tuple[ToolSpec, ...]:
        return tuple(replace(each, read_only=each.name != "writes") for each in await FakeHost.tools(self))


async def test_a_call_that_may_change_something_is_left_to_the_model() -> None:
    stage, host, model = scripted(says("", "writes", "list_connections"), says("Done."), says("Not again."))
    stage.other = host = Writing(host.results)
    async with stage.desk() as desk:
        await stage.ask(desk, "do it")
        reply = await stage.ask(desk, "again")
    assert [call.name for call in host.calls] == ["writes", "list_connections", "list_connections"]
    assert asked(model.requests[-1]) == [["list_connections"]]
    assert prose(reply) == "Not again."


async def test_calls_that_a_turn_made_twice_are_made_once() -> None:
    twice = Completion(
        "", (ToolCall("a", "list_connections"), ToolCall("b", "list_connections", {"pid": 1})), "scripted"
    )
    stage, host, _ = scripted(twice, says("", "list_connections"), says("One."), says("Two."))
    async with stage.desk() as desk:
        await stage.ask(desk, "what fails?")
        await stage.ask(desk, "again")
    assert [call.arguments for call in host.calls] == [{}, {"pid": 1}] * 2


async def test_again_of_a_diff_makes_that_comparison_once_more() -> None:
    stage = ThreadStage(events=list(REFUSED))
    async with stage.desk() as desk:
        for text in ("failures --process ledger", "list --process ledger", "diff 1"):
            await stage.ask(desk, text)
        reply = await stage.ask(desk, "again 3")
    assert "Failed connection attempts" in prose(reply)
    assert "Newest" not in prose(reply)


async def test_again_of_why_explains_once_more_and_of_forget_or_help_does_nothing() -> None:
    stage = ThreadStage(events=list(REFUSED))
    async with stage.desk() as desk:
        for text in ("list", "forget", "list", "why", "help"):
            await stage.ask(desk, text)
        why, forget, help_ = [await stage.ask(desk, f"again {number}") for number in (4, 2, 5)]
        kept = await stage.kept(3)
    assert "**Question 3** " in prose(why)
    assert told(forget) == "again 2: forgetting is not done again by itself. Type forget"
    assert told(help_) == "again 5: that was a command which asks no tool. Type it once more"
    assert kept.message.text == "list"


@dataclass
class Desktop:
    """Files of a person, of which each reading is noted."""

    content: bytes = b"host,count\nweb,3\n"
    read_: int = 0

    async def read(self, file: FileRef, *, max_bytes: int) -> bytes:
        self.read_ += 1
        return self.content[:max_bytes]


async def test_again_knows_the_files_of_the_earlier_turn_without_reading_them_again() -> None:
    stage, _, model = scripted(says("Three."), says("Still three."))
    stage.files = files = Desktop()
    async with stage.desk() as desk:
        message = replace(message_of("how many?", message_id="q"), files=(FileRef("f1", "counts.csv"),))
        await desk.handle(message)
        await stage.reply_to("q")
        reply = await stage.ask(desk, "again")
    assert files.read_ == 1
    assert [asked(request) for request in model.requests] == [[["attached_file"]]] * 2
    assert not [block for block in reply.blocks if isinstance(block, Notice)]


async def test_two_failed_turns_that_name_each_other_lead_nowhere_and_end() -> None:
    stage, _, _ = scripted()
    async with stage.desk() as desk:
        for text in ("again 3", "list", "again 1"):
            await stage.ask(desk, text)
        said = told(await stage.ask(desk, "again 1"))
    assert said == "again 1: what it asked again is stored no longer. Ask it anew"
