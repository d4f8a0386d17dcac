"""What netspy's own client asks a collector: as it is meant, or, where no event can meet that, nothing."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.codec import encode
from bot.domain.errors import CannotAnswer
from bot.domain.network import EVENT_TYPES, EventKind, Outcome, Window
from bot.domain.query import EVERYTHING, Aggregate, EventQuery, Filter, Limits, Scope, Target
from bot.ebpf.agent import questions
from bot.ebpf.remote.agent_client import AgentSource
from tests import every_kind
from tests.fakes import NOW, FakeEbpf

HOUR = Window.last(3600, NOW)
RICH = every_kind.ALL

names = st.one_of(
    st.none(),
    st.text(max_size=16),
    st.sampled_from(("curl", "cu*", "tcp", "TCP", "EPERM", "db.internal", "EWOULDBLOCK")),
)
targets = st.builds(
    Target,
    network=st.one_of(st.none(), st.ip_addresses().map(ip_network), st.just(ip_network("10.0.0.0/8"))),
    name=st.none(),
    port=st.one_of(st.none(), st.integers(-1, 2**17)),
)
named_targets = st.builds(
    Target,
    name=st.sampled_from(("db.internal", "DB", "a.", "10.0.0.1", "_x", "\u00e9", "", "a:1")),
    port=st.one_of(st.none(), st.just(80)),
)
limits = st.builds(
    Limits,
    processes=st.frozensets(st.sampled_from(("curl", "cu*", "\u00e9\udcff", "")), max_size=2),
    pids=st.frozensets(st.sampled_from((0, 100, 2**33)), max_size=2),
    nodes=st.frozensets(st.sampled_from(("node-a", "node-b")), max_size=1),
    namespaces=st.frozensets(st.sampled_from(("shop", "s*")), max_size=1),
    networks=st.frozensets(st.sampled_from((ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))), max_size=2),
)
scopes = st.one_of(st.just(EVERYTHING), st.builds(Scope, st.frozensets(limits, max_size=3)))
filters = st.builds(
    Filter,
    pid=st.one_of(st.none(), st.integers(-1, 2**33)),
    process=names,
    process_pattern=names,
    uid=st.one_of(st.none(), st.integers(-1, 2**33)),
    target=st.one_of(st.none(), targets.filter(lambda target: target != Target()), named_targets),
    protocol=names,
    direction=st.sampled_from((None, "in", "out")),
    outcomes=st.one_of(st.none(), st.frozensets(st.sampled_from(Outcome))),
    errno=names,
    reason=names,
    lookup=names,
    node=names,
    namespace=names,
    pod=names,
    container=names,
    failed_local_lookups=st.booleans(),
    harmless=st.booleans(),
    within=scopes,
)
windows = st.builds(
    lambda ago_us, length_us: Window(
        NOW - timedelta(microseconds=ago_us + length_us), NOW - timedelta(microseconds=ago_us)
    ),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
)


class Direct:
    """`Answers` of a collector without HTTP: what is asked becomes a query again."""

    url = "http://collector"

    def __init__(self) -> None:
        self.asked: list[EventQuery | Aggregate] = []

    @asynccontextmanager
    async def deadline(self) -> AsyncGenerator[None, None]:
        yield

    async def get(self, path: str, parameters: Any, parse: Callable[[Any], Any]) -> Any:
        pairs = [(name, text) for name, value in parameters.items() for text in _listed(value)]
        read: Callable[..., EventQuery | Aggregate] = (
            questions.events if path.endswith("events") else questions.aggregate
        )
        self.asked.append(read(pairs, NOW))
        empty = await FakeEbpf().events(EventQuery(kind="drop", window=HOUR))
        return parse({**encode(empty), "groups": [], "total": 0})


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@given(kind=st.sampled_from(tuple(EVENT_TYPES)), wanted=filters, window=windows, limit=st.integers(1, 20_000))
def test_what_is_asked_is_what_the_collector_understands(
    kind: EventKind, wanted: Filter, window: Window, limit: int
) -> None:
    direct = Direct()
    query = EventQuery(kind=kind, window=window, filter=wanted, limit=limit)
    asyncio.run(AgentSource(direct).events(query))
    (understood,) = direct.asked
    assert isinstance(understood, EventQuery)
    assert (understood.kind, understood.window, understood.limit) == (kind, window, limit)
    assert understood.filter.within == wanted.within


@pytest.mark.parametrize("kind", EVENT_TYPES)
@given(wanted=filters)
def test_a_collector_finds_what_is_found_in_its_place(kind: EventKind, wanted: Filter) -> None:
    """Whatever is asked for: also where that can be written in no parameter, or be met by no event."""
    direct = Direct()
    query = EventQuery(kind=kind, window=HOUR, filter=wanted)
    asyncio.run(AgentSource(direct).events(query))
    (understood,) = direct.asked
    assert isinstance(understood, EventQuery)
    assert asyncio.run(FakeEbpf(RICH).events(understood)) == asyncio.run(FakeEbpf(RICH).events(query))


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("connection", Filter(process="cu*")),
        ("connection", Filter(process="cu?l", process_pattern="c*")),
        ("connection", Filter(process_pattern="curl")),
        ("connection", Filter(target=Target(network=ip_network("10.0.0.0/8"), port=5432))),
        ("connection", Filter(target=Target(network=ip_network("2001:db8::1"), port=443))),
        ("connection", Filter(target=Target(name="db.internal"))),
        ("connection", Filter(uid=0, protocol="TCP", direction="out", errno="ECONNREFUSED", node="node-a")),
        ("drop", Filter(reason="NO_SOCKET", direction="in", namespace="shop", pod="shop-1", container="inner")),
        ("dns", Filter(lookup="*.internal")),
        ("connection", Filter(outcomes=frozenset({Outcome.REFUSED, Outcome.UNANSWERED}), failed_local_lookups=True)),
    ],
)
async def test_conditions_that_events_can_meet_reach_the_collector(kind: EventKind, wanted: Filter) -> None:
    direct = Direct()
    await AgentSource(direct).events(EventQuery(kind=kind, window=HOUR, filter=wanted))
    (understood,) = direct.asked
    plain = replace(wanted, process="curl", process_pattern=None) if wanted.process_pattern == "curl" else wanted
    assert understood.filter == plain


async def test_a_destination_that_no_parameter_can_say_is_not_asked_for() -> None:
    both = Target(network=ip_network("10.0.0.0/8"), name="db.internal")
    for target in (both, Target()):
        with pytest.raises(CannotAnswer, match="a collector takes a network, a name or a port"):
            await AgentSource(Direct()).events(EventQuery(kind="dns", window=HOUR, filter=Filter(target=target)))


async def test_more_than_one_answer_holds_is_asked_for_as_much_as_one_holds() -> None:
    direct = Direct()
    await AgentSource(direct).events(EventQuery(kind="drop", window=HOUR, limit=10**6))
    await AgentSource(direct).aggregate(Aggregate(kind="drop", window=HOUR))
    events, groups = direct.asked
    assert isinstance(events, EventQuery)
    assert isinstance(groups, Aggregate)
    assert (events.limit, groups.top) == (20_000, 20_000)


async def test_naive_times_of_groups_are_malformed_too() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        await AgentSource(Naive()).aggregate(Aggregate(kind="drop", window=HOUR))


class Naive(Direct):
    async def get(self, path: str, parameters: Any, parse: Callable[[Any], Any]) -> Any:
        whole = await FakeEbpf(RICH).aggregate(Aggregate(kind="drop", window=HOUR))
        told = encode(whole)
        told["groups"][0]["first"] = "2026-11-23T14:00:00"
        return parse(told)
