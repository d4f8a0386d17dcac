"""The data tools over events in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.commands import parse
from bot.domain.errors import SourceUnreachable
from bot.domain.json_types import Json
from bot.domain.network import Endpoint, Event, Outcome, UnknownField, Window
from bot.domain.query import Aggregate
from bot.domain.table import Cell, Table
from bot.domain.turn import ToolCall, ToolResult
from bot.tools import connections
from bot.tools.network import BODIES, run_tool
from bot.tools.registry import TOOLS
from tests.fakes import NOW, FakeEbpf, connection, drop
from tests.network_events import lookup, retransmit

REFERENCE_SERVER: tuple[UnknownField, ...] = ("outcome", "errno", "protocol", "reason", "size", "location", "harmless")

CHECKOUT: Sequence[Event] = (
    *(connection("checkout", ago_s=n + 1, outcome=Outcome.UNANSWERED, waited_us=2e6, pid=7) for n in range(37)),
    *(connection("checkout", "10.2.0.9:6379", ago_s=n / 10, pid=7) for n in range(1, 413)),
)


OVER_EVENTS = sorted(BODIES.keys() - {"list_sockets", "source_status", "explain_drop_reason"})
"""The others tell how it is at this moment."""


async def run(name: str, stored: Sequence[Event] | FakeEbpf, **arguments: Json) -> ToolResult:
    source = stored if isinstance(stored, FakeEbpf) else FakeEbpf(stored)
    return await run_tool(ToolCall("c1", name, arguments), source=source, now=NOW)


def columns(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def cells(table: Table, name: str) -> list[Cell]:
    place = columns(table).index(name)
    return [row[place] for row in table.rows]


# get_network_summary


async def test_summary_says_how_many_attempts_a_process_made() -> None:
    curl = [connection("curl", ago_s=n) for n in range(1, 6)]
    result = await run("get_network_summary", [*curl, connection("nginx")], process_name="curl")
    assert result.summary == "process 'curl' made 5 outbound connection attempts over the last 60 seconds; none failed"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "2 outbound connection attempts over the last 60 seconds"),
        ({"pid": 12}, "pid 12 made 1 outbound connection attempt over the last 60 seconds"),
        ({"pid": 12, "process_name": "curl"}, "process 'curl' (pid 12) made 1 outbound connection attempt over the"),
        ({"duration": 1.0}, "1 outbound connection attempt over the last 1 second"),
    ],
)
async def test_summary_sentence_fits_target_and_number(arguments: dict[str, Json], sentence: str) -> None:
    stored = [connection("curl", pid=12, ago_s=30), connection("nginx", pid=13, ago_s=0.5)]
    result = await run("get_network_summary", FakeEbpf(stored, unknown=REFERENCE_SERVER), **arguments)
    assert result.summary.startswith(sentence)
    assert "failed" not in result.summary


async def test_summary_counts_outcomes_of_each_process() -> None:
    stored = [
        connection("b", outcome=Outcome.REFUSED),
        connection("b", outcome=Outcome.PENDING, ago_s=3),
        connection("c"),
        connection("c", ago_s=2),
        connection("a"),
    ]
    result = await run("get_network_summary", stored)
    [table] = result.tables
    assert columns(table) == ["process", "attempts", "connected", "failed", "in progress", "last"]
    assert [row[:5] for row in table.rows] == [("b", 2, 0, 1, 1), ("c", 2, 2, 0, 0), ("a", 1, 1, 0, 0)]
    assert result.summary == "5 outbound connection attempts over the last 60 seconds; 1 failed, 1 still in progress"


async def test_summary_cut_to_max_events_still_counts_all() -> None:
    result = await run("get_network_summary", [connection(name) for name in "abc"], max_events=2)
    [table] = result.tables
    assert cells(table, "process") == ["a", "b"]
    assert table.total_rows == 3
    assert result.summary.startswith("3 outbound")
    assert result.coverage is not None
    assert result.coverage.shown == 2


async def test_summary_leaves_out_what_the_source_cannot_know() -> None:
    result = await run("get_network_summary", FakeEbpf([connection()], unknown=REFERENCE_SERVER))
    assert columns(result.tables[0]) == ["process", "attempts", "last"]


async def test_counting_asks_for_counts_and_never_for_events() -> None:
    for name in ("get_network_summary", "get_packet_drop_summary", "find_failures"):
        source = FakeEbpf([*CHECKOUT, drop()])
        assert not (await run(name, source)).failed
        assert all(isinstance(query, Aggregate) for query in source.queries)


# list_connections


async def test_list_shows_the_newest_first_and_counts_all() -> None:
    result = await run("list_connections", CHECKOUT, max_events=3)
    [table] = result.tables
    times = cells(table, "time")
    assert times == sorted(times, key=str, reverse=True)
    assert (len(table.rows), table.total_rows) == (3, 449)
    assert result.summary == "the newest 3 of 449 connection attempts in the last hour"


async def test_list_writes_each_destination_in_one_column() -> None:
    stored = [
        connection(to="[fe80::1]:443", ago_s=1),
        connection(to="10.0.0.1:80", ago_s=2),
        connection(to="", ago_s=3),
    ]
    [table] = (await run("list_connections", stored)).tables
    assert cells(table, "destination") == ["[fe80::1]:443", "10.0.0.1:80", "(local socket)"]
    assert cells(table, "protocol") == ["TCP", "TCP", "UNIX"]


async def test_list_puts_an_errno_that_says_more_before_the_outcome() -> None:
    stored = [connection(outcome=Outcome.NO_ROUTE, errno="EACCES")]
    [table] = (await run("list_connections", stored)).tables
    assert cells(table, "outcome") == ["EACCES: no local route"]


async def test_list_has_outcome_and_wait_where_they_are_known() -> None:
    stored = [connection(outcome=Outcome.REFUSED, errno="ECONNREFUSED", waited_us=12.5)]
    [table] = (await run("list_connections", stored)).tables
    assert columns(table) == ["time", "destination", "protocol", "process", "pid", "outcome", "waited"]
    assert table.rows[0][5:] == ("refused", 12.5)
    assert table.columns[-1].unit == "us"


async def test_list_leaves_out_columns_without_any_value_but_not_who_and_where() -> None:
    stored = [replace(connection(waited_us=None, pid=None), protocol=None)]
    [table] = (await run("list_connections", stored)).tables
    assert columns(table) == ["time", "destination", "process", "outcome"]


async def test_hidden_lookups_are_told() -> None:
    stored = [connection("snapd", "", outcome=Outcome.FAILED), connection("curl")]
    for tool in ("list_connections", "get_network_summary", "analyze_patterns"):
        result = await run(tool, stored)
        assert result.coverage
        assert result.coverage.notes[0] == "1 failed look-up of local sockets hidden (--include-local)"
    filtered = await run("list_connections", stored, process_name="curl")
    assert filtered.coverage
    assert filtered.coverage.notes == ()


async def test_failed_lookups_of_local_sockets_are_shown_on_request_only() -> None:
    stored = [connection("snapd", "", outcome=Outcome.FAILED), connection("curl")]
    assert cells((await run("list_connections", stored)).tables[0], "process") == ["curl"]
    shown = await run("list_connections", stored, include_local="true")
    assert cells(shown.tables[0], "process") == ["curl", "snapd"]
    assert shown.coverage is not None
    assert shown.coverage.command == "list --duration 3600 --include-local"


# drops


async def test_drop_summary_tells_losses_from_harmless_frees_and_puts_losses_first() -> None:
    stored = [*(drop(reason="QUEUE_PURGE", harmless=True, ago_s=n) for n in range(1, 4)), drop(), drop(ago_s=5)]
    result = await run("get_packet_drop_summary", stored)
    assert result.summary == "5 dropped skbs over the last 60 seconds: 2 lost, 3 harmless"
    [table] = result.tables
    assert columns(table) == ["reason", "process", "skbs", "harmless", "location", "last"]
    assert [row[:4] for row in table.rows] == [("NO_SOCKET", "curl", 2, "no"), ("QUEUE_PURGE", "curl", 3, "yes")]


async def test_drop_summary_of_a_source_that_cannot_tell_says_so() -> None:
    stored = [drop(reason=None, harmless=None, location=None)]
    result = await run("get_packet_drop_summary", FakeEbpf(stored, unknown=REFERENCE_SERVER), process_name="curl")
    assert result.summary == (
        "1 dropped skb of process 'curl' over the last 60 seconds; this source cannot tell losses from harmless frees"
    )
    assert columns(result.tables[0]) == ["process", "skbs", "last"]


async def test_drop_of_unknown_kind_is_neither_lost_nor_harmless() -> None:
    result = await run("get_packet_drop_summary", [drop(harmless=None), drop()])
    assert result.summary.endswith("1 lost, 0 harmless, 1 of unknown kind")


async def test_drop_list_shows_where_and_what_and_warns_of_guessed_owners() -> None:
    stored = [replace(drop(), destination=Endpoint("10.0.0.1", 80), owner="current")]
    result = await run("list_packet_drops", stored)
    [table] = result.tables
    assert columns(table) == ["time", "reason", "location", "size", "process", "destination", "harmless"]
    assert table.rows[0][1:] == ("NO_SOCKET", "tcp_v4_rcv", 60, "curl", "10.0.0.1:80", "no")
    assert result.coverage is not None
    assert "whoever ran" in result.coverage.notes[0]


async def test_drop_list_of_the_reference_server_shows_no_made_up_columns() -> None:
    source = FakeEbpf([replace(drop(reason="SKB_FREE"), size_bytes=1)], unknown=REFERENCE_SERVER)
    result = await run("list_packet_drops", source)
    assert columns(result.tables[0]) == ["time", "process", "pid"]


# find_failures


async def test_failures_name_the_worst_in_words_and_rows() -> None:
    refused = connection("curl", "10.0.0.1:80", outcome=Outcome.REFUSED, errno="ECONNREFUSED")
    result = await run("find_failures", [*CHECKOUT, refused])
    assert result.summary == ("38 of 450 attempts failed; most: checkout to 10.2.0.14:5432, gave up, no reply (37)")
    [table] = result.tables
    assert columns(table) == ["process", "destination", "outcome", "errno", "attempts", "p50 wait", "last"]
    assert table.rows[0][:6] == ("checkout", "10.2.0.14:5432", "gave up, no reply", None, 37, 2e6)
    assert table.rows[1][:5] == ("curl", "10.0.0.1:80", "refused", "ECONNREFUSED", 1)
    assert result.coverage is not None
    assert (result.coverage.matched, result.coverage.shown) == (38, 2)


async def test_failures_of_one_process_count_its_attempts_only() -> None:
    result = await run("find_failures", [*CHECKOUT, connection("curl")], process_name="checkout", duration=300)
    assert result.summary.startswith("37 of 449 attempts by process 'checkout' failed; most: ")
    assert result.coverage is not None
    assert result.coverage.command == "failures --process checkout --duration 300"


async def test_no_failure_says_how_many_attempts_there_were() -> None:
    result = await run("find_failures", [connection(), connection(ago_s=2, outcome=Outcome.PENDING)], duration=600)
    assert result.summary == "no failure in 2 attempts in the last 10 minutes; the outcome of 1 is not known"
    assert (result.tables, result.failed) == ((), False)


async def test_failures_on_a_source_without_outcomes_fail_and_name_one_that_has_them() -> None:
    result = await run("find_failures", FakeEbpf(CHECKOUT, unknown=REFERENCE_SERVER))
    assert result.failed
    assert "records no return codes" in result.summary
    assert "Summary and list work here" in result.summary


# analyze_patterns


async def test_patterns_are_named_with_their_rows() -> None:
    result = await run("analyze_patterns", CHECKOUT, max_events=1)
    assert result.summary == (
        "449 attempts to 2 destinations (TCP 449) in the last hour; periodic calls (1), repeated destinations (2)"
    )
    assert [(table.title, len(table.rows), table.total_rows) for table in result.tables] == [
        ("Periodic calls", 1, 1),
        ("Repeated destinations", 1, 2),
    ]
    assert result.coverage is not None
    assert result.coverage.shown == 2


async def test_patterns_say_when_older_attempts_were_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATTERN_EVENTS", 100)
    result = await run("analyze_patterns", CHECKOUT)
    assert result.coverage is not None
    assert result.coverage.notes == ("patterns are those of the newest 100 of 449 attempts",)
    assert result.summary.startswith("the newest 100 of 449 attempts to 2 destinations")


async def test_patterns_say_when_protocols_are_guessed() -> None:
    result = await run("analyze_patterns", FakeEbpf([connection()], unknown=REFERENCE_SERVER), process_name="curl")
    assert result.summary == (
        "1 attempt by process 'curl' to 1 destination (TCP 1; guessed from the port) in the last hour; "
        "no burst, periodic call, fan-out, repeated or new destination"
    )


# nothing found


async def test_nothing_by_a_process_names_those_that_were_seen() -> None:
    stored = [connection("nginx"), connection("curl"), connection("curl", ago_s=2), connection("sshd")]
    result = await run("get_network_summary", [*stored, connection("postgres", ago_s=3)], process_name="foo")
    assert result.summary == (
        "no connection attempts by process 'foo' in the last 60 seconds. "
        "5 connection attempts by other processes were seen: curl, nginx, postgres and 1 more. "
        "Try `summary --process foo --duration 3600`"
    )
    assert (result.tables, result.failed) == ((), False)


async def test_nothing_by_a_name_cut_by_the_kernel_finds_the_name() -> None:
    result = await run("list_connections", [connection("systemd-resolve")], process_name="systemd-resolved")
    assert result.summary.endswith("Did you mean `list --process systemd-resolve --duration 3600`?")


async def test_nothing_by_anyone_says_so() -> None:
    result = await run("list_packet_drops", [connection()], pid=9)
    assert result.summary == (
        "no dropped skbs by pid 9 in the last hour. Nothing was seen of other processes either. "
        "Try `droplist --pid 9 --duration 86400`"
    )


async def test_nothing_but_hidden_lookups_says_how_to_see_them() -> None:
    stored = [connection("snapd", "", outcome=Outcome.FAILED)]
    result = await run("list_connections", stored, duration=604800)
    assert result.summary == (
        "no connection attempts in the last 7 days. 1 failed look-up of local sockets was left out: "
        "`list --duration 604800 --include-local`."
    )


async def test_names_in_sentences_cannot_break_the_line() -> None:
    evil = connection("\x1b[2J\nevil", outcome=Outcome.REFUSED)
    for name, arguments in (("find_failures", {}), ("list_connections", {"process_name": "foo"})):
        result = await run(name, [evil], **arguments)
        assert "evil" in result.summary
        assert result.summary.isprintable()


# every tool

NAMES = (("db.internal", "NOERROR"), ("db.internal", "NOERROR"), ("gone.internal", "NXDOMAIN"), ("slow", None))
EVERYTHING: Sequence[Event] = (
    *CHECKOUT,
    *(drop(harmless=n % 2 == 0, ago_s=n) for n in range(1, 30)),
    connection("web", to="", ago_s=4),
    connection("web", "[::1]:80", ago_s=4, outcome=Outcome.REFUSED, errno="ECONNREFUSED"),
    *(lookup(name, rcode, ago_s=n) for n, (name, rcode) in enumerate(NAMES, start=1)),
    *(retransmit(ago_s=n) for n in range(1, 4)),
)


@pytest.mark.parametrize("name", OVER_EVENTS)
async def test_footer_command_makes_the_same_table_again(name: str) -> None:
    pid = 100 if "drop" in name or "dns" in name or "health" in name else 7
    first = await run(name, EVERYTHING, pid=pid, duration=120, max_events=3)
    assert first.coverage is not None
    assert first.coverage.shown == sum(len(table.rows) for table in first.tables) > 0
    command = parse(first.coverage.command, TOOLS)
    assert command is not None
    assert command.tool == name
    again = await run(name, EVERYTHING, **command.arguments)
    assert again.tables == first.tables
    assert again.coverage == first.coverage


@pytest.mark.parametrize("name", OVER_EVENTS)
async def test_order_of_events_in_the_source_changes_nothing(name: str) -> None:
    forward, backward = await run(name, EVERYTHING), await run(name, tuple(reversed(EVERYTHING)))
    assert forward.tables
    assert forward == backward


@pytest.mark.parametrize("name", OVER_EVENTS)
async def test_window_ends_at_the_given_now_and_is_as_long_as_asked(name: str) -> None:
    source = FakeEbpf(EVERYTHING)
    await run(name, source, duration=120)
    earlier = {Window.last(120, NOW - timedelta(seconds=120))} if name == "compare_periods" else set()
    assert {query.window for query in source.queries} == {Window.last(120, NOW)} | earlier


@pytest.mark.parametrize("name", OVER_EVENTS)
async def test_source_that_fails_is_a_failed_result_with_the_remedy(name: str) -> None:
    error = SourceUnreachable("GET http://x/api/events", "connection refused", "start ebpf-server")
    result = await run(name, FakeEbpf(error=error))
    assert (result.failed, result.summary, result.tables) == (True, str(error), ())


@pytest.mark.parametrize("name", ["contextual_analysis", "nope"])
async def test_what_is_no_data_tool_is_a_failed_result(name: str) -> None:
    result = await run(name, [])
    assert result.failed
    assert "there is no such tool" in result.summary


async def test_cells_are_raw_values_that_json_can_hold() -> None:
    for name in BODIES:
        for table in (await run(name, EVERYTHING)).tables:
            for row in table.rows:
                assert {type(cell) for cell in row} <= {str, int, float, datetime, type(None)}
                assert all(cell.tzinfo is UTC for cell in row if isinstance(cell, datetime))
