"""Which quantities a turn's results hold."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.grounding.checking import unsupported
from bot.conversation.grounding.evidence import evidence_of
from bot.domain.json_types import JsonObject
from bot.domain.network import Coverage, Window
from bot.domain.table import Cell, Column, Line, Series, Table, Unit
from bot.domain.turn import ToolCall, ToolResult

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
COLUMNS = (
    Column("process"),
    Column("destination", "address"),
    Column("outcome"),
    Column("attempts", "integer"),
    Column("waited p50", "decimal", "us"),
    Column("bytes", "integer", "bytes"),
)
ROWS: tuple[tuple[Cell, ...], ...] = (
    ("checkout", "db.internal 10.2.0.14:5432", "gave up, no reply", 37, 2_003_400.0, None),
    ("checkout", "redis.internal 10.2.0.9:6379", "connected", 412, 304.2, 4_800_000),
    ("billing", "db.internal 10.2.0.14:5432", "gave up, no reply", 12, 1_996_000.0, None),
    ("shipper", "10.2.0.31:9092", "connected", 163, 12_340.0, 52_000),
)


def result(
    *tables: Table,
    summary: str = "",
    arguments: JsonObject | None = None,
    matched: int = 624,
    seen: int | None = 2_000,
    notes: Sequence[str] = (),
    charts: Sequence[Series] = (),
) -> ToolResult:
    coverage = Coverage(
        source="live",
        kind="live",
        window=Window.last(300, NOW),
        seen=seen,
        matched=matched,
        lost=0,
        nodes=("node-1", "node-2", "node-3"),
        notes=tuple(notes),
    )
    return ToolResult(ToolCall("1", "any", arguments or {}), summary, tables, coverage, charts=tuple(charts))


FAILURES = evidence_of([result(Table("Attempts", COLUMNS, ROWS, 9))], said=["we allow 250 ms"])


@pytest.mark.parametrize(
    "text",
    [
        "37 of 624 attempts gave up [T1].",
        "`checkout` waited 2.0 s, 2,003 ms, 2003400 us or about 1.9 seconds.",
        "`redis.internal` got 4.8 MB, 4.6 MiB or 4,800,000 bytes over 412 connects.",
        "`redis.internal` moves 11.7 kB per connection.",
        "`checkout` made 449 attempts, 72 % of all, to two destinations.",
        "49 attempts gave up without a reply.",
        "`checkout` and `billing` failed 49 times together.",
        "575 attempts connected; that is 92 %.",
        "`checkout` made 25 failing attempts more than `billing`, three times as many.",
        "2.1 attempts per second, 125 a minute, 7,488 an hour.",
        "`checkout` failed once every 8 s.",
        "Four rows are shown, 9 exist, 5 are not shown.",
        "3 nodes answered within 5 minutes, 300 s, and 0 events were lost.",
        "1,376 others did not match, 31 % did.",
        "It waited 8 times the 250 ms that you allow, 1.75 s more.",
        "More than 30 attempts of `checkout` gave up, in under 2.5 s.",
        "`billing` und `checkout` warteten etwa 2 Sekunden.",
        "`checkout` a échoué 37 fois, soit 5,9 %.",
        "6379 and 5432 are listening.",
        "Two thirds of the attempts go from `checkout` to redis.internal; about one in 13 gave up.",
        "Apart from `checkout` the rows have between 12 and 163 attempts; the other 212 did not go to redis.internal.",
        "On average a row stands for 156 attempts.",
        "`redis.internal` got 412 attempts, 2.5 times as many as 10.2.0.31:9092.",
        "37 + 12 = 49; 37 in 300 s are 7.4 per minute, and for every failed attempt about 12 were answered.",
        "`checkout` misses your limit by 1.75 s, that is 800 % of the 250 ms.",
        "`checkout` got 4,800k bytes from redis.internal.",
        "Of 449 attempts of `checkout` 37 failed, i.e. 8.2 %, and 412 went through.",
    ],
)
def test_what_stands_in_the_results_or_follows_from_them_is_held(text: str) -> None:
    assert unsupported(text, FAILURES) == ()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("38 of 624 attempts gave up.", ("38",)),
        ("`checkout` waited 3.1 s.", ("3.1 s",)),
        ("`redis.internal` got 7.2 MB over 412 connects.", ("7.2 MB",)),
        ("`checkout` makes 61 % of all.", ("61 %",)),
        ("`checkout` and `billing` failed 58 times together.", ("58 times",)),
        ("9 attempts per second.", ("9",)),
        ("`checkout` failed five times as often as `billing`.", ("five times",)),
        ("Seventeen destinations are affected.", ("Seventeen",)),
        ("About 60 attempts of `checkout` gave up.", ("60",)),
        ("`billing` gave up 37 times.", ("37 times",)),
        ("`billing` waited 304.2 µs.", ("304.2 µs",)),
        ("`billing` got 52,000 bytes.", ("52,000 bytes",)),
        ("37 of 624 attempts gave up (26 %).", ("26 %",)),
        ("Half of the attempts gave up.", ("Half",)),
        ("`shipper` makes one attempt every 8 s.", ("8 s",)),
        ("Normally a SYN is sent again after 1 s.", ("1 s",)),
    ],
)
def test_what_does_not_follow_is_told(text: str, wrong: tuple[str, ...]) -> None:
    assert unsupported(text, FAILURES) == wrong


def test_small_counts_are_not_rounded_and_large_ones_may_be() -> None:
    evidence = evidence_of([result(Table("T", (Column("n", "integer"),), ((449,), (1_234,)), 2))])

    assert unsupported("449 and 1,234, or 1,200, 1.2k", evidence) == ()
    assert unsupported("450 and 1,300", evidence) == ("450", "1,300")


def test_what_was_said_summaries_notes_and_arguments_count_as_given() -> None:
    found = result(
        summary="15 of 60 look-ups failed",
        arguments={"duration": 120, "max_events": 77, "where": ["9 ms", {"timeout_ms": 45}]},
        notes=["191 events then, 166 now"],
    )
    evidence = evidence_of([found], said=["is it over 40 ms?"], durations_s=[5])

    assert unsupported("15 of 60, 25 %, 45 other, 191, 25 fewer, 40 ms, 2 minutes, 77, 9 ms, 45 ms", evidence) == ()
    assert unsupported("In a slot of 5 s", evidence) == ()
    assert unsupported("15, 44 ms", evidence_of([])) == ("15", "44 ms")


def test_evidence_grows_with_further_results() -> None:
    more = FAILURES.with_more([result(summary="8,123 drops")])

    assert unsupported("8,123 drops and 37 attempts", more) == ()
    assert unsupported("8,123 drops", FAILURES) == ("8,123",)


def test_times_tell_how_long_something_lasted() -> None:
    rows = tuple((NOW - timedelta(seconds=seconds), "curl") for seconds in (90, 60, 20))
    evidence = evidence_of([result(Table("T", (Column("time", "time"), Column("process")), rows, 3))])

    assert unsupported("`curl` connected over 70 s, the last time 20 s ago, with gaps of 30 and 40 s.", evidence) == ()
    assert unsupported("From 14:03:30 to 14:04:45, 75 s, `curl` was quiet.", evidence) == ()
    assert unsupported("`curl` connected for 55 s.", evidence) == ("55 s",)


def test_what_a_clause_tells_of_one_row_is_not_held_of_another() -> None:
    found = result(
        Table("Attempts", COLUMNS, ROWS, 9), summary="624 attempts; most failed: checkout to db.internal (158)"
    )
    evidence = evidence_of([found])

    assert unsupported("`checkout` failed 158 times, of 624 attempts.", evidence) == ()
    assert unsupported("`shipper` failed 158 times, of 624 attempts.", evidence) == ("158 times",)


def test_a_call_about_one_row_counts_nothing_of_another() -> None:
    found = result(Table("Attempts", COLUMNS, ROWS, 4), arguments={"process": "billing"}, matched=771)

    assert unsupported("`billing` made 771 attempts.", evidence_of([found])) == ()
    assert unsupported("`shipper` made 771 attempts.", evidence_of([found])) == ("771",)


def test_a_sentence_may_speak_of_the_rows_between_two_clock_times() -> None:
    rows = tuple((NOW - timedelta(seconds=5 * place), count) for place, count in enumerate((410, 23, 870, 31, 560)))
    evidence = evidence_of([result(Table("T", (Column("from", "time"), Column("all", "integer")), rows, 5))])

    assert unsupported("From 14:04:45 to 14:04:55 there were 31 to 870 attempts, 924 in all.", evidence) == ()
    assert unsupported("At 14:04:45 there were 870 attempts.", evidence) == ("870",)


def test_how_long_ago_follows_from_the_time_that_the_question_names() -> None:
    evidence = evidence_of([result()], said=["I restarted it at 14:04:20, what changed?", "At 14:01 nothing had."])

    assert unsupported("You restarted it 40 s ago.", evidence) == ()
    assert unsupported("You restarted it 55 s ago.", evidence) == ("55 s",)


def test_counts_can_be_compared_with_a_limit_that_is_a_rate() -> None:
    found = result(Table("T", (Column("process"), Column("n", "integer")), (("curl", 5_009), ("nginx", 6_673)), 2))
    evidence = evidence_of([found], said=["the alert fires above 60k an hour"])

    assert unsupported("`curl` is just 9 above the threshold, `nginx` 33 % over the limit.", evidence) == ()
    assert unsupported("`nginx` is 60 % over the limit.", evidence) == ("60 %",)


def test_figures_in_words_of_a_table_are_held() -> None:
    rows = (("shipper", "62% of the time no room"), ("rooms", "129/128"))
    evidence = evidence_of([result(Table("T", (Column("process"), Column("why")), rows, 2))])

    assert unsupported("`shipper` had no room for 62 % of the time; 129/128 wait at `rooms`.", evidence) == ()


def test_charts_are_evidence_too() -> None:
    chart = Series("Over time", ("14:00", "14:01"), (Line("all", (31.0, 46.0)),))

    assert unsupported("From 31 to 46, 77 in all", evidence_of([result(charts=[chart])])) == ()


def test_headings_of_foreign_tables_may_hold_the_unit() -> None:
    columns = (Column("latency_ms", "decimal"), Column("size (MB)", "decimal"), Column("n", "integer"))
    evidence = evidence_of([result(Table("T", columns, ((12.5, 3.0, 10**400), (float("nan"), None, 4)), 2))])

    assert unsupported("12.5 ms, 3 MB, 4", evidence) == ()


def test_many_rows_are_summed_up_but_only_those_that_a_model_reads_are_compared() -> None:
    rows = tuple((f"process-{number}", "ok" if number % 3 else "bad", number**2) for number in range(1, 201))
    columns = (Column("process"), Column("state"), Column("n", "integer"))
    evidence = evidence_of([result(Table("T", columns, rows, 200), matched=2_686_700)])

    assert unsupported("40,000 at most, 2,686,700 in all, 882,189 are bad", evidence) == ()
    assert unsupported("`process-9` has 63 fewer than `process-12`", evidence) == ()
    assert unsupported("`process-190` has 23,779 more than `process-111`", evidence) == ("23,779",)


UNITS: dict[Unit | None, str] = {"us": "us", "s": "s", "bytes": "bytes", "percent": "%"}


@given(
    st.lists(
        st.tuples(st.floats(0.01, 9e8), st.floats(0.01, 9e5), st.integers(10, 10**12), st.floats(0.1, 100)),
        min_size=1,
        max_size=8,
    ),
    st.data(),
)
def test_a_cell_with_its_unit_is_held_however_it_is_rounded(
    rows: list[tuple[float, float, int, float]], data: st.DataObject
) -> None:
    units: tuple[Unit, ...] = ("us", "s", "bytes", "percent")
    table = Table("T", tuple(Column(unit, "decimal", unit) for unit in units), tuple(rows), len(rows))
    place = data.draw(st.integers(0, 3))
    digits = data.draw(st.integers(2, 6))
    cell = rows[data.draw(st.integers(0, len(rows) - 1))][place]
    rounded = f"{Decimal(f'{cell:.{digits}g}'):f}"

    assert unsupported(f"It is {rounded} {UNITS[units[place]]}.", evidence_of([result(table)])) == ()


@given(st.text(st.characters(exclude_categories=["N"]), max_size=60))
def test_a_text_without_digits_and_number_words_never_alarms(text: str) -> None:
    assert unsupported(text, FAILURES) == ()


@given(st.text(max_size=80))
def test_any_text_can_be_checked(text: str) -> None:
    assert all(written in text for written in unsupported(text, FAILURES))
