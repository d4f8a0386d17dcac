"""Property: what a recording says of raw events is what the event store says of them."""

import errno
from socket import AF_INET, AF_INET6, AF_NETLINK, AF_UNIX
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.ebpf.collector import layout
from bot.ebpf.collector.btf import ReasonNames
from tests.dns_messages import AAAA, A, message, name, record
from tests.raw_events import CLOCK, attempt, raw
from tests.replaying import differences, replayed, stored
from tests.unit.test_event_store import STORIES

REASONS = ReasonNames(
    {2: "NOT_SPECIFIED", 3: "NO_SOCKET", 4: "QUEUE_PURGE", 5: "TCP_OLD_SEQUENCE"}, {1: "NOT_SPECIFIED", 4: "TCP_STATE"}
)
MICROSECOND, SECOND = 1_000, 1_000_000_000
_ERRNOS = (0, errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EINPROGRESS, errno.EALREADY, errno.ENETUNREACH, 512, 9999)
_PROTOCOLS = (0, 1, 6, 17, 58, 132, 136, 200)
_OF_ATTEMPTS = (
    layout.CONNECT,
    layout.TCP_OPEN,
    layout.TCP_CLOSE,
    layout.TCP_RETRANSMIT,
    layout.TCP_RESET_RECEIVED,
    layout.DROP,
)
"""Kinds that tell of an attempt to connect."""
_OF_ACCEPTED = (
    layout.TCP_ACCEPT,
    layout.TCP_CLOSE,
    layout.TCP_RETRANSMIT,
    layout.TCP_RESET_SENT,
    layout.TCP_RESET_RECEIVED,
    layout.DROP,
    layout.ICMP_SENT,
)
"""Kinds that tell of a connection that came in."""
_OF_NEITHER = (
    layout.TCP_LISTEN,
    layout.TCP_RESET_SENT,
    layout.DROP,
    layout.ACCEPT_FAILED,
    layout.SOCK_ERROR,
    layout.ICMP_SENT,
    layout.SYNACK_RETRANSMIT,
)
_PACKETS = (layout.DROP, layout.ICMP_SENT, layout.TCP_RESET_SENT)
_EVIDENCE = layout.GOT_RESET | layout.NEIGHBOUR_FAILED | layout.UNREACHABLE


def microseconds(least: int, most: int) -> st.SearchStrategy[int]:
    """In nanoseconds: what is finer is beyond a recorded time."""
    return st.integers(least, most).map(lambda number: number * MICROSECOND)


ENDS = ((bytes(16), bytes(16)), (b"\x0a\0\0\1", b"\x0a\0\0\2"))
MAPPED = (bytes(10) + b"\xff\xff\x0a\0\0\1", bytes(10) + b"\xff\xff\x0a\0\0\2")
"""IPv4 as a socket writes it that speaks both; no packet has such addresses."""
FIELDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "pid": st.integers(0, 3),
        "cgroup": st.sampled_from([0, 1, 7, 8]),
        "netns": st.integers(1, 2),
        "srtt_us": st.sampled_from([0, 40]),
        "uid": st.sampled_from([0, 65534, 2**32 - 1]),
        "comm": st.sampled_from([b"", b"curl", b"\xff\x1b[31m\n<!all>"]),
        "proto": st.sampled_from(_PROTOCOLS),
        "socktype": st.integers(0, 5),
        "elapsed_ns": microseconds(0, 50),
        "ret": st.sampled_from(_ERRNOS).map(lambda number: -number),
        "flags": st.sampled_from([0, _EVIDENCE, layout.GOT_RESET, layout.RECEIVED | layout.UNREACHABLE]),
        "oldstate": st.integers(0, 12),
        "newstate": st.integers(0, 12),
        "tx_bytes": st.sampled_from([0, 1, 2**40]),
        "rx_bytes": st.sampled_from([0, 1, 2**40]),
        "retransmits": st.integers(0, 2),
        "sport": st.sampled_from([0, 40000]),
        "dport": st.sampled_from([0, 443]),
    }
)
OF_DROPS = st.fixed_dictionaries(
    {
        "reason": st.integers(-1, 7),
        "location": st.integers(1, 3),
        "len": st.sampled_from([0, 60]),
        "payload": st.integers(0, 1),
        "tcp_flags": st.integers(0, 31),
        "icmp_type": st.integers(0, 12),
        "icmp_code": st.integers(0, 13),
        "ifname": st.sampled_from([b"", b"eth0"]),
    }
)


TIMES = microseconds(1000, 2000)
HOSTS = (name(b"db", b"lab"), name(b"DB", b"LAB"), name(b"web", b"lab"), name())
ANSWERS = st.lists(
    st.sampled_from([record(A, b"\x0a\0\0\2"), record(A, b"\x0a\0\0\1"), record(AAAA, bytes(16))]), max_size=2
)


@st.composite
def of_attempts(draw: st.DrawFn) -> tuple[int, Any, bytes]:
    """One with its time, and the attempt and the kind that may come but once."""
    at, kind, fields = draw(TIMES), draw(st.sampled_from(_OF_ATTEMPTS)), draw(FIELDS)
    family = draw(families(kind))
    fields |= {"family": family, **draw(ends(kind)), **(draw(OF_DROPS) if kind == layout.DROP else {})}
    fields["flags"] |= draw(st.sampled_from([0, layout.OPENED | layout.OWNED]))
    number = draw(st.integers(0, 3))
    fields["attempt"] = attempt(number * 100 * MICROSECOND) if family != AF_UNIX else 0
    tail = draw(st.sampled_from([b"", b"/run/x", b"\0hidden", b"\0"])) if family == AF_UNIX else b""
    identity = (number, kind) if fields["attempt"] else (at, kind)
    return at, identity, raw(kind, at, tail_len=len(tail), **fields) + tail


@st.composite
def of_accepted(draw: st.DrawFn) -> tuple[int, Any, bytes]:
    """Of a few sockets, whose addresses are used again."""
    at, kind, fields = draw(TIMES), draw(st.sampled_from(_OF_ACCEPTED)), draw(FIELDS)
    fields |= {"family": AF_INET, **draw(ends(kind)), **(draw(OF_DROPS) if kind in _PACKETS else {})}
    fields |= {"sock": draw(st.integers(1, 2)), "flags": fields["flags"] | layout.ACCEPTED}
    if kind == layout.TCP_ACCEPT:
        fields |= {"pid": 0, "comm": b""}
    elif fields["pid"]:
        fields["flags"] |= draw(st.sampled_from([0, layout.OWNED]))
    return at, at, raw(kind, at, **fields)


@st.composite
def others(draw: st.DrawFn) -> tuple[int, Any, bytes]:
    at, kind, fields = draw(TIMES), draw(st.sampled_from(_OF_NEITHER)), draw(FIELDS)
    fields |= {"family": draw(families(kind)), **draw(ends(kind)), **(draw(OF_DROPS) if kind in _PACKETS else {})}
    fields |= {"sock": draw(st.integers(0, 1)), "flags": fields["flags"] | draw(st.sampled_from([0, layout.OWNED]))}
    if kind == layout.SYNACK_RETRANSMIT:
        fields |= {"ret": 0, "srtt_us": 0}
    return at, at, raw(kind, at, **fields)


@st.composite
def of_dns(draw: st.DrawFn) -> tuple[int, Any, bytes]:
    """Questions that are sent again, replies to nobody, and messages that cannot be read."""
    at, fields = draw(TIMES), draw(FIELDS)
    kind = draw(st.sampled_from([layout.DNS_QUERY, layout.DNS_REPLY]))
    fields |= {"proto": 17, "family": AF_INET, **draw(ends(kind)), "sport": 40000, "dport": 40000}
    records = draw(ANSWERS) if kind == layout.DNS_REPLY else []
    flags = draw(st.sampled_from([0x8180, 0x8183, 0x818F]))
    types = st.sampled_from([A, AAAA, 99])
    whole = message(
        draw(st.sampled_from(HOSTS)), *records, number=draw(st.integers(1, 2)), flags=flags, kind=draw(types)
    )
    tail = draw(st.sampled_from([whole, whole, whole, whole[:14], b""]))
    return at, at, raw(kind, at, tail_len=len(tail), **fields) + tail


def families(kind: int) -> st.SearchStrategy[int]:
    if kind in (layout.CONNECT, layout.DROP):
        return st.sampled_from([AF_INET, AF_INET6, AF_UNIX, AF_NETLINK])
    return st.sampled_from([AF_INET, AF_INET6, 0] if kind in _OF_NEITHER else [AF_INET, AF_INET6])


def ends(kind: int) -> st.SearchStrategy[dict[str, bytes]]:
    """No packet has the addresses of a socket that speaks both versions."""
    pairs = ENDS if kind in _PACKETS else (*ENDS, MAPPED)
    return st.sampled_from([{"saddr": source, "daddr": destination} for source, destination in pairs])


EVENTS = of_attempts() | of_accepted() | others() | of_dns()


@pytest.mark.parametrize("story", STORIES)
def test_a_story_is_replayed_as_it_was_told_live(story: str) -> None:
    told = STORIES[story][0]
    assert differences(replayed(told, REASONS, CLOCK), stored(told, REASONS, CLOCK, batch_size=100)) == ""


@settings(max_examples=100, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=12, unique_by=lambda event: event[1]))
def test_whatever_the_kernel_tells_is_replayed_as_it_was_told_live(told: list[tuple[int, Any, bytes]]) -> None:
    raws = [event for _, _, event in sorted(told, key=lambda each: each[0])]
    assert differences(replayed(raws, REASONS, CLOCK), stored(raws, REASONS, CLOCK)) == ""


@settings(max_examples=60, deadline=None)
@given(st.lists(of_accepted() | of_dns() | others(), min_size=1, max_size=12, unique_by=lambda event: event[1]))
def test_it_makes_no_difference_how_many_come_at_once(told: list[tuple[int, Any, bytes]]) -> None:
    """Of attempts this holds in the order only in which the kernel tells of them, as it does in stories."""
    raws = [event for _, _, event in sorted(told, key=lambda each: each[0])]
    assert differences(replayed(raws, REASONS, CLOCK), stored(raws, REASONS, CLOCK, batch_size=100)) == ""
