"""The fields to group by, and the figures, of every kind of event."""

from dataclasses import replace
from typing import Any, get_args

from bot.domain.network import (
    Accepted,
    Connection,
    DnsLookup,
    Drop,
    Endpoint,
    Event,
    IcmpSent,
    Listen,
    Outcome,
    Reset,
    Retransmit,
    SocketError,
)
from bot.domain.query import GroupField, NumberField
from bot.domain.workload import Workload
from bot.ebpf import evaluate
from tests.fakes import NOW

WHO: dict[str, Any] = {"time": NOW, "process": "nginx", "pid": 7}
POD = Workload(pod="web-0", pod_namespace="shop", container="nginx")
HERE, THERE = Endpoint("10.0.0.1", 40000), Endpoint("10.2.0.14", 5432, name="db.internal")
ACCEPTED = Accepted(
    **WHO,
    uid=33,
    node="node-a",
    workload=POD,
    source=HERE,
    destination=THERE,
    duration_us=90.0,
    sent_bytes=1,
    received_bytes=2,
    retransmits=4,
    rtt_us=40.0,
)
EVERY: tuple[Event, ...] = (
    ACCEPTED,
    Connection(**WHO, destination=THERE, protocol="TCP", outcome=Outcome.CONNECTED, waited_us=5.0),
    Drop(**WHO, reason=None, location="tcp_v4_rcv+0x1", harmless=False, size_bytes=60, interface="eth0"),
    Retransmit(**WHO, source=HERE, destination=THERE, state="SYN_SENT", role="server", size_bytes=1448),
    Reset(**WHO, direction="in", source=HERE, destination=THERE, reason="TCP_ABORT_ON_CLOSE"),
    DnsLookup(
        **WHO,
        destination=Endpoint("10.0.0.53", 53),
        name="DB.internal",
        type="A",
        rcode="NXDOMAIN",
        latency_us=700.0,
        tries=2,
    ),
    Listen(**WHO, destination=Endpoint("::", 80), began=True),
    SocketError(**WHO, call="accept", errno="EMFILE", destination=Endpoint("0.0.0.0", 80), protocol="TCP"),
    IcmpSent(**WHO, type=3, code=13, source=HERE, destination=THERE, protocol="ICMP"),
)


def test_every_field_to_group_by_is_that_of_its_event() -> None:
    values = {field: {evaluate.group_value(event, field) for event in EVERY} - {None} for field in get_args(GroupField)}
    assert values == {
        "process": {"nginx"},
        "pid": {7},
        "uid": {33},
        "source": {"10.0.0.1"},
        "source_port": {40000},
        "destination": {"10.2.0.14:5432", "10.0.0.53:53", "[::]:80", "0.0.0.0:80"},
        "address": {"10.2.0.14", "10.0.0.53", "::", "0.0.0.0"},
        "name": {"db.internal"},
        "port": {5432, 53, 80},
        "protocol": {"TCP", "UDP", "ICMP"},
        "direction": {"in", "out"},
        "role": {"server"},
        "outcome": {"connected"},
        "errno": {"EMFILE"},
        "reason": {"TCP_ABORT_ON_CLOSE"},
        "location": {"tcp_v4_rcv+0x1"},
        "harmless": {False},
        "interface": {"eth0"},
        "state": {"SYN_SENT"},
        "lookup": {"DB.internal"},
        "type": {"A", 3},
        "code": {13},
        "rcode": {"NXDOMAIN"},
        "call": {"accept"},
        "began": {True},
        "node": {"node-a"},
        "namespace": {"shop"},
        "pod": {"web-0"},
        "container": {"nginx"},
        "slot": set(),
    }


def test_every_figure_is_that_of_its_event() -> None:
    values = {
        field: {evaluate.number_value(event, field) for event in EVERY} - {None} for field in get_args(NumberField)
    }
    assert values == {
        "waited_us": {5.0},
        "duration_us": {90.0},
        "size_bytes": {60, 1448},
        "sent_bytes": {1},
        "received_bytes": {2},
        "transferred_bytes": {3},
        "retransmits": {4},
        "rtt_us": {40.0},
        "latency_us": {700.0},
        "tries": {2},
    }


def test_what_is_sent_and_received_is_known_only_where_both_are() -> None:
    assert evaluate.number_value(replace(ACCEPTED, sent_bytes=1, received_bytes=None), "transferred_bytes") is None
    assert evaluate.number_value(replace(ACCEPTED, sent_bytes=0, received_bytes=0), "transferred_bytes") == 0
