"""The recording that comes with netspy, joined: outcomes by destination, as counted by hand from the raw lines."""

from collections import Counter

import pytest

from bot.domain.network import Connection, Drop, Outcome
from bot.ebpf.recording.recorded import _SHIPPED, Recording, read_recording


@pytest.fixture(scope="module")
def shipped() -> Recording:
    return read_recording(_SHIPPED)


def connections(recording: Recording) -> list[Connection]:
    return [each for each in recording.of("connection") if isinstance(each, Connection)]


def drops(recording: Recording) -> list[Drop]:
    return [each for each in recording.of("drop") if isinstance(each, Drop)]


def where(attempt: Connection) -> str:
    return attempt.destination.path or str(attempt.destination)


def test_every_connect_call_is_one_attempt_and_every_drop_is_kept(shipped: Recording) -> None:
    assert (len(connections(shipped)), len(drops(shipped))) == (498, 447)


def test_every_destination_has_the_outcome_that_its_fault_makes(shipped: Recording) -> None:
    found = Counter((where(each), each.outcome, each.errno) for each in connections(shipped))
    assert found == {
        ("10.99.0.2:80", Outcome.CONNECTED, None): 34,
        ("[fd99::2]:80", Outcome.CONNECTED, None): 32,
        ("10.99.0.2:6379", Outcome.CONNECTED, None): 24,
        ("10.99.0.2:5432", Outcome.CONNECTED, None): 16,
        ("10.99.0.2:22", Outcome.CONNECTED, None): 1,
        ("10.99.0.2:8447", Outcome.CONNECTED, None): 6,
        ("10.99.0.2:8449", Outcome.CONNECTED, None): 4,
        ("10.99.0.2:8452", Outcome.CONNECTED, None): 3,
        ("10.99.1.2:8448", Outcome.CONNECTED, None): 2,
        ("10.99.0.2:53", Outcome.UNKNOWN, None): 94,
        ("10.99.0.2:8125", Outcome.UNKNOWN, None): 8,
        ("10.99.0.2:8081", Outcome.REFUSED, "ECONNREFUSED"): 24,
        ("10.99.0.2:8444", Outcome.REFUSED, "ECONNREFUSED"): 4,
        ("10.99.0.2:8446", Outcome.REJECTED, "ECONNREFUSED"): 4,
        ("10.99.0.2:8443", Outcome.TIMED_OUT, "ETIMEDOUT"): 3,
        ("10.99.0.2:8443", Outcome.UNANSWERED, None): 6,
        ("10.99.0.2:8445", Outcome.UNANSWERED, None): 4,
        ("10.99.0.2:80", Outcome.UNANSWERED, None): 3,
        ("10.99.0.77:80", Outcome.UNREACHABLE, "EHOSTUNREACH"): 4,
        ("10.99.0.2:8450", Outcome.RESET, "ECONNRESET"): 16,
        ("10.99.0.2:8451", Outcome.RESET, "ECONNRESET"): 4,
        ("10.99.0.2:80", Outcome.NO_PORTS, "EADDRNOTAVAIL"): 4,
        ("10.98.1.1:80", Outcome.NO_ROUTE, "EINVAL"): 3,
        ("10.98.2.1:80", Outcome.NO_ROUTE, "EHOSTUNREACH"): 3,
        ("10.98.3.1:80", Outcome.NO_ROUTE, "EACCES"): 3,
        ("/var/run/nscd/socket", Outcome.FAILED, "ENOENT"): 184,
        ("/run/lab/agent.sock", Outcome.FAILED, "ENOENT"): 5,
    }


def test_every_decided_attempt_tells_how_long_it_took(shipped: Recording) -> None:
    unknown = {each.outcome for each in connections(shipped) if each.waited_us is None}
    assert unknown == {Outcome.UNKNOWN}


def test_lost_syn_shows_as_a_handshake_of_a_second_with_a_retransmit(shipped: Recording) -> None:
    slow = [each for each in connections(shipped) if each.outcome is Outcome.CONNECTED and (each.waited_us or 0) > 1e6]
    assert {where(each) for each in slow} == {"10.99.0.2:8447"}
    assert len(slow) == 6
    assert all((each.retransmits or 0) > 0 for each in slow)


def test_every_tcp_connection_was_closed_with_its_counts(shipped: Recording) -> None:
    ended = (Outcome.CONNECTED, Outcome.RESET)
    met = [each for each in connections(shipped) if each.protocol == "TCP" and each.outcome in ended]
    assert len(met) == 142
    assert all(None not in (each.duration_us, each.sent_bytes, each.received_bytes) for each in met)


def test_drops_keep_their_reasons_and_only_healthy_ones_are_harmless(shipped: Recording) -> None:
    reasons = Counter(each.reason for each in drops(shipped))
    assert len(reasons) == 8
    assert reasons.most_common(3) == [("QDISC_DROP", 131), ("QUEUE_PURGE", 130), ("NETFILTER_DROP", 60)]
    harmless = Counter((each.reason, each.protocol) for each in drops(shipped) if each.harmless)
    assert harmless == {
        ("QUEUE_PURGE", "TCP"): 118,
        ("SOCKET_CLOSE", "UNIX"): 56,
        ("NOT_SPECIFIED", "ICMPV6"): 13,
        ("NOT_SPECIFIED", "HOPOPT"): 4,
        ("NOT_SPECIFIED", "TCP"): 1,
    }
