"""Raw events become the fields of a recording's lines, whatever is in them."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.network import Connection, Outcome
from bot.ebpf.collector import layout
from bot.ebpf.recording.joining import join
from bot.ebpf.recording.line_values import parse_object
from bot.ebpf.recording.recorded import _SHIPPED
from bot.ebpf.recording.recorded_lines import parse_fields
from tests.unit.collector_events import EPOCH_NS, address, decoded, decoder, raw

RECORDED_KINDS = layout.KINDS[:14]
"""All but the retransmission of a SYN-ACK, which the recording has none of."""


def recorded_fields() -> dict[str, set[str]]:
    """The fields of each kind of event in the recording that comes with netspy."""
    kinds: dict[str, set[str]] = {}
    for line in _SHIPPED.read_text().splitlines()[1:-1]:
        fields = json.loads(line)
        kinds.setdefault(fields["event"], set()).update(fields)
    return kinds


@pytest.mark.parametrize("kind", RECORDED_KINDS)
def test_a_kind_has_the_fields_of_a_recording(kind: str) -> None:
    optional = {"path", "icmp", "owner"}
    assert decoded(kind, family=2, reason=2).keys() - optional == recorded_fields()[kind] - optional


@pytest.mark.parametrize("kind", layout.KINDS)
def test_every_kind_is_json_and_can_be_parsed_without_it(kind: str) -> None:
    fields = decoded(kind)
    assert parse_fields(parse_object(json.dumps(fields))) == parse_fields(fields)


def test_who_and_where_are_told_in_the_same_way_for_every_kind() -> None:
    fields = decoded("tcp_listen", cgroup=7, uid=1000, comm=b"nginx\0garbage")
    assert (fields["pid"], fields["tid"], fields["uid"], fields["comm"]) == (42, 43, 1000, "nginx")
    assert (fields["src"], fields["sport"], fields["dst"], fields["dport"]) == ("10.0.0.1", 40000, "10.0.0.2", 443)
    assert (fields["cgroup"], fields["netns"], fields["ts"]) == ("/system.slice", 4026531840, 1_700_000_005.0)


def test_what_the_kernel_does_not_know_is_null() -> None:
    fields = decoded("drop", pid=0, tid=0, netns=0, sock=0, cgroup=1, family=0, reason=-1)
    unknown = ("pid", "tid", "netns", "sock", "cgroup", "family", "src", "dst", "reason", "state", "role")
    assert {name: fields[name] for name in unknown} == dict.fromkeys(unknown)


def test_ids_of_sockets_tell_sockets_apart_without_telling_their_addresses() -> None:
    one, same, other = (decoded("tcp_close", sock=sock)["sock"] for sock in (0xFFFF1000, 0xFFFF1000, 0xFFFF1040))
    assert one == same
    assert one != other
    assert "1000" not in one
    assert len(one) == 12


def test_another_run_gives_a_socket_another_id() -> None:
    from bot.ebpf.collector.decode import Decoder
    from tests.unit.collector_events import REASONS

    ids = {
        Decoder(REASONS, symbol_of=str, cgroup_of=str).decode(raw("tcp_close"), epoch_ns=0)["sock"] for _ in range(2)
    }
    assert len(ids) == 2


def test_bytes_that_are_no_text_are_written_out() -> None:
    assert decoded("connect", comm=b"\xff\xfe\x1b[2J\n\0x")["comm"] == "\\xff\\xfe\x1b[2J\n"
    assert decoded("connect", comm="größe".encode())["comm"] == "größe"
    assert decoded("connect", comm=b"0123456789abcde\xc3")["comm"] == "0123456789abcde\\xc3"


@pytest.mark.parametrize(
    ("tail", "path"),
    [
        (b"/run/a\0rest", "/run/a"),
        (b"\0abstract\0name\0\0", "@abstract\0name"),
        (b"", ""),
        (b"\0", ""),
        (b"\xff" * 108, "\\xff" * 108),
    ],
)
def test_a_local_sockets_path_is_told(tail: bytes, path: str) -> None:
    fields = decoded("connect", tail, family=1, socktype=1)
    assert (fields["path"], fields["family"], fields["proto"], fields["src"]) == (path, "unix", "unix", None)


def test_an_ipv4_address_in_ipv6_form_is_an_ipv4_address() -> None:
    fields = decoded("connect", family=10, saddr=address("::"), daddr=address("::ffff:10.1.2.3"))
    assert (fields["family"], fields["src"], fields["dst"]) == ("ipv4", "0.0.0.0", "10.1.2.3")


def test_an_errno_has_its_name_and_an_unknown_one_its_number() -> None:
    assert decoded("connect", ret=-111)["errno"] == "ECONNREFUSED"
    assert decoded("connect", ret=-9999)["errno"] == "9999"
    assert decoded("connect", ret=-512)["errno"] == "EINTR"
    assert decoded("connect", ret=0)["errno"] is None


def test_the_peers_fin_is_no_received_byte() -> None:
    assert decoded("tcp_close", rx_bytes=101, oldstate=9, newstate=7)["rx_bytes"] == 100
    assert decoded("tcp_close", rx_bytes=100, oldstate=1, newstate=7)["rx_bytes"] == 100
    assert decoded("tcp_close", rx_bytes=0, oldstate=9, newstate=7)["rx_bytes"] == 0


def test_a_reset_without_a_socket_goes_the_other_way_than_the_packet_it_answers() -> None:
    fields = decoded("tcp_reset_sent", sock=0, reason=2)
    assert (fields["src"], fields["sport"], fields["dst"], fields["dport"]) == ("10.0.0.2", 443, "10.0.0.1", 40000)
    assert fields["reason"] == "TCP_STATE"
    assert decoded("tcp_reset_sent", reason=99)["src"] == "10.0.0.1"
    assert decoded("tcp_reset_sent", reason=99)["reason"] == "99"


def test_a_drop_says_why_where_and_whose_it_was() -> None:
    fields = decoded("drop", reason=3, location=255, flags=layout.OWNED | layout.RECEIVED | layout.ACCEPTED)
    assert (fields["reason"], fields["location"], fields["owner"]) == ("NO_SOCKET", "at+0xff", "socket")
    assert (fields["direction"], fields["role"], fields["if"], fields["benign"]) == ("in", "server", "eth0", False)
    assert decoded("drop", reason=70000)["reason"] == "70000"


def test_attempts_joined_from_live_events_have_their_outcomes() -> None:
    one = decoder()
    raws = [
        raw("tcp_reset_received", newstate=2, flags=layout.OWNED),
        raw("tcp_open", oldstate=2, newstate=7, ret=-111, elapsed_ns=1000),
        raw("connect", ret=-111, socktype=1, elapsed_ns=9000),
    ]
    told = join(event for fields in one.batch(raws, epoch_ns=EPOCH_NS) for event in parse_fields(fields)[1])
    (attempt,) = [each for each in told if isinstance(each, Connection)]
    assert (attempt.outcome, attempt.process, attempt.pid) == (Outcome.REFUSED, "curl", 42)
    assert str(attempt.destination) == "10.0.0.2:443"


def test_too_few_bytes_are_no_event() -> None:
    with pytest.raises(struct.error):
        decoder().decode(raw("drop")[:-1], epoch_ns=0)


@given(st.binary(min_size=layout.EVENT.size, max_size=layout.EVENT.size + 600), st.sampled_from(layout.KINDS))
def test_whatever_the_bytes_are_they_become_json_that_can_be_parsed(content: bytes, kind: str) -> None:
    event = layout.read(content)._replace(kind=layout.KINDS.index(kind) + 1, ts=0, elapsed_ns=0, sock=1)
    fields = decoder().decode(layout.EVENT.pack(*event) + layout.tail(content), epoch_ns=EPOCH_NS)
    parse_fields(parse_object(json.dumps(fields).encode().decode()))
