"""The tools by which a model asks about its own thread, called in turns."""

from typing import Any

import pytest

from bot.domain.errors import StorageError
from bot.domain.message import ThreadKey
from bot.domain.network import Outcome
from bot.domain.turn import Completion, ToolCall, ToolResult, Turn
from tests.dialog.stage import Away
from tests.dialog.thread_stage import ThreadStage, column, prose, tables
from tests.fakes import FakeHost, MemoryStore, ScriptedModel, connection, result

DIFF, RECALL = "diff_last_calls", "recall_turn"
LATER_S = 600


def calling(name: str, **arguments: Any) -> list[Completion]:
    """A model that calls one tool and then says that it is done."""
    return [Completion("", (ToolCall("c1", name, arguments),), "scripted"), Completion("Done.", (), "scripted")]


def told_to(model: ScriptedModel) -> ToolResult:
    """What the model was told its last call brought."""
    return model.requests[-1].rounds[-1].results[-1]


def staged(*script: Completion) -> tuple[ThreadStage, ScriptedModel]:
    refused = [connection("ledger", "10.2.0.9:8443", outcome=Outcome.REFUSED, ago_s=n) for n in range(1, 31)]
    works = [connection("ledger", "10.2.0.9:8443", ago_s=n - LATER_S) for n in range(1, 42)]
    model = ScriptedModel(list(script))
    return ThreadStage(events=[*refused, *works], own=model), model


async def test_both_tools_are_offered_with_what_they_take() -> None:
    stage, model = staged(Completion("Hello.", (), "scripted"))
    async with stage.desk() as desk:
        await stage.ask(desk, "hello?")
    offered = {tool.name: tool for tool in model.requests[0].tools}
    assert offered[DIFF].parameters.get("required") is None
    assert offered[RECALL].parameters["required"] == ["turn"]
    assert offered[DIFF].read_only
    assert offered[RECALL].read_only


async def test_a_model_is_told_what_changed_and_the_person_sees_its_table() -> None:
    stage, model = staged(*calling(DIFF))
    async with stage.desk() as desk:
        await stage.ask(desk, "failures --process ledger --duration 300")
        stage.later(LATER_S)
        reply = await stage.ask(desk, "did that help?")
    assert told_to(model).summary.startswith(
        "Failed connection attempts: 1 gone; most: ledger -> 10.2.0.9:8443 refused"
    )
    assert [table.title for table in tables(reply)] == ["Failed connection attempts: then and now"]
    assert column(tables(reply)[0], "change") == ["gone"]


async def test_a_model_may_name_the_turn_and_compares_behind_a_comparison_with_the_same_one() -> None:
    stage, model = staged(*calling(DIFF, turn=1), *calling(DIFF))
    async with stage.desk() as desk:
        await stage.ask(desk, "failures --process ledger --duration 300")
        await stage.ask(desk, "list --process ledger --duration 300")
        stage.later(LATER_S)
        await stage.ask(desk, "is what failed first better?")
        first = told_to(model)
        await stage.ask(desk, "and now?")
    assert first.summary.startswith("Failed connection attempts: 1 gone")
    assert told_to(model).summary.startswith("Newest connection attempts: ")


async def test_a_model_recalls_what_was_asked_found_and_said_in_words() -> None:
    stage, model = staged(*calling(RECALL, turn=1))
    async with stage.desk() as desk:
        await stage.ask(desk, "failures --process ledger --duration 300")
        reply = await stage.ask(desk, "what did we find first?")
    found = told_to(model)
    first, second, *rest = found.summary.split("\n")
    assert first == "turn 1, asked by dana: failures --process ledger --duration 300"
    assert second.startswith('find_failures {"process_name":"ledger","duration":"300"}: 30 of 30 attempts by process ')
    assert rest
    assert not found.failed
    assert tables(reply) == []


async def test_what_is_recalled_is_bounded() -> None:
    stage, model = staged(*calling(RECALL, turn=1))
    host = FakeHost({"list_connections": ToolResult(ToolCall("", "list_connections"), "long " * 4_000)})
    stage.other = host
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        await stage.ask(desk, "what was that?")
    assert len(told_to(model).summary) == 8_000


@pytest.mark.parametrize(
    "arguments", [{}, {"turn": "1"}, {"turn": None}, {"turn": 1, "x": 2}, {"turn": True}, {"turn": 1.5}]
)
async def test_bad_arguments_come_back_as_a_failed_result_with_a_hint(arguments: dict[str, Any]) -> None:
    stage, model = staged(*calling(RECALL, **arguments))
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        assert prose(await stage.ask(desk, "what was that?")) == "Done."
    found = told_to(model)
    assert found.failed
    assert found.summary == "turn: the number of an earlier turn is needed, and nothing else"


@pytest.mark.parametrize("number", [0, -1, 2, 99])
@pytest.mark.parametrize("name", [DIFF, RECALL])
async def test_a_turn_that_is_not_there_comes_back_as_a_failed_result(name: str, number: int) -> None:
    stage, model = staged(*calling(name, turn=number))
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        await stage.ask(desk, "what was that?")
    assert told_to(model).failed
    assert told_to(model).summary == f"this thread has no turn {number} with an answer"


async def test_with_nothing_to_compare_a_model_is_told_so() -> None:
    stage, model = staged(Completion("Hello.", (), "scripted"), *calling(DIFF), *calling(DIFF, turn=1))
    said = []
    async with stage.desk() as desk:
        await stage.ask(desk, "hello?")
        for _ in range(2):
            await stage.ask(desk, "did that help?")
            said.append(told_to(model))
    assert all(each.failed for each in said)
    assert [each.summary for each in said] == [
        "there is nothing to compare with: no tool was called in this thread before",
        "there is nothing to compare with: turn 1 called no tool",
    ]


async def test_a_call_that_fails_now_is_told_beside_those_that_do_not() -> None:
    names = ("list_connections", "find_failures")
    host = FakeHost({name: result(name) for name in names})
    calls = Completion("", tuple(ToolCall(name, name) for name in names), "scripted")
    stage, model = staged(calls, Completion("So.", (), "scripted"), *calling(DIFF))
    stage.other = host
    async with stage.desk() as desk:
        await stage.ask(desk, "what is there?")
        host.results["find_failures"] = result("find_failures", failed=True)
        await stage.ask(desk, "did that help?")
    found = told_to(model)
    assert not found.failed
    assert "find_failures gives no answer now: 1 by find_failures" in found.summary
    assert "Table of list_connections: nothing changed, 1 as before" in found.summary


class Unread(MemoryStore):
    """A database that answers no question about one turn."""

    async def numbered(self, key: ThreadKey, number: int) -> Turn | None:
        raise StorageError("reading a turn from netspy.db", f"{number} of {key.channel} is locked", "try again")


async def test_a_database_that_is_away_is_a_failed_result_and_no_failed_turn() -> None:
    stage, model = staged(*calling(RECALL, turn=1))
    stage.store = Unread()
    async with stage.desk() as desk:
        assert prose(await stage.ask(desk, "what was that?")) == "Done."
    assert told_to(model).summary == "reading a turn from netspy.db: 1 of c is locked. Try again"


async def test_without_its_history_a_model_compares_nothing_and_the_person_is_told_why() -> None:
    stage, model = staged(*calling(DIFF))
    store = Away()
    store.among, store.error = frozenset({"history"}), StorageError("reading the history from netspy.db", "it is gone")
    stage.store = store
    async with stage.desk() as desk:
        await stage.ask(desk, "did that help?")
    assert told_to(model).failed
    assert told_to(model).summary == "reading the history from netspy.db: it is gone"


async def test_planner_answers_did_that_help_from_the_calls_of_the_thread_made_again() -> None:
    stage, _ = staged()
    stage = ThreadStage(events=stage.events)
    async with stage.desk() as desk:
        await stage.ask(desk, "why is ledger failing?")
        stage.later(LATER_S)
        reply = await stage.ask(desk, "opened the firewall. did that help?")
        again = await stage.ask(desk, "and now?")
    assert prose(reply).startswith("Yes: `ledger` to `10.2.0.9:8443`, `refused`: attempts 30 → 0 [T1].")
    assert prose(again).startswith("Yes: ")
    assert [result.call.name for result in (await stage.kept(2)).results] == [DIFF]
