"""Properties of masks: the same in, the same out; relations stay; nothing of what tells whose traffic it is."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.domain.network import UNNAMED, DnsLookup, Drop, Endpoint, Event, IcmpSent
from bot.ebpf.collector import layout
from bot.ebpf.recording.joining import join
from bot.ebpf.recording.line_values import Fields
from bot.ebpf.recording.masking import Mask
from bot.ebpf.recording.recorded import _SHIPPED
from bot.ebpf.recording.recorded_file import RecordedFile
from bot.ebpf.recording.recorded_lines import parse_fields
from tests.unit.collector_events import decoded

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

KEYS = st.binary(min_size=16, max_size=32)
BLOCKS = tuple(
    map(
        ip_network,
        [
            *("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
            *("fc00::/8", "fd00::/8", "fe80::/64", "64:ff9b::/96", "::ffff:0:0/96", "ff02::1:ff00:0/104"),
        ],
    )
)
"""Whose addresses stay inside."""
KEPT = tuple(map(ip_network, ["127.0.0.0/8", "224.0.0.0/4", "::1/128", "::/128", "ff02::/112", "255.255.255.255/32"]))
"""Whose addresses stay what they are."""


def within(blocks: tuple[Network, ...]) -> st.SearchStrategy[Address]:
    """Addresses of these blocks, and of those nearby."""
    return st.one_of([st.ip_addresses(network=block) for block in blocks])


ADDRESSES: st.SearchStrategy[Address] = st.ip_addresses() | within(BLOCKS) | within(KEPT)


def masked(mask: Mask, address: Address) -> Address:
    return ip_address(mask.event({"src": str(address)})["src"])


def shared_bits(one: Address, other: Address) -> int:
    """How many bits they have in common from the left."""
    return one.max_prefixlen - (int(one) ^ int(other)).bit_length()


@given(KEYS, ADDRESSES, ADDRESSES)
def test_addresses_share_as_many_bits_as_before(key: bytes, one: Address, other: Address) -> None:
    assume(one.version == other.version)
    mask = Mask(key)
    assert shared_bits(masked(mask, one), masked(mask, other)) == shared_bits(one, other)


@given(KEYS, ADDRESSES, st.integers(0, 32))
def test_neighbours_stay_neighbours(key: bytes, one: Address, distance: int) -> None:
    near = type(one)(int(one) ^ distance)
    mask = Mask(key)
    assert shared_bits(masked(mask, one), masked(mask, near)) == shared_bits(one, near)


@given(KEYS, ADDRESSES)
def test_an_address_stays_private_or_public_or_whatever_it_is(key: bytes, address: Address) -> None:
    found = masked(Mask(key), address)
    classes = (*BLOCKS, *KEPT)
    assert [found in block for block in classes] == [address in block for block in classes]


@given(KEYS, within(KEPT))
def test_what_is_the_same_everywhere_stays(key: bytes, address: Address) -> None:
    assert masked(Mask(key), address) == address


@pytest.mark.parametrize("text", ["10.2.0.14", "93.184.216.34", "2001:db8::7", "fe80::1234:56ff:fe78:9abc"])
def test_another_recording_has_other_addresses(text: str) -> None:
    found = {str(masked(Mask(bytes([number] * 16)), ip_address(text))) for number in range(32)}
    assert len(found) > 16


def test_what_becomes_of_a_bit_depends_on_all_before_it() -> None:
    mask = Mask(bytes(16))
    hosts = [int(masked(mask, ip_address(f"10.{network}.0.7"))) & 0xFF for network in range(64)]
    assert len(set(hosts)) > 32


def test_a_mask_has_a_key_of_its_own() -> None:
    address = ip_address("2001:db8::7")
    assert len({masked(Mask(), address) for _ in range(8)}) > 1


@pytest.mark.parametrize("text", ["ff02::1:ff78:9abc", "64:ff9b::5db8:d822"])
def test_addresses_inside_of_addresses_are_masked_too(text: str) -> None:
    found = {str(masked(Mask(bytes([number] * 16)), ip_address(text))) for number in range(32)}
    assert len(found) > 16


NAMES = st.text(min_size=8, max_size=15).filter(lambda name: name.strip("/@.") == name and not name.isascii())
"""Unlike anything that a mask would write."""


@given(KEYS, st.lists(NAMES, min_size=6, max_size=6, unique=True))
def test_no_name_is_left(key: bytes, names: list[str]) -> None:
    comm, interface, host, domain, folder, file = names
    fields = {
        "src": "10.2.0.14",
        "dst": "93.184.216.34",
        "answers": ["93.184.216.35"],
        "comm": comm,
        "if": interface,
        "qname": f"{host}.{domain}",
        "cgroup": f"/{folder}/{file}",
        "path": f"/{folder}/{file}",
    }
    said = json.dumps(Mask(key).event(fields), ensure_ascii=False)
    assert [name for name in names if name in said or name.lower() in said] == []
    assert "93.184.216.3" not in said


@pytest.mark.parametrize("kind", layout.KINDS)
def test_every_field_is_masked_or_tells_nothing(kind: str) -> None:
    for family, proto in ((1, 0), (2, 1), (2, 6)):
        fields = decoded(kind, family=family, proto=proto)
        assert Mask().event(fields).keys() == fields.keys()
    assert Mask().event({**fields, "secret": "x"}).keys() == fields.keys()


def test_names_keep_their_relations() -> None:
    mask = Mask()
    one, other = (mask.event({"qname": name, "comm": "curl"}) for name in ("db.lab.test", "DB.example.test"))
    assert one["comm"] == other["comm"] == "process-1"
    assert (one["qname"], other["qname"]) == ("name-1.name-2.name-3", "name-1.name-4.name-3")
    here, there = (mask.event({"path": path, "cgroup": path})["path"] for path in ("/run/a.sock", "@run/b"))
    assert (here, there) == ("/part-1/part-2", "@part-1/part-3")


def test_what_is_nothing_stays_nothing() -> None:
    nothing = {"src": None, "dst": None, "comm": "", "cgroup": None, "path": "", "qname": None, "answers": None}
    assert Mask().event(nothing) == nothing
    everywhere = {"src": "127.0.0.1", "dst": "::1", "cgroup": "/", "if": "lo"}
    assert Mask().event(everywhere) == everywhere


@settings(max_examples=3, deadline=None)
@given(KEYS)
def test_a_masked_recording_comes_to_the_same(key: bytes) -> None:
    events: list[Fields] = list(RecordedFile(_SHIPPED).events(lambda fields: fields))
    mask = Mask(key)
    before, after = joined(events), joined(map(mask.event, events))
    assert [plain(each) for each in before] == [plain(each) for each in after]
    assert {each.process for each in before} & {each.process for each in after} == {UNNAMED}


@settings(max_examples=3, deadline=None)
@given(KEYS)
def test_what_was_the_same_in_two_events_is_the_same_in_their_masked_ones(key: bytes) -> None:
    events: list[Fields] = list(RecordedFile(_SHIPPED).events(lambda fields: fields))
    mask = Mask(key)
    pairs = {
        (ours, theirs)
        for before, after in zip(joined(events), joined(map(mask.event, events)), strict=True)
        for ours, theirs in zip(texts(before), texts(after), strict=True)
    }
    assert len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs}) == len(pairs)
    assert {("name", "web.lab"), ("name", "missing.lab"), ("address", "10.99.0.2")} <= {ours for ours, _ in pairs}


def joined(events: Iterable[Fields]) -> tuple[Event, ...]:
    return join(event for fields in events for event in parse_fields(fields)[1])


def plain(event: Event) -> Event:
    """With what no mask changes."""
    changed: dict[str, Any] = {"process": "", "workload": None}
    for name in ("source", "destination"):
        end = getattr(event, name, None)
        changed |= {name: Endpoint(port=end.port)} if end else {}
    if isinstance(event, DnsLookup):
        changed |= {"name": None, "answers": len(event.answers) * ("",)}
    if isinstance(event, Drop | IcmpSent):
        changed |= {"interface": None}
    return replace(event, **changed)


def texts(event: Event) -> Iterator[tuple[str, str | None]]:
    """What a mask changes, in an order of its own. The name of an address is that which DNS was asked for."""
    yield "process", event.process
    if isinstance(event, Drop | IcmpSent):
        yield "interface", event.interface
    for end in (getattr(event, "source", None), event.destination):
        yield "address", end.address if end else None
        yield "name", end.name if end else None
    if isinstance(event, DnsLookup):
        yield "name", (event.name or "").lower()
        yield from (("address", answer) for answer in event.answers)
