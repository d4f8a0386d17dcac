"""What every `EbpfSource` does with the same events, of kinds that all of them know.

Outcomes and what depends on them are not asked for here: some sources never record them.
"""

from datetime import datetime, timedelta
from typing import TypeAlias

import pytest

from bot.domain.network import Drop, Event, Outcome, Window
from bot.domain.query import Aggregate, Filter
from tests.contract.sources import ATTEMPTS, MINUTE, SOURCES, Opener, asks
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


async def test_check_is_one_line(opened: Opener) -> None:
    async with opened(ATTEMPTS) as source:
        check = await source.check()
    assert check.part == "source"
    assert "\n" not in check.detail
