"""Events of ebpf-server as values, field by field."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.network import Connection, Drop, Endpoint, EventKind, Outcome
from bot.ebpf.remote import wire
from tests.fakes import NOW
from tests.loopback.ebpf_events import connection_event, drop_event


def connection(to: str = "10.2.0.14:5432", **more: Any) -> Connection:
    (event,) = wire.parse_page(
        {"events": [connection_event("curl", to, at=NOW, serial=0, **more)]}, "connection"
    ).events
    assert isinstance(event, Connection)
    return event


def drop(**more: Any) -> Drop:
    (event,) = wire.parse_page({"events": [drop_event("curl", at=NOW, serial=0, **more)]}, "drop").events
    assert isinstance(event, Drop)
    return event


def test_connection_has_every_field_that_the_server_knows() -> None:
    assert connection(k8s_node_name="node-a", k8s_pod_name="agent-x") == Connection(
        time=NOW,
        process="curl",
        pid=100,
        destination=Endpoint("10.2.0.14", 5432),
        protocol="TCP",
        outcome=Outcome.UNKNOWN,
        node="node-a",
    )


def test_return_code_zero_is_never_a_success() -> None:
    assert connection(return_code=0).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("to", "family", "expected"),
    [
        ("[2001:db8::1]:443", 10, "[2001:db8::1]:443"),
        ("", 1, "(local socket)"),
        ("", 0, "AF_UNSPEC"),
        ("", 16, "AF_NETLINK"),
        ("", 999, "address family 999"),
        ("", None, "(not recorded)"),
        ("0.0.0.0:80", 2, "0.0.0.0:80"),
        ("[::]:80", 10, "[::]:80"),
    ],
)
def test_destination_is_told_for_every_address_family(to: str, family: int | None, expected: str) -> None:
    assert str(connection(to, address_family=family).destination) == expected


def test_local_socket_has_the_protocol_unix_and_no_port() -> None:
    event = connection("")
    assert (event.destination, event.protocol) == (Endpoint(path=""), "UNIX")


def test_protocol_that_the_server_does_not_know_is_none() -> None:
    assert connection(protocol="Unknown(132)").protocol is None


def test_placeholder_reason_and_length_of_live_drops_are_none() -> None:
    assert (drop().reason, drop().size_bytes) == (None, None)


@pytest.mark.parametrize(
    ("code", "length", "reason"), [(5, 60, "NETFILTER_DROP"), (1, 60, "SKB_FREE"), (2, 1, "TCP_DROP")]
)
def test_other_reasons_are_kept_as_reported(code: int, length: int, reason: str) -> None:
    event = drop(drop_reason_code=code, skb_length=length)
    assert (event.reason, event.size_bytes) == (reason, length)


def test_process_of_a_drop_is_only_who_ran_just_then() -> None:
    assert drop().owner == "current"


def test_missing_fields_are_none_and_unknown_ones_are_ignored() -> None:
    bare = {"time": "2026-11-23T14:07:00Z", "new_field": [1, {}]}
    (event,) = wire.parse_page({"events": [bare]}, "drop").events
    assert event == Drop(time=NOW, process="(unknown)", pid=None, reason=None, owner="current")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T23:08:00.782931008Z", datetime(2026, 11, 22, 23, 8, 0, 782931, UTC)),
        ("2026-11-22T23:08:00.5Z", datetime(2026, 11, 22, 23, 8, 0, 500000, UTC)),
        ("2026-11-23T01:08:00+02:00", datetime(2026, 11, 22, 23, 8, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_every_form_that_go_writes(text: str, expected: datetime) -> None:
    assert connection(time=text).time == expected


def test_half_a_surrogate_pair_in_a_name_becomes_printable() -> None:
    page = wire.parse_json(b'{"events":[{"time":"2026-11-23T14:07:00Z","command":"a\\ud800"}]}')
    assert wire.parse_page(page, "connection").events[0].process.encode() == b"a?"


def test_null_events_are_an_empty_list() -> None:
    assert wire.parse_page({"events": None, "total_count": 0}, "connection") == wire.Page((), 0)


def test_answer_without_a_total_is_an_aggregators() -> None:
    assert wire.parse_page({"events": [], "count": 0}, "connection").total is None


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "events: missing"),
        ({"events": {}}, "events: this is no list of objects"),
        ({"events": [None]}, "events: this is no list of objects"),
        ({"events": [], "total_count": "3"}, "total_count: '3' is no whole number"),
        ({"events": [{}]}, r"events\[0\].time: None is no RFC 3339 time"),
        ({"events": [{"time": "2026-11-23"}]}, r"events\[0\].time: '2026-11-23' is no"),
        ({"events": [{"time": 7}]}, r"events\[0\].time: 7 is no"),
        ({"events": [{"time": "0001-01-01T00:00:00+01:00"}]}, r"events\[0\].time: "),
    ],
)
def test_wrong_shape_names_its_field(data: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        wire.parse_page(data, "connection")


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("connection", {"pid": "12"}),
        ("connection", {"pid": True}),
        ("connection", {"command": 7}),
        ("connection", {"destination_ip": []}),
        ("connection", {"destination_port": 1.5}),
        ("connection", {"address_family": "2", "destination_ip": None}),
        ("connection", {"protocol": {}}),
        ("connection", {"k8s_node_name": 1}),
        ("connection", {"type": "packet_drop"}),
        ("drop", {"skb_length": "1"}),
        ("drop", {"drop_reason_code": None, "drop_reason": 2}),
        ("drop", {"type": "connection"}),
    ],
)
def test_wrong_type_names_the_event_and_the_field(kind: EventKind, wrong: dict[str, Any]) -> None:
    right = connection_event("curl", "10.0.0.1:80", at=NOW, serial=0)
    if kind == "drop":
        right = drop_event("curl", at=NOW, serial=0)
    wrong_field = list(wrong)[-1] if kind == "drop" else next(iter(wrong))
    with pytest.raises(ValueError, match=rf"events\[1\]\.{wrong_field}: "):
        wire.parse_page({"events": [right, {**right, **wrong}]}, kind)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff\xfe\xff", b"[" * 100_000, b'{"a":' + b"9" * 5000 + b"}"])
def test_what_is_not_json_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ValueError, match="this is not JSON"):
        wire.parse_json(body)


def test_json_that_is_no_object_is_refused() -> None:
    with pytest.raises(ValueError, match="this is not a JSON object"):
        wire.parse_json(b"[]")


@pytest.mark.parametrize(
    "health", [{}, {"component": "something else"}, {"component": ["aggregator"]}, {"status": "ok"}]
)
def test_health_of_something_else_is_neither(health: dict[str, Any]) -> None:
    assert wire.parse_component(health) is None
