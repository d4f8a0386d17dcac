"""What every `EbpfSource` does with the same events, of kinds that all of them know.

Outcomes and what depends on them are not asked for here: some sources never record them.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import TypeAlias

import pytest

from bot.domain.errors import CannotAnswer
from bot.domain.network import Drop, Event, Outcome, Window
from bot.domain.query import Aggregate, Filter, Limits, Scope
from bot.ebpf.scoped import scoped
from tests.contract.sources import ATTEMPTS, LIKE_REFERENCE, MINUTE, SOURCES, Opener, asks
from tests.fakes import NOW, connection

Told: TypeAlias = tuple[datetime, str, int | None, str]


@pytest.fixture(params=SOURCES, ids=lambda opener: opener.__name__)
def opened(request: pytest.FixtureRequest) -> Opener:
    opener: Opener = request.param
    return opener


def told(event: Event) -> Told:
    return event.time, event.process, event.pid, str(event.destination) if event.destination else ""


async def test_newest_come_first_and_only_of_the_asked_kind(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        found = await source.events(asks())
    assert [told(event) for event in found.events] == [told(ATTEMPTS[place]) for place in (1, 3, 2, 0)]
    assert (found.coverage.seen, found.coverage.matched, found.coverage.window) == (4, 4, MINUTE)


async def test_limit_comes_after_filters_and_matched_counts_all(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        found = await source.events(asks(wanted=Filter(process="curl"), limit=1))
    assert [told(event) for event in found.events] == [told(ATTEMPTS[2])]
    assert found.coverage.matched == 2


@pytest.mark.parametrize(
    ("wanted", "pids"),
    [
        (Filter(pid=8), [8]),
        (Filter(pid=8, process="curl"), []),
        (Filter(pid=0), []),
        (Filter(pid=2**32), []),
        (Filter(process=""), []),
        (Filter(process="cur"), []),
        (Filter(process="a&b;c +%"), []),
        (Filter(process="not utf-8: \udcff"), []),
    ],
)
async def test_filter_is_exact(opened: Opener, wanted: Filter, pids: list[int]) -> None:
    async with opened(ATTEMPTS) as source:
        found = await source.events(asks(wanted=wanted))
    assert [event.pid for event in found.events] == pids
    assert found.coverage.matched == len(pids)


async def test_window_holds_its_beginning_and_not_its_end(opened: Opener) -> None:
    edges = [connection(str(ago_us), ago_s=ago_us / 1e6) for ago_us in (5_000_001, 5_000_000, 3_000_001, 3_000_000)]
    window = Window(NOW - timedelta(seconds=5), NOW - timedelta(seconds=3))
    async with opened(edges) as source:
        found = await source.events(asks(window=window))
    assert [event.process for event in found.events] == ["3000001", "5000000"]
    assert found.coverage.matched == 2


async def test_events_of_one_moment_keep_their_order(opened: Opener) -> None:
    ends = (("b", "10.0.0.1:1", 1), ("a", "10.0.0.2:1", 2), ("a", "10.0.0.1:1", 2), ("a", "10.0.0.9:1", 1))
    one_moment = [connection(process, to, pid=pid) for process, to, pid in ends]
    async with opened(one_moment) as source:
        found = await source.events(asks())
    said = [(event.process, event.pid, str(event.destination)) for event in found.events]
    assert said == sorted(said)


async def test_nothing_found_is_no_error(opened: Opener) -> None:
    async with opened(()) as source:
        found = await source.events(asks("drop"))
        groups = await source.aggregate(Aggregate(kind="drop", window=MINUTE))
    assert (found.events, found.coverage.matched) == ((), 0)
    assert (groups.groups, groups.total, groups.coverage.matched) == ((), 0, 0)


async def test_drops_are_found(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        (event,) = (await source.events(asks("drop", wanted=Filter(harmless=False)))).events
    assert isinstance(event, Drop)
    assert told(event) == told(ATTEMPTS[4])


async def test_groups_count_and_know_their_first_and_last(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        query = Aggregate(kind="connection", window=MINUTE, group_by=("process",), top=2)
        found = await source.aggregate(query)
    counts = [(group.key, group.count, group.first, group.last) for group in found.groups]
    curl = (("curl",), 2, ATTEMPTS[0].time, ATTEMPTS[2].time)
    assert counts == [curl, (("app",), 1, ATTEMPTS[3].time, ATTEMPTS[3].time)]
    assert (found.total, found.coverage.matched) == (3, 4)


@pytest.mark.parametrize("count", [1, 100, 101, 1000])
async def test_plain_count_knows_its_first_and_last(opened: Opener, count: int) -> None:
    stored = [connection("curl", ago_s=59 - 57 * number / count) for number in range(count)]
    async with opened([*stored, connection("curl", ago_s=61)]) as source:
        found = await source.aggregate(Aggregate(kind="connection", window=MINUTE, filter=Filter(process="curl")))
    (group,) = found.groups
    assert (group.key, group.count, group.first, group.last) == ((), count, stored[0].time, stored[-1].time)
    assert (found.total, found.coverage.matched) == (1, count)


async def test_outcome_nobody_had_is_not_found(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        query = asks(wanted=Filter(outcomes=frozenset({Outcome.NO_PORTS})))
        found = await source.events(query)
        groups = await source.aggregate(Aggregate(kind="connection", window=MINUTE, filter=query.filter))
    assert (found.events, found.coverage.matched, found.coverage.seen) == ((), 0, 4)
    assert groups.groups == ()


def scope(*any_of: Limits) -> Scope:
    return Scope(frozenset(any_of))


CURL = Limits(processes=frozenset({"cu*"}))


@pytest.mark.parametrize(
    ("within", "pids"),
    [
        (scope(CURL), [9, 7]),
        (scope(Limits(pids=frozenset({8}))), [8]),
        (scope(Limits(processes=frozenset({"curl"}), pids=frozenset({9, 8}))), [9]),
        (scope(Limits(networks=frozenset({ip_network("10.0.0.0/31")}))), [7]),
        (scope(Limits(pids=frozenset({8})), Limits(networks=frozenset({ip_network("2001:db8::/32")}))), [8, 9]),
        (scope(Limits(processes=frozenset({"nobody"}))), []),
        (scope(), []),
    ],
)
async def test_nothing_outside_a_scope_is_listed_or_counted(opened: Opener, within: Scope, pids: list[int]) -> None:
    async with opened(ATTEMPTS) as source:
        found = await source.events(asks(wanted=Filter(within=within)))
        by_pid = Aggregate(kind="connection", window=MINUTE, filter=Filter(within=within), group_by=("pid",))
        groups = await source.aggregate(by_pid)
    assert [event.pid for event in found.events] == pids
    assert sorted(group.key[0] or 0 for group in groups.groups) == sorted(pids)
    assert (found.coverage.matched, groups.total, groups.coverage.matched) == (len(pids),) * 3
    assert found.coverage.seen in (None, len(pids))


async def test_what_is_hidden_is_as_what_does_not_exist(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        seen = scoped(source, scope(CURL))
        for hidden, missing in ((Filter(process="nginx"), Filter(process="none")), (Filter(pid=8), Filter(pid=88))):
            assert await seen.events(asks(wanted=hidden)) == await seen.events(asks(wanted=missing))
            of_hidden = Aggregate(kind="connection", window=MINUTE, filter=hidden)
            assert await seen.aggregate(of_hidden) == await seen.aggregate(replace(of_hidden, filter=missing))


async def test_a_drop_is_of_nobody_who_only_ran_just_then(opened: Opener) -> None:
    """Servers that know no other say that they cannot tell."""
    current = [replace(each, owner="current") if isinstance(each, Drop) else each for each in ATTEMPTS]
    async with opened(current) as source:
        asked = asks("drop", wanted=Filter(within=scope(CURL)))
        if opened in LIKE_REFERENCE:
            with pytest.raises(CannotAnswer, match="a scope by processes"):
                await source.events(asked)
        else:
            found = await source.events(asked)
            assert (found.events, found.coverage.matched) == ((), 0)


async def test_check_is_one_line(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        check = await source.check()
    assert check.part == "source"
    assert "\n" not in check.detail
