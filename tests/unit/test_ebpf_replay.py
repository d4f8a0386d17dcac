"""Property: what a recording says of raw events is what the event store says of them."""

import errno
from socket import AF_INET, AF_INET6, AF_NETLINK, AF_UNIX
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.ebpf.collector import layout
from bot.ebpf.collector.btf import ReasonNames
from tests.raw_events import CLOCK, attempt, raw
from tests.replaying import differences, replayed, stored
from tests.unit.test_event_store import STORIES

REASONS = ReasonNames({2: "NOT_SPECIFIED", 3: "NO_SOCKET", 4: "QUEUE_PURGE", 5: "TCP_OLD_SEQUENCE"}, {})
MICROSECOND, SECOND = 1_000, 1_000_000_000
_ERRNOS = (0, errno.ECONNREFUSED, errno.ETIMEDOUT, errno.EINPROGRESS, errno.EALREADY, errno.ENETUNREACH, 512, 9999)
_PROTOCOLS = (0, 1, 6, 17, 58, 132, 136, 200)
_OF_ATTEMPTS = (
    layout.CONNECT,
    layout.TCP_OPEN,
    layout.TCP_CLOSE,
    layout.TCP_RETRANSMIT,
    layout.TCP_RESET_RECEIVED,
    layout.TCP_ACCEPT,
)


def microseconds(least: int, most: int) -> st.SearchStrategy[int]:
    """In nanoseconds: what is finer is beyond a recorded time."""
    return st.integers(least, most).map(lambda number: number * MICROSECOND)


ENDS = ((bytes(16), bytes(16)), (b"\x0a\0\0\1", b"\x0a\0\0\2"))
MAPPED = (bytes(10) + b"\xff\xff\x0a\0\0\1", bytes(10) + b"\xff\xff\x0a\0\0\2")
"""IPv4 as a socket writes it that speaks both; no packet has such addresses."""
FIELDS = st.fixed_dictionaries(
    {
        "pid": st.integers(0, 3),
        "uid": st.sampled_from([0, 65534, 2**32 - 1]),
        "comm": st.sampled_from([b"", b"curl", b"\xff\x1b[31m\n<!all>"]),
        "proto": st.sampled_from(_PROTOCOLS),
        "socktype": st.integers(0, 5),
        "elapsed_ns": microseconds(0, 50),
        "ret": st.sampled_from(_ERRNOS).map(lambda number: -number),
        "flags": st.integers(0, 255),
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


@st.composite
def events(draw: st.DrawFn) -> tuple[int, tuple[int, int], bytes]:
    """One with its time, and the attempt and the kind that may come but once."""
    at, kind = draw(microseconds(1000, 2000)), draw(st.sampled_from([layout.DROP, *_OF_ATTEMPTS]))
    is_tcp = kind not in (layout.CONNECT, layout.DROP)
    family = draw(st.sampled_from([AF_INET, AF_INET6] if is_tcp else [AF_INET, AF_INET6, AF_UNIX, AF_NETLINK]))
    fields: dict[str, Any] = {**draw(FIELDS), **(draw(OF_DROPS) if kind == layout.DROP else {}), "family": family}
    fields["saddr"], fields["daddr"] = draw(st.sampled_from(ENDS if kind == layout.DROP else [*ENDS, MAPPED]))
    number = draw(st.integers(0, 3))
    fields["attempt"] = attempt(number * 100 * MICROSECOND) if family != AF_UNIX else 0
    tail = draw(st.sampled_from([b"", b"/run/x", b"\0hidden", b"\0"])) if family == AF_UNIX else b""
    identity = (number, kind) if fields["attempt"] else (at, kind)
    return at, identity, raw(kind, at, tail_len=len(tail), **fields) + tail


@pytest.mark.parametrize("story", STORIES)
def test_a_story_is_replayed_as_it_was_told_live(story: str) -> None:
    told = STORIES[story][0]
    assert differences(replayed(told, REASONS, CLOCK), stored(told, REASONS, CLOCK, batch_size=100)) == ""


@settings(max_examples=200, deadline=None)
@given(st.lists(events(), min_size=1, max_size=12, unique_by=lambda event: event[1]))
def test_whatever_the_kernel_tells_is_replayed_as_it_was_told_live(told: list[tuple[int, Any, bytes]]) -> None:
    raws = [event for _, _, event in sorted(told, key=lambda each: each[0])]
    assert differences(replayed(raws, REASONS, CLOCK), stored(raws, REASONS, CLOCK)) == ""
