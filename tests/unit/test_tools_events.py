"""The tools over all kinds of events, and over time: latency, talkers, DNS, events, trend, comparison."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.errors import CannotAnswer
from bot.domain.json_types import Json
from bot.domain.network import Connection, Event, EventKind, Outcome
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.domain.table import Cell, Table
from bot.domain.turn import ToolCall, ToolResult
from bot.tools.network import run_tool
from bot.tools.trend import MAX_SLOTS, nice_slot
from tests.fakes import NOW, FakeEbpf, connection, drop
from tests.network_events import accept_failed, accepted, listen, lookup, reset, retransmit


async def run(name: str, stored: Sequence[Event] | FakeEbpf, **arguments: Json) -> ToolResult:
    source = stored if isinstance(stored, FakeEbpf) else FakeEbpf(stored)
    return await run_tool(ToolCall("c1", name, arguments), source=source, now=NOW)


def cells(table: Table, name: str) -> list[Cell]:
    place = [column.name for column in table.columns].index(name)
    return [row[place] for row in table.rows]


def tcp(to: str, ms: float, **more: Any) -> Connection:
    return replace(connection(to=to, waited_us=ms * 1000), **more)


# connection_latency


async def test_slowest_handshakes_come_first_and_failed_ones_are_none() -> None:
    stored = [
        *(tcp("10.0.0.1:80", 1) for _ in range(20)),
        tcp("10.0.0.2:80", 900, retransmits=1),
        tcp("10.0.0.3:80", 5000, outcome=Outcome.TIMED_OUT),
    ]
    result = await run("connection_latency", stored)
    [table] = result.tables
    assert cells(table, "destination") == ["10.0.0.2:80", "10.0.0.1:80"]
    assert cells(table, "slowest") == [900_000, 1000]
    assert cells(table, "retrans") == [1, None]
    assert result.summary == "21 TCP handshakes in the last hour; slowest: 10.0.0.2:80, p50 900 ms, p95 900 ms"


async def test_a_slow_server_shows_as_a_long_life_behind_a_short_handshake() -> None:
    [table] = (await run("connection_latency", [tcp("10.0.0.1:80", 0.3, duration_us=2e6, retransmits=0)])).tables
    assert (cells(table, "p95"), cells(table, "open p50"), cells(table, "retrans")) == ([300], [2e6], [0])


async def test_attempts_of_which_none_came_about_are_no_silence() -> None:
    result = await run("connection_latency", [tcp("10.0.0.3:80", 5000, outcome=Outcome.TIMED_OUT)])
    assert (result.tables, result.failed) == ((), False)
    assert result.summary == "no handshake came about in 1 TCP attempt in the last hour; find_failures says why"


async def test_latency_by_process() -> None:
    result = await run("connection_latency", [connection("curl"), connection("nginx")], by="process")
    assert sorted(map(str, cells(result.tables[0], "process"))) == ["curl", "nginx"]


async def test_a_source_without_outcomes_cannot_tell_latency_and_says_what_would() -> None:
    result = await run("connection_latency", FakeEbpf([connection()], unknown=("outcome",)))
    assert result.failed
    assert "Run netspy collect" in result.summary


# top_talkers


TALKERS = (
    tcp("10.0.0.1:80", 1, sent_bytes=10, received_bytes=5000, process="web", retransmits=1),
    tcp("10.0.0.1:80", 1, sent_bytes=10, received_bytes=10, process="web"),
    tcp("10.0.0.2:443", 1, sent_bytes=9000, received_bytes=0, process="backup", retransmits=7),
    tcp("10.0.0.3:443", 1, process="idle"),
)


@pytest.mark.parametrize(
    ("arguments", "column", "first"),
    [
        ({}, "process", ["backup", "web", "idle"]),
        ({"measure": "connections"}, "process", ["web", "backup", "idle"]),
        ({"measure": "retransmits"}, "process", ["backup", "web", "idle"]),
        ({"by": "destination"}, "destination", ["10.0.0.2:443", "10.0.0.1:80", "10.0.0.3:443"]),
        ({"by": "port"}, "port", ["443", "80"]),
        ({"by": "pair"}, "destination", ["10.0.0.2:443", "10.0.0.1:80", "10.0.0.3:443"]),
        ({"by": "address", "max_events": 1}, "host", ["10.0.0.2"]),
    ],
    ids=str,
)
async def test_who_has_the_most_comes_first(arguments: dict[str, Json], column: str, first: list[str]) -> None:
    [table] = (await run("top_talkers", TALKERS, **arguments)).tables
    assert cells(table, column) == first


async def test_talkers_say_how_much_and_what_is_not_counted() -> None:
    result = await run("top_talkers", TALKERS)
    assert result.summary == "4 connection attempts in the last hour; most bytes: backup (8.8 KiB)"
    assert cells(result.tables[0], "received") == [0, 5010, None]
    assert result.coverage is not None
    assert any("list_sockets" in note for note in result.coverage.notes)


async def test_talkers_that_came_in_are_known_by_where_they_came_from() -> None:
    stored = [accepted(source="10.9.0.1", sent_bytes=5, received_bytes=5), accepted(source="10.9.0.2")]
    [table] = (await run("top_talkers", stored, direction="in", by="address")).tables
    assert cells(table, "from") == ["10.9.0.1", "10.9.0.2"]


async def test_bytes_that_nobody_recorded_are_refused_but_connections_are_counted() -> None:
    source = FakeEbpf([connection()], unknown=("outcome",))
    assert "--measure connections" in (await run("top_talkers", source)).summary
    assert not (await run("top_talkers", source, measure="connections")).failed


# list_connections, in


async def test_accepted_connections_are_listed_by_direction() -> None:
    result = await run("list_connections", [accepted(), connection()], direction="in")
    assert result.summary == "1 accepted connection in the last hour"
    assert cells(result.tables[0], "from") == ["10.0.0.9:50000"]


# dns_lookups


async def test_failed_lookups_come_first_then_slow_ones() -> None:
    stored = [
        *(lookup("db.internal") for _ in range(5)),
        lookup("slow.internal", ms=1500),
        *(lookup("gone.internal", "NXDOMAIN") for _ in range(2)),
        lookup("silent.internal", None, ms=None),
        lookup("long.internal", None, ms=3),
    ]
    result = await run("dns_lookups", stored)
    [table] = result.tables
    assert cells(table, "name") == ["silent.internal", "gone.internal", "slow.internal", "db.internal", "long.internal"]
    assert cells(table, "answer") == ["no answer", "NXDOMAIN", "NOERROR", "NOERROR", None]
    assert result.summary == (
        "10 DNS look-ups in the last hour; 3 failed, most: silent.internal no answer (1); "
        "names with 1 look-up took half a second or longer"
    )


async def test_lookups_of_one_name() -> None:
    result = await run("dns_lookups", [lookup("a.example"), lookup("b.example")], lookup="A.*")
    assert cells(result.tables[0], "name") == ["a.example"]


# list_events


EVERY: Sequence[Event] = (
    connection("curl", outcome=Outcome.REFUSED, errno="ECONNREFUSED", waited_us=300, ago_s=1),
    accepted(ago_s=2, duration_us=2000, sent_bytes=1000, received_bytes=24),
    drop(ago_s=3, harmless=True),
    drop(ago_s=3.5),
    retransmit(ago_s=4, state="SYN_SENT", retransmits=2),
    reset(ago_s=5, direction="out", reason="TCP_ABORT_ON_CLOSE", state="CLOSE_WAIT"),
    lookup("db.internal", ago_s=6),
    listen(ago_s=7),
    accept_failed(ago_s=8),
)


async def test_all_kinds_are_listed_newest_first_with_what_they_say() -> None:
    result = await run("list_events", EVERY)
    [table] = result.tables
    assert list(zip(cells(table, "event"), cells(table, "what"), strict=True)) == [
        ("connection", "refused ECONNREFUSED after 0.3 ms"),
        ("accept", "from 10.0.0.9:50000 1.0 KiB in 2.0 ms"),
        ("drop", "NO_SOCKET in tcp_v4_rcv"),
        ("retransmit", "SYN_SENT number 2"),
        ("reset", "sent TCP_ABORT_ON_CLOSE in CLOSE_WAIT"),
        ("dns", "db.internal A NOERROR after 2.0 ms"),
        ("listen", "began to listen"),
        ("error", "accept failed EMFILE"),
    ]
    assert result.summary == "8 events in the last hour"


async def test_harmless_drops_are_listed_when_asked_for() -> None:
    assert (await run("list_events", EVERY, kind="drop", include_harmless=True)).tables[0].total_rows == 2


@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [
        ({"errno": "emfile"}, ["error"]),
        ({"reason": "SKB_DROP_REASON_NO_SOCKET"}, ["drop"]),
        ({"direction": "in"}, ["accept"]),
        ({"direction": "out", "max_events": 3}, ["connection", "retransmit", "reset"]),
        ({"kind": "listen"}, ["listen"]),
    ],
    ids=str,
)
async def test_conditions_choose_among_kinds(arguments: dict[str, Json], kinds: list[str]) -> None:
    assert cells((await run("list_events", EVERY, **arguments)).tables[0], "event") == kinds


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"errno": "EMFILE", "reason": "NO_SOCKET"}, "no kind of events has errno and reason. Give one of them"),
        ({"kind": "listen", "errno": "EMFILE"}, "listen events have no errno. Ask for one of connection, accept, "),
    ],
)
async def test_conditions_that_no_event_can_meet_are_refused(arguments: dict[str, Json], told: str) -> None:
    result = await run("list_events", EVERY, **arguments)
    assert result.failed
    assert told in result.summary


class OnlyConnections(FakeEbpf):
    """As an ebpf-server, which knows two kinds."""

    async def events(self, query: EventQuery) -> Events:
        self._refuse(query.kind)
        return await super().events(query)

    async def aggregate(self, query: Aggregate) -> Groups:
        self._refuse(query.kind)
        return await super().aggregate(query)

    def _refuse(self, kind: EventKind) -> None:
        if kind not in ("connection", "drop"):
            raise CannotAnswer(kind, "ebpf-server records connections and drops only", "run netspy collect")


async def test_kinds_that_a_source_does_not_record_are_told_beside_those_it_does() -> None:
    result = await run("list_events", OnlyConnections(EVERY))
    assert cells(result.tables[0], "event") == ["connection", "drop"]
    assert result.coverage is not None
    assert "ebpf-server records connections and drops only" in result.coverage.notes
    refused = await run("list_events", OnlyConnections(EVERY), kind="dns")
    assert refused.failed
    assert "Run netspy collect" in refused.summary


# event_trend


async def test_events_are_counted_by_slot_and_drawn() -> None:
    stored = [*(connection(ago_s=n) for n in range(1, 6)), connection(ago_s=95, outcome=Outcome.REFUSED)]
    result = await run("event_trend", stored, duration=100, slot=10)
    [table] = result.tables
    assert len(table.rows) == 10
    assert cells(table, "all") == [1, 0, 0, 0, 0, 0, 0, 0, 0, 5]
    assert cells(table, "refused")[0] == 1
    [chart] = result.charts
    assert [line.name for line in chart.lines] == ["connected", "refused"]
    assert chart.lines[0].values[-1] == 5
    assert chart.categories[0] == "14:05:20"
    assert "most from 14:06:50 UTC on: 5 in one slot" in result.summary


async def test_seldom_values_of_a_trend_are_counted_together() -> None:
    stored = [connection(f"p{n}", ago_s=1) for n in range(9) for _ in range(9 - n)]
    [table] = (await run("event_trend", stored, by="process", duration=60)).tables
    assert [column.name for column in table.columns] == ["from", "all", "p0", "p1", "p2", "p3", "p4", "others"]
    assert cells(table, "others")[-1] == sum(range(1, 5))


async def test_a_trend_of_all_kinds_has_a_column_for_each() -> None:
    result = await run("event_trend", EVERY, by="kind", duration=60, slot=60)
    [table] = result.tables
    assert result.summary.startswith("8 events in the last 60 seconds")
    assert [column.name for column in table.columns][:4] == ["from", "all", "accept", "connection"]
    assert cells(table, "all") == [8]
    only = await run("event_trend", EVERY, by="kind", kind="dns", duration=60)
    assert only.summary.startswith("1 DNS look-up")


async def test_kinds_that_are_not_recorded_are_told_beside_a_trend() -> None:
    result = await run("event_trend", OnlyConnections(EVERY), by="kind", duration=60)
    assert result.coverage is not None
    assert "ebpf-server records connections and drops only" in result.coverage.notes


async def test_too_many_slots_are_refused() -> None:
    result = await run("event_trend", [connection()], duration=MAX_SLOTS + 1, slot=1)
    assert result.failed
    assert "1,001 slots" in result.summary


@pytest.mark.parametrize(("duration_s", "slot_s"), [(1, 1), (60, 2), (300, 10), (3600, 120), (86_400, 3600)])
def test_slots_are_round_and_few(duration_s: int, slot_s: int) -> None:
    assert nice_slot(duration_s) == slot_s


# compare_periods


def before_and_after(count: int, *events: Event) -> list[Event]:
    """Each event so many times, in the earlier window of 300 s."""
    return [replace(event, time=event.time.replace(minute=event.time.minute - 6)) for event in events] * count


async def test_what_is_new_or_gone_comes_first_when_it_is_bad() -> None:
    mended = connection("checkout", outcome=Outcome.UNANSWERED, ago_s=10)
    stored = [
        *before_and_after(37, mended),
        *before_and_after(100, connection("web", "10.0.0.9:80", ago_s=10)),
        *(connection("checkout", ago_s=10) for _ in range(41)),
        *(lookup("gone.internal", "NXDOMAIN", ago_s=10) for _ in range(4)),
        *(drop(ago_s=10, harmless=True) for _ in range(90)),
    ]
    result = await run("compare_periods", stored)
    [table] = result.tables
    assert [row[:2] for row in table.rows] == [
        ("gone", "connection"),
        ("new", "dns"),
        ("gone", "connection"),
        ("new", "connection"),
    ]
    assert table.rows[0] == ("gone", "connection", "checkout", "10.2.0.14:5432", "gave up, no reply", 37, 0)
    assert result.summary == (
        "this window against the one before it: 2 new, 2 gone; most: checkout 10.2.0.14:5432 gave up, no reply, 37 -> 0"
    )
    assert result.coverage is not None
    assert any("compared with 2026-11-23 13:57:00 to 14:02:00 UTC" in note for note in result.coverage.notes)


async def test_what_is_about_as_it_was_is_no_change() -> None:
    stored = [*before_and_after(10, connection(ago_s=10)), *(connection(ago_s=10) for _ in range(12))]
    result = await run("compare_periods", stored)
    assert (result.tables, result.failed) == ((), False)
    assert "nothing changed by more than half" in result.summary


async def test_an_earlier_window_may_lie_further_back() -> None:
    stored = [*before_and_after(5, connection(ago_s=10))]
    result = await run("compare_periods", stored, earlier=300)
    assert "13:52:00 to 13:57:00" in str(result.coverage)


# drops


async def test_drops_of_healthy_traffic_are_hidden_and_counted() -> None:
    stored = [drop(harmless=True), drop(harmless=True, ago_s=2), drop(ago_s=3)]
    result = await run("list_packet_drops", stored)
    assert result.tables[0].total_rows == 1
    assert result.summary == ("1 dropped skb in the last hour; 2 of healthy traffic left out (--include-harmless)")
    shown = await run("list_packet_drops", stored, include_harmless=True)
    assert shown.tables[0].total_rows == 3
    only_harmless = await run("list_packet_drops", stored[:2])
    assert (only_harmless.tables, only_harmless.failed) == ((), False)
    assert "0 dropped skbs in the last hour; 2 of healthy traffic left out" in only_harmless.summary


async def test_drops_of_one_reason() -> None:
    stored = [drop(reason="NO_SOCKET"), drop(reason="NETFILTER_DROP")]
    assert (await run("list_packet_drops", stored, reason="no_socket")).tables[0].total_rows == 1
    assert (await run("get_packet_drop_summary", stored, reason="NETFILTER_DROP")).tables[0].total_rows == 1


# find_failures


async def test_failures_of_one_outcome_or_errno() -> None:
    stored = [
        connection(outcome=Outcome.REFUSED, errno="ECONNREFUSED"),
        connection(outcome=Outcome.REJECTED, errno="EACCES"),
        connection(),
    ]
    by_outcome = await run("find_failures", stored, outcome="rejected by icmp")
    assert by_outcome.summary.startswith("1 of 3 attempts failed with 'rejected by ICMP'")
    assert cells(by_outcome.tables[0], "errno") == ["EACCES"]
    by_errno = await run("find_failures", stored, errno="econnrefused")
    assert cells(by_errno.tables[0], "outcome") == ["refused"]
    none = await run("find_failures", stored, errno="EPERM")
    assert (none.tables, none.summary) == ((), "none with EPERM in 3 attempts in the last hour")
