"""The tools that tell of more than events: open sockets, TCP's health, the source, and what was seen here."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.errors import CannotAnswer
from bot.domain.json_types import Json
from bot.domain.network import Endpoint, Event, Outcome
from bot.domain.sockets import OpenSocket, OpenSockets, SocketQuery, SocketState
from bot.domain.source_status import NodeStatus, SourceStatus
from bot.domain.table import Cell, Table
from bot.domain.turn import ToolCall, ToolResult
from bot.tools.network import run_tool
from bot.tools.sockets import trouble
from tests.fakes import NOW, FakeEbpf, connection, drop
from tests.network_events import (
    STATUS,
    accept_failed,
    accepted,
    buffers,
    counted,
    listener,
    open_connection,
    open_sockets,
    reset,
    retransmit,
    transfer,
)

GONE_QUIET = Outcome.UNANSWERED


async def run(name: str, source: FakeEbpf, **arguments: Json) -> ToolResult:
    return await run_tool(ToolCall("c1", name, arguments), source=source, now=NOW)


def cells(table: Table, name: str) -> list[Cell]:
    place = [column.name for column in table.columns].index(name)
    return [row[place] for row in table.rows]


# list_sockets


async def test_full_accept_queues_come_first_then_what_is_stuck() -> None:
    source = FakeEbpf(
        open=open_sockets(
            listener("idle", 80),
            open_connection("curl"),
            open_connection("stuck", retransmits_now=3, send_queue_bytes=99),
            listener("shop", 8453, backlog=129),
        )
    )
    result = await run("list_sockets", source)
    [table] = result.tables
    assert cells(table, "process") == ["shop", "stuck", "curl", "idle"]
    assert cells(table, "waiting") == ["129/128", None, None, "0/128"]
    assert cells(table, "what holds it up")[:2] == ["accept queue full", "unanswered, sent again 3 times"]
    assert result.summary == (
        "4 open sockets; 1 listener with a full accept queue, 1 waiting for a peer that does not answer"
    )


@pytest.mark.parametrize(
    ("socket", "told"),
    [
        (open_connection(window_probes_now=1), "peer has no room"),
        (
            open_connection(transfer=transfer(busy_us=100, receiver_limited_us=50)),
            "50% of the time the peer had no room",
        ),
        (
            open_connection(transfer=transfer(busy_us=100, send_buffer_limited_us=10)),
            "10% of the time the send buffer was too small",
        ),
        (open_connection(buffers=buffers(drops=2)), "2 packets lost since it was opened"),
        (replace(open_connection(retransmits_now=1), state=SocketState.SYN_SENT), "SYN sent again 1 time"),
        (open_connection(transfer=transfer(busy_us=100, receiver_limited_us=9)), None),
        (listener(backlog=128), None),
    ],
    ids=str,
)
def test_what_holds_a_socket_up_is_said(socket: OpenSocket, told: str | None) -> None:
    assert trouble(socket) == told


@pytest.mark.parametrize(
    ("arguments", "processes"),
    [
        ({"state": "listen"}, ["shop"]),
        ({"process_name": "cu*"}, ["curl"]),
        ({"destination": "10.2.0.0/16", "process_name": "curl"}, ["curl"]),
        ({"destination": "10.2.0.14:5432"}, ["curl"]),
        ({"port": 8453}, ["shop"]),
        ({"destination": "10.0.0.1"}, ["curl", "shop"]),
        ({"uid": 0}, []),
        ({"protocol": "UDP"}, []),
    ],
    ids=str,
)
async def test_sockets_are_filtered(arguments: dict[str, Json], processes: list[str]) -> None:
    source = FakeEbpf(open=open_sockets(listener(), open_connection("curl")))
    tables = (await run("list_sockets", source, **arguments)).tables
    assert [name for table in tables for name in cells(table, "process")] == processes


async def test_sockets_that_are_closing_are_asked_for_by_name() -> None:
    source = FakeEbpf()
    await run("list_sockets", source)
    await run("list_sockets", source, state="TIME_WAIT")
    asked = [query.states for query in source.machine_queries if isinstance(query, SocketQuery)]
    assert [SocketState.TIME_WAIT in states for states in asked] == [False, True]


# tcp_health


async def test_trouble_is_told_by_process_and_peer_and_refusals_come_last() -> None:
    stored: list[Event] = [
        *(reset("web", direction="in", state="SYN_SENT") for _ in range(50)),
        *(
            reset("hooks", direction="out", reason="TCP_STATE", role="server", to=Endpoint("10.0.0.7", n))
            for n in (1, 2)
        ),
        *(retransmit("backup", state="ESTABLISHED", role="client") for _ in range(9)),
        connection("backup"),
    ]
    result = await run("tcp_health", FakeEbpf(stored))
    [table] = result.tables
    assert cells(table, "process") == ["backup", "hooks", "web"]
    assert cells(table, "destination") == ["10.2.0.14:5432", "10.0.0.7", "10.2.0.14"]
    assert cells(table, "retrans") == [9, 0, 0]
    assert cells(table, "reason") == [None, "TCP_STATE", None]
    assert result.summary.startswith(
        "9 retransmits and 52 resets in the last 5 minutes; most: backup with 10.2.0.14:5432"
    )


async def test_counters_that_moved_are_told_even_where_no_event_is() -> None:
    source = FakeEbpf(counted=counted(listen_overflows=7, segments_sent=1000, retransmits=10))
    result = await run("tcp_health", source)
    [table] = result.tables
    assert table.title == "What namespaces counted"
    assert table.rows[0][:2] == ("listen overflows", 7)
    assert "1.0% of 1,000 segments were sent again" in result.summary


async def test_counters_are_everybodys_and_not_told_of_one() -> None:
    source = FakeEbpf([retransmit("curl")], counted=counted(listen_overflows=7, segments_sent=1000, retransmits=10))
    result = await run("tcp_health", source, process_name="curl")
    assert [table.title for table in result.tables] == ["Retransmits and resets"]
    assert "segments" not in result.summary


class EventsOnly(FakeEbpf):
    """A recording, for one."""

    async def sockets(self, query: SocketQuery) -> OpenSockets:
        raise CannotAnswer("open sockets", "a recording holds events only", "run netspy collect")


async def test_without_sockets_the_tool_says_what_would_have_them() -> None:
    result = await run("list_sockets", EventsOnly())
    assert result.failed
    assert "Run netspy collect" in result.summary


# seen here


def failed(process: str, to: str, **more: Any) -> Event:
    return connection(process, to, **{"outcome": GONE_QUIET, **more})


@pytest.mark.parametrize(
    ("beside", "told"),
    [
        ([replace(drop(reason="NETFILTER_DROP"), destination=Endpoint("10.0.0.2", 8443))], "NETFILTER_DROP 1"),
        ([replace(drop(reason="IP_RPFILTER"), source=Endpoint("10.0.0.2", 8443))], "reply: IP_RPFILTER 1"),
        ([replace(accept_failed(), destination=Endpoint("0.0.0.0", 8443))], "accept: EMFILE 1"),
        ([replace(drop(reason="NETFILTER_DROP", harmless=True), destination=Endpoint("10.0.0.2", 8443))], None),
        ([replace(drop(reason="NETFILTER_DROP"), destination=Endpoint("10.0.0.2", 80))], None),
        ([replace(drop(reason="NO_SOCKET"), destination=Endpoint("10.0.0.2", 8443))], None),
        ([replace(drop(reason="IP_RPFILTER"), source=Endpoint("10.0.0.2", 80))], None),
        ([], None),
    ],
)
async def test_the_cause_stands_beside_a_failure(beside: Sequence[Event], told: str | None) -> None:
    [table] = (await run("find_failures", FakeEbpf([failed("curl", "10.0.0.2:8443"), *beside]))).tables
    names = [column.name for column in table.columns]
    assert (cells(table, "seen here") if "seen here" in names else [None]) == [told]


async def test_a_full_accept_queue_is_the_cause_of_silence() -> None:
    source = FakeEbpf([failed("kiosk", "10.0.0.2:8453")], open=open_sockets(listener(backlog=129)))
    [table] = (await run("find_failures", source)).tables
    assert cells(table, "seen here") == ["accept queue full, 129/128"]


async def test_handshakes_that_nobody_completes_are_the_cause_of_silence() -> None:
    half_open = replace(listener(), state=SocketState.SYN_RECV, backlog=None, backlog_limit=None)
    waiting = [replace(half_open, remote=Endpoint("10.88.0.1", port)) for port in range(8)]
    source = FakeEbpf([failed("customer", "10.0.0.2:8453")], open=open_sockets(listener(limit=8), *waiting))
    [table] = (await run("find_failures", source)).tables
    assert cells(table, "seen here") == ["8 handshakes half open, 8 fit"]


async def test_who_reset_a_connection_is_named_where_it_was_seen() -> None:
    server: dict[str, Any] = {"direction": "out", "to": Endpoint("10.0.0.1", 40000), "state": "CLOSE"}
    sent = replace(reset("hooks", reason="TCP_STATE", **server), source=Endpoint("10.0.0.2", 8450))
    refusal = replace(reset("kernel", reason="NO_SOCKET", **server), source=Endpoint("10.0.0.2", 8451))
    stored = [
        failed("webhook", "10.0.0.2:8450", outcome=Outcome.RESET),
        failed("other", "10.0.0.2:8451", outcome=Outcome.RESET),
        failed("silent", "10.0.0.2:8450"),
        sent,
        refusal,
    ]
    [table] = (await run("find_failures", FakeEbpf(stored))).tables
    seen = dict(zip(cells(table, "process"), cells(table, "seen here"), strict=True))
    assert seen == {"webhook": "reset by hooks: TCP_STATE 1", "other": None, "silent": None}


async def test_what_was_never_sent_was_not_dropped() -> None:
    stored: list[Event] = [
        failed("crawler", "10.0.0.2:80", outcome=Outcome.NO_PORTS, errno="EADDRNOTAVAIL"),
        replace(drop(reason="IP_RPFILTER"), destination=Endpoint("10.0.0.2", 80)),
    ]
    [table] = (await run("find_failures", FakeEbpf(stored))).tables
    assert "seen here" not in [column.name for column in table.columns]


async def test_a_slow_handshake_has_its_cause_beside_it() -> None:
    stored: list[Event] = [
        connection("login", "10.0.0.2:8447", waited_us=1e6),
        replace(drop(reason="NETFILTER_DROP"), destination=Endpoint("10.0.0.2", 8447)),
    ]
    [table] = (await run("connection_latency", FakeEbpf(stored))).tables
    assert cells(table, "seen here") == ["NETFILTER_DROP 1"]


# source_status


async def test_the_source_says_what_it_keeps_and_what_is_missing() -> None:
    result = await run("source_status", FakeEbpf(state=STATUS))
    missing, kept = result.tables
    assert missing.rows == (("dns_query", "no such tracepoint"),)
    assert (cells(kept, "event"), cells(kept, "lost"), cells(kept, "evicted")) == (["connection"], [3], [100])
    assert result.summary == (
        "this machine, 1 of 2 programs running, since 2026-11-23 13:07:00 UTC, 3 events lost. "
        "Nothing answers at http://localhost:8080: this machine is listened to"
    )


async def test_nodes_are_told_one_by_one_and_silent_ones_are_named() -> None:
    nodes = (NodeStatus(name="a", status=STATUS), NodeStatus(name="b", failure="no answer within 5 s"))
    result = await run("source_status", FakeEbpf(state=SourceStatus(source="1 of 2 nodes", kind="live", nodes=nodes)))
    assert cells(result.tables[-1], "node") == ["a"]
    assert result.coverage is not None
    assert "no answer of b: no answer within 5 s" in result.coverage.notes


async def test_a_source_that_stopped_says_so() -> None:
    result = await run("source_status", FakeEbpf(state=replace(STATUS, broken="MemoryError")))
    assert result.summary == "this machine has stopped listening: MemoryError"


async def test_accepted_connections_belong_to_a_pair_too() -> None:
    stored: list[Event] = [accepted("web", "10.0.0.7"), retransmit("web", Endpoint("10.0.0.7", 50000), role="server")]
    [table] = (await run("tcp_health", FakeEbpf(stored))).tables
    assert (cells(table, "destination"), cells(table, "conns")) == (["10.0.0.7"], [1])
