"""Workflows as tools beside others: one call runs all steps and brings one result."""

import asyncio
from dataclasses import replace

import pytest

from bot.commands import parse
from bot.domain.message import Attachment
from bot.domain.network import Coverage
from bot.domain.ports import Check
from bot.domain.table import Line, Series
from bot.domain.turn import ToolCall, ToolResult
from bot.tools.arguments import json_schema
from bot.tools.workflows.host import WorkflowHost, check_of
from bot.tools.workflows.reading import read_workflows
from bot.tools.workflows.workflow import Workflows
from tests.fakes import NOW, FakeHost, result

TEXT = """
[look]
summary = "one process from two sides"
parameters.process = { required = true }
steps = ["failures --process {process}", "dns --process {process}"]
"""
LOOK = read_workflows(TEXT.encode(), file="team.toml")
CALL = ToolCall("c1", "look", {"process_name": "nginx"})


def host(*results: ToolResult) -> tuple[WorkflowHost, FakeHost]:
    inner = FakeHost({each.call.name: each for each in results})
    return WorkflowHost(inner, LOOK), inner


async def test_one_call_brings_the_tables_of_all_steps_and_a_line_for_each() -> None:
    workflows, inner = host(result("find_failures"), result("dns_lookups", rows=2))
    found = await workflows.call(CALL, now=NOW)
    assert found.call == CALL
    assert found.summary == "1 by find_failures (find_failures)\n2 by dns_lookups (dns_lookups)"
    assert [table.title for table in found.tables] == ["Table of find_failures", "Table of dns_lookups"]
    assert not found.failed
    assert [call.arguments for call in inner.calls] == [{"process_name": "nginx"}] * 2
    assert inner.nows == {NOW}, "all windows end at the same moment"


async def test_its_footer_names_the_command_that_makes_all_tables_again() -> None:
    workflows, _ = host(result("find_failures"), result("dns_lookups", rows=2))
    coverage = (await workflows.call(CALL, now=NOW)).coverage
    assert isinstance(coverage, Coverage)
    assert (coverage.command, coverage.shown) == ("look --process nginx", 3)
    again = parse(coverage.command, LOOK.tools)
    assert again is not None
    assert (again.tool, again.arguments) == (CALL.name, CALL.arguments)


async def test_charts_and_files_of_the_steps_come_along() -> None:
    chart, file = Series("by slot", ("14:00",), (Line("attempts", (1.0,)),)), Attachment("a.txt", "b")
    drawn = replace(result("find_failures"), charts=(chart,), attachments=(file,))
    workflows, _ = host(drawn, result("dns_lookups"))
    found = await workflows.call(CALL, now=NOW)
    assert (found.charts, found.attachments) == ((chart,), (file,))


async def test_a_step_that_fails_is_told_and_the_others_stand() -> None:
    broken = replace(result("find_failures", rows=0, failed=True), summary="nothing answers there", coverage=None)
    workflows, _ = host(broken, result("dns_lookups"))
    found = await workflows.call(CALL, now=NOW)
    assert found.summary == "find_failures gave no answer: nothing answers there\n1 by dns_lookups (dns_lookups)"
    assert not found.failed
    assert found.coverage is not None


async def test_it_has_failed_when_every_step_has() -> None:
    gone = [replace(result(name, rows=0, failed=True), coverage=None) for name in ("find_failures", "dns_lookups")]
    workflows, _ = host(*gone)
    found = await workflows.call(CALL, now=NOW)
    assert found.failed
    assert (found.tables, found.coverage) == ((), None)


async def test_steps_run_at_once() -> None:
    workflows, inner = host(result("find_failures"), result("dns_lookups"))
    inner.gates = {"find_failures": asyncio.Event()}
    running = asyncio.create_task(workflows.call(CALL, now=NOW))
    while inner.ended != ["dns_lookups"]:
        await asyncio.sleep(0)
    inner.gates["find_failures"].set()
    assert [table.title for table in (await running).tables] == ["Table of find_failures", "Table of dns_lookups"]


async def test_cancelling_a_call_cancels_its_steps() -> None:
    workflows, inner = host(result("find_failures"), result("dns_lookups"))
    inner.gates = {"find_failures": asyncio.Event(), "dns_lookups": asyncio.Event()}
    running = asyncio.create_task(workflows.call(CALL, now=NOW))
    while len(inner.calls) < 2:
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert inner.ended == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "--process (process_name): nothing was given"),
        ({"process": "nginx"}, "look has no such argument. Did you mean process_name?"),
    ],
)
async def test_wrong_arguments_are_a_failed_result_and_run_nothing(given: dict[str, str], told: str) -> None:
    workflows, inner = host()
    found = await workflows.call(ToolCall("c", "look", given), now=NOW)
    assert found.failed
    assert told in found.summary
    assert inner.calls == []


async def test_workflows_are_offered_behind_the_tools_and_other_calls_go_through() -> None:
    workflows, inner = host(result("find_failures"))
    *_, look = await workflows.tools()
    assert [tool.name for tool in await workflows.tools()] == ["find_failures", "look"]
    assert (look.read_only, look.server) == (True, "")
    assert look.parameters == json_schema(LOOK.tools[0])
    assert look.description == "One process from two sides. A workflow: runs find_failures, dns_lookups at once."
    call = ToolCall("c", "find_failures", {"x": 1})
    assert (await workflows.call(call, now=NOW)).call == call
    assert inner.calls == [call]


async def test_what_was_wrong_with_the_files_stands_beside_what_the_host_says() -> None:
    wrong = read_workflows(b"[a]\n[b]\n", file="team.toml")
    inner = FakeHost(checks=(Check("wiki", "ok", "2 tools"),))
    first, second = await WorkflowHost(inner, wrong).check()
    assert first.part == "wiki"
    told = "team.toml, line 1, workflow 'a': summary is missing (and 1 more)"
    assert second == Check("workflows", "warning", told, "write summary = ...", "wrong-setting")


def test_own_workflows_that_are_well_are_named_and_without_any_nothing_is_said() -> None:
    assert check_of(LOOK) == ()
    assert check_of(replace(LOOK, own=("look",))) == (Check("workflows", "ok", "1 of your own: look"),)
    both = Workflows(LOOK.usable, read_workflows(b"[a]", file="f").problems, own=("look",))
    assert check_of(both)[0].detail == "f, line 1, workflow 'a': summary is missing; 1 of your own: look"


async def test_a_workflow_names_the_tools_that_it_runs() -> None:
    workflows, _ = host()
    uses = {spec.name: spec.uses for spec in await workflows.tools()}
    assert uses["look"] == {"find_failures", "dns_lookups"}
