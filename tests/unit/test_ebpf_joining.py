"""Hand-written lines of a recording, in the order in which the kernel reports them, and what they are joined to."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.network import Connection, Drop, Endpoint, Outcome
from bot.ebpf.joining import join
from bot.ebpf.recorded_lines import parse_line

T = 1_795_392_170.0
"""Seconds since the epoch at which every story here begins."""
FLOW = {"family": "ipv4", "proto": "tcp", "src": "10.99.0.1", "sport": 43334, "dst": "10.99.0.2", "dport": 8000}
UNIX: dict[str, Any] = {"family": "unix", "proto": "unix", "src": None, "sport": 0, "dst": None, "dport": 0}


def line(event: str, at_us: int, **fields: object) -> str:
    owner = {"pid": 100, "tid": 100, "uid": 0, "comm": "curl", "cgroup": "/", "netns": 1}
    return json.dumps({"ts": T + at_us / 1e6, "event": event, **owner, **FLOW, "sock": "a1", **fields})


def call(at_us: int, errno: str | None = None, *, call_us: float = 50.0, **fields: object) -> str:
    """A connect(2) that returns at `at_us`."""
    return line("connect", at_us, **{"type": "stream", "ret": 0, "errno": errno, "call_us": call_us, **fields})


def opened(at_us: int, to: str = "ESTABLISHED", errno: str | None = None, **fields: object) -> str:
    """The end of a handshake that began at 40 µs before zero, inside a call that returns at zero."""
    shape = {"from": "SYN_SENT", "to": to, "errno": errno, "handshake_us": at_us + 40.0, "retransmits": 0}
    return line("tcp_open", at_us, **{**shape, **fields})


def closed(at_us: int, errno: str | None = None, **fields: object) -> str:
    shape = {"from": "FIN_WAIT2", "to": "CLOSE", "errno": errno, "duration_us": 900.0}
    return line("tcp_close", at_us, **{**shape, "tx_bytes": 5, "rx_bytes": 10, "retransmits": 1, **fields})


def reset(at_us: int, state: str) -> str:
    return line("tcp_reset_received", at_us, state=state, owner="socket")


def drop(at_us: int, reason: str | None = "NO_SOCKET", **fields: object) -> str:
    shape: dict[str, Any] = {"reason": reason, "location": "tcp_v4_rcv+0x1", "benign": False, "owner": "current"}
    return line("drop", at_us, **{**shape, "sock": None, "if": "vA", "len": 60, **fields})


def attempts(*lines: str) -> tuple[Connection, ...]:
    return join(event for text in lines for event in [parse_line(text)[1]] if event)[0]


def attempt(*lines: str) -> Connection:
    (only,) = attempts(*lines)
    return only


def dropped(text: str) -> Drop:
    ((), (only,)) = join(event for event in [parse_line(text)[1]] if event)
    return only


def after(us: int) -> datetime:
    return datetime.fromtimestamp(T + us / 1e6, UTC)


def test_waiting_connect_is_joined_with_the_handshake_and_the_close_of_its_socket() -> None:
    assert attempt(opened(140, handshake_us=30.0), call(150, call_us=100.0), closed(1000)) == Connection(
        time=after(50),
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
    )


def test_nonblocking_connect_gets_its_outcome_from_a_later_handshake() -> None:
    found = attempt(call(0, "EINPROGRESS"), opened(1_000_000, handshake_us=1_000_000.0, retransmits=1))
    assert (found.outcome, found.errno) == (Outcome.CONNECTED, None)
    assert (found.time, found.waited_us, found.retransmits) == (after(-50), 1_000_000.0, 1)


def test_nonblocking_connect_on_loopback_returns_after_its_handshake() -> None:
    found = attempt(opened(-10), call(0, "EINPROGRESS"))
    assert (found.outcome, found.errno, found.time) == (Outcome.CONNECTED, None, after(-50))


def test_refusal_with_a_reset_is_refused() -> None:
    found = attempt(reset(-12, "SYN_SENT"), opened(-10, "CLOSE", "ECONNREFUSED"), call(0, "EINPROGRESS"))
    assert (found.outcome, found.errno) == (Outcome.REFUSED, "ECONNREFUSED")


def test_refusal_without_a_reset_is_an_icmp_rejection() -> None:
    found = attempt(call(0, "EINPROGRESS"), opened(900, "CLOSE", "ECONNREFUSED"))
    assert (found.outcome, found.errno) == (Outcome.REJECTED, "ECONNREFUSED")


def test_close_without_errno_is_unanswered_and_tells_how_long_the_client_waited() -> None:
    found = attempt(call(0, "EINPROGRESS"), opened(300_000, "CLOSE", handshake_us=300_000.0))
    assert (found.outcome, found.errno, found.waited_us) == (Outcome.UNANSWERED, None, 300_000.0)


@pytest.mark.parametrize(("proto", "kind"), [("icmp", 3), ("icmpv6", 1)])
def test_unreachable_message_at_the_socket_explains_a_close_without_errno(proto: str, kind: int) -> None:
    message = drop(210, "QUEUE_PURGE", proto=proto, icmp=[kind, 3], sock="a1", benign=True)
    assert attempt(call(0, "EINPROGRESS"), opened(200, "CLOSE"), message).outcome is Outcome.REJECTED


def test_other_icmp_messages_explain_nothing() -> None:
    echo = drop(210, "QUEUE_PURGE", proto="icmp", icmp=[8, 0], sock="a1")
    assert attempt(call(0, "EINPROGRESS"), opened(200, "CLOSE"), echo).outcome is Outcome.UNANSWERED


@pytest.mark.parametrize("errno", ["EHOSTUNREACH", "ENETUNREACH"])
def test_unreachable_behind_a_syn_is_the_host_not_the_route(errno: str) -> None:
    found = attempt(opened(-10, "CLOSE", errno), call(0, errno, call_us=3_000_000.0))
    assert (found.outcome, found.errno) == (Outcome.UNREACHABLE, errno)


def test_neighbour_that_does_not_answer_explains_a_timeout() -> None:
    silent = drop(10, "NEIGH_FAILED", sock="a1")
    found = attempt(opened(0, "CLOSE", "ETIMEDOUT"), silent, call(20, "ETIMEDOUT", call_us=3_000_000.0))
    assert (found.outcome, found.errno) == (Outcome.UNREACHABLE, "ETIMEDOUT")


def test_timeout_without_other_evidence_is_a_timeout() -> None:
    found = attempt(opened(0, "CLOSE", "ETIMEDOUT"), drop(1), call(20, "ETIMEDOUT", call_us=3_000_000.0))
    assert (found.outcome, found.errno) == (Outcome.TIMED_OUT, "ETIMEDOUT")


@pytest.mark.parametrize("errno", ["EINVAL", "EHOSTUNREACH", "ENETUNREACH", "EACCES"])
def test_routing_error_of_the_call_itself_is_no_local_route(errno: str) -> None:
    found = attempt(call(0, errno, call_us=2.0))
    assert (found.outcome, found.errno, found.waited_us) == (Outcome.NO_ROUTE, errno, 2.0)


def test_no_free_address_is_ports_exhausted() -> None:
    assert attempt(call(0, "EADDRNOTAVAIL")).outcome is Outcome.NO_PORTS


@pytest.mark.parametrize("state", ["ESTABLISHED", "FIN_WAIT1"])
def test_reset_behind_the_handshake_is_a_reset_after_connect(state: str) -> None:
    found = attempt(opened(-10), call(0, "EINPROGRESS"), reset(80, state), closed(90, "ECONNRESET"))
    assert (found.outcome, found.errno, found.waited_us) == (Outcome.RESET, "ECONNRESET", 30.0)


def test_attempt_without_an_end_is_in_progress() -> None:
    found = attempt(call(0, "EINPROGRESS"))
    assert (found.outcome, found.errno, found.waited_us) == (Outcome.PENDING, "EINPROGRESS", None)


def test_handshake_without_a_call_counts_as_an_attempt() -> None:
    found = attempt(opened(0), closed(1000))
    assert (found.time, found.process, found.protocol) == (after(-40), "curl", "TCP")
    assert (found.outcome, found.duration_us) == (Outcome.CONNECTED, 900.0)


def test_close_shows_that_an_attempt_had_connected_when_its_handshake_was_lost() -> None:
    found = attempt(call(0, "EINPROGRESS"), closed(1000))
    assert (found.outcome, found.errno, found.waited_us) == (Outcome.CONNECTED, None, None)


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


def test_socket_id_that_is_used_again_belongs_to_the_later_attempt() -> None:
    first, second = attempts(
        call(0, "EINPROGRESS"),
        opened(100, "CLOSE", "ECONNREFUSED"),
        opened(990, handshake_us=5.0),
        call(1000, call_us=20.0),
    )
    assert (first.outcome, second.outcome) == (Outcome.REJECTED, Outcome.CONNECTED)


def test_handshake_that_began_after_the_call_returned_is_another_attempt() -> None:
    left, other = attempts(call(0, "EINPROGRESS"), opened(2_000_000, handshake_us=30.0))
    assert (left.outcome, other.outcome) == (Outcome.PENDING, Outcome.CONNECTED)


def test_call_that_began_after_an_unclaimed_handshake_is_another_attempt() -> None:
    by_ring, by_call = attempts(opened(0), call(1_000_000, "EADDRNOTAVAIL", call_us=20.0))
    assert (by_ring.outcome, by_call.outcome) == (Outcome.CONNECTED, Outcome.NO_PORTS)


def test_close_of_an_accepted_socket_is_not_that_of_an_earlier_attempt() -> None:
    accepted = line("tcp_accept", 500, pid=None, comm="")
    assert attempt(opened(-10), call(0), accepted, closed(1000)).duration_us is None


@pytest.mark.parametrize("errno", [None, "EISCONN", "EALREADY"])
def test_second_connect_that_asks_how_the_first_went_is_no_attempt(errno: str | None) -> None:
    assert attempt(call(0, "EINPROGRESS"), opened(500), call(900, errno)).outcome is Outcome.CONNECTED


def test_second_connect_that_fetches_the_error_is_no_attempt() -> None:
    lines = (call(0, "EINPROGRESS"), opened(500, "CLOSE", "ECONNREFUSED"), call(900, "ECONNREFUSED"))
    assert attempt(*lines).outcome is Outcome.REJECTED


def test_calls_on_one_socket_that_all_fail_are_so_many_attempts() -> None:
    failed = attempts(call(0, "EINVAL"), call(10, "EHOSTUNREACH"), call(20, "EACCES"))
    assert [each.errno for each in failed] == ["EINVAL", "EHOSTUNREACH", "EACCES"]


def test_calls_without_a_socket_do_not_meet() -> None:
    assert len(attempts(call(0, "EINPROGRESS", sock=None), call(9, "ENOTSOCK", sock=None))) == 2


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


def test_drop_without_ports_does_not_borrow_those_of_a_socket() -> None:
    found = dropped(drop(0, proto="icmp", icmp=[3, 3]))
    assert (found.source, found.destination) == (Endpoint("10.99.0.1"), Endpoint("10.99.0.2"))


@pytest.mark.parametrize(
    ("proto", "family", "name"),
    [("icmpv6", "ipv6", "ICMPV6"), (200, "ipv4", "IP 200"), (0, "ipv6", "HOPOPT"), (0, 0, None)],
)
def test_protocols_have_upper_case_names(proto: str | int, family: str | int, name: str | None) -> None:
    assert dropped(drop(0, proto=proto, family=str(family))).protocol == name


def test_icmp_error_is_never_harmless() -> None:
    assert dropped(drop(0, "QUEUE_PURGE", proto="icmp", icmp=[11, 0], benign=True)).harmless is False


def test_neighbour_discovery_is_harmless() -> None:
    assert dropped(drop(0, "NOT_SPECIFIED", proto="icmpv6", family="ipv6", dst="ff02::2")).harmless is True


def test_unknown_values_stay_unknown() -> None:
    found = dropped(json.dumps({"ts": T, "event": "drop"}))
    assert (found.process, found.reason, found.harmless, found.owner) == ("(unknown)", None, None, None)
    assert (found.protocol, found.source, found.destination, found.interface) == (None, None, None, None)
