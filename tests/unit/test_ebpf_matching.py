"""What a filter lets through, field by field."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from bot.domain.network import (
    Accepted,
    Connection,
    DnsLookup,
    Endpoint,
    Event,
    IcmpSent,
    Listen,
    Reset,
    Retransmit,
    SocketError,
)
from bot.domain.query import Filter, Target
from bot.domain.workload import Workload
from bot.ebpf.matching import matches
from bot.targets import like
from tests.fakes import NOW, connection, drop

HERE, THERE = Endpoint("10.0.0.1", 40000), Endpoint("10.2.0.14", 5432, name="db.internal")
POD = Workload(pod="web-0", pod_namespace="shop", container="nginx")
WHO: dict[str, Any] = {"time": NOW, "process": "nginx", "pid": 7, "uid": 33, "node": "node-a", "workload": POD}
ACCEPTED = Accepted(**WHO, source=HERE, destination=THERE)
RETRANSMIT = Retransmit(**WHO, source=HERE, destination=THERE)
RESET = Reset(**WHO, direction="in", source=HERE, destination=THERE, reason="TCP_ABORT_ON_CLOSE")
LOOKUP = DnsLookup(**WHO, destination=Endpoint("10.0.0.53", 53), name="DB.internal", type="A")
LISTEN = Listen(**WHO, destination=Endpoint("::", 80), began=True)
ERROR = SocketError(**WHO, call="accept", errno="EMFILE", destination=Endpoint("0.0.0.0", 80), protocol="TCP")
ICMP = IcmpSent(**WHO, type=3, code=13, source=HERE, destination=THERE, protocol="ICMP")
EVERY = (ACCEPTED, RETRANSMIT, RESET, LOOKUP, LISTEN, ERROR, ICMP)


@pytest.mark.parametrize(
    ("wanted", "let_through"),
    [
        (Filter(), EVERY),
        (Filter(uid=33), EVERY),
        (Filter(uid=0), ()),
        (Filter(process_pattern="ng*"), EVERY),
        (Filter(process_pattern="ng"), ()),
        (Filter(node="node-a", namespace="shop", pod="web-0", container="nginx"), EVERY),
        (Filter(namespace="shop", pod="web-1"), ()),
        (Filter(target=Target(port=80)), (LISTEN, ERROR)),
        (Filter(target=Target(network=ip_network("10.2.0.0/16"))), (ACCEPTED, RETRANSMIT, RESET, ICMP)),
        (Filter(target=Target(network=ip_network("::/0"))), (LISTEN,)),
        (Filter(target=Target(name="db.internal", port=5432)), (ACCEPTED, RETRANSMIT, RESET, ICMP)),
        (Filter(target=Target(name="db.internal", port=80)), ()),
        (Filter(protocol="UDP"), (LOOKUP,)),
        (Filter(direction="out"), (RETRANSMIT, LOOKUP)),
        (Filter(direction="in"), (ACCEPTED, RESET)),
        (Filter(errno="EMFILE"), (ERROR,)),
        (Filter(reason="TCP_ABORT_ON_CLOSE"), (RESET,)),
        (Filter(lookup="*.internal"), (LOOKUP,)),
        (Filter(lookup="internal"), ()),
    ],
    ids=str,
)
def test_a_condition_lets_only_its_events_through(wanted: Filter, let_through: tuple[Event, ...]) -> None:
    assert tuple(event for event in EVERY if matches(event, wanted)) == let_through


def test_a_process_that_nobody_knows_has_no_workload_to_match() -> None:
    assert not matches(replace(ACCEPTED, workload=None), Filter(pod="web-0"))


def test_connections_and_drops_match_by_what_is_theirs() -> None:
    assert matches(connection("curl", "10.0.0.1:80"), Filter(direction="out", protocol="TCP"))
    assert matches(replace(drop(), direction="in"), Filter(direction="in", reason="NO_SOCKET"))
    assert not matches(drop(), Filter(direction="in"))


def test_a_local_socket_is_at_no_address() -> None:
    local = connection("curl", "")
    assert isinstance(local, Connection)
    assert not matches(local, Filter(target=Target(network=ip_network("0.0.0.0/0"))))


def test_what_a_server_tells_in_the_place_of_an_address_is_in_no_network() -> None:
    other = replace(connection(), destination=Endpoint("AF_NETLINK"))
    assert not matches(other, Filter(target=Target(network=ip_network("::/0"))))
    assert matches(other, Filter(target=Target()))


def test_a_question_that_could_not_be_read_matches_no_name() -> None:
    everything = Filter(lookup="*")
    assert matches(replace(LOOKUP, name=""), everything)
    assert not matches(replace(LOOKUP, name=None), everything)


def test_a_name_is_met_whatever_its_letters_case_and_final_dot() -> None:
    written = replace(RETRANSMIT, destination=Endpoint("10.2.0.14", name="DB.Internal."))
    assert matches(written, Filter(target=Target(name="db.internal")))
    assert not matches(RESET, Filter(target=Target(name="b.internal")))


def test_a_pattern_is_taken_by_its_letters() -> None:
    assert like("a.b", "a.b")
    assert not like("axb", "a.b")
    assert like("[x]\n", "[?]*")
