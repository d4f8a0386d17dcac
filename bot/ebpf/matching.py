"""Whether a filter lets an event through: what every source's own way of filtering has to agree with. Pure."""

from collections.abc import Iterator

from bot.domain.network import FAILED_OUTCOMES, Connection, DnsLookup, Drop, Event
from bot.domain.query import Filter
from bot.ebpf.scopes import sees
from bot.targets import is_at, is_of, like


def matches(event: Event, wanted: Filter) -> bool:
    """The window is the source's to apply."""
    return all(_conditions(event, wanted))


def _conditions(event: Event, wanted: Filter) -> Iterator[bool]:
    yield sees(event, wanted.within)
    yield from is_of(event, wanted)
    yield wanted.target is None or is_at(event.destination, wanted.target)
    yield wanted.protocol is None or getattr(event, "protocol", None) == wanted.protocol
    yield wanted.direction is None or getattr(event, "direction", None) == wanted.direction
    yield wanted.errno is None or getattr(event, "errno", None) == wanted.errno
    yield wanted.reason is None or getattr(event, "reason", None) == wanted.reason
    yield wanted.lookup is None or (isinstance(event, DnsLookup) and like(_lower(event.name), wanted.lookup))
    yield from _own(event, wanted)


def _own(event: Event, wanted: Filter) -> Iterator[bool]:
    """Conditions of one kind only: events of other kinds have nothing to hide."""
    if isinstance(event, Connection):
        yield wanted.outcomes is None or event.outcome in wanted.outcomes
        is_local = event.destination.address is None
        yield wanted.failed_local_lookups or not (is_local and event.outcome in FAILED_OUTCOMES)
    elif isinstance(event, Drop):
        yield wanted.harmless or event.harmless is not True


def _lower(text: str | None) -> str | None:
    return text.lower() if text is not None else None
