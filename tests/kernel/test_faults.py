"""Attempts to connect that go wrong: each is provoked, and what netspy gives holds the evidence of its cause."""

from collections.abc import Iterator

import pytest

from bot.domain.network import Outcome
from tests.kernel.provoking import Scenario
from tests.kernel.scenarios import (
    ABSENT_HOST,
    CLOSED_PORT,
    DATAGRAMS,
    FIRST_SYN,
    HASTY,
    IMPATIENT,
    INPUT_DROP,
    INPUT_ICMP,
    INPUT_RESET,
    OUTPUT_DROP,
)
from tests.kernel.seeing import Seen, seeing

SCENARIOS = (
    CLOSED_PORT, INPUT_DROP, IMPATIENT, INPUT_RESET, OUTPUT_DROP, INPUT_ICMP, HASTY, ABSENT_HOST, FIRST_SYN, DATAGRAMS,
)  # fmt: skip
_SECOND_US = 1e6 * 0.99
"""The kernel counts in ticks."""


@pytest.fixture(scope="module")
def seen(with_namespaces: None) -> Iterator[Seen]:
    with seeing(SCENARIOS) as all_of_them:
        yield all_of_them


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_nothing_else_is_dropped_that_is_not_harmless(scenario: Scenario, seen: Seen) -> None:
    assert seen.reasons(scenario) == scenario.reasons


def test_a_closed_port_refuses_by_a_reset_for_want_of_a_socket(seen: Seen) -> None:
    told, made = seen.connection(CLOSED_PORT), seen.of(CLOSED_PORT)
    assert (told.outcome, told.errno) == (Outcome.REFUSED, "ECONNREFUSED")
    (drop,) = seen.drops(CLOSED_PORT)
    assert (drop.reason, drop.protocol, drop.interface) == ("NO_SOCKET", "TCP", "eth0")
    (received,) = seen.watch.all("tcp_reset_received", netns=made.ends.client.number)
    assert (received["pid"], received["owner"]) == (made.client.pid, "socket")
    (sent,) = seen.watch.all("tcp_reset_sent", netns=made.ends.server.number)
    assert (sent["reason"], sent["sport"]) == ("NO_SOCKET", 8081)


def test_a_firewall_that_drops_lets_the_kernel_send_again_until_it_times_out(seen: Seen) -> None:
    told, made = seen.connection(INPUT_DROP), seen.of(INPUT_DROP)
    assert (told.outcome, told.errno) == (Outcome.TIMED_OUT, "ETIMEDOUT")
    again = seen.watch.all("tcp_retransmit", pid=made.client.pid, state="SYN_SENT")
    assert told.retransmits
    assert 2 <= len(again) <= told.retransmits  # an interrupt within one of our programs is not seen
    assert told.waited_us
    assert told.waited_us > 7 * _SECOND_US
    dropped = seen.dropped(INPUT_DROP, reason="NETFILTER_DROP", direction="in")
    assert {each["netns"] for each in dropped} == {made.ends.server.number}
    assert 2 <= len(dropped) <= 1 + told.retransmits


def test_a_client_that_gives_up_by_itself_leaves_no_errno_and_its_firewall_is_named_all_the_same(seen: Seen) -> None:
    told = seen.connection(IMPATIENT)
    assert (told.outcome, told.errno, told.retransmits) == (Outcome.UNANSWERED, None, 1)
    assert {each.reason for each in seen.drops(IMPATIENT)} == {"NETFILTER_DROP"}


def test_a_firewall_that_resets_is_told_from_a_closed_port(seen: Seen) -> None:
    told, made = seen.connection(INPUT_RESET), seen.of(INPUT_RESET)
    assert (told.outcome, told.errno) == (Outcome.REFUSED, "ECONNREFUSED")
    assert [each.reason for each in seen.drops(INPUT_RESET)] == ["NETFILTER_DROP"]
    assert seen.watch.all("tcp_reset_received", pid=made.client.pid)
    assert seen.watch.all("tcp_reset_sent", netns=made.ends.server.number) == [], "no socket, and no want of one"


def test_the_clients_own_firewall_is_to_blame_and_the_remote_one_has_seen_nothing(seen: Seen) -> None:
    told, made = seen.connection(OUTPUT_DROP), seen.of(OUTPUT_DROP)
    assert told.outcome is Outcome.UNANSWERED
    drops = seen.drops(OUTPUT_DROP)
    assert {(each.reason, each.pid, each.owner) for each in drops} == {("NETFILTER_DROP", made.client.pid, "socket")}
    dropped = seen.dropped(OUTPUT_DROP, reason="NETFILTER_DROP")
    assert {(each["netns"], each["direction"]) for each in dropped} == {(made.ends.client.number, "out")}
    assert seen.all(made.ends.server, dport=8445) == []
    again = seen.watch.all("tcp_retransmit", pid=made.client.pid)
    assert {each["errno"] for each in again} == {"EPERM"}


def test_a_firewall_that_sends_icmp_is_told_with_its_message(seen: Seen) -> None:
    told, made = seen.connection(INPUT_ICMP), seen.of(INPUT_ICMP)
    assert (told.outcome, told.errno) == (Outcome.REJECTED, "ECONNREFUSED")
    (sent, *_) = seen.watch.all("icmp_sent", netns=made.ends.server.number)
    assert (sent["icmp"], sent["dport"]) == ([3, 3], 8446)
    assert {each.reason for each in seen.drops(INPUT_ICMP)} == {"NETFILTER_DROP"}
    assert seen.watch.all("tcp_reset_received", pid=made.client.pid) == []


def test_a_client_that_does_not_wait_in_its_call_is_rejected_by_icmp_too(seen: Seen) -> None:
    """Whether an errno is left depends on whether the message comes while the call still has its socket."""
    assert seen.connection(HASTY).outcome is Outcome.REJECTED
    (ended,) = seen.watch.all("tcp_open", pid=seen.of(HASTY).client.pid)
    assert ended["evidence"] == ["unreachable"]


def test_an_absent_host_is_unreachable_since_its_neighbour_entry_fails(seen: Seen) -> None:
    told, made = seen.connection(ABSENT_HOST), seen.of(ABSENT_HOST)
    assert (told.outcome, told.errno) == (Outcome.UNREACHABLE, "EHOSTUNREACH")
    assert told.waited_us
    assert told.waited_us > 2 * _SECOND_US
    drops = {(each.reason, each.pid, each.owner) for each in seen.drops(ABSENT_HOST)}
    assert drops == {("NEIGH_FAILED", made.client.pid, "socket")}
    assert seen.all(made.ends.server, proto="tcp") == []


def test_the_second_that_a_lost_syn_costs_is_a_handshake_with_one_retransmit(seen: Seen) -> None:
    told, made = seen.connection(FIRST_SYN), seen.of(FIRST_SYN)
    assert (told.outcome, told.retransmits) == (Outcome.CONNECTED, 1)
    assert told.waited_us
    assert told.waited_us > _SECOND_US
    assert [each["state"] for each in seen.watch.all("tcp_retransmit", pid=made.client.pid)] == ["SYN_SENT"]
    (dropped,) = seen.dropped(FIRST_SYN, reason="NETFILTER_DROP")
    assert (dropped["netns"], dropped["tcp_flags"]) == (made.ends.server.number, 0x02)


def test_a_datagram_for_a_closed_port_is_refused_at_its_sender_and_finds_no_socket_there(seen: Seen) -> None:
    told, made = seen.connection(DATAGRAMS), seen.of(DATAGRAMS)
    assert (told.protocol, told.outcome, told.errno) == ("UDP", Outcome.REFUSED, "ECONNREFUSED")
    assert {(each.reason, each.protocol) for each in seen.drops(DATAGRAMS)} == {("NO_SOCKET", "UDP")}
    (learnt,) = seen.watch.all("sock_error", netns=made.ends.client.number)
    assert (learnt["pid"], learnt["errno"], learnt["dport"]) == (made.client.pid, "ECONNREFUSED", 8125)
    assert {each["netns"] for each in seen.watch.all("icmp_sent", dport=8125)} == {made.ends.server.number}
