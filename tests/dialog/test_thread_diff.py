"""`diff`: the calls of an earlier turn made again, and what is different in what they bring."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot.domain.errors import StorageError
from bot.domain.message import Footer
from bot.domain.network import Connection, Outcome
from bot.domain.turn import Completion, ToolCall, ToolSpec
from bot.policy.rules import Policy, Rule
from tests.dialog.stage import Away
from tests.dialog.thread_stage import ThreadStage, column, prose, tables, told
from tests.fakes import NOW, FakeHost, ScriptedModel, connection, result

LATER_S = 600


def attempts(count: int, outcome: Outcome, *, ago_s: float = 1.0, process: str = "ledger") -> list[Connection]:
    """As many attempts, a tenth of a second apart, the last of them so long before NOW (below 0: after it)."""
    return [connection(process, "10.2.0.9:8443", outcome=outcome, ago_s=ago_s + 0.1 * n) for n in range(count)]


def mended() -> ThreadStage:
    """30 attempts were refused; ten minutes later 41 connect."""
    connects = attempts(41, Outcome.CONNECTED, ago_s=1 - LATER_S)
    return ThreadStage(events=[*attempts(30, Outcome.REFUSED), *connects])


async def test_diff_makes_the_last_calls_again_and_tells_what_came_and_went() -> None:
    stage = mended()
    async with stage.desk() as desk:
        await stage.ask(desk, "why is ledger failing?", message_id="q")
        stage.later(LATER_S)
        reply = await stage.ask(desk, "diff", message_id="d")
    assert "- Failed connection attempts: 1 gone; most: ledger -> 10.2.0.9:8443 refused, attempts 30 -> 0.\n" in prose(
        reply
    )
    first, *_ = tables(reply)
    assert (column(first, "change"), column(first, "attempts then"), column(first, "attempts now")) == (
        ["gone"],
        [30],
        [0],
    )
    steps = [step for step in stage.outlets["d"].steps if step.state == "running"]
    assert [step.title.split()[0] for step in steps][:2] == ["find_failures", "get_network_summary"]
    assert [step.state for step in stage.outlets["d"].steps].count("done") == len(steps)


async def test_by_which_rule_and_with_what_care_is_said_once_and_not_below_each_table() -> None:
    stage = mended()
    async with stage.desk() as desk:
        await stage.ask(desk, "why is ledger failing?")
        stage.later(60)
        reply = await stage.ask(desk, "diff")
    assert prose(reply).count("Compare with care: 4 min of the time now were part of the time then already.") == 1
    assert prose(reply).count("As before is what differs by no more than") == 1
    footers = [block.coverage.notes for block in reply.blocks if isinstance(block, Footer)]
    assert footers
    assert all(notes[-1] == "then: 14:02-14:07 UTC" for notes in footers)


async def test_where_single_events_cannot_be_compared_no_rule_is_told() -> None:
    stage = ThreadStage(events=list(attempts(1_200, Outcome.CONNECTED, ago_s=-500)))
    stage.later(600)
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        reply = await stage.ask(desk, "diff")
    assert "so that they can't be compared one by one" in prose(reply)
    assert "As before is" not in prose(reply)


@pytest.mark.parametrize("text", ["diff 1", "diff #1", "/DIFF 1", "diff --turn 1"])
async def test_diff_takes_the_number_of_an_earlier_turn(text: str) -> None:
    stage = mended()
    async with stage.desk() as desk:
        await stage.ask(desk, "failures --process ledger --duration 300")
        await stage.ask(desk, "list --process curl")
        stage.later(LATER_S)
        reply = await stage.ask(desk, text)
    assert [table.title for table in tables(reply)] == ["Failed connection attempts: then and now"]


@pytest.mark.parametrize("named", ["T2", "t2", "summary", "get_network_summary", "Summary"])
async def test_diff_takes_a_table_a_command_or_a_tool_of_a_turn(named: str) -> None:
    stage = mended()
    async with stage.desk() as desk:
        await stage.ask(desk, "why is ledger failing?")
        stage.later(LATER_S)
        reply = await stage.ask(desk, f"diff {named}")
    assert [table.title for table in tables(reply)] == ["Connection attempts by process: then and now"]


async def test_a_name_that_a_turn_does_not_have_is_told_with_those_that_it_has() -> None:
    stage = mended()
    async with stage.desk() as desk:
        await stage.ask(desk, "failures --process ledger")
        said = told(await stage.ask(desk, "diff 1 T9"))
    assert said == "diff 1 T9: question 1 has no table or tool of that name. It has T1, find_failures"


async def test_any_number_of_diffs_compare_with_the_same_turn() -> None:
    stage = mended()
    async with stage.desk() as desk:
        await stage.ask(desk, "failures --process ledger --duration 300")
        stage.later(LATER_S)
        said = {prose(await stage.ask(desk, text)) for text in [*["diff"] * 12, "diff 2", "diff 3"]}
        turns = [await stage.kept(number) for number in range(2, 16)]
    assert len(said) == 1
    assert "1 gone" in said.pop()
    assert {(each.results[0].call.name, each.results[0].call.arguments["turn"]) for each in turns} == {
        ("diff_last_calls", 1)
    }


async def test_a_window_with_ends_becomes_one_of_the_same_length_that_ends_now() -> None:
    stage = mended()
    async with stage.desk() as desk:
        await stage.ask(desk, "failures --process ledger --since 2026-11-23T14:04:00Z --until 2026-11-23T14:07:00Z")
        stage.later(LATER_S)
        reply = await stage.ask(desk, "diff")
    (coverage,) = [block.coverage for block in reply.blocks if isinstance(block, Footer)]
    assert coverage.window.until == NOW + timedelta(seconds=LATER_S)
    assert coverage.window.duration_s == 180


async def test_a_diff_counts_as_no_call_that_could_be_compared_itself() -> None:
    stage = mended()
    async with stage.desk() as desk:
        await stage.ask(desk, "failures --process ledger --duration 300")
        await stage.ask(desk, "list --process nobody")
        await stage.ask(desk, "diff 1")
        stage.later(LATER_S)
        reply = await stage.ask(desk, "diff")
    assert prose(reply).startswith("- Then: no connection attempts by process 'nobody' in the last hour. ")
    assert "; now: no connection attempts by process 'nobody' in the last hour. " in prose(reply)


async def test_how_long_the_calls_of_a_diff_took_is_kept_with_it() -> None:
    stage = mended()
    async with stage.desk() as desk:
        await stage.ask(desk, "failures --process ledger")
        await stage.ask(desk, "diff")
        reply = await stage.ask(desk, "why 2")
    (table,) = tables(reply)
    assert column(table, "asked") == ["diff_last_calls turn=1"]
    assert all(isinstance(took, float) for took in column(table, "took"))


@pytest.mark.parametrize("text", ["diff", "diff 1"])
async def test_a_turn_that_called_no_tool_has_nothing_to_compare(text: str) -> None:
    stage = ThreadStage(own=ScriptedModel([Completion("Hello.", (), "scripted")]))
    async with stage.desk() as desk:
        await stage.ask(desk, "hello?")
        said = told(await stage.ask(desk, text))
    assert (
        said
        == {
            "diff": "diff: no tool was called in this thread before. Ask a question first",
            "diff 1": "diff 1: that turn called no tool. Type diff without a number for the last calls",
        }[text]
    )


async def test_after_a_call_that_failed_there_is_nothing_to_compare_with() -> None:
    host = FakeHost({"list_connections": result("list_connections", failed=True)})
    stage = ThreadStage(other=host)
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        host.results["list_connections"] = result("list_connections")
        then = prose(await stage.ask(desk, "diff"))
        host.results["list_connections"] = result("list_connections", failed=True)
        await stage.ask(desk, "again")
        now = prose(await stage.ask(desk, "diff"))
    assert then.startswith("- Nothing to compare with: list_connections gave no answer then: 1 by list_connections.")
    assert now.startswith("- `list_connections` gives no answer now, as then: 1 by list_connections.")


@dataclass
class Others(FakeHost):
    """Tools of which one says that calling it changes nothing, one does not, and one comes from elsewhere."""

    async def tools(self) -> tuple[ToolSpec, ...]:
        reads, writes, foreign = await FakeHost.tools(self)
        return reads, replace(writes, read_only=False), replace(foreign, read_only=False, server="db")


async def test_a_tool_that_may_change_something_is_not_run_again_and_that_is_said() -> None:
    names = ("reads", "writes", "db__query")
    host = Others({name: result(name) for name in names})
    calls = tuple(ToolCall(name, name) for name in names)
    stage = ThreadStage(
        other=host,
        own=ScriptedModel([Completion("", calls, "scripted"), Completion("Done.", (), "scripted")]),
        policy=Policy(rules=(Rule(name="may change", changes=True),)),
    )
    async with stage.desk() as desk:
        await stage.ask(desk, "do it")
        reply = await stage.ask(desk, "diff")
    assert [call.name for call in host.calls] == [*names, "reads"]
    for name in ("writes", "db__query"):
        assert f"- `{name}` does not say that calling it changes nothing, so it is not run again." in prose(reply)
    assert [table.title for table in tables(reply)] == []


async def test_a_tool_that_is_not_offered_any_more_says_so() -> None:
    host = FakeHost({"list_connections": result("list_connections")})
    stage = ThreadStage(other=host)
    async with stage.desk() as desk:
        await stage.ask(desk, "list")
        del host.results["list_connections"]
        reply = await stage.ask(desk, "diff")
    assert prose(reply) == "- `list_connections` is not offered here any more."


async def test_what_was_asked_while_the_database_was_away_can_be_compared_too() -> None:
    store = Away()
    store.error = StorageError("storing a message in netspy.db", "the disk is gone")
    stage = mended()
    stage.store = store
    async with stage.desk() as desk:
        await stage.ask(desk, "failures --process ledger --duration 300")
        stage.later(LATER_S)
        reply = await stage.ask(desk, "diff")
    assert "1 gone" in prose(reply)
