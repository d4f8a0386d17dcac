"""Files of recordings: what is read of them, what is said to be missing, and those that cannot be used."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.errors import SourceMalformed
from bot.domain.network import Coverage, EventKind, Window
from bot.domain.query import EventQuery, Filter
from bot.domain.source_status import KindStatus
from bot.ebpf.recording.recorded import open_recording
from bot.ebpf.recording.recording_frame import End, Header, parse_end, parse_header
from tests.fakes import NOW

HOUR = Window.last(3600, NOW)
LATER = timedelta(seconds=10)


def drop_line(at_s: float, reason: str = "NO_SOCKET") -> str:
    fields = {"ts": 1_795_392_170 + at_s, "event": "drop", "comm": "nc", "pid": 7, "reason": reason, "benign": False}
    return json.dumps(fields)


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.jsonl"
    path.write_text(text, encoding="utf-8")
    return path


def lists(kind: EventKind, window: Window, limit: int = 100, **wanted: object) -> EventQuery:
    return EventQuery(kind=kind, window=window, limit=limit, filter=Filter(**wanted))  # type: ignore[arg-type] # short form


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
