"""Faults that are mended: the same calls, made again, tell what has gone; and the planner says whether it helped."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil

import pytest

from bot.conversation.changes import again, comparison, together
from bot.domain.ports import EbpfSource
from bot.domain.table import Cell, Table
from bot.domain.turn import ToolCall, ToolResult
from bot.llm.offline.composing import compose
from bot.llm.offline.plan import Plan
from bot.tools.network import run_tool
from tests.kernel.asking import TOP
from tests.kernel.mending import MENDS, mend, try_again
from tests.kernel.provoking import Scenario
from tests.kernel.scenarios import DATAGRAMS, FIRST_SYN, RESETTING_SERVER
from tests.kernel.seeing import Seen, seeing

SCENARIOS = tuple(MENDS)
FAILS = tuple(scenario for scenario in SCENARIOS if scenario not in {FIRST_SYN, RESETTING_SERVER})
CALLS = ("find_failures", "list_connections", "connection_latency", "tcp_health")


@dataclass(frozen=True, slots=True)
class Mended:
    """`then` and `now` by scenario and tool, of windows of the same length."""

    then: Mapping[tuple[Scenario, str], ToolResult]
    now: Mapping[tuple[Scenario, str], ToolResult]

    def changes(self, scenario: Scenario, tool: str) -> ToolResult:
        return comparison(self.then[scenario, tool], self.now[scenario, tool]).result

    def said(self, scenario: Scenario, *tools: str) -> str:
        found = together(ToolCall("1", "diff_last_calls"), [self.changes(scenario, tool) for tool in tools])
        return compose(Plan(is_since_then=True), [found], now=datetime.now(UTC), zone=UTC)


@pytest.fixture(scope="module")
def mended(with_namespaces: None) -> Iterator[Mended]:
    begun = datetime.now(UTC)
    with seeing(SCENARIOS) as seen, ExitStack() as stack:
        now = datetime.now(UTC)
        duration_s = ceil((now - begun).total_seconds())
        then = {
            (scenario, tool): call(ToolCall("1", tool, arguments_of(scenario, duration_s)), seen, now)
            for scenario in SCENARIOS
            for tool in CALLS
        }
        for scenario in SCENARIOS:
            mend(scenario, seen.of(scenario), stack)
        mended_at = datetime.now(UTC)
        for scenario in SCENARIOS:
            try_again(scenario, seen.of(scenario))
        seen.read_all()
        until = mended_at + timedelta(seconds=duration_s)
        yield Mended(then, {key: call(again(past.call, past.coverage), seen, until) for key, past in then.items()})


def arguments_of(scenario: Scenario, duration_s: int) -> dict[str, str | int]:
    return {"process_name": scenario.process, "duration": duration_s}


def call(asked: ToolCall, seen: Seen, now: datetime) -> ToolResult:
    async def run(source: EbpfSource) -> ToolResult:
        return await run_tool(asked, source=source, now=now)

    return seen.told(partial(run))


def first_rows(table: Table) -> list[dict[str, Cell]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows[:TOP]]


@pytest.mark.parametrize("scenario", FAILS, ids=str)
def test_failure_that_was_mended_is_gone(scenario: Scenario, mended: Mended) -> None:
    found = mended.changes(scenario, "find_failures")
    (table,) = found.tables
    row = next(row for row in first_rows(table) if row["destination"] == scenario.destination)
    assert (row["change"], row["process"]) == ("gone", scenario.process)
    assert row["attempts now"] == 0
    assert "; now: no failure in " in found.summary
    assert "compare with care" not in found.summary


@pytest.mark.parametrize("scenario", [each for each in FAILS if each is not DATAGRAMS], ids=str)
def test_planner_says_that_mending_helped(scenario: Scenario, mended: Mended) -> None:
    said = mended.said(scenario, "find_failures", "list_connections")
    assert said.startswith(f"Yes: `{scenario.process}` to `{scenario.destination}`, ")
    assert f"Now it works: `{scenario.destination}`" in said


def test_planner_can_only_suppose_that_a_datagram_arrives_which_nobody_answers(mended: Mended) -> None:
    said = mended.said(DATAGRAMS, "find_failures", "list_connections")
    assert said.startswith("It seems so, though so few come and go by chance too: `metrics-agent` to `10.99.0.2:8125`")


def test_handshake_whose_first_syn_is_lost_no_more_is_faster(mended: Mended) -> None:
    (table, *_) = mended.changes(FIRST_SYN, "connection_latency").tables
    row = first_rows(table)[0]
    assert (row["change"], row["destination"]) == ("shrunk", FIRST_SYN.destination)
    then, now = row["p50 then"], row["p50 now"]
    assert isinstance(then, float)
    assert isinstance(now, float)
    assert then > 900_000 > now
    said = mended.said(FIRST_SYN, "connection_latency")
    assert said.startswith(f"Yes: `{FIRST_SYN.destination}`: p50 1.0 s → ")


def test_reset_of_a_server_that_is_replaced_is_gone(mended: Mended) -> None:
    (table, *_) = mended.changes(RESETTING_SERVER, "tcp_health").tables
    row = next(row for row in first_rows(table) if row["process"] == RESETTING_SERVER.process)
    assert (row["change"], row["destination"]) == ("gone", RESETTING_SERVER.destination)
    assert (row["RST in then"], row["RST in now"]) == (1, 0)
    said = mended.said(RESETTING_SERVER, "tcp_health", "list_connections")
    assert said.startswith("Yes: `webhook` to `10.99.0.2:8450`: RST in 1 → 0")


def test_nothing_is_different_between_a_call_and_itself(mended: Mended) -> None:
    for result in mended.then.values():
        assert [
            table.title for table in comparison(result, result).result.tables if "then and now" in table.title
        ] == []
