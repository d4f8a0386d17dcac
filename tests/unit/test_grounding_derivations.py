"""What a sentence may derive from rows, and what it may not take from a wrong place."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.conversation.grounding.checking import unsupported
from bot.conversation.grounding.evidence import evidence_of
from bot.domain.network import Coverage, Window
from bot.domain.table import Column, Table
from bot.domain.turn import ToolCall, ToolResult

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
FLOWS = Table(
    "Flows",
    (
        Column("process"),
        Column("destination", "address"),
        Column("reason"),
        Column("pid", "id"),
        Column("sent", "integer", "bytes"),
        Column("received", "integer", "bytes"),
        Column("connections", "integer"),
    ),
    (
        ("psql", "10.0.0.9:5432", "NETFILTER_DROP", 812, 7_650, 42_840, 90),
        ("redis-cli", "10.0.0.7:6379", "NETFILTER_ACCEPT", 813, 3_536, 634, 136),
        ("curl", "10.0.0.8:8080", "NO_SOCKET", 814, 12_851, 27_693, 361),
        ("wget", "10.0.0.6:8080", "QUEUE_PURGE", 815, 1_216, 9_001, 385),
    ),
    4,
)
SLOTS = Table(
    "Attempts",
    (Column("from", "time"), Column("all", "integer"), Column("refused", "integer"), Column("lost", "integer")),
    tuple((NOW + timedelta(seconds=20 * slot), 107 + slot, 100, 7 + slot) for slot in range(6)),
    6,
)


def wrong_in(text: str, table: Table) -> tuple[str, ...]:
    coverage = Coverage(source="live", kind="live", window=Window.last(600, NOW), seen=None, matched=4_000)
    result = ToolResult(ToolCall("1", "any", {}), "", (table,), coverage)
    return unsupported(text, evidence_of([result], said=["1,290 drops in the last 15 minutes; we promise 30 kB"]))


@pytest.mark.parametrize(
    "text",
    [
        "Netfilter is named with 226 connections.",
        "Port 8080 gets 746 connections.",
        "`psql` is 812 and `curl` is 814.",
        "`curl` makes between 36 and 37 connections a minute.",
        "They told of about 86 drops a minute.",
        "Two destinations exceed 9,001 bytes.",
    ],
)
def test_sums_names_and_rates_of_rows_are_held(text: str) -> None:
    assert wrong_in(text, FLOWS) == ()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("`redis-cli` sent only 634 bytes.", "634 bytes"),
        ("`curl` has 815 as its pid.", "815"),
        ("Three destinations exceed 9,001 bytes.", "Three"),
        ("`psql` received ten times as much as your limit.", "ten times"),
        ("`wget` comes last with the most connections of all, 136.", "136"),
        ("They told of 70 drops a minute.", "70"),
    ],
)
def test_figures_of_another_row_column_or_limit_are_told(text: str, wrong: str) -> None:
    assert wrong_in(text, FLOWS) == (wrong,)


def test_slots_of_a_minute_are_summed_up() -> None:
    assert wrong_in("In the first minute there were 324, in the second 333.", SLOTS) == ()
    assert wrong_in("In the first minute there were 327.", SLOTS) == ("327",)


def test_a_whole_is_not_added_to_its_part() -> None:
    assert wrong_in("At 14:05:20 there were 8 lost of 108.", SLOTS) == ()
    assert wrong_in("At 14:05:20 there were more, 116.", SLOTS) == ("116",)
