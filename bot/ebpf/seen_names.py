"""What DNS calls addresses to somebody who may not see all look-ups: a name may be known of hidden ones alone. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.domain.network import DnsLookup, Event


def told_names(lookups: Iterable[DnsLookup]) -> dict[str, str]:
    """By address, of look-ups in the order in which they were asked."""
    return {
        address: name
        for lookup in lookups
        if (name := (lookup.name or "").lower().rstrip("."))
        for address in lookup.answers
    }


def renamed(event: Event, names: Mapping[str, str]) -> Event:
    """With the name that its destination has among these, or none."""
    end = event.destination
    if end is None or end.address is None or end.name == (name := names.get(end.address)):
        return event
    return replace(event, destination=replace(end, name=name))
