"""The footer line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from bot.domain.network import Coverage, Window
from bot.tables.footer import footer_line

NOW = datetime(2026, 11, 23, 14, 7, tzinfo=UTC)
LIVE = Coverage(
    source="live",
    kind="live",
    window=Window.last(300, NOW),
    seen=None,
    matched=449,
    lost=0,
    nodes=("node-a",),
    command="find_failures --process checkout --duration 300",
)


def footer(zone: timezone = UTC, **changes: Any) -> str:
    return footer_line(replace(LIVE, **changes), zone=zone, now=NOW)


def test_live_footer_is_one_quiet_line() -> None:
    assert footer() == (
        "live | node-a | 14:02-14:07 UTC | 449 matched, 0 lost | find_failures --process checkout --duration 300"
    )


def test_server_is_named_with_what_it_cannot_know() -> None:
    said = footer(
        kind="server",
        source="http://127.0.0.1:8080 (ebpf-server)",
        nodes=(),
        lost=None,
        unknown=("outcome", "errno"),
        notes=("Only the newest 100 events. ", "Times may lag by 1 s."),
        command="list",
    )
    assert said == (
        "http://127.0.0.1:8080 (ebpf-server) | 14:02-14:07 UTC | 449 matched | cannot know: outcome, errno"
        " | Only the newest 100 events | Times may lag by 1 s | list"
    )


def test_recording_says_first_that_it_is_not_live() -> None:
    assert footer(kind="recording", source="lab-2026").startswith("recording lab-2026, not live | ")


@pytest.mark.parametrize(
    ("seen", "shown", "lost", "said"),
    [
        (449, 449, 0, "449 matched, 0 lost"),
        (12034, 10, 1500, "449 matched of 12,034 seen, 10 shown, 1,500 lost"),
        (None, 0, None, "449 matched"),
    ],
)
def test_counts_name_only_what_is_known_and_differs(seen: int | None, shown: int, lost: int | None, said: str) -> None:
    assert footer(seen=seen, shown=shown, lost=lost).split(" | ")[2 + 1] == said


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        (timedelta(seconds=60), timedelta(0), "14:06:00-14:07:00 UTC"),
        (timedelta(seconds=120), timedelta(0), "14:05-14:07 UTC"),
        (timedelta(days=1), timedelta(0), "2026-11-22 14:07 to 2026-11-23 14:07 UTC"),
        (timedelta(days=1, minutes=5), timedelta(days=1), "2026-11-22 14:02-14:07 UTC"),
    ],
)
def test_window_has_dates_and_seconds_where_they_matter(since: timedelta, until: timedelta, said: str) -> None:
    assert footer(window=Window(NOW - since, NOW - until)).split(" | ")[2] == said


def test_window_is_told_in_the_readers_zone() -> None:
    assert " | 15:02-15:07 UTC+01:00 | " in footer(timezone(timedelta(hours=1)))


def test_many_nodes_are_counted() -> None:
    assert footer(nodes=("a", "b", "c")).split(" | ")[1] == "a, b, c"
    assert footer(nodes=("a", "b", "c", "d")).split(" | ")[1] == "4 nodes"


def test_hostile_names_cannot_break_the_line() -> None:
    assert r"--process x\n\x1b[2J" in footer(command="list --process x\n\x1b[2J")


def test_what_another_mcp_server_says_is_named_with_the_moment_it_was_asked() -> None:
    said = footer(kind="foreign", source="weather", window=Window(NOW, NOW), matched=40, shown=3, nodes=(), lost=None)
    assert said == "MCP server weather | asked 14:07:00 UTC | 40 rows, 3 shown | " + LIVE.command
