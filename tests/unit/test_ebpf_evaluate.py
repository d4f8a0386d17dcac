"""Filters, order and aggregation over events in memory."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from statistics import quantiles

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.network import (
    Connection,
    Endpoint,
    Event,
    Outcome,
    Window,
)
from bot.domain.query import Aggregate, Filter, GroupField, Measure, Operation
from bot.ebpf import evaluate
from bot.ebpf.evaluate import Repeated
from bot.ebpf.matching import matches
from tests.fakes import NOW, connection, drop

WINDOW = Window.last(60, NOW)
TIMED = Aggregate(kind="connection", window=WINDOW, measures=(Measure("p50", "waited_us"), Measure("sum", "waited_us")))


def local(outcome: Outcome) -> Connection:
    return connection(to="", outcome=outcome)


def test_empty_filter_hides_failed_local_lookups_and_nothing_else() -> None:
    events: list[Event] = [connection(outcome=Outcome.REFUSED), local(Outcome.CONNECTED), drop(harmless=True)]
    assert all(matches(event, Filter()) for event in events)
    assert not matches(local(Outcome.FAILED), Filter())
    assert matches(local(Outcome.FAILED), Filter(failed_local_lookups=True))


@pytest.mark.parametrize(
    "wanted",
    [Filter(pid=1), Filter(process="cur"), Filter(outcomes=frozenset({Outcome.REFUSED})), Filter(pid=100, process="x")],
)
def test_filter_that_an_event_fails_in_one_point_leaves_it_out(wanted: Filter) -> None:
    assert not matches(connection("curl", pid=100), wanted)


def test_filter_that_an_event_meets_in_all_points_lets_it_through() -> None:
    wanted = Filter(pid=100, process="curl", outcomes=frozenset({Outcome.CONNECTED}))
    assert matches(connection("curl", pid=100), wanted)


def test_only_drops_that_are_known_to_be_harmless_can_be_left_out() -> None:
    kept = [harmless for harmless in (None, False, True) if matches(drop(harmless=harmless), Filter(harmless=False))]
    assert kept == [None, False]


def test_newest_come_first_and_ties_go_by_process_pid_and_destination() -> None:
    ordered: list[Event] = [
        connection("z", ago_s=1),
        connection("a", ago_s=2, pid=None),
        connection("a", "10.0.0.1:1", ago_s=2, pid=3),
        connection("a", "10.0.0.2:1", ago_s=2, pid=3),
        connection("b", ago_s=2, pid=1),
    ]
    assert evaluate.newest(reversed(ordered)) == ordered


def test_groups_are_the_largest_first_and_ties_go_by_key() -> None:
    events = [connection(name) for name in ("b", "c", "a", "c")]
    groups = evaluate.aggregate(events, Aggregate(kind="connection", window=WINDOW, group_by=("process",), top=1))
    assert [(group.key, group.count) for group in groups] == [(("c",), 2), (("a",), 1), (("b",), 1)]


def test_group_tells_its_first_and_last_time() -> None:
    events = [connection(ago_s=ago) for ago in (3, 9, 5)]
    (group,) = evaluate.aggregate(events, TIMED)
    assert (group.key, group.first, group.last) == ((), NOW - timedelta(seconds=9), NOW - timedelta(seconds=3))


def test_nothing_makes_no_group() -> None:
    assert evaluate.aggregate([], TIMED) == ()


def test_measure_passes_over_events_without_the_field() -> None:
    events = [connection(waited_us=value) for value in (None, 10.0, 30.0)]
    (group,) = evaluate.aggregate(events, TIMED)
    assert (group.count, group.values) == (3, (10.0, 40.0))
    (group,) = evaluate.aggregate(events[:1], TIMED)
    assert group.values == (None, None)


def test_group_values_are_what_tables_show() -> None:
    event = replace(connection(to="[::1]:443", outcome=Outcome.REFUSED), uid=5)
    fields: tuple[GroupField, ...] = ("destination", "address", "port", "outcome", "uid", "reason")
    assert [evaluate.group_value(event, field) for field in fields] == ["[::1]:443", "::1", 443, "refused", 5, None]
    assert evaluate.group_value(connection(to=""), "destination") == "(local socket)"
    assert [evaluate.group_value(drop(), field) for field in fields] == [None, None, None, None, None, "NO_SOCKET"]
    assert evaluate.group_value(replace(drop(), destination=Endpoint("10.0.0.1")), "destination") == "10.0.0.1"


def test_slots_are_numbered_from_the_windows_begin() -> None:
    query = replace(TIMED, group_by=("process", "slot"), slot_s=20)
    events = [connection(name, ago_s=ago) for name, ago in (("a", 60), ("a", 40.000001), ("a", 40), ("b", 0.5))]
    groups = evaluate.aggregate(events, query)
    assert [(group.key, group.count) for group in groups] == [(("a", 0), 2), (("a", 1), 1), (("b", 2), 1)]
    assert [evaluate.slot_of(event.time, query) for event in events] == [0, 0, 1, 2]


def test_a_slot_without_a_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="slots need a length"):
        evaluate.aggregate([connection()], replace(TIMED, group_by=("slot",)))
    assert evaluate.aggregate([], replace(TIMED, group_by=("slot",))) == ()


def test_the_largest_group_may_be_that_with_the_largest_figure() -> None:
    events = [connection("few", waited_us=9.0), *(connection("many", waited_us=1.0) for _ in range(3))]
    events += [connection("none", waited_us=None) for _ in range(5)]
    longest = Aggregate(kind="connection", window=WINDOW, group_by=("process",), by=Measure("max", "waited_us"))
    groups = evaluate.aggregate(events, longest)
    assert [(group.key, group.values) for group in groups] == [(("few",), ()), (("many",), ()), (("none",), ())]
    told = evaluate.aggregate(events, replace(longest, measures=(Measure("sum", "waited_us"),)))
    assert [group.values for group in told] == [(9.0,), (3.0,), (None,)]


def test_ties_of_figures_go_by_count_and_key() -> None:
    events = [connection(name, waited_us=1.0) for name in ("c", "b", "a", "c")]
    query = Aggregate(kind="connection", window=WINDOW, group_by=("process",), by=Measure("max", "waited_us"))
    assert [group.key for group in evaluate.aggregate(events, query)] == [("c",), ("a",), ("b",)]


def figure_of(operation: Operation, values: Iterable[float]) -> float | None:
    query = replace(TIMED, measures=(Measure(operation, "waited_us"),))
    (group,) = evaluate.aggregate([connection(waited_us=value) for value in values], query)
    return group.values[0]


@pytest.mark.parametrize(("operation", "figure"), [("min", 1), ("p50", 50), ("p95", 95), ("p99", 99), ("max", 100)])
def test_percentiles_are_by_nearest_rank(operation: Operation, figure: int) -> None:
    assert figure_of(operation, [float(value) for value in range(100, 0, -1)]) == figure


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e9), min_size=2))
def test_percentile_is_a_member_near_the_interpolated_one(values: list[float]) -> None:
    ordered = sorted(values)
    found = figure_of("p50", values)
    assert found is not None
    assert found in ordered
    assert ordered.index(found) <= len(ordered) // 2
    assert found <= quantiles(ordered, n=2, method="inclusive")[0]


def test_repetitions_are_cut_where_a_slot_begins() -> None:
    repeated = Repeated(connection(ago_s=60), WINDOW.since, 25, timedelta(seconds=1))
    groups = evaluate.aggregate_repeated([repeated], replace(TIMED, group_by=("slot",), slot_s=10))
    slots = {group.key: (group.count, group.last - group.first) for group in groups}
    assert slots == {
        (0,): (10, timedelta(seconds=9)),
        (1,): (10, timedelta(seconds=9)),
        (2,): (5, timedelta(seconds=4)),
    }


PERIODS = st.sampled_from([0, 1, 999_999, 7_000_000, 20_000_000, 45_000_001]).map(lambda us: timedelta(microseconds=us))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 99), st.integers(1, 9), PERIODS), max_size=8),
    st.none() | st.integers(1, 60),
)
def test_repeated_events_are_worth_so_many_single_ones(
    drawn: list[tuple[str, int, int, timedelta]], slot_s: int | None
) -> None:
    operations: tuple[Operation, ...] = ("sum", "min", "max", "p50", "p95", "p99")
    query = Aggregate(
        kind="connection",
        window=WINDOW,
        group_by=("slot", "process") if slot_s else ("process",),
        slot_s=slot_s,
        measures=tuple(Measure(operation, "waited_us") for operation in operations),
    )
    events = [(connection(name, waited_us=float(value), ago_s=value), count, gap) for name, value, count, gap in drawn]
    repeated = [Repeated(event, event.time, count, period) for event, count, period in events]
    single = [
        replace(event, time=event.time + turn * period) for event, count, period in events for turn in range(count)
    ]
    assert evaluate.aggregate_repeated(repeated, query) == evaluate.aggregate(single, query)
