"""Every kind of events, and every filter, of every `EbpfSource`: it is answered, or said that it cannot be.

Beside events: what is open, what was counted, and how the source does.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_network

import pytest

from bot.domain.errors import CannotAnswer
from bot.domain.network import EVENT_TYPES, Event, EventKind, IcmpSent, Outcome
from bot.domain.ports import EbpfSource
from bot.domain.query import Aggregate, Filter, Measure, Target
from bot.domain.sockets import SocketQuery
from tests import network_events
from tests.contract.sources import (
    ATTEMPTS,
    MINUTE,
    OUR_OWN,
    SOURCES,
    Opener,
    agent,
    agent_as_server,
    aggregator,
    asks,
    fake,
    nodes,
    recorded,
    server,
    stored,
)
from tests.fakes import NOW, connection, drop


def _icmp(ago_s: float) -> IcmpSent:
    """A destination was unreachable for a packet."""
    return IcmpSent(
        time=NOW - timedelta(seconds=ago_s),
        process="curl",
        pid=100,
        type=3,
        code=1,
        source=network_events.HERE,
        destination=network_events.DB,
        protocol="ICMP",
    )


OF_KIND: Mapping[EventKind, Sequence[Event]] = {
    "connection": [connection("curl", "10.0.0.1:443", ago_s=2, pid=7), connection("nginx", "10.0.0.2:80", pid=8)],
    "accept": [network_events.accepted("nginx", ago_s=2), network_events.accepted("redis", "10.0.0.7")],
    "drop": [drop("curl", ago_s=2, pid=7), drop("nginx", pid=8)],
    "retransmit": [network_events.retransmit(ago_s=2), network_events.retransmit("wget")],
    "reset": [network_events.reset(ago_s=2), network_events.reset("wget", "out")],
    "dns": [network_events.lookup("db.internal", ago_s=2), network_events.lookup("gone.example", "NXDOMAIN")],
    "listen": [network_events.listen(ago_s=2), network_events.listen("redis", began=False)],
    "error": [network_events.accept_failed(ago_s=2), network_events.accept_failed("hall")],
    "icmp": [_icmp(2), _icmp(1)],
}
RECORDED_BY_REFERENCE: tuple[EventKind, ...] = ("connection", "drop")
ALL_KINDS = [event for events in OF_KIND.values() for event in events]


@pytest.fixture(params=SOURCES, ids=lambda opener: opener.__name__)
def opened(request: pytest.FixtureRequest) -> Opener:
    opener: Opener = request.param
    return opener


@pytest.fixture(params=OUR_OWN, ids=lambda opener: opener.__name__)
def our_own(request: pytest.FixtureRequest) -> Opener:
    """A source that knows all kinds of events."""
    opener: Opener = request.param
    return opener


@pytest.mark.parametrize("kind", EVENT_TYPES)
async def test_every_kind_is_told_or_it_is_said_that_it_cannot_be(opened: Opener, kind: EventKind) -> None:
    is_known = opened in OUR_OWN or kind in RECORDED_BY_REFERENCE
    events = ALL_KINDS if opened in OUR_OWN else [each for known in RECORDED_BY_REFERENCE for each in OF_KIND[known]]
    async with opened(events) as source:
        if not is_known:
            with pytest.raises(CannotAnswer, match=f"events of the kind {kind}"):
                await source.events(asks(kind))
            with pytest.raises(CannotAnswer, match=f"events of the kind {kind}"):
                await source.aggregate(Aggregate(kind=kind, window=MINUTE))
            return
        found = await source.events(asks(kind))
        groups = await source.aggregate(Aggregate(kind=kind, window=MINUTE, group_by=("process",)))
    assert [type(event) for event in found.events] == [EVENT_TYPES[kind]] * 2
    assert [event.time for event in found.events] == [NOW - timedelta(seconds=1), NOW - timedelta(seconds=2)]
    assert (found.coverage.seen, found.coverage.matched, groups.coverage.matched) == (2, 2, 2)
    assert sum(group.count for group in groups.groups) == 2


@pytest.mark.parametrize(
    ("kind", "wanted", "ago_s"),
    [
        ("connection", Filter(process_pattern="ng*"), [1]),
        ("connection", Filter(process="ng*"), []),
        ("connection", Filter(target=Target(network=ip_network("10.0.0.0/31"))), [2]),
        ("connection", Filter(target=Target(network=ip_network("10.0.0.0/8"), port=80)), [1]),
        ("connection", Filter(target=Target(port=443)), [2]),
        ("connection", Filter(direction="out", target=Target(network=ip_network("10.0.0.2"))), [1]),
        ("connection", Filter(direction="in"), []),
        ("drop", Filter(process_pattern="?url"), [2]),
    ],
)
async def test_filters_of_all_sources(opened: Opener, kind: EventKind, wanted: Filter, ago_s: list[int]) -> None:
    events = ALL_KINDS if opened in OUR_OWN else [each for known in RECORDED_BY_REFERENCE for each in OF_KIND[known]]
    async with opened(events) as source:
        assert await _found(source, kind, wanted) == ago_s


@pytest.mark.parametrize(
    ("kind", "wanted", "ago_s"),
    [
        ("connection", Filter(protocol="TCP", process="curl"), [2]),
        ("connection", Filter(protocol="UDP"), []),
        ("connection", Filter(protocol="tcp"), []),
        ("connection", Filter(errno="ECONNREFUSED"), []),
        ("accept", Filter(direction="in", target=Target(port=80), process="redis"), [1]),
        ("reset", Filter(direction="out"), [1]),
        ("retransmit", Filter(target=Target(network=ip_network("10.2.0.14"), port=5432)), [1, 2]),
        ("dns", Filter(lookup="*.internal"), [2]),
        ("dns", Filter(lookup="db.interna"), []),
        ("error", Filter(errno="EMFILE", process="hall"), [1]),
        ("error", Filter(errno="ENFILE"), []),
        ("icmp", Filter(lookup="x"), []),
        ("listen", Filter(errno="EPERM"), []),
        ("dns", Filter(outcomes=frozenset({Outcome.REFUSED})), [1, 2]),
    ],
)
async def test_filters_of_sources_that_know_all(
    our_own: Opener, kind: EventKind, wanted: Filter, ago_s: list[int]
) -> None:
    async with our_own(ALL_KINDS) as source:
        assert await _found(source, kind, wanted) == ago_s


async def _found(source: EbpfSource, kind: EventKind, wanted: Filter) -> list[int]:
    """How many seconds ago they were; groups and coverage count as many."""
    found = await source.events(asks(kind, wanted=wanted))
    groups = await source.aggregate(Aggregate(kind=kind, window=MINUTE, filter=wanted))
    counted = sum(group.count for group in groups.groups)
    assert found.coverage.matched == groups.coverage.matched == counted == len(found.events)
    return [(NOW - event.time) // timedelta(seconds=1) for event in found.events]


async def test_slots_are_counted_from_the_windows_beginning(opened: Opener) -> None:
    events = [connection("curl", ago_s=ago_s) for ago_s in (1, 2, 31, 59)]
    async with opened(events) as source:
        query = Aggregate(kind="connection", window=MINUTE, group_by=("slot",), slot_s=20)
        found = await source.aggregate(query)
    assert [(group.key, group.count) for group in found.groups] == [((2,), 2), ((0,), 1), ((1,), 1)]


async def test_largest_can_be_what_has_most_of_a_figure(our_own: Opener) -> None:
    waits = (("curl", 300), ("curl", 300), ("nginx", 500), ("redis", None))
    events = [connection(name, ago_s=1 + place, waited_us=waited_us) for place, (name, waited_us) in enumerate(waits)]
    async with our_own(events) as source:
        query = Aggregate(
            kind="connection",
            window=MINUTE,
            group_by=("process",),
            measures=(Measure("max", "waited_us"),),
            by=Measure("sum", "waited_us"),
            top=2,
        )
        found = await source.aggregate(query)
    assert [(group.key, group.values) for group in found.groups] == [(("curl",), (300,)), (("nginx",), (500,))]
    assert found.total == 3


async def test_status_says_which_source_it_is_and_what_it_tells_of(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        status = await source.status()
        coverage = (await source.events(asks())).coverage
    at, of_events = status.source.rpartition(" at ")[2], coverage.source.rpartition(" at ")[2]
    assert (at, status.kind) == (of_events, coverage.kind)
    assert "connection" in status.kinds


@pytest.mark.parametrize("opener", [fake, nodes])
async def test_sockets_and_counters_are_told_by_those_that_have_them(opener: Opener) -> None:
    async with opener(()) as source:
        assert (await source.sockets(SocketQuery())).sockets == ()
        assert (await source.counters(MINUTE)).deltas == ()


@pytest.mark.parametrize("opener", [server, aggregator, recorded, stored, agent, agent_as_server])
async def test_who_has_neither_sockets_nor_counters_says_what_has(opener: Opener) -> None:
    async with opener(()) as source:
        for asked in (source.sockets(SocketQuery()), source.counters(MINUTE)):
            with pytest.raises(CannotAnswer, match=r"(?i)run netspy collect"):
                await asked
