"""Which behaviours are found in which attempts."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.network import Connection
from bot.domain.table import Table
from bot.tools.patterns import BURST_ATTEMPTS, FAN_OUT_DESTINATIONS, NEW_HISTORY, PERIODIC_CALLS, find_behaviours
from tests.fakes import connection


def found(attempts: Sequence[Connection]) -> dict[str, Table]:
    return {table.title: table for table in find_behaviours(attempts, max_rows=10)}


def cell(table: Table, name: str) -> object:
    return table.rows[0][[column.name for column in table.columns].index(name)]


def many(count: int, every_s: float, *, start_ago_s: float = 100.0, to: str = "10.0.0.1:80") -> list[Connection]:
    return [connection(ago_s=start_ago_s - n * every_s, to=to) for n in range(count)]


def test_no_attempts_have_no_behaviour() -> None:
    assert find_behaviours((), max_rows=10) == ()


def test_many_attempts_in_a_second_are_one_burst() -> None:
    burst = found(many(BURST_ATTEMPTS + 5, 0.04))["Bursts"]
    assert (burst.total_rows, cell(burst, "attempts"), cell(burst, "most to")) == (1, BURST_ATTEMPTS + 5, "10.0.0.1:80")
    assert cell(burst, "lasted") == 0.04 * (BURST_ATTEMPTS + 4)


def test_one_attempt_less_or_a_little_slower_is_no_burst() -> None:
    assert "Bursts" not in found(many(BURST_ATTEMPTS - 1, 0.001))
    assert "Bursts" not in found(many(BURST_ATTEMPTS + 5, 0.06))


def test_two_bursts_of_a_process_are_two_rows_and_two_processes_make_none_together() -> None:
    early, late = many(BURST_ATTEMPTS, 0.01), many(BURST_ATTEMPTS, 0.01, start_ago_s=50)
    assert found([*early, *late])["Bursts"].total_rows == 2
    half = BURST_ATTEMPTS // 2
    assert "Bursts" not in found([connection(name, ago_s=n / 100) for name in "ab" for n in range(half)])


def test_calls_at_equal_intervals_are_periodic_with_their_jitter() -> None:
    calls = [connection(ago_s=ago) for ago in (50.0, 40.5, 30.0, 20.0, 10.0, 0.5)]
    periodic = found(calls)["Periodic calls"]
    assert periodic.rows[0][2:5] == (6, 10.0, 0.5)


def test_too_few_or_irregular_or_very_fast_calls_are_not_periodic() -> None:
    assert "Periodic calls" not in found(many(PERIODIC_CALLS - 1, 10))
    assert "Periodic calls" not in found([connection(ago_s=ago) for ago in (50, 45, 30, 28, 10, 1)])
    assert "Periodic calls" not in found(many(PERIODIC_CALLS, 0.5))


def test_process_with_many_destinations_fans_out() -> None:
    to = [f"10.0.0.{n % 3}:{1000 + n}" for n in range(FAN_OUT_DESTINATIONS)]
    wide = found([connection(to=each, ago_s=100 - 7 * n * n / 10) for n, each in enumerate(to)])["Fan-out"]
    assert wide.rows[0][:4] == ("curl", FAN_OUT_DESTINATIONS, 3, FAN_OUT_DESTINATIONS)
    assert "Fan-out" not in found([connection(to=each) for each in to[:-1]] + [connection(to="")])


def test_repeated_destinations_come_with_share_and_busiest_process() -> None:
    attempts = [connection("a"), connection("b"), connection("b", ago_s=2), connection(to="10.0.0.1:80")]
    table = found(attempts)["Repeated destinations"]
    assert [row[:5] for row in table.rows] == [("10.2.0.14:5432", 3, 75.0, "b", 2)]


def test_destination_is_new_when_the_time_before_does_not_know_it() -> None:
    table = found([*many(NEW_HISTORY + 5, 6.5), connection(to="10.9.9.9:1", ago_s=2)])["New destinations"]
    assert [row[:2] for row in table.rows] == [("10.9.9.9:1", "curl")]


def test_without_enough_history_nothing_is_new() -> None:
    assert "New destinations" not in found([*many(NEW_HISTORY - 1, 1), connection(to="10.9.9.9:1", ago_s=2)])


_attempts = st.lists(
    st.builds(
        connection,
        st.sampled_from(["a", "b"]),
        st.sampled_from(["", "10.0.0.1:80", "[::1]:443"]),
        ago_s=st.floats(0, 3600),
    ),
    max_size=60,
)


@given(_attempts, st.integers(1, 5))
def test_any_attempts_in_any_order_have_the_same_behaviours(attempts: list[Connection], max_rows: int) -> None:
    tables = find_behaviours(attempts, max_rows=max_rows)
    assert tables == find_behaviours(reversed(attempts), max_rows=max_rows)
    assert all(0 < len(table.rows) <= max_rows for table in tables)
