"""Calls made again, and what is different: over every tool's own tables."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.conversation.changes import again, comparison, doubts_of, refusal, together
from bot.domain.json_types import Json, JsonObject
from bot.domain.network import Coverage, Endpoint, Event, Outcome, Window
from bot.domain.table import Cell, Table
from bot.domain.turn import ToolCall, ToolResult, ToolSpec
from bot.ebpf.recording.recorded import RecordedSource, open_recording
from bot.tables.noise import RULE
from bot.tools.network import BODIES, run_tool
from tests.fakes import NOW, FakeEbpf, connection, drop
from tests.network_events import (
    STATUS,
    accept_failed,
    accepted,
    counted,
    listener,
    lookup,
    open_connection,
    open_sockets,
    reset,
    retransmit,
)

WINDOW_S = 60
"""Then: the minute that ended a minute before NOW."""
_THEN_S = WINDOW_S + 1
_TIMELESS = {"list_sockets", "explain_drop_reason", "source_status"}


def changes(before: ToolResult, after: ToolResult) -> ToolResult:
    return comparison(before, after).result


def repeated(make: Callable[[float], Event], times: int, *, then: bool = True) -> list[Event]:
    start = _THEN_S if then else 1
    return [make(start + 0.5 * number) for number in range(times)]


async def then_and_now(name: str, events: Sequence[Event], **arguments: Json) -> ToolResult:
    source = FakeEbpf(events)
    asked = ToolCall("1", name, {"duration": WINDOW_S, **arguments})
    before = await run_tool(asked, source=source, now=NOW - timedelta(seconds=WINDOW_S))
    return changes(before, await run_tool(again(asked, before.coverage), source=source, now=NOW))


def rows_of(table: Table) -> list[dict[str, Cell]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def refused(ago_s: float) -> Event:
    return connection("checkout", ago_s=ago_s, outcome=Outcome.REFUSED, errno="ECONNREFUSED", pid=round(ago_s))


def connected(ago_s: float) -> Event:
    return connection("checkout", ago_s=ago_s, pid=round(ago_s))


MENDED: Sequence[Event] = (
    *repeated(refused, 30),
    *repeated(connected, 41, then=False),
    *repeated(lambda ago_s: drop("swapper/0", "NETFILTER_DROP", ago_s=ago_s), 12),
    *repeated(lambda ago_s: drop("swapper/1", "NETFILTER_DROP", ago_s=ago_s), 2, then=False),
    *repeated(lambda ago_s: lookup("db.internal", "SERVFAIL", ago_s=ago_s), 9),
    *repeated(lambda ago_s: lookup("db.internal", ago_s=ago_s), 9, then=False),
    *repeated(lambda ago_s: retransmit(ago_s=ago_s), 20),
    *repeated(lambda ago_s: reset("checkout", ago_s=ago_s), 8, then=False),
    *repeated(lambda ago_s: accept_failed(ago_s=ago_s), 6),
    *repeated(lambda ago_s: accepted(ago_s=ago_s), 7, then=False),
)
EXPECTED: dict[str, tuple[dict[str, Cell], ...]] = {
    "find_failures": ({"change": "gone", "process": "checkout", "attempts then": 30, "attempts now": 0},),
    "get_network_summary": ({"change": "shrunk", "failed then": 30, "failed now": 0, "connected now": 41},),
    "list_connections": (
        {"change": "gone", "outcome": "refused", "count then": 30, "count now": 0},
        {"change": "new", "outcome": "connected", "count then": 0, "count now": 41},
    ),
    "get_packet_drop_summary": ({"change": "shrunk", "reason": "NETFILTER_DROP", "skbs then": 12, "skbs now": 2},),
    "list_packet_drops": ({"change": "shrunk", "reason": "NETFILTER_DROP", "count then": 12, "count now": 2},),
    "dns_lookups": (
        {"change": "gone", "answer": "SERVFAIL", "look-ups then": 9},
        {"change": "new", "answer": "NOERROR", "look-ups now": 9},
    ),
    "tcp_health": (
        {"change": "gone", "process": "curl", "retrans then": 20, "retrans now": 0},
        {"change": "new", "process": "checkout", "RST in then": 0, "RST in now": 8},
    ),
    "connection_latency": ({"change": "new", "destination": "10.2.0.14:5432", "connects now": 41},),
    "top_talkers": (),
    "event_trend": (
        {"change": "gone", "what": "refused", "count then": 30},
        {"change": "new", "what": "connected", "count now": 41},
    ),
    "list_events": (
        {"change": "gone", "event": "error", "what": "accept failed EMFILE", "count then": 6},
        {"change": "new", "event": "accept", "count now": 7},
    ),
    "compare_periods": ({"change": "new", "event": "connection", "what": "connected", "count now": 41},),
    "analyze_patterns": (),
}


@pytest.mark.parametrize("name", sorted(BODIES.keys() - _TIMELESS))
async def test_change_is_told_whatever_tool_is_asked_again(name: str) -> None:
    rows = {} if name in {"top_talkers", "event_trend"} else {"max_events": 1000}
    found = await then_and_now(name, MENDED, **rows)
    assert not found.failed
    told = [row for table in found.tables for row in rows_of(table)]
    for expected in EXPECTED[name]:
        assert [row for row in told if expected.items() <= row.items()], told
    assert all(table.title.endswith((": then and now", ": as before")) for table in found.tables)


async def test_trouble_leads_the_table_of_single_events_too() -> None:
    found = await then_and_now("list_connections", MENDED, max_events=1000)
    assert [row["outcome"] for row in rows_of(found.tables[0])] == ["refused", "connected"]


async def test_full_accept_queue_that_is_gone_is_told_first_though_sockets_came_and_went() -> None:
    clients = [open_connection("web", to=Endpoint("10.0.0.9", 40_000 + number)) for number in range(9)]
    full, waiting = listener(backlog=3, limit=2), listener(backlog=1, limit=2)
    asked = ToolCall("1", "list_sockets", {"max_events": 1000})
    before = await run_tool(asked, source=FakeEbpf(open=open_sockets(full, *clients[:2])), now=NOW)
    after = await run_tool(asked, source=FakeEbpf(open=open_sockets(waiting, *clients)), now=NOW)
    rows = rows_of(changes(before, after).tables[0])
    assert [(row["change"], row["state"], row["what holds it up"], row["count now"]) for row in rows] == [
        ("gone", "LISTEN", "accept queue full", 0),
        ("grown", "ESTABLISHED", None, 9),
        ("new", "LISTEN", None, 1),
    ]
    assert [row["local"] for row in rows] == ["0.0.0.0:8453", "10.0.0.1", "0.0.0.0:8453"]


async def test_counters_of_namespaces_are_compared_too() -> None:
    before = await run_tool(ToolCall("1", "tcp_health"), source=FakeEbpf(counted=counted(listen_overflows=40)), now=NOW)
    after = await run_tool(ToolCall("1", "tcp_health"), source=FakeEbpf(counted=counted(udp_in_errors=5)), now=NOW)
    (table,) = changes(before, after).tables
    assert [(row["change"], row["counter"]) for row in rows_of(table)] == [
        ("gone", "listen overflows"),
        ("new", "udp in errors"),
    ]


async def test_what_is_recorded_does_not_change_and_programs_that_run_again_are_gone() -> None:
    asked = ToolCall("1", "source_status")
    before = await run_tool(asked, source=FakeEbpf(state=STATUS), now=NOW)
    after = await run_tool(asked, source=FakeEbpf(state=replace(STATUS, missing={})), now=NOW)
    programs, kept = changes(before, after).tables
    assert [(row["change"], row["program"]) for row in rows_of(programs)] == [("gone", "dns_query")]
    assert [(row["change"], row["lost then"], row["lost now"]) for row in rows_of(kept)] == [("as before", 3, 3)]


async def test_meaning_of_a_reason_stays() -> None:
    asked = ToolCall("1", "explain_drop_reason", {"reason": "NO_SOCKET"})
    before = await run_tool(asked, source=FakeEbpf(), now=NOW)
    assert changes(before, before).tables == ()


@pytest.fixture(scope="module")
def recorded() -> tuple[RecordedSource, datetime]:
    opened_at = datetime(2026, 12, 1, 12, tzinfo=UTC)
    return open_recording(opened_at=opened_at), opened_at


@pytest.mark.parametrize("name", sorted(BODIES.keys() - _TIMELESS))
async def test_shipped_recording_at_two_moments_differs_and_each_moment_is_like_itself(
    name: str, recorded: tuple[RecordedSource, datetime]
) -> None:
    source, opened_at = recorded
    asked = ToolCall("1", name, {"duration": 20, "max_events": 1000} if name != "event_trend" else {"duration": 20})
    then, now = [await run_tool(asked, source=source, now=opened_at + timedelta(seconds=s)) for s in (25, 50)]
    found = changes(then, now)
    assert [table for table in found.tables if table.title.endswith(": then and now")], found.summary
    assert [table for table in changes(now, now).tables if table.title.endswith(": then and now")] == []
    assert len(found.summary.split("\n")) >= 3


# what is said beside the tables


async def test_summary_has_both_answers_and_the_rule_and_the_footer_has_the_earlier_window() -> None:
    found = await then_and_now("find_failures", MENDED)
    first, both, rule = found.summary.split("\n")
    assert first.startswith("Failed connection attempts: 1 gone; most: checkout -> 10.2.0.14:5432 refused")
    assert both.startswith("then: 30 of 30 attempts failed; most: checkout to 10.2.0.14:5432")
    assert both.endswith("; now: no failure in 41 attempts in the last 60 seconds")
    assert rule == RULE
    assert found.coverage
    assert found.coverage.notes[-1] == "then: 14:05:00-14:06:00 UTC"
    assert found.coverage.shown == 1


async def test_numbers_that_cannot_be_set_side_by_side_are_said_to_be_so() -> None:
    result = await run_tool(ToolCall("1", "find_failures", {"duration": 300}), source=FakeEbpf(MENDED), now=NOW)
    assert result.coverage
    then = replace(result.coverage, source="old", lost=7, window=Window.last(600, NOW - timedelta(seconds=60)))
    now = replace(result.coverage, nodes=("node-b",), unknown=("errno",))
    assert doubts_of(then, now) == [
        "then the events were those of old, now those of fake",
        "then node-a answered, now node-b",
        "now the source can't know the errno",
        "7 events were lost then, so that real counts are higher",
        "then they are events of 10 min, now of 5 min",
        "4 min of the time now were part of the time then already",
    ]
    found = changes(replace(result, coverage=then), replace(result, coverage=now))
    assert "compare with care: then the events were those of old" in found.summary


def test_windows_that_follow_on_each_other_raise_no_doubt() -> None:
    cover = Coverage(source="s", kind="live", window=Window.last(300, NOW), seen=9, matched=9, lost=0)
    earlier = replace(cover, window=Window.last(300.4, NOW - timedelta(seconds=300)))
    assert doubts_of(earlier, cover) == []
    assert doubts_of(None, cover) == []
    assert doubts_of(replace(cover, kind="foreign"), replace(cover, kind="foreign", lost=3)) == []


async def test_earlier_day_is_written_out() -> None:
    result = await run_tool(ToolCall("1", "find_failures"), source=FakeEbpf(MENDED), now=NOW)
    yesterday = await run_tool(ToolCall("1", "find_failures"), source=FakeEbpf(MENDED), now=NOW - timedelta(days=1))
    found = changes(yesterday, result)
    assert found.coverage
    assert "then: 2026-11-22 13:07 to 2026-11-22 14:07 UTC" in found.coverage.notes


FAILED = ToolResult(ToolCall("1", "find_failures"), "the source does not answer", failed=True)


async def test_missing_side_is_said_and_what_there_is_now_is_shown() -> None:
    now = await run_tool(ToolCall("1", "find_failures"), source=FakeEbpf(MENDED), now=NOW)
    found = changes(FAILED, now)
    assert found.summary.startswith("nothing to compare with: find_failures gave no answer then: the source does not")
    assert "now: 30 of 71 attempts failed" in found.summary
    assert (found.tables, found.failed) == (now.tables, False)
    lost = changes(replace(now, tables=()), now)
    assert lost.summary.startswith("nothing to compare with: the tables of find_failures are kept no longer")
    failed = changes(now, FAILED)
    assert failed.summary == "find_failures gives no answer now: the source does not answer"
    assert failed.failed
    named = replace(FAILED, summary="find_failures: the source does not answer")
    assert changes(FAILED, named).summary == "find_failures gives no answer now, as then: the source does not answer"


async def test_comparisons_of_several_calls_are_one_result() -> None:
    found = [await then_and_now(name, MENDED) for name in ("find_failures", "dns_lookups")]
    call = ToolCall("9", "diff_last_calls")
    whole = together(call, [*found, changes(found[0], FAILED)])
    assert (whole.call, whole.failed, whole.coverage) == (call, False, found[0].coverage)
    assert [table.title for table in whole.tables] == [
        "Failed connection attempts: then and now",
        "DNS look-ups, failures first: then and now",
    ]
    assert whole.summary.count(RULE) == 1
    assert whole.summary.endswith(RULE)
    assert "find_failures gives no answer now" in whole.summary
    assert together(call, [FAILED]).failed


# again


PAST: JsonObject = {"since": "2026-11-23T13:00:00Z", "until": "2026-11-23T13:30:00Z", "process_name": "curl"}


@pytest.mark.parametrize(
    ("arguments", "window_s", "expected"),
    [
        ({"process_name": "curl"}, 60, {"process_name": "curl"}),
        ({"duration": 600}, 600, {"duration": 600}),
        ({"duration": 600, "since": None}, 600, {"duration": 600, "since": None}),
        (PAST, 1800, {"process_name": "curl", "duration": 1800}),
        (PAST, None, {"process_name": "curl", "duration": 1800}),
        ({"since": "10m"}, 600.2, {"duration": 600}),
        ({"since": "10m"}, None, {}),
        ({"until": "yesterday"}, None, {}),
        ({"state": "LISTEN"}, 0, {"state": "LISTEN"}),
    ],
)
def test_same_question_is_asked_about_as_long_a_time_that_ends_now(
    arguments: JsonObject, window_s: float | None, expected: JsonObject
) -> None:
    window = None if window_s is None else Window.last(window_s, NOW)
    coverage = Coverage(source="s", kind="live", window=window, seen=1, matched=1) if window else None
    assert again(ToolCall("1", "find_failures", arguments), coverage) == ToolCall("1", "find_failures", expected)


def test_all_rows_are_asked_for_where_the_tool_says_how_many_it_can_bring() -> None:
    rows: JsonObject = {"type": "object", "properties": {"max_events": {"type": "integer", "maximum": 1000}}}
    call = ToolCall("1", "find_failures", {"max_events": 5})
    assert again(call, None, ToolSpec("find_failures", "", rows)).arguments == {"max_events": 1000}
    assert again(call, None, ToolSpec("find_failures", "", {"type": "object"})) == call


def test_only_what_changes_nothing_is_run_again() -> None:
    call = ToolCall("1", "restart")
    assert refusal(call, [ToolSpec("restart", "", {}, read_only=True)]) == ""
    assert refusal(call, [ToolSpec("restart", "", {})]).startswith(
        "restart does not say that calling it changes nothing"
    )
    assert refusal(call, []) == "restart is not offered here any more"
