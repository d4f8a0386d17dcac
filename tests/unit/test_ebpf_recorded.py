"""The recorded source as a tool sees it, and recordings that cannot be used."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.errors import CannotAnswer, SourceMalformed
from bot.domain.network import Connection, Coverage, EventKind, Outcome, Window
from bot.domain.query import Aggregate, EventQuery, Filter
from bot.domain.sockets import SocketQuery
from bot.domain.source_status import KindStatus
from bot.ebpf.recording.recorded import RecordedSource, open_recording
from bot.ebpf.recording.recording_frame import End, Header, parse_end, parse_header
from tests.fakes import NOW

HOUR = Window.last(3600, NOW)
LATER = timedelta(seconds=10)


@pytest.fixture(scope="module")
def shipped() -> RecordedSource:
    return open_recording(opened_at=NOW)


def drop_line(at_s: float, reason: str = "NO_SOCKET") -> str:
    fields = {"ts": 1_795_392_170 + at_s, "event": "drop", "comm": "nc", "pid": 7, "reason": reason, "benign": False}
    return json.dumps(fields)


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


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


async def test_own_recording_is_told_once_as_if_it_had_just_ended(tmp_path: Path) -> None:
    source = open_recording(written(tmp_path, drop_line(0) + "\n" + drop_line(1.5) + "\n"), opened_at=NOW)
    found = await source.events(lists("drop", Window.last(3600, NOW + LATER), 9))
    assert [each.time for each in found.events] == [NOW - timedelta(seconds=ago) for ago in (0, 1.5)]
    assert (found.coverage.source, found.coverage.lost) == ("mine.jsonl (2 s of earlier traffic)", None)
    assert found.coverage.notes[-1].endswith("UTC, told as if it had just ended")


async def test_last_line_that_is_cut_off_is_left_out_and_told(tmp_path: Path) -> None:
    source = open_recording(written(tmp_path, drop_line(0) + "\n" + drop_line(1)[:40]), opened_at=NOW)
    coverage = (await source.events(lists("drop", Window.last(60, NOW + LATER)))).coverage
    assert coverage.matched == 1
    assert "the recording's last line is cut off and was left out" in coverage.notes


async def test_last_line_without_a_newline_counts_when_it_is_whole(tmp_path: Path) -> None:
    source = open_recording(written(tmp_path, drop_line(0) + "\n\n" + drop_line(0.5)), opened_at=NOW)
    coverage = (await source.events(lists("drop", Window.last(60, NOW + LATER)))).coverage
    assert (coverage.matched, len(coverage.notes)) == (2, 1)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "nothing to be asked for in 0 events"),
        ('{"ts": 1, "event": "tcp_close", "sock": "a", "attempt": null}', "nothing to be asked for in 1 events"),
        ('{"ts": 1, "event"', "line 1 is not JSON: Expecting ':' delimiter at column 18"),
        (drop_line(0) + "\nnonsense\n" + drop_line(1) + "\n", "line 2 is not JSON: Expecting value at column 1"),
        (drop_line(0) + "\n" + "nonsense\n", "line 2 is not JSON"),
        ("time,event\n1,drop\n", "line 1 is not JSON"),
        ("\x7fELF\x00\x01\n", "line 1 is not JSON"),
        ('{"name": "netspy"}\n', 'line 1: it is not an event: an object with "ts" and "event"'),
        (drop_line(0) + "\n[1, 2]", "line 2: it is not an event"),
        ('{"event": "drop"}\n', 'line 1: "ts" is missing'),
        ('{"event": "drop", "ts": "now"}\n', "line 1: \"ts\" is 'now'"),
        ('{"event": "drop", "ts": NaN}\n', 'line 1: "ts" is nan'),
        ('{"event": "drop", "ts": 1e12}\n', 'line 1: "ts" is no time in seconds'),
        ('{"event": "connect", "family": "ipv4", "ts": 1, "call_us": 1e400}\n', 'line 1: "call_us" is inf'),
        (
            '{"event": "connect", "family": "ipv4", "attempt": null, "ts": 1, "dport": "80"}\n',
            "line 1: \"dport\" is '80'",
        ),
        ('{"event": "tcp_open", "ts": 1}\n', 'line 1: "attempt" is missing: an older netspy recorded it'),
        ('{"event": "tcp_open", "ts": 1, "attempt": "a", "evidence": 1}\n', 'line 1: "evidence" is 1'),
        ("[" * 100_000 + "\n", "line 1: it is nested too deep for an event"),
    ],
)
def test_unusable_recording_is_named_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SourceMalformed) as caught:
        open_recording(path, opened_at=NOW)
    assert str(path) in caught.value.asked
    assert caught.value.got.startswith(complaint)
    assert caught.value.remedy


def test_missing_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceMalformed, match="No such file or directory") as caught:
        open_recording(tmp_path / "none.jsonl", opened_at=NOW)
    assert "none.jsonl" in caught.value.asked


def header_line(**fields: object) -> str:
    shape = {"netspy_recording": 1, "began": "2026-11-23T00:00:00Z", "programs": ["a"], "missing": {}, "masked": False}
    return json.dumps({**shape, "kernel": "6.12", "node": "web-1", **fields})


def end_line(**fields: object) -> str:
    shape = {"netspy_recording_end": 1, "ended": "2026-11-23T00:02:58Z", "events": 1, "lost": {"drop": 3, "connect": 1}}
    return json.dumps({**shape, **fields})


async def coverage_of(path: Path, kind: EventKind = "drop") -> Coverage:
    source = open_recording(path, opened_at=NOW)
    return (await source.events(lists(kind, HOUR))).coverage


async def test_a_complete_recording_tells_its_losses_and_its_whole_time(tmp_path: Path) -> None:
    path = written(tmp_path, f"{header_line()}\n{drop_line(0)}\n{end_line()}\n")
    drops, connections = [await coverage_of(path, kind) for kind in ("drop", "connection")]
    assert (drops.lost, connections.lost, drops.notes[:-1]) == (3, 1, ())
    assert drops.source == "mine.jsonl (179 s of earlier traffic)"


async def test_status_of_a_recording_tells_its_span_its_events_and_its_losses(tmp_path: Path) -> None:
    path = written(tmp_path, f"{header_line()}\n{drop_line(0)}\n{drop_line(1)}\n{end_line()}\n")
    status = await open_recording(path, opened_at=NOW).status()
    assert (status.source, status.kind) == ("mine.jsonl (179 s of earlier traffic)", "recording")
    assert (status.since, status.until) == (
        datetime(2026, 11, 23, tzinfo=UTC),
        datetime(2026, 11, 23, 0, 2, 58, tzinfo=UTC),
    )
    assert status.kinds["drop"] == KindStatus(seen=2, stored=2, evicted=0, lost=3)
    assert status.kinds["dns"] == KindStatus(seen=0, stored=0, evicted=0, lost=0)
    lost = await open_recording(written(tmp_path, f"{drop_line(0)}\n"), opened_at=NOW).status()
    assert lost.kinds["drop"].lost is None


async def test_a_recording_has_neither_sockets_nor_counters_and_says_what_has(shipped: RecordedSource) -> None:
    for asked in (shipped.sockets(SocketQuery()), shipped.counters(HOUR)):
        with pytest.raises(CannotAnswer, match=r"a recording holds events only\. Run netspy collect"):
            await asked


async def test_a_recording_that_was_interrupted_says_that_its_losses_are_not_known(tmp_path: Path) -> None:
    found = await coverage_of(written(tmp_path, f"{header_line()}\n{drop_line(0)}\n"))
    assert found.lost is None
    assert found.notes[:-1] == ("the recording was interrupted: how many events were lost is not known",)


async def test_what_a_recording_lacks_is_told_with_every_answer(tmp_path: Path) -> None:
    header = header_line(masked=True, missing={"icmp_sent": "no such tracepoint", "dns_query": "refused"})
    found = await coverage_of(written(tmp_path, f"{header}\n{drop_line(0)}\n{end_line()}\n"))
    assert found.notes[:-1] == (
        "addresses and names in the recording are masked",
        "it was recorded without icmp_sent, dns_query",
    )


@pytest.mark.parametrize("line", [header_line(netspy_recording=2), end_line(netspy_recording_end=2)])
def test_a_recording_of_a_newer_netspy_is_refused(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, "\n".join([line] if "began" in line else [header_line(), line]))
    with pytest.raises(SourceMalformed, match="of version 2 of the format, and this netspy knows 1") as caught:
        open_recording(path, opened_at=NOW)
    assert caught.value.remedy == "read it with a newer netspy"


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([drop_line(0), header_line()], "line 2: another recording begins here"),
        ([header_line(), end_line(), drop_line(0)], "line 3: the recording had ended"),
        ([header_line(netspy_recording="one")], "line 1: \"netspy_recording\" is 'one'"),
        ([header_line(began="yesterday")], "line 1: \"began\" is 'yesterday'"),
        ([header_line(masked="no")], "line 1: \"masked\" is 'no'"),
        ([header_line(programs={})], 'line 1: "programs" is {}'),
        ([header_line(missing=[])], 'line 1: "missing" is []'),
        ([header_line(), end_line(lost={"drop": "3"})], "line 2: \"drop\" is '3'"),
        ([header_line(), end_line()], "nothing to be asked for in 0 events"),
    ],
)
def test_what_is_wrong_with_a_recordings_frame_is_named(tmp_path: Path, lines: list[str], complaint: str) -> None:
    with pytest.raises(SourceMalformed) as caught:
        open_recording(written(tmp_path, "\n".join(lines) + "\n"), opened_at=NOW)
    assert caught.value.got == complaint


def test_what_a_frame_says_is_read_as_it_was_written() -> None:
    header = Header(
        began=NOW, kernel="6.12", node="n", programs=("a",), missing={"b": "c"}, masked=True, netspy="0.1.0"
    )
    end = End(ended=NOW, events=5, lost={"drop": 2})
    assert parse_header(json.loads(header.line())) == header
    assert parse_end(json.loads(end.line())) == end
