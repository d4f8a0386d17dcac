"""The recording that comes with netspy, joined: outcomes by destination, as counted by hand from the raw lines."""

from collections import Counter

import pytest

from bot.domain.network import Connection, Outcome
from bot.ebpf.recorded import _SHIPPED, Recording, read_recording


@pytest.fixture(scope="module")
def shipped() -> Recording:
    return read_recording(_SHIPPED)


def where(attempt: Connection) -> str:
    return attempt.destination.path or str(attempt.destination)


def test_every_connect_call_is_one_attempt_and_every_drop_is_kept(shipped: Recording) -> None:
    assert (len(shipped.connections), len(shipped.drops)) == (759, 1297)


def test_every_destination_has_the_outcome_that_its_fault_makes(shipped: Recording) -> None:
    found = Counter((where(each), each.outcome, each.errno) for each in shipped.connections)
    assert found == {
        ("127.0.0.1:8000", Outcome.CONNECTED, None): 143,
        ("10.99.0.2:8000", Outcome.CONNECTED, None): 31,
        ("10.99.0.2:7004", Outcome.CONNECTED, None): 14,
        ("[::1]:8006", Outcome.CONNECTED, None): 14,
        ("[fd99::2]:8006", Outcome.CONNECTED, None): 14,
        ("/run/demo/demo.sock", Outcome.CONNECTED, None): 14,
        ("@ebpf-demo", Outcome.CONNECTED, None): 14,
        ("127.0.0.1:53", Outcome.UNKNOWN, None): 71,
        ("127.0.0.1:9", Outcome.UNKNOWN, None): 14,
        ("127.0.0.1:9", Outcome.REFUSED, "ECONNREFUSED"): 67,
        ("[::1]:9", Outcome.REFUSED, "ECONNREFUSED"): 28,
        ("10.99.0.2:9", Outcome.REFUSED, "ECONNREFUSED"): 14,
        ("10.99.0.2:7002", Outcome.REFUSED, "ECONNREFUSED"): 14,
        ("10.99.0.2:7003", Outcome.REJECTED, "ECONNREFUSED"): 10,
        ("10.99.0.2:7003", Outcome.REJECTED, None): 4,
        ("10.99.0.2:7001", Outcome.TIMED_OUT, "ETIMEDOUT"): 4,
        ("[fd99::2]:7001", Outcome.TIMED_OUT, "ETIMEDOUT"): 4,
        ("10.99.0.77:80", Outcome.UNREACHABLE, "ETIMEDOUT"): 4,
        ("127.0.0.1:8002", Outcome.UNANSWERED, None): 12,
        ("127.0.0.1:8002", Outcome.RESET, "ECONNRESET"): 3,
        ("127.0.0.1:8001", Outcome.RESET, "ECONNRESET"): 28,
        ("10.99.0.2:8001", Outcome.RESET, "ECONNRESET"): 14,
        ("10.98.1.1:80", Outcome.NO_ROUTE, "EINVAL"): 14,
        ("10.98.2.1:80", Outcome.NO_ROUTE, "EHOSTUNREACH"): 14,
        ("10.98.3.1:80", Outcome.NO_ROUTE, "EACCES"): 14,
        ("/var/run/nscd/socket", Outcome.FAILED, "ENOENT"): 168,
        ("/run/demo/nothing.sock", Outcome.FAILED, "ENOENT"): 14,
    }


def test_every_decided_attempt_tells_how_long_it_took(shipped: Recording) -> None:
    unknown = {each.outcome for each in shipped.connections if each.waited_us is None}
    assert unknown == {Outcome.UNKNOWN}


def test_lost_syn_shows_as_a_handshake_of_a_second_with_a_retransmit(shipped: Recording) -> None:
    slow = [each for each in shipped.connections if each.outcome is Outcome.CONNECTED and (each.waited_us or 0) > 1e6]
    assert {where(each) for each in slow} == {"10.99.0.2:7004"}
    assert len(slow) == 2
    assert all((each.retransmits or 0) > 0 for each in slow)


def test_every_tcp_connection_was_closed_with_its_counts(shipped: Recording) -> None:
    ended = (Outcome.CONNECTED, Outcome.RESET)
    met = [each for each in shipped.connections if each.protocol == "TCP" and each.outcome in ended]
    assert len(met) == 261
    assert all(None not in (each.duration_us, each.sent_bytes, each.received_bytes) for each in met)


def test_drops_keep_their_reasons_and_only_healthy_ones_are_harmless(shipped: Recording) -> None:
    reasons = Counter(each.reason for each in shipped.drops)
    assert len(reasons) == 16
    assert reasons.most_common(3) == [("QDISC_DROP", 545), ("QUEUE_PURGE", 227), ("NO_SOCKET", 165)]
    harmless = Counter((each.reason, each.protocol) for each in shipped.drops if each.harmless)
    assert harmless == {
        ("QUEUE_PURGE", "TCP"): 213,
        ("NOT_SPECIFIED", "TCP"): 10,
        ("NOT_SPECIFIED", "ICMPV6"): 7,
        ("NOT_SPECIFIED", "HOPOPT"): 6,
    }
