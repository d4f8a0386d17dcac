"""One `DnsLookup` per question to DNS, with its answer; and what DNS calls the addresses that it gave. Pure."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.domain.network import DnsLookup, Event
from bot.ebpf.collector.dns import WaitingQueries
from bot.ebpf.recording.kernel_events import QuerySent, ReplyReceived

_MAX_NAMES = 65_536


class AddressNames:
    """By the newest answer that holds an address. The one that was learnt of first is forgotten first."""

    def __init__(self, *, max_names: int = _MAX_NAMES) -> None:
        self._max_names = max_names
        self._names: OrderedDict[str, str] = OrderedDict()

    def learn(self, name: str | None, addresses: Iterable[str]) -> None:
        plain = (name or "").lower().rstrip(".")
        for address in addresses if plain else ():
            self._names[address] = plain
            self._names.move_to_end(address)
        while len(self._names) > self._max_names:
            self._names.popitem(last=False)

    def named(self, event: Event) -> Event:
        """The same event, with the name of its destination."""
        end = event.destination
        name = self._names.get(end.address) if end and end.address else None
        return replace(event, destination=replace(end, name=name)) if end and name else event


@dataclass(slots=True)
class _Story:
    query: QuerySent
    tries: int = 0
    reply: ReplyReceived | None = None


class Lookups:
    """In the order in which they were first asked."""

    def __init__(self) -> None:
        self._stories: list[_Story] = []
        self._waiting: WaitingQueries[_Story] = WaitingQueries()

    def ask(self, query: QuerySent) -> None:
        new = _Story(query)
        story = self._waiting.ask(query.place, query.question, new)
        story.tries += 1
        if story is new:
            self._stories.append(new)

    def answer(self, reply: ReplyReceived) -> str | None:
        """The name that was asked for; None also where nobody asked."""
        story = self._waiting.answer(reply.place, reply.question)
        if story is None:
            return None
        story.reply = reply
        return story.query.name

    def lookups(self) -> tuple[DnsLookup, ...]:
        return tuple(map(_lookup, self._stories))


def _lookup(story: _Story) -> DnsLookup:
    query, reply = story.query, story.reply
    return DnsLookup(
        **query.who.at(query.time),
        destination=query.destination,
        name=query.name,
        type=query.type,
        rcode=reply.rcode if reply else None,
        latency_us=reply.latency_us if reply else None,
        answers=reply.answers if reply else (),
        tries=story.tries,
    )
