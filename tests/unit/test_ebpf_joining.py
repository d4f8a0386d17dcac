"""Attempts to connect, and drops, from hand-written lines of a recording."""

import json
from typing import Any

import pytest

from bot.domain.network import Connection, Drop, Endpoint, Outcome
from bot.domain.workload import Workload
from tests.recorded_lines import UNIX, T, after, begun, call, closed, drop, line, of_attempt, opened, reset, told


def attempts(*lines: str) -> tuple[Connection, ...]:
    return tuple(each for each in told(*lines) if isinstance(each, Connection))


def attempt(*lines: str) -> Connection:
    (only,) = attempts(*lines)
    return only


def dropped(text: str) -> Drop:
    (only,) = told(text)
    assert isinstance(only, Drop)
    return only


def test_waiting_connect_is_joined_with_the_handshake_and_the_close_of_its_socket() -> None:
    lines = (opened(140, handshake_us=30.0, rtt_us=7), begun(150, call_us=200.0, attempt_us=190.0), closed(1000))
    assert attempt(*lines) == Connection(
        time=after(-40),
        process="curl",
        pid=100,
        uid=0,
        destination=Endpoint("10.99.0.2", 8000),
        protocol="TCP",
        outcome=Outcome.CONNECTED,
        waited_us=30.0,
        duration_us=900.0,
        sent_bytes=5,
        received_bytes=10,
        retransmits=1,
        rtt_us=19,
    )


def test_round_trip_is_that_of_the_handshake_while_a_connection_is_open() -> None:
    assert attempt(opened(140, rtt_us=7)).rtt_us == 7
    assert attempt(opened(140)).rtt_us is None


def test_nonblocking_connect_gets_its_outcome_from_a_later_handshake() -> None:
    found = attempt(begun(0, "EINPROGRESS"), opened(1_000_000, handshake_us=1_000_000.0, retransmits=1))
    assert (found.outcome, found.errno) == (Outcome.CONNECTED, None)
    assert (found.time, found.waited_us, found.retransmits) == (after(-40), 1_000_000.0, 1)


def test_nonblocking_connect_on_loopback_returns_after_its_handshake() -> None:
    found = attempt(opened(-10), begun(0, "EINPROGRESS"))
    assert (found.outcome, found.errno, found.time) == (Outcome.CONNECTED, None, after(-40))


@pytest.mark.parametrize(
    ("errno", "evidence", "outcome"),
    [
        ("ECONNREFUSED", "reset", Outcome.REFUSED),
        ("ECONNREFUSED", None, Outcome.REJECTED),
        (None, None, Outcome.UNANSWERED),
        (None, "unreachable", Outcome.REJECTED),
        (None, "neighbour failed", Outcome.UNREACHABLE),
        ("ETIMEDOUT", None, Outcome.TIMED_OUT),
        ("ETIMEDOUT", "neighbour failed", Outcome.UNREACHABLE),
        ("EHOSTUNREACH", None, Outcome.UNREACHABLE),
        ("ENETUNREACH", None, Outcome.UNREACHABLE),
        (None, "something newer", Outcome.UNANSWERED),
    ],
)
def test_failed_handshake_is_explained_by_its_errno_and_its_evidence(
    errno: str | None, evidence: str | None, outcome: Outcome
) -> None:
    end = opened(300, "CLOSE", errno, evidence=[evidence] if evidence else [])
    found = attempt(begun(0, "EINPROGRESS"), end)
    assert (found.outcome, found.errno, found.waited_us) == (outcome, errno, 340.0)


def test_what_is_dropped_when_the_socket_has_given_up_still_explains_it() -> None:
    lines = (begun(0, "EINPROGRESS"), opened(300, "CLOSE"))
    message = drop(310, attempt="1", attempt_us=350.0, evidence=["unreachable"])
    assert attempt(*lines, message).outcome is Outcome.REJECTED
    assert attempt(*lines, drop(310, evidence=["unreachable"])).outcome is Outcome.UNANSWERED


def test_a_reset_answers_the_syn_also_where_its_evidence_was_lost() -> None:
    lines = (begun(0, "EINPROGRESS"), reset(10, "SYN_SENT"), opened(11, "CLOSE", "ECONNREFUSED"))
    assert attempt(*lines).outcome is Outcome.REFUSED


@pytest.mark.parametrize("errno", ["EINVAL", "EHOSTUNREACH", "ENETUNREACH", "EACCES"])
def test_routing_error_of_the_call_itself_is_no_local_route(errno: str) -> None:
    found = attempt(call(0, errno, call_us=2.0))
    assert (found.outcome, found.errno, found.waited_us, found.time) == (Outcome.NO_ROUTE, errno, 2.0, after(-2))


def test_no_free_address_is_ports_exhausted() -> None:
    assert attempt(call(0, "EADDRNOTAVAIL")).outcome is Outcome.NO_PORTS


@pytest.mark.parametrize("state", ["ESTABLISHED", "FIN_WAIT1"])
def test_reset_behind_the_handshake_is_a_reset_after_connect(state: str) -> None:
    found = attempt(opened(-10), begun(0, "EINPROGRESS"), reset(80, state), closed(90, "ECONNRESET"))
    assert (found.outcome, found.errno, found.waited_us) == (Outcome.RESET, "ECONNRESET", 30.0)


def test_attempt_without_an_end_is_in_progress() -> None:
    found = attempt(begun(0, "EINPROGRESS"))
    assert (found.outcome, found.errno, found.waited_us) == (Outcome.PENDING, "EINPROGRESS", None)


def test_a_syn_that_is_sent_again_shows_an_attempt_that_hangs() -> None:
    again = of_attempt("tcp_retransmit", 1_000_000, state="SYN_SENT", retransmits=1)
    assert (attempt(again).outcome, attempt(again).time) == (Outcome.PENDING, after(-40))
    assert attempt(again, opened(1_000_100)).outcome is Outcome.CONNECTED


def test_data_that_is_sent_again_begins_nothing() -> None:
    assert attempts(of_attempt("tcp_retransmit", 9, state="ESTABLISHED", retransmits=1)) == ()


def test_handshake_without_a_call_counts_as_an_attempt() -> None:
    found = attempt(opened(0), closed(1000))
    assert (found.time, found.process, found.protocol) == (after(-40), "curl", "TCP")
    assert (found.outcome, found.duration_us) == (Outcome.CONNECTED, 900.0)


def test_close_shows_that_an_attempt_had_connected_when_its_handshake_was_lost() -> None:
    found = attempt(begun(0, "EINPROGRESS"), closed(1000))
    assert (found.outcome, found.errno, found.waited_us) == (Outcome.CONNECTED, None, None)


def test_end_of_what_nobody_saw_begin_is_no_attempt() -> None:
    assert attempts(closed(1000), reset(5, "ESTABLISHED"), line("tcp_close", 7), line("tcp_open", 8)) == ()


def test_datagram_connect_does_not_tell_whether_anybody_is_there() -> None:
    found = attempt(call(0, type="dgram", proto="udp"))
    assert (found.outcome, found.protocol, found.waited_us) == (Outcome.UNKNOWN, "UDP", None)


def test_local_sockets_connect_fail_and_refuse_at_once() -> None:
    stale: dict[str, Any] = {**UNIX, "path": "/run/x.sock"}
    outcomes = [attempt(call(0, errno, **stale)).outcome for errno in (None, "ENOENT", "ECONNREFUSED", "EACCES")]
    assert outcomes == [Outcome.CONNECTED, Outcome.FAILED, Outcome.REFUSED, Outcome.FAILED]
    assert attempt(call(0, **stale)).destination == Endpoint(path="/run/x.sock")


def test_other_families_are_no_attempts() -> None:
    assert attempts(call(0, family="netlink", proto=0)) == ()


def test_attempts_of_one_socket_are_told_apart() -> None:
    first, second = attempts(
        begun(0, "EINPROGRESS"),
        opened(100, "CLOSE", "ECONNREFUSED"),
        opened(990, handshake_us=5.0, attempt="2", attempt_us=10.0),
        begun(1000, attempt="2", attempt_us=20.0),
    )
    assert (first.outcome, second.outcome) == (Outcome.REJECTED, Outcome.CONNECTED)


@pytest.mark.parametrize("errno", [None, "EISCONN", "EALREADY", "ECONNREFUSED"])
def test_further_connect_that_asks_how_the_first_went_is_no_attempt(errno: str | None) -> None:
    lines = (begun(0, "EINPROGRESS"), opened(500), begun(900, errno, attempt_us=940.0))
    assert (attempt(*lines).outcome, attempt(*lines).errno) == (Outcome.CONNECTED, None)


def test_calls_on_one_socket_that_all_fail_are_so_many_attempts() -> None:
    failed = attempts(call(0, "EINVAL"), call(10, "EHOSTUNREACH"), call(20, "EACCES"))
    assert [each.errno for each in failed] == ["EINVAL", "EHOSTUNREACH", "EACCES"]


def test_drop_keeps_what_the_kernel_said() -> None:
    assert dropped(drop(7, comm="swapper/1", pid=None)) == Drop(
        time=after(7),
        process="swapper/1",
        pid=None,
        reason="NO_SOCKET",
        location="tcp_v4_rcv+0x1",
        size_bytes=60,
        harmless=False,
        owner="current",
        protocol="TCP",
        source=Endpoint("10.99.0.1", 43334),
        destination=Endpoint("10.99.0.2", 8000),
        interface="vA",
    )


def test_only_a_sockets_own_drop_tells_the_user_and_the_place() -> None:
    fields: dict[str, Any] = {"uid": 33, "cgroup": "/system.slice/nginx.service", "direction": "in"}
    ours, somebodys = dropped(drop(0, **fields, owner="socket")), dropped(drop(0, **fields))
    assert (ours.uid, ours.workload, ours.direction) == (33, Workload(unit="nginx.service"), "in")
    assert (somebodys.uid, somebodys.workload, somebodys.pid) == (None, None, 100)


def test_drop_without_ports_does_not_borrow_those_of_a_socket() -> None:
    found = dropped(drop(0, proto="icmp", icmp=[3, 3]))
    assert (found.source, found.destination) == (Endpoint("10.99.0.1"), Endpoint("10.99.0.2"))


@pytest.mark.parametrize(
    ("proto", "family", "name"),
    [("icmpv6", "ipv6", "ICMPV6"), (200, "ipv4", "IP 200"), (0, "ipv6", "HOPOPT"), (0, 0, None)],
)
def test_protocols_have_upper_case_names(proto: str | int, family: str | int, name: str | None) -> None:
    assert dropped(drop(0, proto=proto, family=str(family))).protocol == name


def test_only_what_the_collector_calls_harmless_is() -> None:
    said = [dropped(drop(0, benign=benign)).harmless for benign in (True, False, None)]
    assert said == [True, False, None]


def test_unknown_values_stay_unknown() -> None:
    found = dropped(json.dumps({"ts": T, "event": "drop"}))
    assert (found.process, found.reason, found.harmless, found.owner) == ("(unknown)", None, None, None)
    assert (found.protocol, found.source, found.destination, found.interface) == (None, None, None, None)
