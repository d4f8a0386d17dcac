"""What the planner says about results: true, answer first, and harmless whatever the data holds."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from bot.domain.json_types import JsonObject
from bot.domain.network import Coverage, Outcome, SourceKind, UnknownField, Window
from bot.domain.table import Cell, Column, Table
from bot.domain.turn import ToolCall, ToolResult
from bot.llm.offline.composing import compose, not_understood
from bot.llm.offline.plan import Focus, Plan
from bot.llm.offline.scope import Destination
from tests.fakes import NOW

FAILURE_COLUMNS = (
    Column("process"),
    Column("destination", "address"),
    Column("outcome"),
    Column("errno"),
    Column("attempts", "integer"),
    Column("p50 wait", "decimal", "us"),
    Column("last", "time"),
)
COUNT_COLUMNS = tuple(Column(name) for name in ("process", "attempts", "connected", "failed", "last"))
ATTEMPT_COLUMNS = tuple(
    Column(name) for name in ("time", "destination", "protocol", "process", "pid", "outcome", "errno", "waited")
)
DROP_COLUMNS = tuple(Column(name) for name in ("reason", "process", "skbs", "harmless", "location", "last"))


def table(
    columns: Sequence[Column], *rows: Sequence[Cell], label: str = "T1", total: int = 0, title: str = "x"
) -> Table:
    return Table(title, tuple(columns), tuple(map(tuple, rows)), max(total, len(rows)), label)


def coverage(
    matched: int,
    *,
    seconds: int = 300,
    kind: SourceKind = "live",
    unknown: tuple[UnknownField, ...] = (),
    lost: int = 0,
) -> Coverage:
    window = Window(NOW - timedelta(seconds=seconds), NOW)
    return Coverage(source="s", kind=kind, window=window, seen=500, matched=matched, unknown=unknown, lost=lost)


def result(
    tool: str,
    *tables: Table,
    summary: str = "a sentence",
    of: Coverage | None = None,
    failed: bool = False,
    arguments: JsonObject | None = None,
) -> ToolResult:
    call = ToolCall("1", tool, arguments if arguments is not None else {"duration": 300})
    return ToolResult(call, summary, tables, of, failed)


def said(*results: ToolResult, focus: Focus | None = None, notes: tuple[str, ...] = ()) -> str:
    return compose(Plan(focus=focus or Focus(), notes=notes), results, now=NOW, zone=UTC)


def failure(process: str, to: str, outcome: Outcome, count: int, *, errno: str | None = None) -> tuple[Cell, ...]:
    return (process, to, outcome.value, errno, count, 300.0, NOW)


REFUSED = failure("checkout", "10.2.0.14:5432", Outcome.REFUSED, 37, errno="ECONNREFUSED")
REFUSED_TABLE = table(FAILURE_COLUMNS, REFUSED, failure("cron", "10.0.0.9:25", Outcome.TIMED_OUT, 3))


def test_refused_database_is_answered_with_who_where_how_many_and_how() -> None:
    text = said(result("find_failures", REFUSED_TABLE, of=coverage(40)))
    first = text.split("\n")[0]
    assert first.startswith("2 processes had failed connections in the last 5 minutes: `checkout` (37) and `cron` (3).")
    assert (
        "`checkout` is refused by `10.2.0.14:5432`: 37 of 40 failed attempts (`ECONNREFUSED`, after 0.3 ms) [T1]"
        in first
    )
    assert "nothing listens on that port, or a firewall there rejects it" in first
    assert "Also: `cron` times out connecting to `10.0.0.9:25` (3)." in text
    assert "1. Check that something listens on `10.2.0.14:5432` there: `ss -ltn`." in text
    assert "2. All failures of this process: `failures --process checkout --duration 300`." in text
    assert text.endswith("Understood: failed connections, last 5 minutes. Ran: find_failures.")


def test_cause_says_how_many_of_how_many_and_what_the_kernel_dropped() -> None:
    arguments: JsonObject = {"process_name": "checkout", "duration": 300}
    text = said(
        result("find_failures", table(FAILURE_COLUMNS, REFUSED), of=coverage(37), arguments=arguments),
        result(
            "get_network_summary",
            table(COUNT_COLUMNS, ("checkout", 49, 12, 37, NOW), label="T2"),
            of=coverage(49),
            arguments=arguments,
        ),
        result(
            "get_packet_drop_summary",
            table(DROP_COLUMNS, ("NETFILTER_DROP", "checkout", 37, "no", "nf_hook_slow+0x7d", NOW), label="T3"),
            of=coverage(37),
            arguments=arguments,
        ),
    )
    assert "37 failed attempts (of 49 attempts to anywhere)" in text.split("\n")[0]
    assert "`checkout` made 49 connection attempts in the last 5 minutes [T2]: 12 connected and 37 failed" in text
    proof = "dropped 37 skbs of `checkout` as `NETFILTER_DROP` [T3], which points to a firewall rule on this host."
    assert proof in text
    assert text.count("NETFILTER_DROP") == 1
    understood = "Understood: failing connections and their cause, process `checkout`, last 5 minutes."
    assert understood in text


def test_drops_at_the_destination_are_evidence_in_whosever_name_they_happened() -> None:
    arguments: JsonObject = {"destination": "10.2.0.14:5432", "duration": 300}
    silent = failure("checkout", "10.2.0.14:5432", Outcome.UNANSWERED, 3)
    wall = ("NETFILTER_DROP", "swapper/0", 3, "no", None, NOW)
    results = (
        result("find_failures", table(FAILURE_COLUMNS, silent), of=coverage(3), arguments=arguments),
        result("get_packet_drop_summary", table(DROP_COLUMNS, wall, label="T2"), of=coverage(3), arguments=arguments),
    )
    text = said(*results, focus=Focus(destination=Destination("10.2.0.14", 5432)))
    assert "dropped 3 skbs to `10.2.0.14:5432` as `NETFILTER_DROP` [T2], which points to a firewall rule" in text


@pytest.mark.parametrize(
    "drop",
    [
        ("TCP_OLD_SEQUENCE", "checkout", 90, "yes", None, NOW),
        ("NETFILTER_DROP", "checkout", 90, "yes", None, NOW),
        ("NETFILTER_DROP", "checkout", 90, None, None, NOW),
        ("NETFILTER_DROP", "somebody", 90, "no", None, NOW),
        ("QDISC_DROP", "checkout", 90, "no", None, NOW),
    ],
    ids=[
        "harmless",
        "harmless by name of a cause",
        "unknown whether harmless",
        "of another process",
        "no cause of this",
    ],
)
def test_drop_that_proves_nothing_is_no_cause(drop: Sequence[Cell]) -> None:
    text = said(
        result("find_failures", table(FAILURE_COLUMNS, REFUSED), of=coverage(37)),
        result("get_packet_drop_summary", table(DROP_COLUMNS, drop, label="T2"), of=coverage(90)),
    )
    assert "which points to" not in text
    assert text.startswith("`checkout` is refused by")


DROPPED_TCP = ("NO_SOCKET", "checkout", 9, "no", "tcp_v4_rcv+0x91", NOW)
DROPPED_UDP = ("NO_SOCKET", "checkout", 90, "no", "__udp4_lib_rcv+0x4bc", NOW)


def test_udp_packet_without_a_socket_explains_no_refused_connect() -> None:
    text = said(
        result("find_failures", table(FAILURE_COLUMNS, REFUSED), of=coverage(37)),
        result("get_packet_drop_summary", table(DROP_COLUMNS, DROPPED_UDP, DROPPED_TCP, label="T2"), of=coverage(99)),
    )
    assert "the kernel dropped 9 skbs of `checkout` as `NO_SOCKET` [T2]" in text


def test_evidence_that_may_be_cut_off_is_a_lower_bound() -> None:
    text = said(
        result("find_failures", table(FAILURE_COLUMNS, REFUSED), of=coverage(37)),
        result("get_packet_drop_summary", table(DROP_COLUMNS, DROPPED_TCP, label="T2", total=9), of=coverage(99)),
    )
    assert "the kernel dropped at least 9 skbs of `checkout`" in text


def test_losses_are_complete_where_harmless_drops_are_shown_behind_them() -> None:
    harmless = ("QUEUE_PURGE", "curl", 30, "yes", None, NOW)
    drops = table(DROP_COLUMNS, DROPPED_UDP, DROPPED_TCP, harmless, total=9)
    text = said(result("get_packet_drop_summary", drops, of=coverage(500)))
    assert text.startswith("99 skbs lost in the last 5 minutes [T1], most as `NO_SOCKET` (90, `checkout`, at `__udp4")
    assert "besides" not in text


def test_newest_drops_that_are_all_losses_are_not_counted_twice() -> None:
    drops = table(DROP_COLUMNS, DROPPED_TCP, DROPPED_TCP, total=9)
    text = said(result("list_packet_drops", drops, of=coverage(9)))
    assert text.startswith("The newest 2 drops [T1]: all lost, most as `NO_SOCKET` (")


def test_harmless_drops_are_no_loss() -> None:
    drops = table(DROP_COLUMNS, ("QUEUE_PURGE", "curl", 30, "yes", None, NOW))
    text = said(result("get_packet_drop_summary", drops, of=coverage(30)))
    assert text.startswith("No loss: 30 dropped skbs in the last 5 minutes belong to healthy traffic [T1].")
    assert "Next steps" not in text


def test_losses_are_counted_apart_from_harmless_drops() -> None:
    rows = [("NO_SOCKET", "nc", 7, "no", "tcp_v4_rcv+0x91", NOW), ("QUEUE_PURGE", "curl", 30, "yes", None, NOW)]
    text = said(result("get_packet_drop_summary", table(DROP_COLUMNS, *rows), of=coverage(37)))
    assert text.startswith(
        "7 skbs lost in the last 5 minutes [T1], most as `NO_SOCKET` (7, `nc`, at `tcp_v4_rcv+0x91`); 30 harmless"
    )
    assert "`droplist --process nc --duration 300`" in text


def test_drops_of_a_source_that_cannot_sort_them_prove_nothing() -> None:
    columns = [Column("process"), Column("skbs"), Column("last")]
    of = coverage(12, kind="server", unknown=("reason", "harmless", "size"))
    text = said(result("get_packet_drop_summary", table(columns, ("curl", 12, NOW)), of=of))
    assert text.startswith(
        "12 dropped skbs in the last 5 minutes [T1]; this source can't tell losses from harmless frees"
    )
    assert "Next steps" not in text


def test_source_without_outcomes_is_not_said_to_have_connected_or_failed() -> None:
    of = coverage(24, kind="server", unknown=("outcome", "errno", "protocol"))
    counts = table([Column("process"), Column("attempts"), Column("last")], ("curl", 20, NOW), ("sshd", 4, NOW))
    columns = [column for column in ATTEMPT_COLUMNS if column.name not in {"outcome", "errno", "waited"}]
    attempts = table(columns, (NOW, "10.0.0.1:443", "TCP", "curl", 7), label="T2", total=24)
    reason = "find_failures: this server records no return codes. run netspy collect there"
    text = said(
        result("get_network_summary", counts, of=of),
        result("list_connections", attempts, of=of),
        result("find_failures", summary=reason, failed=True),
    )
    assert text.startswith(
        "2 processes made 24 connection attempts in the last 5 minutes [T1]. This source records no outcomes"
    )
    assert "`find_failures` gave no answer. This server records" in text
    assert "run netspy collect there" in text
    assert "what became of them is not recorded" in text
    assert "Ran: get_network_summary, list_connections, find_failures (failed)." in text
    for claim in ("connected", "refused", "succeeded", "all failed", " failed."):
        assert claim not in text


def test_nothing_found_says_so_and_why_once() -> None:
    why = "no connection attempts by process 'nginx' in the last 5 minutes. 7 by other processes were seen."
    text = said(
        result("find_failures", summary=why, of=coverage(0)),
        result("get_network_summary", summary=why, of=coverage(0)),
        result("get_packet_drop_summary", summary="no dropped skbs by process 'nginx'. Try `x`", of=coverage(0)),
    )
    assert text.startswith("No connection attempts by process 'nginx' in the last 5 minutes. 7 by other processes")
    assert text.count("No connection attempts") == 1
    assert "- No dropped skbs by process 'nginx'." in text
    assert "Next steps" not in text


def test_failed_tool_is_told_with_its_reason_and_remedy() -> None:
    reason = "GET http://127.0.0.1:8080/api/events: nothing answers. start ebpf-server, or name another with --server"
    text = said(result("list_connections", summary=reason, failed=True))
    assert text.startswith(
        "`list_connections` gave no answer. GET http://127.0.0.1:8080/api/events: nothing answers. start"
    )
    assert text.endswith("Ran: list_connections (failed).")


def test_part_that_failed_is_never_cut_off() -> None:
    many = [failure(f"p{number}", "10.0.0.1:1", Outcome.REFUSED, 9) for number in range(9)]
    text = said(
        result("find_failures", table(FAILURE_COLUMNS, *many, total=40), of=coverage(81)),
        result("get_network_summary", table(COUNT_COLUMNS, ("p1", 9, 0, 9, NOW)), of=coverage(9)),
        result("list_connections", table(ATTEMPT_COLUMNS, (NOW, "10.0.0.1:1", "TCP", "p1", 1, "refused", None, 3.0))),
        result("list_packet_drops", summary="no dropped skbs", of=coverage(0)),
        result("jira__search", summary="2 tickets"),
        result("get_packet_drop_summary", summary="the server timed out", failed=True),
    )
    assert "- `get_packet_drop_summary` gave no answer. The server timed out." in text


def test_recording_is_named_once() -> None:
    of = coverage(40, kind="recording")
    text = said(result("find_failures", REFUSED_TABLE, of=of), result("list_connections", summary="none", of=of))
    assert text.count("recorded lab events") == 1


def test_lost_events_are_told() -> None:
    text = said(result("find_failures", REFUSED_TABLE, of=coverage(40, lost=1200)))
    assert "The source lost 1,200 events: real counts are higher." in text


def test_named_destination_comes_first() -> None:
    focus = Focus(destination=Destination("10.0.0.9", 25))
    text = said(result("find_failures", REFUSED_TABLE, of=coverage(40)), focus=focus)
    assert text.startswith("`cron` times out connecting to `10.0.0.9:25`: 3 of 40 failed attempts")
    assert "to `10.0.0.9:25`, last 5 minutes" in text


def test_same_ipv6_address_is_recognized_however_it_is_written() -> None:
    rows = [REFUSED, failure("cron", "[fd00::7]:443", Outcome.RESET, 2)]
    focus = Focus(destination=Destination("FD00:0:0::7"))
    text = said(result("find_failures", table(FAILURE_COLUMNS, *rows), of=coverage(39)), focus=focus)
    assert text.startswith("`cron` is reset after connecting to `[fd00::7]:443`")


def test_destination_without_failure_is_not_blamed_on_another() -> None:
    text = said(
        result("find_failures", REFUSED_TABLE, of=coverage(40)),
        result(
            "list_connections",
            table(ATTEMPT_COLUMNS, (NOW, "10.0.0.1:443", "TCP", "curl", 7, "connected", None, 300.0), label="T2"),
            of=coverage(1),
        ),
        focus=Focus(destination=Destination("10.0.0.1")),
    )
    assert text.startswith("No failed attempt to `10.0.0.1` in the last 5 minutes [T1].")
    assert "1 of 1 attempt went to `10.0.0.1` [T2]: 1 connected." in text
    assert "What failed" not in text
    assert "Next steps" not in text


def test_destination_that_may_stand_below_the_cut_is_not_said_to_be_absent() -> None:
    cut = table(FAILURE_COLUMNS, REFUSED, total=70)
    text = said(result("find_failures", cut, of=coverage(400)), focus=Focus(destination=Destination("10.0.0.1")))
    assert text.startswith("No failed attempt to `10.0.0.1` in the last 5 minutes among the most frequent ones [T1].")


def test_host_name_is_said_to_be_unknown_to_events() -> None:
    focus = Focus(destination=Destination("db.internal", 5432))
    text = said(result("find_failures", REFUSED_TABLE, of=coverage(40)), focus=focus)
    assert text.startswith(
        "Events have addresses and no host names, so attempts to `db.internal:5432` can't be told from"
    )


def test_named_outcome_comes_first() -> None:
    focus = Focus(outcomes=frozenset({Outcome.TIMED_OUT, Outcome.UNANSWERED}))
    text = said(result("find_failures", REFUSED_TABLE, of=coverage(40)), focus=focus)
    assert text.startswith("`cron` times out")
    other = Focus(outcomes=frozenset({Outcome.RESET}))
    missed = said(result("find_failures", REFUSED_TABLE, of=coverage(40)), focus=other)
    assert missed.startswith("No failed attempt that ended as reset after connect in the last 5 minutes [T1].")


def attempt(process: str, waited_us: float, protocol: str = "TCP") -> tuple[Cell, ...]:
    return (NOW, "10.0.0.1:443", protocol, process, 7, "connected", None, waited_us)


def test_fast_handshakes_acquit_the_network() -> None:
    rows = [attempt("a", 200.0), attempt("b", 300.0), attempt("c", 900.0), attempt("udp", 9e6, "UDP")]
    text = said(result("list_connections", table(ATTEMPT_COLUMNS, *rows), of=coverage(4)), focus=Focus(slow=True))
    assert text.startswith("Connecting is fast: the median of 3 handshakes is 0.3 ms, the slowest 0.9 ms, `c` to")
    assert "the time goes by after connecting, in the service" in text


def test_second_that_a_lost_syn_costs_is_named() -> None:
    rows = [attempt("a", 200.0), attempt("b", 300.0), attempt("c", 1_000_900.0)]
    text = said(result("list_connections", table(ATTEMPT_COLUMNS, *rows), of=coverage(3)), focus=Focus(slow=True))
    assert text.startswith("Connecting is mostly fast")
    assert "lost its SYN or the reply to it" in text


def test_patterns_are_told_one_by_one() -> None:
    bursts = table(
        [Column("process"), Column("start"), Column("lasted"), Column("attempts"), Column("most to")],
        ("curl", NOW, 0.8, 40, "10.0.0.1:443"),
        title="Bursts",
        total=3,
    )
    periodic = table(
        [Column("process"), Column("destination"), Column("calls"), Column("interval")],
        ("cron", "10.0.0.9:25", 12, 30.0),
        title="Periodic calls",
        label="T2",
    )
    strange = table([Column("moon")], ("full",), title="Tides", label="T3")
    text = said(result("analyze_patterns", bursts, periodic, strange, of=coverage(90)))
    assert text.startswith(
        "Bursts (3) [T1]: `curl` made 40 attempts within 800 ms at 14:07:00, most to `10.0.0.1:443`."
    )
    assert "- Periodic calls [T2]: `cron` calls `10.0.0.9:25` every 30 s (12 calls)." in text
    assert "- Tides [T3]." in text


def survey(**replaced: ToolResult) -> list[ToolResult]:
    parts = {
        "summary": result("get_network_summary", table(COUNT_COLUMNS, ("checkout", 49, 12, 37, NOW)), of=coverage(49)),
        "list": result(
            "list_connections",
            table(ATTEMPT_COLUMNS, (NOW, "10.0.0.1:443", "TCP", "curl", 7, "connected", None, 300.0), label="T2"),
            of=coverage(49),
        ),
        "drops": result(
            "get_packet_drop_summary",
            table(DROP_COLUMNS, ("NO_SOCKET", "nc", 7, "no", "x+0x1", NOW), label="T3"),
            of=coverage(7),
        ),
        "patterns": result(
            "analyze_patterns", table([Column("process")], ("curl",), title="Bursts", label="T4"), of=coverage(49)
        ),
        "failures": result("find_failures", replace(REFUSED_TABLE, label="T5"), of=coverage(40)),
    }
    return list((parts | replaced).values())


def test_overall_picture_has_a_line_for_each_part_and_stays_short() -> None:
    text = said(*survey())
    assert text.startswith("2 processes had failed connections")
    for heading in ("Network summary", "Connections", "Packet drops", "Patterns", "Failed connections"):
        assert f"- **{heading}**: " in text
    steps = [line for line in text.splitlines() if line[:2] in {"1.", "2.", "3.", "4."}]
    assert len(steps) == 3
    assert len(text.splitlines()) <= 25
    assert "Understood: the whole system, last 5 minutes." in text


def test_quiet_system_is_said_to_be_quiet_without_next_steps() -> None:
    text = said(
        *survey(
            summary=result("get_network_summary", table(COUNT_COLUMNS, ("curl", 9, 9, 0, NOW)), of=coverage(9)),
            drops=result("get_packet_drop_summary", summary="no dropped skbs", of=coverage(0)),
            failures=result("find_failures", summary="no failure in 9 attempts", of=coverage(0)),
        )
    )
    assert text.startswith("No failed connection and no lost packet was recorded in the last 5 minutes.")
    assert "Next steps" not in text


def test_system_that_cannot_be_judged_is_not_called_quiet() -> None:
    unsorted = table([Column("process"), Column("skbs")], ("curl", 12))
    text = said(
        *survey(
            summary=result("get_network_summary", table([Column("process"), Column("attempts")], ("curl", 9))),
            drops=result("get_packet_drop_summary", unsorted, of=coverage(12, unknown=("harmless",))),
            failures=result("find_failures", summary="no return codes", failed=True),
        )
    )
    assert text.startswith("The data can't tell whether anything fails.")
    assert "- **Failed connections**: `find_failures` gave no answer. No return codes." in text


HOSTILE = "`</x> @everyone\n# ignore\x1b[2J[a](//b.c)"


def test_names_from_the_data_cannot_leave_their_code_span() -> None:
    rows = [failure(HOSTILE, HOSTILE, Outcome.REFUSED, 3, errno=HOSTILE)]
    text = said(result("find_failures", table(FAILURE_COLUMNS, *rows), of=coverage(3)))
    outside = "".join(text.split("`")[::2])
    assert text.count("`") % 2 == 0
    assert "\x1b" not in text
    for part in ("@everyone", "# ignore", "[a](", "</x>"):
        assert part not in outside


def test_sentences_of_tools_cannot_ping_or_format() -> None:
    text = said(result("find_failures", summary=f"no attempts by {HOSTILE} **bold** <!channel>", of=coverage(0)))
    assert "`" not in text.split("Understood")[0]
    for part in ("@", "<", "[a](", "**", "\x1b"):
        assert part not in text


def test_long_name_is_cut() -> None:
    rows = [failure("x" * 5000, "10.0.0.1:1", Outcome.REFUSED, 3)]
    assert len(said(result("find_failures", table(FAILURE_COLUMNS, *rows), of=coverage(3)))) < 1500


def test_tool_that_the_planner_does_not_know_is_told_by_its_sentence() -> None:
    text = said(result("jira__search", summary="2 tickets", arguments={}))
    assert text == "2 tickets.\n\nUnderstood: jira__search. Ran: jira__search."


def test_notes_on_the_question_are_told() -> None:
    text = said(result("find_failures", REFUSED_TABLE, of=coverage(40)), notes=("every window ends now",))
    assert "Every window ends now." in text


def test_unknown_question_gets_three_examples() -> None:
    text = not_understood(("no tool can leave out 'curl'",))
    assert text.count("\n- *") == 3
    assert text.startswith("No tool can leave out 'curl'. Without a language model I can find")
    assert not_understood(()).startswith("I did not understand")


def test_window_of_the_tool_is_named_where_the_question_has_none() -> None:
    of = coverage(49, seconds=3600)
    text = said(result("get_network_summary", table(COUNT_COLUMNS, ("curl", 49, 49, 0, NOW)), of=of, arguments={}))
    assert "`curl` made 49 connection attempts in the last hour [T1]: 49 connected and 0 failed." in text
    assert text.endswith("Understood: connection counts, last hour. Ran: get_network_summary.")


def test_what_is_known_answers_before_what_is_not() -> None:
    text = said(
        result("find_failures", summary="this server records no return codes", failed=True),
        result("get_network_summary", table([Column("process"), Column("attempts")], ("curl", 9)), of=coverage(9)),
    )
    assert text.startswith("`curl` made 9 connection attempts in the last 5 minutes [T1].")
    assert "- `find_failures` gave no answer. This server records no return codes." in text


def test_recording_that_is_shorter_than_the_window_is_told_first() -> None:
    of = replace(coverage(40, kind="recording"), notes=("the loop begins at 2026-11-23 13:07:00 UTC",))
    text = said(result("find_failures", REFUSED_TABLE, of=of))
    assert text.startswith("The recording does not reach back that far, the loop begins at 2026-11-23 13:07:00 UTC. 2")


def test_counts_next_to_rows_of_a_destination_are_said_to_be_of_all() -> None:
    counts = result("get_network_summary", table(COUNT_COLUMNS, ("curl", 49, 49, 0, NOW)), of=coverage(49))
    text = said(counts, focus=Focus(destination=Destination(None, 53)))
    assert "`curl` made 49 connection attempts to anywhere in the last 5 minutes" in text


def test_recording_is_said_to_be_one_where_that_is_asked() -> None:
    of = coverage(49, kind="recording")
    counts = result("get_network_summary", table(COUNT_COLUMNS, ("curl", 49, 49, 0, NOW)), of=of)
    text = said(counts, focus=Focus(source=True))
    assert text.startswith("No, not live: these are recorded lab events, not the traffic of this machine.")
    assert text.count("recorded lab events") == 1


def test_tools_that_failed_for_different_reasons_are_told_apart() -> None:
    text = said(
        result("find_failures", summary="no return codes", failed=True),
        result("list_connections", summary="timed out", failed=True),
    )
    assert "`find_failures` gave no answer. No return codes." in text
    assert "`list_connections` gave no answer. Timed out." in text
