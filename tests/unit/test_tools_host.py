"""netspy's tools through MCP, in process: nothing gets lost on the way, and nothing raises."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from mcp import Client
from mcp_types import CallToolResult

from bot.domain.counters import CounterDeltas
from bot.domain.errors import SourceUnreachable
from bot.domain.json_types import Json
from bot.domain.network import Event, Outcome, Window
from bot.domain.ports import Check, EbpfSource
from bot.domain.query import EVERYTHING, Aggregate, EventQuery, Events, Groups, Limits, Scope
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import SourceStatus
from bot.domain.turn import ToolCall, ToolResult
from bot.ebpf.scoped import scoped
from bot.tools.arguments import json_schema
from bot.tools.host import open_tool_host
from bot.tools.network import BODIES, run_tool
from bot.tools.registry import TOOLS
from bot.tools.server import NOW as NOW_KEY
from bot.tools.server import SCOPE, Grounds, build_server
from tests.fakes import NOW, FakeEbpf, connection, drop
from tests.network_events import STATUS, listener, lookup, open_sockets, retransmit

STORED: Sequence[Event] = (
    *(connection(ago_s=n, outcome=Outcome.REFUSED, errno="ECONNREFUSED") for n in range(1, 30)),
    *(drop(ago_s=n) for n in range(1, 5)),
    connection("web", ago_s=2),
    lookup("db.internal", "NXDOMAIN"),
    retransmit(),
)


class Echo:
    """An `Analyst` that repeats the question."""

    async def analyze(self, call: ToolCall, question: str, *, now: datetime) -> ToolResult:
        return ToolResult(call, f"{question} at {now.isoformat()}")


@dataclass
class Gate:
    """An `EbpfSource` whose queries wait until `parties` of them are there."""

    parties: int
    arrived: int = 0
    cancelled: int = 0
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    full: asyncio.Event = field(default_factory=asyncio.Event)
    behind: FakeEbpf = field(default_factory=lambda: FakeEbpf(STORED, open=open_sockets(listener()), state=STATUS))

    async def events(self, query: EventQuery) -> Events:
        await self._wait()
        return await self.behind.events(query)

    async def aggregate(self, query: Aggregate) -> Groups:
        await self._wait()
        return await self.behind.aggregate(query)

    async def sockets(self, query: SocketQuery) -> OpenSockets:
        return await self.behind.sockets(query)

    async def counters(self, window: Window) -> CounterDeltas:
        return await self.behind.counters(window)

    async def status(self) -> SourceStatus:
        return await self.behind.status()

    async def check(self) -> Check:
        return await self.behind.check()

    async def _wait(self) -> None:
        self.entered.set()
        self.arrived += 1
        if self.arrived == self.parties:
            self.full.set()
        try:
            await self.full.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


@pytest.fixture
def source() -> FakeEbpf:
    return FakeEbpf(STORED, open=open_sockets(listener()), state=STATUS)


async def call_through(source: EbpfSource, call: ToolCall, *, now: datetime = NOW) -> ToolResult:
    """Opened inside the test: a fixture is left in another task than it was entered in, which MCP clients refuse."""
    async with open_tool_host(source, Echo()) as host:
        return await host.call(call, now=now)


async def test_discovery_lists_every_tool_with_its_schema(source: FakeEbpf) -> None:
    async with open_tool_host(source, Echo()) as host:
        specs = await host.tools()
    assert [(spec.name, spec.description) for spec in specs] == [(tool.name, tool.description) for tool in TOOLS]
    assert [spec.parameters for spec in specs] == [json_schema(tool) for tool in TOOLS]


async def test_discovery_is_asked_once_until_asked_anew(source: FakeEbpf) -> None:
    async with open_tool_host(source, Echo()) as host:
        first = await host.tools()
        assert await host.tools() is first
        anew = await host.tools(anew=True)
    assert anew is not first
    assert anew == first


@pytest.mark.parametrize("name", sorted(BODIES))
async def test_result_is_the_same_as_without_mcp(source: FakeEbpf, name: str) -> None:
    of_its_own: dict[str, dict[str, Json]] = {"source_status": {}, "explain_drop_reason": {"reason": "NO_SOCKET"}}
    rows = of_its_own.get(name, {"max_events": "5"})
    call = ToolCall("c1", name, rows)
    through = await call_through(source, call)
    assert through == await run_tool(call, source=source, now=NOW)
    assert through.tables
    assert not through.failed


async def test_windows_end_at_the_callers_now(source: FakeEbpf) -> None:
    earlier = NOW - timedelta(days=1, microseconds=1)
    result = await call_through(source, ToolCall("c", "list_connections"), now=earlier)
    assert [query.window.until for query in source.queries[:1]] == [earlier]
    assert result.coverage is not None
    assert result.coverage.window.until == earlier


LAST_MINUTE = "in the last 60 seconds unless the question names a time"


async def test_ai_tools_reach_the_analyst(source: FakeEbpf) -> None:
    call = ToolCall("c", "contextual_analysis", {"query": "why?", "process_name": "curl"})
    result = await call_through(source, call)
    assert result == ToolResult(call, f"why? (process 'curl', {LAST_MINUTE}) at {NOW.isoformat()}")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (ToolCall("c", "list_connection"), "Did you mean list_connections?"),
        (ToolCall("c", ""), "there is no such tool"),
        (ToolCall("c", "list_connections", {"process": "curl"}), "Did you mean process_name?"),
        (ToolCall("c", "list_connections", {"pid": "abc"}), "--pid: 'abc' was given"),
        (
            ToolCall("c", "list_connections", {"process_name": "\ud800"}),
            "--process (process_name): '\\ud800' was given",
        ),
    ],
)
async def test_bad_calls_are_failed_results_with_a_hint(source: FakeEbpf, call: ToolCall, told: str) -> None:
    result = await call_through(source, call)
    assert result.failed
    assert result.call is call
    assert told in result.summary


async def test_failing_source_is_a_failed_result() -> None:
    error = SourceUnreachable("GET http://x/health", "connection refused", "start it")
    result = await call_through(FakeEbpf(error=error), ToolCall("c", "list_connections"))
    assert (result.failed, result.summary) == (True, str(error))


async def test_broken_source_is_a_failed_result_and_the_host_lives_on() -> None:
    @dataclass
    class Broken(FakeEbpf):
        async def events(self, query: EventQuery) -> Events:
            raise ZeroDivisionError

    async with open_tool_host(Broken(STORED), Echo()) as host:
        broken = await host.call(ToolCall("c", "list_connections"), now=NOW)
        well = await host.call(ToolCall("c", "get_network_summary"), now=NOW)
    assert broken.failed
    assert broken.summary.startswith("list_connections: it broke")
    assert not well.failed


async def test_eight_calls_run_at_the_same_time() -> None:
    calls = [ToolCall(f"c{n}", "list_connections", {"max_events": n + 1}) for n in range(8)]
    async with open_tool_host(Gate(parties=8), Echo()) as host:
        results = await asyncio.gather(*(host.call(call, now=NOW) for call in calls))
    assert [result.call for result in results] == calls
    assert [len(result.tables[0].rows) for result in results] == list(range(1, 9))


async def test_call_that_takes_too_long_is_a_failed_result() -> None:
    source = Gate(parties=2)
    async with open_tool_host(source, Echo(), deadline_s=0.05) as host:
        result = await host.call(ToolCall("c", "list_connections"), now=NOW)
    assert result.failed
    assert result.summary == "list_connections: no answer within 0.05 s. Ask for a shorter duration"
    assert source.cancelled == 1


async def test_cancelling_a_call_reaches_the_source_and_leaves_the_host_usable() -> None:
    source = Gate(parties=2)
    async with open_tool_host(source, Echo()) as host:
        task = asyncio.create_task(host.call(ToolCall("c", "list_connections"), now=NOW))
        await source.entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert source.cancelled == 1
        assert not (await host.call(ToolCall("c", "list_connections"), now=NOW)).failed


async def test_closed_host_answers_with_a_failed_result() -> None:
    async with open_tool_host(FakeEbpf(), Echo()) as host:
        pass
    assert (await host.call(ToolCall("c", "list_connections"), now=NOW)).failed


# the server, as any other client sees it


async def _call(source: FakeEbpf, arguments: dict[str, Json], meta: dict[str, Json] | None = None) -> CallToolResult:
    server = build_server(source, Echo(), clock=lambda: NOW)
    async with Client(server) as client:
        return await client.call_tool("list_connections", arguments, meta=meta)  # type: ignore[arg-type]  # _meta is open


async def test_without_a_given_now_the_servers_clock_counts(source: FakeEbpf) -> None:
    result = await _call(source, {})
    assert not result.is_error
    assert source.queries[0].window.until == NOW


async def test_text_is_the_sentence_and_the_data_stand_in_the_structure_alone(source: FakeEbpf) -> None:
    result = await _call(source, {})
    assert [part.text for part in result.content if part.type == "text"] == [result.structured_content["summary"]]
    assert result.structured_content.keys() == {"summary", "tables", "coverage"}


async def test_offset_of_a_given_now_is_obeyed(source: FakeEbpf) -> None:
    await _call(source, {}, {NOW_KEY: "2026-11-23T15:07:00+01:00"})
    assert source.queries[0].window.until == datetime(2026, 11, 23, 14, 7, tzinfo=UTC)


@pytest.mark.parametrize("wrong", ["soon", 5, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:00", ["2026"]])
async def test_given_now_that_is_no_time_is_refused(source: FakeEbpf, wrong: Json) -> None:
    result = await _call(source, {}, {NOW_KEY: wrong})
    assert result.is_error
    assert source.queries == []


def of(process: str) -> Scope:
    return Scope(frozenset({Limits(processes=frozenset({process}))}))


@dataclass(frozen=True)
class OneOf:
    """An `Analyst` that lists what is in its source."""

    source: EbpfSource

    async def analyze(self, call: ToolCall, question: str, *, now: datetime) -> ToolResult:
        return await run_tool(ToolCall(call.id, "list_connections"), source=self.source, now=now)


def grounds(behind: EbpfSource, scope: Scope) -> Grounds:
    seen = scoped(behind, scope)
    return Grounds(seen, OneOf(seen))


async def test_a_scope_goes_with_every_call_also_to_the_analyst(source: FakeEbpf) -> None:
    async with open_tool_host(source, OneOf(source), within=partial(grounds, source)) as host:
        web, nobody = host.within(of("w?b")), host.within(of("nobody"))
        assert host.within(EVERYTHING) is host
        assert await web.tools() == await host.tools()
        for name, arguments in (("list_connections", {}), ("ai_insights", {"summary_text": "x"})):
            call = ToolCall("c", name, arguments)
            found = [await each.call(call, now=NOW) for each in (host, web, nobody)]
            assert [result.coverage and result.coverage.matched for result in found] == [30, 1, 0]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ('[{"process":["web"]}]', "there is no condition 'process'"),
        ("", "it is not JSON"),
        (5, "it is no list of objects"),
        ([{"pids": [7]}], "it is not JSON"),
    ],
)
async def test_a_scope_that_is_not_understood_is_no_answer(source: FakeEbpf, told: Json, said: str) -> None:
    server = build_server(source, Echo(), within=partial(grounds, source))
    async with Client(server) as client:
        result = await client.call_tool("list_connections", {}, meta={SCOPE: told})  # type: ignore[arg-type]  # _meta is open
    assert result.is_error
    assert said in result.structured_content["summary"]
    assert source.queries == []


async def test_tools_that_know_no_scopes_do_not_answer_within_one(source: FakeEbpf) -> None:
    result = await _call(source, {}, {SCOPE: '[{"pids":[7]}]'})
    assert (result.is_error, source.queries) == (True, [])
    async with open_tool_host(source, Echo()) as host:
        too_long = Scope(frozenset({Limits(pids=frozenset(range(10_000)))}))
        refused = await host.within(too_long).call(ToolCall("c", "list_connections"), now=NOW)
    assert (refused.failed, source.queries) == (True, [])
    assert "8,000 are the most" in refused.summary


async def test_every_tool_is_announced_as_harmless(source: FakeEbpf) -> None:
    async with Client(build_server(source, Echo())) as client:
        tools = (await client.list_tools()).tools
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
    assert all(tool.annotations and tool.annotations.idempotent_hint for tool in tools)
    assert len(tools) == len(TOOLS)


async def test_what_a_user_of_the_tools_raises_comes_out_as_it_is() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with open_tool_host(FakeEbpf(), Echo()):
            raise KeyError("mine")


async def test_the_tools_may_be_left_by_another_task_than_entered_them() -> None:
    opening = open_tool_host(FakeEbpf(), Echo())
    host = await asyncio.create_task(opening.__aenter__())
    assert await host.tools()
    await asyncio.create_task(opening.__aexit__(None, None, None))
