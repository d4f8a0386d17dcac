"""The recording that comes with netspy, joined: outcomes by destination, as counted by hand from the raw lines."""

from collections import Counter

import pytest

from bot.domain.network import EVENT_TYPES, Accepted, Connection, DnsLookup, Drop, Outcome, Reset, SocketError
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


def test_every_accepted_connection_is_that_of_the_server_behind_its_port(shipped: Recording) -> None:
    found = [each for each in shipped.of("accept") if isinstance(each, Accepted)]
    assert Counter((each.process, each.destination.port, each.duration_us is not None) for each in found) == {
        ("nginx", 80, True): 66,
        ("redis-server", 6379, True): 24,
        ("postgres", 5432, True): 16,
        ("hooks", 8450, True): 16,
        ("auth", 8447, True): 6,
        ("imaging", 8449, True): 4,
        ("sink", 8451, True): 4,
        ("(unknown)", 8452, False): 3,
        ("export", 8448, True): 2,
        ("sshd", 22, True): 1,
    }
    assert {(each.process, each.uid) for each in found} >= {("nginx", 65534), ("postgres", 101), ("(unknown)", None)}


def test_every_question_to_dns_is_a_look_up_with_its_answer(shipped: Recording) -> None:
    found = [each for each in shipped.of("dns") if isinstance(each, DnsLookup)]
    assert Counter((each.name, each.type, each.rcode) for each in found) == {
        ("web.lab", "A", "NOERROR"): 56,
        ("web.lab", "AAAA", "NOERROR"): 56,
        ("missing.lab", "A", "NXDOMAIN"): 8,
        ("private.lab", "A", "REFUSED"): 8,
        ("broken.lab", "A", "SERVFAIL"): 8,
        ("slow.lab", "A", "NOERROR"): 7,
        ("silent.lab", "A", None): 7,
    }
    assert {each.name for each in found if each.latency_us is None} == {"silent.lab"}


def test_the_server_has_the_name_that_dns_told_of_it_wherever_something_went_there(shipped: Recording) -> None:
    names = {(end.address, end.name) for each in shipped.events if (end := each.destination) and end.name}
    assert names == {("10.99.0.2", "web.lab")}
    ends = {each.destination for each in shipped.events if each.destination}
    assert all(end.name for end in ends if end.address == "10.99.0.2")


def test_resets_are_told_with_their_direction_and_whose_they_are(shipped: Recording) -> None:
    found = [each for each in shipped.of("reset") if isinstance(each, Reset)]
    assert Counter((each.process, each.direction, each.reason, each.state) for each in found) == {
        ("(unknown)", "out", "NO_SOCKET", None): 24,
        ("hooks", "out", "TCP_STATE", "CLOSE"): 16,
        ("sink", "out", "TCP_ABORT_ON_CLOSE", "CLOSE"): 4,
        ("cart", "in", None, "SYN_SENT"): 12,
        ("curl", "in", None, "SYN_SENT"): 12,
        ("curl", "in", None, "ESTABLISHED"): 12,
        ("mailer", "in", None, "SYN_SENT"): 4,
        ("webhook", "in", None, "ESTABLISHED"): 4,
        ("telemetry", "in", None, "ESTABLISHED"): 4,
    }


def test_what_else_the_recording_holds_is_told(shipped: Recording) -> None:
    assert {kind: len(shipped.of(kind)) for kind in EVENT_TYPES if kind not in ("connection", "drop")} == {
        "accept": 142,
        "retransmit": 57,
        "reset": 92,
        "dns": 150,
        "listen": 10,
        "error": 60,
        "icmp": 27,
    }
    assert {each.node for each in shipped.events} == {"lab"}
    errors = [each for each in shipped.of("error") if isinstance(each, SocketError)]
    assert Counter((each.process, each.call, each.errno) for each in errors) == {
        ("rooms", "accept", "EMFILE"): 52,
        ("metrics-agent", "icmp", "ECONNREFUSED"): 8,
    }
