"""The recorded source as a tool sees it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import CannotAnswer
from bot.domain.network import Connection, EventKind, Outcome, Window
from bot.domain.query import Aggregate, EventQuery, Filter, Limits, Scope
from bot.domain.sockets import SocketQuery
from bot.ebpf.recording.recorded import RecordedSource, open_recording
from tests.fakes import NOW

HOUR = Window.last(3600, NOW)
LATER = timedelta(seconds=10)


@pytest.fixture(scope="module")
def shipped() -> RecordedSource:
    return open_recording(opened_at=NOW)


def lists(kind: EventKind, window: Window, limit: int = 100, **wanted: object) -> EventQuery:
    return EventQuery(kind=kind, window=window, limit=limit, filter=Filter(**wanted))  # type: ignore[arg-type] # short form


async def test_last_hour_is_full_up_to_now(shipped: RecordedSource) -> None:
    drops = (await shipped.events(lists("drop", HOUR, 1))).events
    assert drops[0].time > NOW - timedelta(seconds=10)
    oldest = await shipped.aggregate(Aggregate(kind="drop", window=Window(HOUR.since, NOW)))
    assert oldest.groups[0].first < HOUR.since + timedelta(seconds=10)


async def test_hour_counts_every_turn_without_making_it(shipped: RecordedSource) -> None:
    one = Window.last(53, NOW)
    for kind, in_a_turn in (("connection", 498), ("drop", 447)):
        counted = [(await shipped.events(lists(kind, window, 1))).coverage.seen for window in (one, HOUR)]  # type: ignore[arg-type] # kinds
        assert counted[0] == in_a_turn
        assert 67 * in_a_turn < (counted[1] or 0) < 69 * in_a_turn


async def test_nothing_is_shown_from_before_the_loop_or_behind_the_window(shipped: RecordedSource) -> None:
    window = Window(NOW - timedelta(days=1), NOW + LATER)
    everything = (await shipped.aggregate(Aggregate(kind="drop", window=window))).groups[0]
    assert NOW - timedelta(hours=1) <= everything.first
    assert NOW < everything.last < NOW + LATER
    before = await shipped.events(lists("drop", Window(window.since, NOW - timedelta(hours=2))))
    assert (before.events, before.coverage.seen) == ((), 0)


async def test_later_question_sees_later_turns_and_the_same_old_ones(shipped: RecordedSource) -> None:
    early = await shipped.events(lists("drop", Window.last(5, NOW), 2000))
    late = await shipped.events(lists("drop", Window(NOW - timedelta(seconds=5), NOW + LATER), 2000))
    assert late.events[-len(early.events) :] == early.events
    assert late.events[0].time > NOW


async def test_attempt_is_in_progress_until_its_outcome_is_known(shipped: RecordedSource) -> None:
    slow = lists("connection", HOUR, 1, outcomes=frozenset({Outcome.UNREACHABLE}))
    (decided,) = (await shipped.events(slow)).events
    assert isinstance(decided, Connection)
    assert decided.waited_us
    for waited_s, outcome in ((1, Outcome.PENDING), (4, Outcome.UNREACHABLE)):
        window = Window(decided.time, decided.time + timedelta(seconds=waited_s))
        (seen,) = [each for each in await connections(shipped, window) if each.destination == decided.destination]
        assert (seen.time, seen.outcome, seen.pid) == (decided.time, outcome, decided.pid)


async def connections(source: RecordedSource, window: Window) -> list[Connection]:
    found = (await source.events(lists("connection", window, 5000))).events
    return [each for each in found if isinstance(each, Connection)]


async def test_failed_local_lookups_are_hidden_unless_asked_for(shipped: RecordedSource) -> None:
    hidden = (await shipped.events(lists("connection", Window.last(53, NOW)))).coverage
    asked = (await shipped.events(lists("connection", Window.last(53, NOW), failed_local_lookups=True))).coverage
    assert (hidden.seen, hidden.matched) == (498, 309)
    assert (asked.seen, asked.matched) == (498, 498)


async def test_groups_are_cut_but_counted(shipped: RecordedSource) -> None:
    query = Aggregate(kind="drop", window=Window.last(53, NOW), group_by=("reason",), top=2)
    groups = await shipped.aggregate(query)
    assert [(group.key, group.count) for group in groups.groups] == [(("QDISC_DROP",), 131), (("QUEUE_PURGE",), 130)]
    assert (groups.total, groups.coverage.matched) == (8, 447)


async def test_coverage_says_that_it_is_a_recording(shipped: RecordedSource) -> None:
    coverage = (await shipped.events(lists("drop", HOUR))).coverage
    assert (coverage.kind, coverage.source, coverage.window) == (
        "recording",
        "lab-2026-11-26.jsonl (53 s of lab traffic, looped)",
        HOUR,
    )
    assert (coverage.lost, coverage.unknown, coverage.command) == (0, (), "")
    assert coverage.notes == ()


async def test_coverage_says_where_the_loop_begins_when_more_was_asked_for(shipped: RecordedSource) -> None:
    coverage = (await shipped.events(lists("drop", Window.last(7200, NOW)))).coverage
    assert "the loop begins at 2026-11-23 13:07:00 UTC" in coverage.notes


async def test_check_warns_and_names_the_way_to_live_data(shipped: RecordedSource) -> None:
    check = await shipped.check()
    assert (check.part, check.state) == ("source", "warning")
    assert "recording" in check.detail
    assert "--server URL" in check.remedy


async def test_a_recording_has_neither_sockets_nor_counters_and_says_what_has(shipped: RecordedSource) -> None:
    for asked in (shipped.sockets(SocketQuery()), shipped.counters(HOUR)):
        with pytest.raises(CannotAnswer, match=r"a recording holds events only\. Run netspy collect"):
            await asked


async def test_within_a_scope_names_come_from_its_own_look_ups(shipped: RecordedSource) -> None:
    by_who = Aggregate(kind="connection", window=HOUR, group_by=("process", "name"))
    asked = Aggregate(kind="dns", window=HOUR, group_by=("process",))
    everyone = {group.key for group in (await shipped.aggregate(by_who)).groups if group.key[1]}
    askers = {group.key[0] for group in (await shipped.aggregate(asked)).groups}
    borrowed = {key[0] for key in everyone if key[0] not in askers}
    assert askers & {key[0] for key in everyone}
    assert borrowed
    for process in {key[0] for key in everyone}:
        scope = Scope(frozenset({Limits(processes=frozenset({str(process)}))}))
        told = await shipped.aggregate(replace(by_who, filter=Filter(within=scope)))
        assert told.coverage.seen
        assert {group.key[0] for group in told.groups} == {process}
        assert any(group.key[1] for group in told.groups) == (process not in borrowed)
