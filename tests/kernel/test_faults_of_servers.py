"""Servers that are slow, full, flooded or rude, names that are not found; and health, which is none of these."""

from collections.abc import Iterator

import pytest

from bot.domain.network import Outcome
from bot.domain.sockets import SocketState
from tests.kernel.provoking import Scenario
from tests.kernel.scenarios import (
    FULL_ACCEPT_QUEUE,
    HEALTH,
    NAME_SERVER_TROUBLE,
    NO_DESCRIPTORS,
    NO_DESCRIPTORS_FOR_MANY,
    RESETTING_SERVER,
    SLOW_SERVER,
    SYN_FLOOD,
    UNREAD_DATA,
)
from tests.kernel.seeing import Seen, seeing

SCENARIOS = (
    NO_DESCRIPTORS, SLOW_SERVER, RESETTING_SERVER, UNREAD_DATA, FULL_ACCEPT_QUEUE, SYN_FLOOD, NAME_SERVER_TROUBLE,
    NO_DESCRIPTORS_FOR_MANY, HEALTH,
)  # fmt: skip


@pytest.fixture(scope="module")
def seen(with_namespaces: None) -> Iterator[Seen]:
    with seeing(SCENARIOS) as all_of_them:
        yield all_of_them


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_nothing_else_is_dropped_that_is_not_harmless(scenario: Scenario, seen: Seen) -> None:
    assert seen.reasons(scenario) == scenario.reasons


def test_a_server_without_descriptors_cannot_accept_whom_its_kernel_has_connected(seen: Seen) -> None:
    told, made = seen.connection(NO_DESCRIPTORS), seen.of(NO_DESCRIPTORS)
    assert (told.outcome, told.retransmits, told.received_bytes) == (Outcome.CONNECTED, 0, 0)
    failed = seen.watch.all("accept_failed", netns=made.ends.server.number)
    assert {(each["pid"], each["comm"], each["errno"], each["sport"]) for each in failed} == {
        (made.server_pid, "rooms", "EMFILE", 8452)
    }
    (listener,) = seen.sockets(made.ends.server, SocketState.LISTEN)
    assert (listener.pid, listener.backlog) == (made.server_pid, 1)


def test_a_server_without_descriptors_fills_its_accept_queue(seen: Seen) -> None:
    made = seen.of(NO_DESCRIPTORS_FOR_MANY)
    (listener,) = seen.sockets(made.ends.server, SocketState.LISTEN)
    assert (listener.pid, listener.process, listener.is_backlog_full) == (made.server_pid, "lobby", True)
    failed = seen.watch.all("accept_failed", pid=made.server_pid)
    assert {each["errno"] for each in failed} == {"EMFILE"}
    assert seen.watch.all("tcp_retransmit", pid=made.client.pid, state="SYN_SENT")


def test_a_slow_server_is_told_from_a_slow_network(seen: Seen) -> None:
    told, made = seen.connection(SLOW_SERVER), seen.of(SLOW_SERVER)
    assert (told.outcome, told.errno, told.retransmits) == (Outcome.CONNECTED, None, 0)
    assert told.waited_us
    assert told.duration_us
    assert told.duration_us >= 2e6 > 10 * told.waited_us
    assert seen.drops(SLOW_SERVER) == []
    for namespace in made.ends.namespaces:
        assert seen.all(namespace, event="tcp_retransmit") == []
        assert seen.all(namespace, event="tcp_reset_sent") == []


@pytest.mark.parametrize(
    ("scenario", "server", "reason"),
    [(RESETTING_SERVER, "hooks", "TCP_STATE"), (UNREAD_DATA, "sink", "TCP_ABORT_ON_CLOSE")],
    ids=["it lingers for no time", "it leaves data unread"],
)
def test_the_process_that_resets_is_named_with_how_it_came_to_that(
    scenario: Scenario, server: str, reason: str, seen: Seen
) -> None:
    told, made = seen.connection(scenario), seen.of(scenario)
    assert (told.outcome, told.errno) == (Outcome.RESET, "ECONNRESET")
    (sent,) = seen.watch.all("tcp_reset_sent", netns=made.ends.server.number)
    assert (sent["pid"], sent["comm"], sent["owner"]) == (made.server_pid, server, "socket")
    assert (sent["role"], sent["reason"]) == ("server", reason)
    assert seen.watch.all("tcp_reset_sent", netns=made.ends.client.number) == []


def test_a_full_accept_queue_shows_at_its_listener_and_in_counters_though_no_drop_tells_of_it(seen: Seen) -> None:
    made = seen.of(FULL_ACCEPT_QUEUE)
    (listener,) = seen.sockets(made.ends.server, SocketState.LISTEN)
    assert (listener.pid, listener.process, listener.is_backlog_full) == (made.server_pid, "tickets", True)
    assert listener.buffers
    assert listener.buffers.drops
    assert seen.counted(made.ends.server, "listen_overflows").listen_drops
    assert (seen.counted(made.ends.client, "syn_retransmits").listen_overflows, seen.drops(FULL_ACCEPT_QUEUE)) == (
        0,
        [],
    )
    waiting = seen.sockets(made.ends.client, SocketState.SYN_SENT)
    assert {each.process for each in waiting} == {"kiosk"}
    assert any(each.retransmits_now for each in waiting)
    outcomes = [each.outcome for each in seen.connections(FULL_ACCEPT_QUEUE)]
    assert outcomes.count(Outcome.CONNECTED) == 3
    assert outcomes.count(Outcome.PENDING) == len(waiting) == 5


def test_a_syn_flood_shows_in_counters_and_as_handshakes_without_owner(seen: Seen) -> None:
    made = seen.of(SYN_FLOOD)
    assert Outcome.UNANSWERED in {each.outcome for each in seen.connections(SYN_FLOOD)}
    counted = seen.counted(made.ends.server, "request_queue_full_drops")
    assert counted.listen_drops
    assert counted.listen_overflows == 0, "the program accepts"
    half = seen.sockets(made.ends.server, SocketState.SYN_RECV)
    assert len(half) >= 8
    assert {(each.pid, each.local.port) for each in half} == {(None, 8454)}
    assert all(str(each.remote).startswith("10.88.0.") for each in half)
    assert seen.watch.all("synack_retransmit", netns=made.ends.server.number)


def test_each_name_has_its_return_code(seen: Seen) -> None:
    """`EbpfSource` has no events of names: these are decoded ones."""
    client = seen.of(NAME_SERVER_TROUBLE).ends.client
    replies = seen.watch.all("dns_reply", netns=client.number)
    assert {each["qname"]: each["rcode"] for each in replies} == {
        "slow.lab": "NOERROR",
        "missing.lab": "NXDOMAIN",
        "broken.lab": "SERVFAIL",
        "private.lab": "REFUSED",
        "here.lab": "NOERROR",
    }
    assert {each["comm"] for each in replies} == {"asker"}


def test_a_query_without_a_reply_is_the_one_that_stays_unanswered(seen: Seen) -> None:
    client = seen.of(NAME_SERVER_TROUBLE).ends.client
    asked = [each["qname"] for each in seen.watch.all("dns_query", netns=client.number)]
    answered = {each["qname"] for each in seen.watch.all("dns_reply", netns=client.number)}
    assert [name for name in asked if name not in answered] == ["silent.lab"]


def test_a_late_reply_tells_how_late_it_is_and_finds_its_asker_gone(seen: Seen) -> None:
    made = seen.of(NAME_SERVER_TROUBLE)
    (late,) = seen.watch.all("dns_reply", netns=made.ends.client.number, qname="slow.lab")
    assert late["latency_us"] > 1.49e6
    assert late["pid"] == made.client.pid
    (dropped,) = seen.dropped(NAME_SERVER_TROUBLE, reason="NO_SOCKET")
    assert (dropped["netns"], dropped["sport"], dropped["dport"]) == (made.ends.client.number, 53, late["dport"])


def test_an_idle_connection_that_is_kept_alive_and_one_that_is_closed_are_healthy(seen: Seen) -> None:
    made = seen.of(HEALTH)
    assert {(each.outcome, each.retransmits) for each in seen.connections(HEALTH)} == {(Outcome.CONNECTED, 0)}
    (probe, *_) = seen.dropped(HEALTH, reason="TCP_OLD_SEQUENCE")
    assert (probe["netns"], probe["benign"]) == (made.ends.server.number, True)
    assert (probe["direction"], probe["if"]) == ("in", ""), "not lo, where the route leads to"
    for namespace in made.ends.namespaces:
        for kind in ("tcp_reset_sent", "tcp_reset_received", "tcp_retransmit", "icmp_sent", "sock_error"):
            assert seen.all(namespace, event=kind) == []


def test_a_router_that_is_asked_for_and_not_there_is_healthy(seen: Seen) -> None:
    solicitation = {"proto": "icmpv6", "dst": "ff02::2", "icmp": [133, 0]}
    asked = seen.watch.one("drop", netns=seen.of(HEALTH).ends.server.number, **solicitation)
    assert asked["benign"]
