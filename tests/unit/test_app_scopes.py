"""The tools that the composition root makes for a scope: over what may be seen there, and with answers of their own."""

from bot.app import open_answering
from bot.domain.json_types import JsonObject
from bot.domain.query import EVERYTHING, Limits, Scope
from bot.domain.turn import ToolCall, ToolResult
from bot.settings import Settings
from bot.tools.registry import TOOLS
from tests.fakes import NOW, FakeEbpf, connection

STORED = (connection("curl"), connection("nginx"), connection("nginx", ago_s=2))


def of(*processes: str) -> Scope:
    return Scope(frozenset({Limits(processes=frozenset(processes))}))


def call(name: str, **arguments: str | int) -> ToolCall:
    given: JsonObject = {**arguments}
    return ToolCall("c", name, given)


def matched(result: ToolResult) -> int | None:
    return result.coverage.matched if result.coverage and not result.failed else None


async def test_answers_are_shared_within_a_scope_and_by_no_other() -> None:
    source, summary = FakeEbpf(STORED), call("get_network_summary")
    async with open_answering(Settings.model_validate({}), source) as answering:
        curl, nginx = answering.hosts(of("curl")), answering.hosts(of("nginx"))
        assert answering.hosts(of("curl")) is curl
        assert answering.hosts(EVERYTHING) is answering.loop.host
        for host, count in ((curl, 1), (nginx, 2), (answering.loop.host, 3), (curl, 1)):
            assert matched(await host.call(summary, now=NOW)) == count
        assert len(source.queries) == 3


async def test_workflows_and_the_planner_behind_ai_tools_see_no_more_than_the_scope() -> None:
    source = FakeEbpf(STORED)
    async with open_answering(Settings.model_validate({}), source) as answering:
        host = answering.hosts(of("nobody"))
        workflow = next(tool for tool in answering.tools if tool not in TOOLS)
        for asked in (call("contextual_analysis", query="which processes connect?"), call(workflow.name)):
            await host.call(asked, now=NOW)
    assert {query.filter.within for query in source.queries} == {of("nobody")}
