"""DNS look-ups, one row each: begun by the query, completed by its reply, which also names addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from bot.domain.network import DnsLookup
from bot.ebpf.collector import dns, layout
from bot.ebpf.store.address_names import AddressNames
from bot.ebpf.store.batch import Batch, endpoints
from bot.ebpf.store.columns import WHO, who
from bot.ebpf.store.fields import UNTOLD, Alike, OfNumber, OfText, text_of
from bot.ebpf.store.log import Log, Schema
from bot.ebpf.store.reading import Reading, Telling, duration_us, plain_number
from bot.ebpf.store.row import Meanings, Row

SCHEMA: Final = Schema(
    numbers={**WHO, "latency_ns": "i8", "type": "i4", "tries": "u2"},
    texts=("process", "destination", "name", "rcode", "answers"),
)
_MOST_TRIES = 65535
_TELLING = ("kind", "ts", "netns", "sport", "dport")


@dataclass(slots=True)
class _Query:
    """Waits for its reply, or has got one."""

    asked_at: int
    message: dns.DnsMessage | None
    row: int = -1
    tries: int = 1
    latency_ns: int = UNTOLD
    reply: dns.DnsMessage | None = None


class Lookups:
    """The log of look-ups, and which of them wait for a reply."""

    def __init__(self, addresses: AddressNames) -> None:
        self.log = Log(SCHEMA)
        self._addresses = addresses
        self._waiting: dns.WaitingQueries[_Query] = dns.WaitingQueries()

    def add(self, batch: Batch) -> None:
        told = batch.of_kinds((layout.DNS_QUERY, layout.DNS_REPLY))
        if not len(told.events):
            return
        begun: dict[int, _Query] = {}
        changed: list[_Query] = []
        for place, event in enumerate(zip(*(told.events[name].tolist() for name in _TELLING), strict=True)):
            message = dns.parse(told.tails.get(place, b""))
            if event[0] == layout.DNS_REPLY:
                changed += self._answered(message, *event[1:])
            elif repeated := self._repeated(query := _Query(event[1], message), *event[2:4]):
                changed.append(repeated)
            else:
                begun[place] = query
        self._begin(told, begun)
        self._complete({query.row: query for query in changed})

    @property
    def remembered(self) -> int:
        return len(self._waiting)

    def evict(self) -> int:
        chunk = self.log.evict()
        self._waiting.forget(lambda query: query.row < chunk.first + chunk.count)
        return chunk.count

    def _repeated(self, query: _Query, netns: int, port: int) -> _Query | None:
        """The query that was sent already and waits, if there is one; else this one waits from now on."""
        first = self._waiting.ask((netns, port), dns.question_of(query.message), query)
        if first is query:
            return None
        first.tries = min(first.tries + 1, _MOST_TRIES)
        return first

    def _answered(self, reply: dns.DnsMessage | None, at: int, netns: int, _: int, port: int) -> list[_Query]:
        """The query that this answers, if it was seen."""
        query = self._waiting.answer((netns, port), dns.question_of(reply))
        if not query:
            return []
        query.latency_ns = at - query.asked_at
        query.reply = reply
        if reply and reply.qname:
            self._addresses.learn(reply.qname, reply.answers)
        return [query]

    def _begin(self, told: Batch, begun: Mapping[int, _Query]) -> None:
        events = told.events.take(list(begun))
        messages = [query.message for query in begun.values()]
        rows = self.log.append(
            {
                **who(events),
                "destination": endpoints(events, "daddr", "dport"),
                "name": np.array([_packed(message.qname if message else None) for message in messages], np.bytes_),
                "type": np.array([_number(message.qtype if message else None) for message in messages], np.int32),
                "rcode": np.zeros(len(events), "S1"),
                "answers": np.zeros(len(events), "S1"),
                "tries": np.ones(len(events), np.uint16),
                "latency_ns": np.full(len(events), UNTOLD, np.int64),
            }
        )
        for query, row in zip(begun.values(), rows.tolist(), strict=True):
            query.row = row

    def _complete(self, changed: Mapping[int, _Query]) -> None:
        """By row."""
        queries = list(changed.values())
        for chunk, places, given in self.log.of(np.array([query.row for query in queries], np.int64)):
            of_chunk = [queries[place] for place in given.tolist()]
            replies = [query.reply for query in of_chunk]
            chunk["tries"][places] = [query.tries for query in of_chunk]
            chunk["latency_ns"][places] = [query.latency_ns for query in of_chunk]
            chunk.rewrite("rcode", places, np.array([reply.rcode if reply else "" for reply in replies], np.bytes_))
            answers = [",".join(reply.answers) if reply else "" for reply in replies]
            chunk.rewrite("answers", places, np.array(answers, np.bytes_))


def lookup_reading(log: Log, meanings: Meanings) -> Reading:
    telling = Telling(
        event=_event,
        fields={
            "protocol": Alike("UDP"),
            "lookup": OfText("name", name_of),
            "type": OfNumber("type", _type),
            "rcode": OfText("rcode", text_of),
        },
        numbers={"latency_us": duration_us("latency_ns"), "tries": plain_number("tries")},
        direction="out",
    )
    return Reading(log, meanings, telling)


def _event(row: Row) -> DnsLookup:
    return DnsLookup(
        **row.who(),
        destination=row.destination(),
        name=name_of(row.bytes_of("name")),
        type=_type(row["type"]),
        rcode=row.text("rcode"),
        latency_us=row.microseconds("latency_ns"),
        answers=answers_of(row.bytes_of("answers")),
        tries=row["tries"],
    )


def _packed(name: str | None) -> bytes:
    """The root's name is empty: that is not the same as none."""
    return b"" if name is None else b"." + name.encode()


def answers_of(packed: bytes) -> tuple[str, ...]:
    return tuple(packed.decode().split(",")) if packed else ()


def name_of(packed: bytes) -> str | None:
    return packed[1:].decode() if packed else None


def _number(kind: int | None) -> int:
    return UNTOLD if kind is None else kind


def _type(number: int) -> str | None:
    return None if number == UNTOLD else dns.type_name(number)
