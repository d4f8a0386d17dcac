"""Events as ebpf-server's clients read them, against those of our replica of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.network import Connection, Drop, Endpoint, Event, Outcome
from bot.domain.workload import Workload
from bot.ebpf.agent.reference import Kernel, by_pid, written
from bot.ebpf.remote import wire
from tests.fakes import NOW, connection, drop
from tests.loopback.ebpf_events import connection_event, drop_event
from tests.raw_events import BOOT, CLOCK

KERNEL = Kernel(CLOCK, {"NO_SOCKET": 3})
ATTEMPT = connection("curl", "10.2.0.14:5432", ago_s=0.217069)
DROP = drop("curl", ago_s=1)
OWN_OF_CONNECTIONS = {"outcome", "waited_us"}
OWN_OF_DROPS = {"harmless", "location"}


def raw(event: Event) -> dict[str, Any]:
    (only,) = written([event], KERNEL)
    return only


def towards(to: str, **fields: Any) -> dict[str, Any]:
    return raw(replace(connection(to=to), **fields))


def test_connection_is_as_ebpf_server_writes_it_but_for_our_own_fields() -> None:
    theirs = connection_event("curl", "10.2.0.14:5432", at=ATTEMPT.time, serial=0, booted=BOOT)
    ours = raw(ATTEMPT)
    assert {name: value for name, value in ours.items() if name not in OWN_OF_CONNECTIONS} == {
        **theirs,
        "id": ours["id"],
    }
    assert set(ours) - set(theirs) == OWN_OF_CONNECTIONS


def test_drop_is_as_ebpf_server_writes_it_but_for_our_own_fields() -> None:
    theirs = drop_event("curl", at=DROP.time, serial=0, booted=BOOT, drop_reason_code=3, skb_length=60)
    ours = raw(DROP)
    expected = {**theirs, "id": ours["id"], "drop_reason": "NO_SOCKET"}
    assert {name: value for name, value in ours.items() if name not in OWN_OF_DROPS} == expected
    assert set(ours) - set(theirs) == OWN_OF_DROPS


@pytest.mark.parametrize("to", ["10.2.0.14:5432", "[2001:db8::1]:443", ""])
def test_destination_is_spelled_as_ebpf_server_does(to: str) -> None:
    theirs, ours = connection_event("curl", to, at=NOW, serial=0), towards(to)
    same = ("address_family", "destination", "destination_ip", "destination_port", "raw_ipv4", "raw_ipv6")
    assert [ours[name] for name in same] == [theirs[name] for name in same]


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        ("TCP", ("TCP", 6, "STREAM", 1)),
        ("UDP", ("UDP", 17, "DGRAM", 2)),
        ("SCTP", ("SCTP", 132, "Unknown(0)", 0)),
        ("IP 47", ("IP 47", 47, "Unknown(0)", 0)),
        ("UNIX", ("UNIX", 0, "Unknown(0)", 0)),
        (None, ("Unknown(0)", 0, "Unknown(0)", 0)),
    ],
)
def test_protocol_is_the_true_one_and_not_the_ports(protocol: str | None, expected: tuple[str, int, str, int]) -> None:
    ours = towards("10.2.0.14:53", protocol=protocol)
    assert tuple(ours[name] for name in ("protocol", "raw_protocol", "socket_type", "raw_socktype")) == expected


@pytest.mark.parametrize(
    ("errno", "code"), [(None, 0), ("ECONNREFUSED", -111), ("EINPROGRESS", -115), ("530", -530), ("ENONSENSE", 0)]
)
def test_return_code_is_the_negative_errno(errno: str | None, code: int) -> None:
    assert towards("10.0.0.1:1", errno=errno)["return_code"] == code


def test_what_ebpf_server_has_no_field_for_is_added() -> None:
    event = replace(
        connection(outcome=Outcome.REFUSED, errno="ECONNREFUSED"),
        uid=1000,
        duration_us=5.5,
        sent_bytes=1,
        received_bytes=2,
        retransmits=3,
        node="node-a",
    )
    added = {"outcome", "errno", "uid", "waited_us", "duration_us", "sent_bytes", "received_bytes", "retransmits"}
    ours = raw(event)
    assert {name: ours[name] for name in added} == {
        "outcome": "refused",
        "errno": "ECONNREFUSED",
        "uid": 1000,
        "waited_us": 300.0,
        "duration_us": 5.5,
        "sent_bytes": 1,
        "received_bytes": 2,
        "retransmits": 3,
    }
    assert ours["k8s_node_name"] == "node-a"


WORKLOAD = Workload(container_id="a" * 64, container="web", pod="shop-1", pod_namespace="prod", node="node-a")


@pytest.mark.parametrize("event", [ATTEMPT, DROP])
def test_pod_and_container_are_those_of_the_workload(event: Connection | Drop) -> None:
    ours = raw(replace(event, workload=WORKLOAD))
    assert {name: ours[name] for name in set(ours) - set(raw(event))} == {
        "k8s_pod_name": "shop-1",
        "k8s_namespace": "prod",
        "container": "web",
    }
    service = raw(replace(event, workload=Workload(unit="nginx.service")))
    assert {name: service[name] for name in set(service) - set(raw(event))} == {"unit": "nginx.service"}


def test_drop_tells_where_and_of_what() -> None:
    event = replace(
        DROP,
        owner="socket",
        protocol="TCP",
        interface="eth0",
        source=Endpoint("10.0.0.1", 1),
        destination=Endpoint("2001:db8::1", 443),
    )
    added = ("harmless", "location", "owner", "protocol", "interface", "source", "destination")
    ours = raw(event)
    expected = [False, "tcp_v4_rcv+0x1", "socket", "TCP", "eth0", "10.0.0.1:1", "[2001:db8::1]:443"]
    assert [ours[name] for name in added] == expected


def test_path_of_a_local_socket_is_told() -> None:
    assert towards("")["path"] == "/run/x.sock"


def test_nothing_that_is_unknown_is_told() -> None:
    bare = Connection(time=NOW, process="x", pid=None, destination=Endpoint("10.0.0.1", 1), protocol="TCP")
    theirs = connection_event("x", "10.0.0.1:1", at=NOW, serial=0)
    assert set(raw(bare)) - set(theirs) == {"outcome"}
    assert raw(bare)["pid"] == 0
    nothing = Drop(time=NOW, process="x", pid=None, reason=None)
    ours = raw(nothing)
    assert set(ours) == set(drop_event("x", at=NOW, serial=0))
    assert (ours["drop_reason"], ours["drop_reason_code"], ours["skb_length"]) == ("UNKNOWN(0)", 0, 0)


def test_reason_without_a_known_code_keeps_its_name() -> None:
    ours = raw(drop(reason="NETFILTER_DROP"))
    assert (ours["drop_reason"], ours["drop_reason_code"]) == ("NETFILTER_DROP", 0)


@pytest.mark.parametrize("to", ["10.2.0.14:5432", "[2001:db8::1]:443", "0.0.0.0:80", ""])
def test_a_client_of_ebpf_server_reads_back_what_it_has_fields_for(to: str) -> None:
    event = connection(to=to)
    (read,) = wire.parse_page({"events": [raw(event)]}, "connection").events
    assert isinstance(read, Connection)
    assert (read.time, read.process, read.pid, read.protocol) == (event.time, "curl", 100, event.protocol)
    assert str(read.destination) == str(event.destination)


def test_a_family_that_is_neither_ip_nor_local_has_no_address() -> None:
    ours = raw(replace(connection(), destination=Endpoint("AF_NETLINK")))
    assert (ours["address_family"], ours["destination"], ours["destination_ip"]) == (0, "", "")


def test_time_has_no_zeros_at_its_end_and_timestamp_counts_nanoseconds_since_boot() -> None:
    moments = [NOW, NOW + timedelta(microseconds=120)]
    told = [raw(replace(ATTEMPT, time=moment)) for moment in moments]
    assert [each["time"] for each in told] == ["2026-11-23T14:07:00Z", "2026-11-23T14:07:00.00012Z"]
    assert [each["timestamp"] for each in told] == [86_400 * 10**9, 86_400 * 10**9 + 120_000]
    assert raw(replace(ATTEMPT, time=BOOT - timedelta(days=1)))["timestamp"] == 0


def test_id_stays_while_an_attempt_comes_to_its_end() -> None:
    pending = connection(outcome=Outcome.PENDING, errno="EINPROGRESS", waited_us=None)
    assert raw(pending)["id"] == raw(connection(outcome=Outcome.CONNECTED))["id"]
    assert len(raw(pending)["id"]) == 16


@pytest.mark.parametrize(
    "other",
    [
        connection("curl", ago_s=2),
        connection("wget"),
        connection(pid=7),
        connection(to="10.2.0.14:5433"),
        drop("curl"),
        connection("curl\udcff"),
    ],
)
def test_ids_of_different_events_differ(other: Event) -> None:
    assert raw(other)["id"] != raw(connection())["id"]


def test_events_that_nothing_tells_apart_have_ids_of_their_own_which_a_limit_does_not_change() -> None:
    burst = [str(each["id"]) for each in written([DROP, DROP, DROP], KERNEL)]
    assert len(set(burst)) == 3
    assert [each["id"] for each in written([DROP, DROP], KERNEL)] == burst[:2]


def test_events_by_pid_are_in_the_order_of_their_pids_texts() -> None:
    groups = by_pid(written([connection(pid=9), connection(pid=10), connection(pid=None), connection(pid=9)], KERNEL))
    assert {pid: len(events) for pid, events in groups.items()} == {"0": 1, "10": 1, "9": 2}
    assert list(groups) == ["0", "10", "9"]
