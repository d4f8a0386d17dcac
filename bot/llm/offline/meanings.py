"""What outcomes and drop reasons mean, in the words of the answer. Data only.

A meaning says what the events prove and no more: from one host it cannot be seen where a reply was lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.network import Outcome


@dataclass(frozen=True, slots=True)
class Meaning:
    """`verb` stands between process and destination; `means` explains; `check` is a next step for a host and port."""

    verb: str
    means: str
    check: str
    unseen: str = ""
    """What can't be known about it from one host, unless something else proves it."""


_LOST = "Where packets towards it or its replies were lost can't be seen from this host"
OUTCOMES: Mapping[str, Meaning] = {
    Outcome.REFUSED: Meaning(
        "is refused by",
        "The host answers at once: nothing listens on that port, or a firewall there rejects it",
        "check that something listens on {to} there: `ss -ltn`",
    ),
    Outcome.UNANSWERED: Meaning(
        "gets no reply from",
        "No reply came before the program gave up",
        "ask the same on the host of {to}: did the SYNs arrive, and did it drop them?",
        _LOST,
    ),
    Outcome.TIMED_OUT: Meaning(
        "times out connecting to",
        "No reply came to any SYN",
        "ask the same on the host of {to}: did the SYNs arrive, and did it drop them?",
        _LOST,
    ),
    Outcome.REJECTED: Meaning(
        "is rejected by ICMP on its way to",
        "A router or a firewall on the way says no",
        "check the firewall rules on the way to {to}",
    ),
    Outcome.UNREACHABLE: Meaning(
        "cannot reach the host of",
        "A host or its next hop answers no ARP or neighbour request: it is down, or the address is wrong",
        "check that {to} is the right address and up: `ip neigh`, `ping`",
    ),
    Outcome.NO_ROUTE: Meaning(
        "has no local route to",
        "This host has no route there: nothing was sent",
        "check the local routing table for {to}: `ip route get`",
    ),
    Outcome.NO_PORTS: Meaning(
        "has no free local port left for",
        "All local ports for this destination are taken, often by connections in TIME_WAIT",
        "count the sockets towards {to}: `ss -tan`",
    ),
    Outcome.RESET: Meaning(
        "is reset after connecting to",
        "The connection came about and the peer ended it abruptly",
        "look into the log of the service at {to} at that time",
    ),
    Outcome.FAILED: Meaning(
        "fails to connect to",
        "The errno says more than the outcome here",
        "look the errno up for {to}: `man 2 connect`",
    ),
}
UNNAMED = OUTCOMES[Outcome.FAILED]

DROP_REASONS: Mapping[str, str] = {
    "NETFILTER_DROP": "a firewall rule on this host",
    "NO_SOCKET": "packets for a port on this host that nobody listens on",
    "NEIGH_FAILED": "a next hop that answers no ARP or neighbour request",
    "IP_RPFILTER": "the reverse path filter: packets came in where their replies would not go out",
    "QDISC_DROP": "a full queue on this host's interface",
    "SOCKET_RCVBUFF": "a full receive buffer: the program reads too slowly",
    "SOCKET_BACKLOG": "a full socket backlog: the program is too slow",
    "IP_INHDR": "an IP header that could not be forwarded: often a TTL that ran out, so a routing loop",
    "IP_OUTNOROUTES": "no route on this host",
    "TCP_CSUM": "wrong TCP checksums",
    "PKT_TOO_BIG": "packets larger than the path takes",
    "NOMEM": "no memory",
}
"""What a drop reason points to; reasons that say little are not here."""

ON_THE_WAY = ("NETFILTER_DROP", "NEIGH_FAILED", "IP_RPFILTER", "IP_OUTNOROUTES", "IP_INHDR", "QDISC_DROP")
TELLING: Mapping[str, tuple[str, ...]] = {
    Outcome.REFUSED: ("NO_SOCKET", "NETFILTER_DROP"),
    Outcome.UNANSWERED: ON_THE_WAY,
    Outcome.TIMED_OUT: ON_THE_WAY,
    Outcome.REJECTED: ON_THE_WAY,
    Outcome.UNREACHABLE: ("NEIGH_FAILED",),
    Outcome.NO_ROUTE: ("IP_OUTNOROUTES",),
}
"""The drop reasons that can be behind an outcome, the likeliest first; other drops are a coincidence."""

RESET_REASONS: Mapping[str, str] = {
    "NO_SOCKET": "nobody listens there",
    "TCP_STATE": "the program closes abruptly, such as with SO_LINGER 0",
    "TCP_ABORT_ON_CLOSE": "the program closes with data that it has not read",
    "TCP_ABORT_ON_DATA": "data came for a connection that the program had closed",
    "TCP_ABORT_ON_LINGER": "the program closes abruptly",
    "TCP_ABORT_ON_TIMEOUT": "nothing was acknowledged for too long",
    "TCP_KEEPALIVE_TIMEOUT": "keepalive probes were not answered",
}
"""Why an RST is sent, by the kernel's reason."""
