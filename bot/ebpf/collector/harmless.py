"""Which drops belong to healthy traffic: the kernel also counts what a close throws away, and answers to keepalives."""

from bot.ebpf.collector.layout import RawEvent

_ICMP_ERRORS = {1: (3, 11, 12), 58: (1, 2, 3, 4)}
_OF_A_CLOSE = frozenset({"QUEUE_PURGE", "SOCKET_CLOSE", "CONSUMED"})
_UNEXPLAINED = frozenset({None, "NOT_SPECIFIED"})
_BEFORE_AN_INTERFACE_IS_READY = frozenset({"IP_INNOROUTES", "QDISC_DROP"})
_WITHOUT_PACKETS = frozenset({1, 16})
"""unix and netlink"""
_LINK_MULTICAST = b"\xff\x02"
_HOP_BY_HOP, _TCP, _INET6, _ICMPV6 = 0, 6, 10, 58
_ROUTER_SOLICITATION = 133
_FIN, _OPENS_OR_ENDS = 0x01, 0x07


def is_icmp_error(event: RawEvent) -> bool:
    return event.icmp_type in _ICMP_ERRORS.get(event.proto, ())


def is_harmless(event: RawEvent, reason: str | None) -> bool:
    """An ICMP error never is: freed in a healthy way, it may be the only word about why a flow fails."""
    if is_icmp_error(event):
        return False
    if event.family in _WITHOUT_PACKETS or reason in _OF_A_CLOSE:
        return True
    if reason in _UNEXPLAINED:
        return _is_last_packet(event) or _is_for_another_group(event)
    if reason in _BEFORE_AN_INTERFACE_IS_READY:
        return _is_report_of_membership(event) or _is_solicitation(event)
    return reason == "TCP_OLD_SEQUENCE" and _is_keepalive(event)


def _is_last_packet(event: RawEvent) -> bool:
    return event.proto == _TCP and bool(event.tcp_flags & _FIN)


def _is_for_another_group(event: RawEvent) -> bool:
    """Multicast on this link to a group that nobody here has joined, such as router solicitations."""
    return event.family == _INET6 and event.daddr.startswith(_LINK_MULTICAST)


def _is_report_of_membership(event: RawEvent) -> bool:
    """Which groups an IPv6 host has joined, as it tells when it begins, and repeats: behind the router alert option."""
    return event.proto == _HOP_BY_HOP and _is_for_another_group(event)


def _is_solicitation(event: RawEvent) -> bool:
    """Of routers: what an IPv6 host sends when it begins, and repeats."""
    return event.proto == _ICMPV6 and event.icmp_type == _ROUTER_SOLICITATION and _is_for_another_group(event)


def _is_keepalive(event: RawEvent) -> bool:
    """A probe repeats the last sequence number without any data; it is answered and dropped."""
    return event.proto == _TCP and event.payload == 0 and not event.tcp_flags & _OPENS_OR_ENDS
