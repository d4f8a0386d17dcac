"""Whether a filter lets an event through: what every source's own way of filtering has to agree with. Pure."""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address

from bot.domain.network import FAILED_OUTCOMES, Accepted, Connection, DnsLookup, Drop, Endpoint, Event, Retransmit
from bot.domain.query import Filter, Target


def matches(event: Event, wanted: Filter) -> bool:
    """The window is the source's to apply."""
    return all(_conditions(event, wanted))


def like(text: str | None, pattern: str) -> bool:
    """Whether a text is of this pattern, in which `*` is any characters and `?` one."""
    return text is not None and _expression(pattern).fullmatch(text) is not None


def is_at(end: Endpoint | None, target: Target) -> bool:
    if end is None or (target.port is not None and end.port != target.port):
        return False
    if target.name is not None and (end.name is None or end.name.lower().rstrip(".") != target.name):
        return False
    return target.network is None or (end.address is not None and ip_address(end.address) in target.network)


def direction_of(event: Event) -> str | None:
    match event:
        case Connection() | Retransmit() | DnsLookup():
            return "out"
        case Accepted():
            return "in"
    return getattr(event, "direction", None)


def _conditions(event: Event, wanted: Filter) -> Iterator[bool]:
    yield wanted.pid is None or event.pid == wanted.pid
    yield wanted.process is None or event.process == wanted.process
    yield wanted.process_pattern is None or like(event.process, wanted.process_pattern)
    yield wanted.uid is None or event.uid == wanted.uid
    yield wanted.target is None or is_at(event.destination, wanted.target)
    yield wanted.protocol is None or getattr(event, "protocol", None) == wanted.protocol
    yield wanted.direction is None or direction_of(event) == wanted.direction
    yield wanted.errno is None or getattr(event, "errno", None) == wanted.errno
    yield wanted.reason is None or getattr(event, "reason", None) == wanted.reason
    yield wanted.lookup is None or (isinstance(event, DnsLookup) and like((event.name or "").lower(), wanted.lookup))
    yield from _places(event, wanted)
    yield from _own(event, wanted)


def _places(event: Event, wanted: Filter) -> Iterator[bool]:
    workload = event.workload
    yield wanted.node is None or event.node == wanted.node
    yield wanted.namespace is None or (workload is not None and workload.pod_namespace == wanted.namespace)
    yield wanted.pod is None or (workload is not None and workload.pod == wanted.pod)
    yield wanted.container is None or (workload is not None and workload.container == wanted.container)


def _own(event: Event, wanted: Filter) -> Iterator[bool]:
    """Conditions of one kind only: events of other kinds have nothing to hide."""
    if isinstance(event, Connection):
        yield wanted.outcomes is None or event.outcome in wanted.outcomes
        is_local = event.destination.address is None
        yield wanted.failed_local_lookups or not (is_local and event.outcome in FAILED_OUTCOMES)
    elif isinstance(event, Drop):
        yield wanted.harmless or event.harmless is not True


@lru_cache(maxsize=64)
def _expression(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(each) or re.escape(each) for each in pattern), re.DOTALL)
