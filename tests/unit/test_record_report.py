"""What is in a recording, as values, as text and as JSON."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.terminal.render import Look
from bot.domain.errors import SourceMalformed
from bot.domain.network import Outcome
from bot.ebpf.recording.describing import describe
from bot.ebpf.recording.recorded import _SHIPPED
from bot.record_report import as_json, report
from bot.tables.text import cell_width
from tests.fakes import NOW

LOOK = Look(width=80, colour=False, zone=UTC, now=NOW)
MISSING = {"icmp_sent": "icmp:icmp_sent: this kernel has no such tracepoint"}
HEADER: dict[str, object] = {
    "netspy_recording": 1,
    "began": "2026-11-23T14:00:00Z",
    "kernel": "6.12.1 x86_64",
    "node": "web-1",
    "programs": ["a", "b"],
    "missing": MISSING,
    "masked": True,
}
END = {"netspy_recording_end": 1, "ended": "2026-11-23T14:01:30Z", "events": 6, "lost": {"drop": 1200, "connect": 0}}
BEGIN = datetime(2026, 11, 23, 14, tzinfo=UTC).timestamp()
CALL = {"event": "connect", "family": "ipv4", "proto": "tcp", "type": "stream", "dst": "10.2.0.14", "dport": 5432}
EVENTS: tuple[dict[str, object], ...] = (
    {**CALL, "attempt": None, "errno": "ENETUNREACH", "comm": "curl"},
    {"event": "drop", "reason": "NO_SOCKET", "benign": False, "comm": "curl"},
    {"event": "drop", "reason": "QUEUE_PURGE", "benign": True, "comm": "nginx"},
    {"event": "drop", "reason": None, "benign": None, "comm": ""},
    {"event": "dns_query", "qname": "x.test", "comm": "curl"},
    {"event": "tcp_reset_sent", "comm": "nginx"},
)


def written(folder: Path, *lines: dict[str, object]) -> Path:
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps({"ts": BEGIN + 10, **line}) + "\n" for line in lines))
    return path


def test_everything_is_counted(tmp_path: Path) -> None:
    found = describe(written(tmp_path, HEADER, *EVENTS, END))
    assert found.kinds == {"drop": 3, "connect": 1, "dns_query": 1, "tcp_reset_sent": 1}
    assert found.processes == {"curl": 3, "nginx": 2, "(unknown)": 1}
    assert found.outcomes == {Outcome.NO_ROUTE: 1}
    assert (found.reasons, found.harmless) == ({"(unknown)": 1, "NO_SOCKET": 1}, {"QUEUE_PURGE": 1})
    assert (found.rcodes, found.resets) == ({"no answer": 1}, {"sent": 1})
    assert found.lost == {"drop": 1200}
    assert (found.began, found.ended) == (
        datetime(2026, 11, 23, 14, tzinfo=UTC),
        datetime(2026, 11, 23, 14, 1, 30, tzinfo=UTC),
    )


def test_look_ups_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    answers: tuple[dict[str, object], ...] = ({}, {"rcode": "NXDOMAIN"}, {"rcode": "NXDOMAIN"}, {"rcode": None})
    lines: list[dict[str, object]] = []
    for number, answer in enumerate(answers):
        lines.append({"event": "dns_query", "id": number, "sport": 5})
        lines += [{"event": "dns_reply", "id": number, "dport": 5, "latency_us": 7, **answer}] if answer else []
    assert describe(written(tmp_path, *lines)).rcodes == {"NXDOMAIN": 2, "(unknown)": 1, "no answer": 1}


def test_people_read_it_as_tables(tmp_path: Path) -> None:
    assert report(describe(written(tmp_path, HEADER, *EVENTS, END)), LOOK) == (
        """\
recording mine.jsonl
about              it
time               2026-11-23 14:00:00 to 2026-11-23 14:01:30 UTC, 1 min 30 s
events             6
lost               1,200
machine            web-1, kernel 6.12.1 x86_64
masked             yes: addresses, names and paths are placeholders
programs           2 of 3
without icmp_sent  icmp:icmp_sent: this kernel has no such tracepoint

events by kind
kind                    count
drop (1,200 more lost)      3
connect                     1
dns_query                   1
tcp_reset_sent              1

connection attempts by outcome
outcome         count
no local route      1

drops by reason
reason     count
(unknown)      1
NO_SOCKET      1

harmless drops by reason
reason       count
QUEUE_PURGE      1

DNS look-ups by answer
answer     count
no answer      1

resets by direction
direction  count
sent           1

events by process
process    count
curl           3
nginx          2
(unknown)      1
"""
    )


def test_a_recording_without_header_and_end_tells_what_its_events_tell(tmp_path: Path) -> None:
    found = describe(written(tmp_path, EVENTS[1]))
    assert (found.header, found.lost, found.damage) == (None, None, ())
    text = report(found, LOOK)
    assert "time    2026-11-23 14:00:10 to 2026-11-23 14:00:10 UTC" in text
    assert "lost    not known" in text


def test_programs_read_it_as_json(tmp_path: Path) -> None:
    said = json.loads(as_json(describe(written(tmp_path, HEADER, *EVENTS, END))))
    assert (said["began"], said["ended"]) == ("2026-11-23T14:00:00Z", "2026-11-23T14:01:30Z")
    assert (said["masked"], said["node"], said["lost"]) == (True, "web-1", {"drop": 1200})
    assert said["outcomes"] == {"no local route": 1}
    assert (said["drop_reasons"], said["harmless_drop_reasons"]) == (
        {"(unknown)": 1, "NO_SOCKET": 1},
        {"QUEUE_PURGE": 1},
    )
    assert (said["dns_answers"], said["resets"]) == ({"no answer": 1}, {"sent": 1})
    assert said["missing"] == MISSING


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    text = report(describe(_SHIPPED), Look(width=width, colour=False, zone=UTC, now=NOW))
    assert max(map(cell_width, text.splitlines())) <= width
    assert "QDISC_DROP" in text


def test_a_recording_that_was_interrupted_says_so(tmp_path: Path) -> None:
    text = report(describe(written(tmp_path, HEADER, *EVENTS)), LOOK)
    assert text.endswith("\nwarning: the recording was interrupted: how many events were lost is not known\n")


def test_only_the_busiest_processes_are_shown_of_many() -> None:
    text = report(describe(_SHIPPED), LOOK)
    assert "10 of " in text.partition("events by process")[2]


def test_a_foreign_file_is_named_with_its_line(tmp_path: Path) -> None:
    foreign = tmp_path / "hosts"
    foreign.write_text("127.0.0.1 localhost\n")
    with pytest.raises(SourceMalformed, match="line 1 is not JSON"):
        describe(foreign)
