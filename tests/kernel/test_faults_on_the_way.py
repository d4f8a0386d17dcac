"""Faults of routers and routes: each is provoked, and what netspy gives holds the evidence of its cause."""

from collections.abc import Iterator

import pytest

from bot.domain.network import Outcome
from bot.domain.sockets import SocketState
from tests.kernel.namespaces import Route
from tests.kernel.provoking import Scenario
from tests.kernel.scenarios_on_the_way import ASYMMETRIC_ROUTE, FORGETFUL_ROUTER, LOOP, NARROW_ROUTER
from tests.kernel.seeing import Seen, seeing

SCENARIOS = (NARROW_ROUTER, FORGETFUL_ROUTER, LOOP, ASYMMETRIC_ROUTE)


@pytest.fixture(scope="module")
def seen(with_namespaces: None) -> Iterator[Seen]:
    with seeing(SCENARIOS) as all_of_them:
        yield all_of_them


def route(scenario: Scenario, seen: Seen) -> Route:
    ends = seen.of(scenario).ends
    assert isinstance(ends, Route)
    return ends


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_nothing_else_is_dropped_that_is_not_harmless(scenario: Scenario, seen: Seen) -> None:
    assert seen.reasons(scenario) == scenario.reasons


def test_a_narrow_link_drops_at_the_routers_interface_what_its_sender_sends_again(seen: Seen) -> None:
    told, ends = seen.connection(NARROW_ROUTER), route(NARROW_ROUTER, seen)
    assert (told.outcome, told.sent_bytes) == (Outcome.CONNECTED, 400_000)
    again = seen.watch.all("tcp_retransmit", pid=told.pid, state="ESTABLISHED")
    assert told.retransmits
    assert len(again) <= told.retransmits
    assert {(each.reason, each.interface) for each in seen.drops(NARROW_ROUTER)} == {("QDISC_DROP", "eth1")}
    dropped = seen.dropped(NARROW_ROUTER, reason="QDISC_DROP", benign=False)
    assert {(each["netns"], each["direction"]) for each in dropped} == {(ends.router.number, "out")}


def test_what_a_router_has_forgotten_is_sent_again_after_a_quiet_gap_and_dropped_there(seen: Seen) -> None:
    told, ends = seen.connection(FORGETFUL_ROUTER), route(FORGETFUL_ROUTER, seen)
    assert (told.outcome, told.duration_us) == (Outcome.CONNECTED, None), "it is still open"
    dropped = seen.dropped(FORGETFUL_ROUTER, reason="NETFILTER_DROP")
    assert {(each["netns"], each["direction"]) for each in dropped} == {(ends.router.number, "in")}
    again = seen.watch.all("tcp_retransmit", pid=told.pid)
    assert {each["state"] for each in again} == {"ESTABLISHED"}
    (opened,) = seen.watch.all("tcp_open", pid=told.pid)
    assert again[0]["ts"] - opened["ts"] > 1.9
    (idle,) = seen.sockets(ends.client, SocketState.ESTABLISHED)
    assert idle.retransmits_now
    assert idle.send_queue_bytes
    assert idle.transfer
    assert idle.transfer.since_received_ms
    assert idle.transfer.since_received_ms > 1900


def test_a_loop_uses_up_the_time_to_live_and_is_told_by_icmp_and_by_what_is_forwarded(seen: Seen) -> None:
    ends = route(LOOP, seen)
    outcomes = {each.outcome for each in seen.connections(LOOP)}
    assert Outcome.REJECTED in outcomes
    assert outcomes <= {Outcome.REJECTED, Outcome.UNREACHABLE, Outcome.PENDING}
    drops = seen.drops(LOOP)
    assert {each.reason for each in drops} == {"IP_INHDR"}
    assert all((each.location or "").startswith("ip_forward+0x") for each in drops)
    sent = [each for namespace in ends.namespaces for each in seen.all(namespace, event="icmp_sent")]
    assert {(tuple(each["icmp"]), each["dst"]) for each in sent} == {((11, 0), "10.66.0.9")}
    came = seen.dropped(LOOP, netns=ends.client.number, proto="icmp")
    assert {(tuple(each["icmp"]), each["benign"]) for each in came} == {((11, 0), False)}


def test_a_loop_forwards_each_packet_many_times_at_both_of_its_ends(seen: Seen) -> None:
    ends = route(LOOP, seen)
    asked = seen.counted(ends.client, "icmp_in_time_exceeded").segments_sent
    assert asked
    for end in (ends.router, ends.server):
        assert (seen.counted(end, "ip_forwarded").ip_forwarded or 0) > 10 * asked
    assert seen.counted(ends.server, "icmp_out_time_exceeded").ip_in_header_errors


def test_a_strict_filter_drops_what_comes_by_another_way_than_its_answer_would_go(seen: Seen) -> None:
    told, server = seen.connections(ASYMMETRIC_ROUTE), seen.of(ASYMMETRIC_ROUTE).ends.server
    assert {each.outcome for each in told} <= {Outcome.UNANSWERED, Outcome.PENDING}
    assert {(each.reason, each.interface) for each in seen.drops(ASYMMETRIC_ROUTE)} == {("IP_RPFILTER", "eth0")}
    assert {each["netns"] for each in seen.dropped(ASYMMETRIC_ROUTE, reason="IP_RPFILTER")} == {server.number}
    assert seen.counted(server, "reverse_path_filtered").passive_opens == 0
