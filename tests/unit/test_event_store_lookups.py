"""DNS look-ups in the event store, and the names that their answers give to addresses."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.network import Connection, DnsLookup, Endpoint
from bot.domain.query import Aggregate, EventQuery, Filter, Limits, Scope, Target
from bot.ebpf.collector import layout
from bot.ebpf.store.address_names import MAX_NAMES, AddressNames
from bot.ebpf.store.batch import Batch
from bot.ebpf.store.lookups import Lookups
from bot.ebpf.store.store import EventStore
from tests.dns_messages import AAAA, A, message, name, record
from tests.raw_events import CLOCK, raw
from tests.unit.test_event_store import DAY, SECOND, a_store, called

T = SECOND
RESOLVER = Endpoint("10.0.0.53", 53)
DB, WEB = name(b"db", b"internal"), name(b"www", b"example", b"test")
TO_SERVER = record(A, b"\x0a\x02\0\x0e")


def query(at: int, host: bytes = DB, *, number: int = 1, port: int = 5000, kind: int = A, **fields: Any) -> bytes:
    tail = message(host, number=number, kind=kind) if host else b""
    return raw(layout.DNS_QUERY, at, to=RESOLVER, proto=17, sport=port, tail_len=len(tail), **fields) + tail


def reply(at: int, host: bytes = DB, *records: bytes, number: int = 1, port: int = 5000, **more: Any) -> bytes:
    """It comes in while somebody else runs."""
    tail = message(host, *records, number=number, **more) if host else b""
    return raw(layout.DNS_REPLY, at, proto=17, dport=port, tail_len=len(tail), pid=9, comm=b"swapper") + tail


def lookups(*told: bytes, one_by_one: bool = False) -> list[DnsLookup]:
    """The oldest first."""
    store = a_store()
    for batch in [[each] for each in told] if one_by_one else [told]:
        store.add(batch, now_ns=0)
    found = store.events(EventQuery(kind="dns", window=DAY), CLOCK).events
    return [event for event in reversed(found) if isinstance(event, DnsLookup)]


@pytest.mark.parametrize("one_by_one", [False, True])
def test_a_query_and_its_reply_are_one_look_up_of_who_asked(*, one_by_one: bool) -> None:
    (found,) = lookups(query(T, uid=33), reply(T + 2000, DB, TO_SERVER), one_by_one=one_by_one)
    assert (found.time, found.process, found.pid, found.uid) == (CLOCK.moment(T), "curl", 100, 33)
    assert (found.name, found.type, found.rcode, found.latency_us) == ("db.internal", "A", "NOERROR", 2.0)
    assert (found.answers, found.tries) == (("10.2.0.14",), 1)
    assert replace(found.destination, name=None) == RESOLVER


@pytest.mark.parametrize("one_by_one", [False, True])
def test_a_query_that_is_sent_again_is_the_same_look_up_since_its_first_time(*, one_by_one: bool) -> None:
    told = (query(T), query(T + 5000), query(T + 9000), reply(T + 10_000, flags=0x8183))
    (found,) = lookups(*told, one_by_one=one_by_one)
    assert (found.time, found.tries, found.latency_us, found.rcode) == (CLOCK.moment(T), 3, 10.0, "NXDOMAIN")


def test_a_query_without_a_reply_has_neither_answer_nor_latency() -> None:
    (found,) = lookups(query(T))
    assert (found.rcode, found.latency_us, found.answers, found.tries) == (None, None, (), 1)


def test_a_reply_that_could_not_be_read_has_a_latency_only() -> None:
    (found,) = lookups(query(T), reply(T + 2000, b""))
    assert (found.name, found.rcode, found.latency_us, found.answers) == ("db.internal", None, 2.0, ())


def test_a_query_that_could_not_be_read_has_no_name_and_the_root_an_empty_one() -> None:
    assert [(found.name, found.type) for found in lookups(query(T, b""), query(T + 1, name(), port=5001))] == [
        (None, None),
        ("", "A"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        reply(T + 1, DB, number=2),
        reply(T + 1, DB, port=5001),
        reply(T + 1, WEB),
        reply(T + 1, DB, kind=AAAA),
    ],
    ids=["another id", "another port", "another name", "another type"],
)
def test_a_reply_to_another_query_begins_nothing_and_answers_nothing(other: bytes) -> None:
    assert lookups(other) == []
    assert lookups(query(T), other) == lookups(query(T))


def test_a_second_reply_changes_nothing() -> None:
    once = (query(T), reply(T + 2000, DB, TO_SERVER))
    assert lookups(*once, reply(T + 9000, flags=0x8182)) == lookups(*once)


def test_queries_that_are_evicted_are_forgotten() -> None:
    keeper = Lookups(AddressNames())
    keeper.add(Batch.of([query(T), query(T, number=2), reply(T + 1)]))
    assert (keeper.remembered, keeper.evict(), keeper.remembered) == (1, 2, 0)
    keeper.add(Batch.of([query(T + 2, number=2)]))
    assert len(keeper.log) == 1, "it is not the same look-up any more"


def test_queries_without_replies_are_not_remembered_for_ever() -> None:
    keeper = Lookups(AddressNames())
    for port in range(200):
        keeper.add(Batch.of([query(T, number=n, port=port) for n in range(100)]))
    assert len(keeper.log) == 20_000
    assert keeper.remembered <= 16_384


def names(store: EventStore) -> list[str | None]:
    found = store.events(EventQuery(kind="connection", window=DAY), CLOCK).events
    return [event.destination.name for event in found if isinstance(event, Connection)]


def by_name(store: EventStore) -> list[object]:
    asked = Aggregate(kind="connection", window=DAY, group_by=("name",))
    return [group.key[0] for group in store.aggregate(asked, CLOCK).groups]


def named(store: EventStore, wanted: str) -> int:
    asked = EventQuery(kind="connection", window=DAY, filter=Filter(target=Target(name=wanted)))
    return store.events(asked, CLOCK).matched


def test_a_destination_has_the_newest_name_that_dns_gave_its_address_also_when_it_is_asked_again() -> None:
    store = a_store()
    store.add([called(T)], now_ns=0)
    assert (names(store), by_name(store), named(store, "db.internal")) == ([None], [None], 0)
    store.add([query(T), reply(T + 1, DB, TO_SERVER)], now_ns=0)
    assert (names(store), by_name(store), named(store, "db.internal")) == (["db.internal"], ["db.internal"], 1)
    store.add([query(T, name(b"WWW", b"Example")), reply(T + 1, name(b"www", b"EXAMPLE"), TO_SERVER)], now_ns=0)
    assert (names(store), by_name(store), named(store, "db.internal")) == (["www.example"], ["www.example"], 0)


def test_an_answer_that_nobody_asked_for_names_nothing() -> None:
    store = a_store()
    store.add([called(T), reply(T + 1, DB, TO_SERVER)], now_ns=0)
    assert names(store) == [None]


def test_what_was_named_longest_ago_is_forgotten() -> None:
    known = AddressNames()
    known.learn("first.", ["10.0.0.1", "10.0.0.2"])
    known.learn("many", (f"host-{n}" for n in range(MAX_NAMES - 2)))
    known.learn("again", ["10.0.0.1"])
    known.learn("last", ["10.0.0.3"])
    told = [known.of(Endpoint(f"10.0.0.{n}")) for n in (1, 2, 3)]
    assert (told, len(known)) == (["again", None, "last"], MAX_NAMES)


@pytest.mark.parametrize(("process", "named"), [("curl", "www.example.test"), ("nginx", "db.internal"), ("sh", None)])
def test_within_a_scope_an_address_has_the_newest_name_that_was_asked_for_there(
    process: str, named: str | None
) -> None:
    store = a_store()
    asked = (("curl", DB), ("curl", WEB), ("nginx", DB))
    for number, (who, host) in enumerate(asked):
        at, port = T + number * 1000, 5000 + number
        store.add([query(at, host, port=port, comm=who.encode()), reply(at + 1, host, TO_SERVER, port=port)], now_ns=0)
    store.add([called(T + 9000, comm=each.encode()) for each in ("curl", "nginx", "sh")], now_ns=0)
    within = Filter(within=Scope(frozenset({Limits(processes=frozenset({process}))})))
    (found,) = store.events(EventQuery(kind="connection", window=DAY, filter=within), CLOCK).events
    by_name = Aggregate(kind="connection", window=DAY, filter=within, group_by=("name",))
    assert found.destination
    assert (found.destination.name, store.aggregate(by_name, CLOCK).groups[0].key) == (named, (named,))
    of_db = replace(within, target=Target(name="db.internal"))
    matched = store.events(EventQuery(kind="connection", window=DAY, filter=of_db), CLOCK).matched
    assert matched == (named == "db.internal")
