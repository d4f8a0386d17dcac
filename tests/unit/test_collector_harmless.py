"""Which drops are told to be harmless."""

import pytest

from bot.ebpf.collector import layout
from bot.ebpf.collector.harmless import is_harmless
from tests.unit.collector_events import address, raw

HOP_BY_HOP, TCP, UDP, ICMP, ICMPV6, UNIX, INET6 = 0, 6, 17, 1, 58, 1, 10
FIN_ACK, ACK, SYN = 0x11, 0x10, 0x02
SOLICITED = {"family": INET6, "proto": ICMPV6, "daddr": address("ff02::2")}


def harmless(reason: str | None, **fields: int | bytes) -> bool:
    return is_harmless(layout.read(raw("drop", b"", **fields)), reason)


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        ("QUEUE_PURGE", {}),
        ("SOCKET_CLOSE", {"proto": UDP}),
        ("CONSUMED", {}),
        ("NOT_SPECIFIED", {"tcp_flags": FIN_ACK}),
        (None, {"tcp_flags": FIN_ACK}),
        ("NO_SOCKET", {"family": UNIX}),
        ("TCP_OLD_SEQUENCE", {"tcp_flags": ACK, "payload": 0}),
        ("NOT_SPECIFIED", {**SOLICITED, "icmp_type": 133}),
        (None, {**SOLICITED, "icmp_type": 135}),
        ("IP_INNOROUTES", {**SOLICITED, "proto": HOP_BY_HOP}),
        ("QDISC_DROP", {**SOLICITED, "proto": HOP_BY_HOP}),
        ("QDISC_DROP", {**SOLICITED, "icmp_type": 133}),
    ],
)
def test_what_healthy_traffic_leaves_behind_is_harmless(reason: str | None, fields: dict[str, int | bytes]) -> None:
    assert harmless(reason, **fields)


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        ("NO_SOCKET", {}),
        ("NETFILTER_DROP", {"tcp_flags": FIN_ACK}),
        ("NOT_SPECIFIED", {"tcp_flags": ACK}),
        ("NOT_SPECIFIED", {"proto": UDP, "tcp_flags": FIN_ACK}),
        (None, {"tcp_flags": SYN}),
        ("TCP_OLD_SEQUENCE", {"tcp_flags": ACK, "payload": 1448}),
        ("TCP_OLD_SEQUENCE", {"tcp_flags": SYN}),
        ("NEIGH_FAILED", {**SOLICITED, "icmp_type": 133}),
        ("QDISC_DROP", {**SOLICITED, "icmp_type": 135}),
        ("QDISC_DROP", {"proto": HOP_BY_HOP}),
        ("NOT_SPECIFIED", {"family": INET6, "proto": ICMPV6, "daddr": address("fe80::1"), "icmp_type": 133}),
    ],
)
def test_what_may_be_a_loss_is_not(reason: str | None, fields: dict[str, int | bytes]) -> None:
    assert not harmless(reason, **fields)


@pytest.mark.parametrize(
    ("proto", "icmp_type"), [(ICMP, 3), (ICMP, 11), (ICMP, 12), (ICMPV6, 1), (ICMPV6, 2), (ICMPV6, 3)]
)
def test_an_icmp_error_never_is_since_it_may_be_the_only_evidence(proto: int, icmp_type: int) -> None:
    assert not harmless("QUEUE_PURGE", proto=proto, icmp_type=icmp_type)
    assert not harmless("CONSUMED", proto=proto, icmp_type=icmp_type)
    assert harmless("QUEUE_PURGE", proto=proto, icmp_type=8 if proto == ICMP else 128)
