"""Every other kind of event, from hand-written lines of a recording."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.network import (
    UNNAMED,
    Accepted,
    Endpoint,
    Event,
    IcmpSent,
    Listen,
    Reset,
    Retransmit,
    SocketError,
)
from bot.domain.workload import Workload
from tests.recorded_lines import after, drop, line, told

HERE, THERE = Endpoint("10.99.0.1", 43334), Endpoint("10.99.0.2", 8000)
CONTAINER = "a" * 64
IN_CONTAINER = f"/docker/{CONTAINER}"
WORKLOAD = Workload(container_id=CONTAINER, runtime="docker")
WHO: dict[str, Any] = {"process": "curl", "pid": 100, "uid": 0, "workload": WORKLOAD}
NOBODY: dict[str, Any] = {"process": UNNAMED, "pid": None, "uid": None}


def only(*lines: str) -> Event:
    (event,) = told(*lines)
    return event


def accepted(at_us: int, **fields: object) -> str:
    shape: dict[str, Any] = {"pid": None, "tid": None, "comm": "", "cgroup": IN_CONTAINER, "role": "server"}
    return line("tcp_accept", at_us, **{**shape, "from": "SYN_RECV", "to": "ESTABLISHED", "errno": None, **fields})


def closed(at_us: int, **fields: object) -> str:
    shape = {"from": "LAST_ACK", "to": "CLOSE", "errno": None, "role": "server", "owner": "socket", "uid": 33}
    figures = {"duration_us": 900.0, "tx_bytes": 5, "rx_bytes": 10, "rtt_us": 19, "retransmits": 1}
    return line("tcp_close", at_us, **{**shape, **figures, **fields})


def test_an_accepted_connection_is_joined_with_the_close_of_its_socket() -> None:
    assert only(accepted(0), closed(900, errno="ECONNRESET")) == Accepted(
        time=after(0),
        process="curl",
        pid=100,
        uid=33,
        workload=WORKLOAD,
        source=THERE,
        destination=HERE,
        errno="ECONNRESET",
        duration_us=900.0,
        sent_bytes=5,
        received_bytes=10,
        retransmits=1,
        rtt_us=19,
    )


def test_who_serves_a_connection_is_not_known_before_its_socket_tells() -> None:
    assert only(accepted(0)) == Accepted(time=after(0), **NOBODY, workload=WORKLOAD, source=THERE, destination=HERE)
    unowned = only(accepted(0), closed(900, owner="current"))
    assert isinstance(unowned, Accepted)
    assert (unowned.process, unowned.pid, unowned.uid, unowned.duration_us) == (UNNAMED, None, None, 900.0)


def test_the_first_event_of_its_socket_with_an_owner_tells_who_serves_a_connection() -> None:
    lost = drop(5, sock="a1", role="server", owner="socket", comm="nginx", pid=7, uid=33)
    found, _ = told(accepted(0), lost, closed(900))
    assert (found.process, found.pid, found.uid) == ("nginx", 7, 33)


def test_a_socket_that_opens_connections_is_not_the_accepted_one_at_its_address() -> None:
    found, _ = told(accepted(0), drop(5, sock="a1", role="client", owner="socket"))
    assert found.pid is None
    found = only(accepted(0), closed(9, role="client", attempt="1"))
    assert isinstance(found, Accepted)
    assert found.duration_us is None


def test_a_sockets_address_may_be_that_of_another_connection_later() -> None:
    ends = [closed(900, duration_us=900.0), closed(2000, duration_us=500.0)]
    found = told(
        accepted(0), ends[0], accepted(1500), accepted(1600, sock="b2"), ends[1], closed(3000, duration_us=1.0)
    )
    assert [each.duration_us for each in found if isinstance(each, Accepted)] == [900.0, 500.0, None]


@pytest.mark.parametrize(
    ("state", "pid"), [("FIN_WAIT2", 100), ("LAST_ACK", 100), ("ESTABLISHED", None), ("SYN_RECV", None)]
)
def test_an_older_recording_proves_an_owner_by_the_state_that_only_its_close_makes(state: str, pid: int | None) -> None:
    found = only(accepted(0), without_owner(closed(900, **{"from": state})))
    assert found.pid == pid


def test_an_older_recording_tells_the_owner_of_an_abortive_close_by_its_reset() -> None:
    sent = line("tcp_reset_sent", 901, role="server", owner="socket", state="CLOSE")
    found, _ = told(accepted(0), without_owner(closed(900, **{"from": "ESTABLISHED"})), sent)
    assert found.pid == 100
    found, _ = told(accepted(0), closed(900, **{"from": "ESTABLISHED", "owner": "current"}), sent)
    assert found.pid is None


def test_a_connection_ends_but_once() -> None:
    older = [without_owner(closed(at_us, duration_us=float(at_us))) for at_us in (900, 2000)]
    for ends in (older, [closed(900, duration_us=900.0), closed(2000)]):
        found = only(accepted(0), *ends)
        assert isinstance(found, Accepted)
        assert found.duration_us == 900.0


def without_owner(text: str) -> str:
    assert '"owner": "socket", ' in text
    return text.replace('"owner": "socket", ', "")


def test_a_retransmission_tells_of_its_connection() -> None:
    fields = {"state": "ESTABLISHED", "role": "client", "retransmits": 2, "len": 1448, "rtt_us": 40, "owner": "socket"}
    assert only(line("tcp_retransmit", 0, **fields, errno="ENOBUFS", cgroup=IN_CONTAINER)) == Retransmit(
        time=after(0),
        **WHO,
        source=HERE,
        destination=THERE,
        state="ESTABLISHED",
        role="client",
        size_bytes=1448,
        retransmits=2,
        rtt_us=40,
        errno="ENOBUFS",
    )


def test_a_syn_ack_that_is_sent_again_is_of_a_connection_that_comes_about() -> None:
    told_again = line("synack_retransmit", 0, state="NEW_SYN_RECV", role="server", retransmits=1, owner="socket")
    found = only(told_again)
    assert isinstance(found, Retransmit)
    assert (found.state, found.role, found.retransmits, found.pid) == ("SYN_RECV", "server", 1, 100)
    assert (found.size_bytes, found.rtt_us) == (None, None)


@pytest.mark.parametrize("event", ["tcp_retransmit", "tcp_reset_sent", "tcp_reset_received"])
def test_whoever_ran_just_then_is_nobody(event: str) -> None:
    found = only(line(event, 0, owner="current", cgroup=IN_CONTAINER, rtt_us=0))
    assert (found.process, found.pid, found.uid, found.workload) == (UNNAMED, None, None, None)
    assert found.destination == THERE


def test_resets_tell_their_direction_from_this_machines_end() -> None:
    fields = {"state": "CLOSE", "role": "server", "owner": "socket", "cgroup": IN_CONTAINER}
    sent = only(line("tcp_reset_sent", 0, **fields, reason="TCP_STATE"))
    came = only(line("tcp_reset_received", 0, **fields))
    like = Reset(
        time=after(0), **WHO, direction="out", source=HERE, destination=THERE, state="CLOSE", role="server", reason=None
    )
    assert (sent, came) == (replace(like, reason="TCP_STATE"), replace(like, direction="in"))


@pytest.mark.parametrize(("to", "began"), [("LISTEN", True), ("CLOSE", False)])
def test_a_listener_begins_and_ends(to: str, began: bool) -> None:  # noqa: FBT001 - what is told
    fields: dict[str, Any] = {"from": "CLOSE", "to": to, "src": "0.0.0.0", "sport": 80, "dst": "0.0.0.0", "dport": 0}
    assert only(line("tcp_listen", 0, **fields, cgroup=IN_CONTAINER)) == Listen(
        time=after(0), **WHO, destination=Endpoint("0.0.0.0", 80), began=began
    )


def test_a_failed_accept_is_at_its_listener() -> None:
    fields: dict[str, Any] = {"errno": "EMFILE", "src": "0.0.0.0", "sport": 80, "dst": "0.0.0.0", "dport": 0}
    assert only(line("accept_failed", 0, **fields, cgroup=IN_CONTAINER)) == SocketError(
        time=after(0),
        **WHO,
        call="accept",
        errno="EMFILE",
        destination=Endpoint("0.0.0.0", 80),
        protocol="TCP",
        owner="socket",
    )


@pytest.mark.parametrize("errno", ["ECONNREFUSED", "EMSGSIZE"])
def test_a_datagram_sockets_error_is_towards_its_peer(errno: str) -> None:
    assert only(line("sock_error", 0, proto="udp", errno=errno, owner="socket", cgroup=IN_CONTAINER)) == SocketError(
        time=after(0),
        **WHO,
        call="icmp",
        errno=errno,
        source=HERE,
        destination=THERE,
        protocol="UDP",
        owner="socket",
    )


def test_a_socket_that_has_no_ports_tells_none() -> None:
    found = only(line("sock_error", 0, proto="icmp", errno="EHOSTUNREACH", owner="current"))
    assert isinstance(found, SocketError)
    assert (found.source, found.destination) == (Endpoint("10.99.0.1"), Endpoint("10.99.0.2"))
    assert (found.pid, found.uid, found.owner) == (100, None, "current")


def test_an_icmp_error_tells_the_packet_that_it_answers() -> None:
    fields = {"proto": "udp", "icmp": [3, 13], "if": "eth0", "owner": "current", "cgroup": IN_CONTAINER}
    assert only(line("icmp_sent", 0, **fields)) == IcmpSent(
        time=after(0),
        process="curl",
        pid=100,
        type=3,
        code=13,
        source=HERE,
        destination=THERE,
        protocol="ICMP",
        interface="eth0",
        owner="current",
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (line("icmp_sent", 0), '"icmp" is None'),
        (line("icmp_sent", 0, icmp=[3]), '"icmp" is [3]'),
        (line("icmp_sent", 0, icmp=[3, "13"]), "\"icmp\" is [3, '13']"),
    ],
)
def test_what_a_line_should_not_hold_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match="is ") as caught:
        told(text)
    assert str(caught.value) == complaint
