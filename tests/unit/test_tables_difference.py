"""What is different between two tables of the same question: joined by what rows are, and told from noise."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.table import Cell, Column, Table
from bot.tables.difference import compared, difference, summary_of
from bot.tables.noise import beyond
from tests.fakes import NOW

FAILURES = (
    Column("process"),
    Column("destination", "address"),
    Column("outcome"),
    Column("attempts", "integer"),
    Column("p50 wait", "decimal", "us"),
    Column("seen here", remark=True),
    Column("last", "time", spare=True),
)


def table(
    *rows: Sequence[Cell], columns: Sequence[Column] = FAILURES, total: int = 0, title: str = "Failures"
) -> Table:
    return Table(title, tuple(columns), tuple(map(tuple, rows)), max(total, len(rows)))


def failure(
    process: str, attempts: int, *, to: str = "10.0.0.9:443", us: float = 100.0, seen: str | None = None
) -> list[Cell]:
    return [process, to, "refused", attempts, us, seen, NOW]


def rows_of(found: Table) -> list[dict[str, Cell]]:
    names = [column.name for column in found.columns]
    return [dict(zip(names, row, strict=True)) for row in found.rows]


def changes_of(found: Table, *names: str) -> list[tuple[Cell, ...]]:
    return [tuple(row[name] for name in names) for row in rows_of(found)]


def test_what_came_and_went_is_told_before_what_grew_or_shrank_and_the_largest_of_each_first() -> None:
    before = table(failure("ledger", 30), failure("cart", 40), failure("web", 100), failure("cron", 2))
    after = table(failure("cart", 4), failure("web", 300), failure("nginx", 12), failure("cron", 2))
    found = difference(before, after)
    assert found.title == "Failures: then and now"
    assert changes_of(found, "change", "process", "attempts then", "attempts now") == [
        ("gone", "ledger", 30, 0),
        ("new", "nginx", 0, 12),
        ("grown", "web", 100, 300),
        ("shrunk", "cart", 40, 4),
    ]


def test_sentence_counts_changes_and_names_the_most_important_one() -> None:
    found = compared(table(failure("ledger", 30), failure("cron", 2)), table(failure("cron", 3)))
    assert summary_of(found) == "Failures: 1 gone, 1 as before; most: ledger -> 10.0.0.9:443 refused, attempts 30 -> 0"
    same = compared(table(failure("ledger", 30)), table(failure("ledger", 28)))
    assert summary_of(same) == (
        "Failures: nothing changed, 1 as before; most: ledger -> 10.0.0.9:443 refused, attempts 30 -> 28"
    )
    assert changes_of(same.lasting, "change", "attempts then", "attempts now") == [("as before", 30, 28)]
    assert same.lasting.title == "Failures: as before"


def test_remarks_and_times_do_not_tell_rows_apart_and_a_cause_is_told_with_what_is_gone() -> None:
    before = table(failure("ledger", 30, seen="NETFILTER_DROP 90"))
    after = table([*failure("ledger", 30, seen="NETFILTER_DROP 9")[:-1], None])
    assert difference(before, after).rows == ()
    (gone,) = rows_of(difference(before, table()))
    assert gone["seen here"] == "NETFILTER_DROP 90"
    assert "last" not in gone


def test_rows_that_are_the_same_are_one_thing() -> None:
    before = table(failure("ledger", 10, us=100), failure("ledger", 20, us=300))
    (gone,) = rows_of(difference(before, table()))
    assert (gone["attempts then"], gone["p50 wait then"]) == (30, 200)


def test_longer_wait_of_as_many_attempts_is_a_change_and_its_figures_lead() -> None:
    found = difference(table(failure("ledger", 9, us=300)), table(failure("ledger", 9, us=2e6)))
    (row,) = rows_of(found)
    assert (row["change"], row["p50 wait then"], row["p50 wait now"]) == ("grown", 300, 2e6)
    assert not next(column for column in found.columns if column.name == "p50 wait now").spare


def test_what_changes_beside_the_main_number_is_spare_and_what_does_not_is_left_out() -> None:
    columns = (
        Column("process"),
        Column("calls", "integer"),
        Column("sent", "integer", "bytes"),
        Column("x", "decimal"),
    )
    found = difference(table(["a", 90, 10, 1.0], columns=columns), table(["a", 9, 20, 1.0], columns=columns))
    assert [(column.name, column.spare) for column in found.columns] == [
        ("change", False), ("process", False), ("calls then", False), ("calls now", False),
        ("sent then", True), ("sent now", True),
    ]  # fmt: skip


def test_count_of_trouble_leads_before_the_main_number() -> None:
    columns = (Column("process"), Column("attempts", "integer"), Column("failed", "integer"))
    found = compared(table(["a", 90, 40], columns=columns), table(["a", 40, 0], columns=columns))
    assert summary_of(found) == "Failures: 1 shrunk; most: a, failed 40 -> 0"


def test_column_that_one_side_left_out_is_unknown_there() -> None:
    with_errno = (*FAILURES[:3], Column("errno", "id"), *FAILURES[3:])
    before = table([*failure("a", 9)[:3], "ECONNREFUSED", *failure("a", 9)[3:]], columns=with_errno)
    found = difference(before, table(failure("a", 9)))
    assert changes_of(found, "change", "errno") == [("gone", "ECONNREFUSED"), ("new", None)]


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [(100, 120, 0), (100, 140, 1), (1, 5, 0), (1, 8, 1), (10_000, 10_900, 0), (10_000, 11_200, 1)],
)
def test_count_grows_when_neither_chance_nor_a_tenth_explains_it(then: int, now: int, expected: int) -> None:
    assert len(difference(table(failure("a", then)), table(failure("a", now))).rows) == expected


@pytest.mark.parametrize(
    ("column", "within", "beyond_it"),
    [
        (Column("p50", "decimal", "us"), (300, 1200), (300, 1400)),
        (Column("p50", "decimal", "us"), (1e6, 1.4e6), (1e6, 1.6e6)),
        (Column("lasted", "decimal", "s"), (2, 2.9), (2, 3.1)),
        (Column("sent", "integer", "bytes"), (100, 1100), (100, 2000)),
        (Column("share", "decimal", "percent"), (20, 24), (20, 26)),
        (Column("ratio", "decimal"), (10, 11), (10, 14)),
    ],
)
def test_times_sizes_and_shares_have_noise_of_their_own(
    column: Column, within: tuple[float, float], beyond_it: tuple[float, float]
) -> None:
    assert beyond(column, *within) <= 1 < beyond(column, *beyond_it)
    assert beyond(column, *reversed(within)) <= 1 < beyond(column, *reversed(beyond_it))


def test_cut_table_cannot_tell_what_it_lacks() -> None:
    cut = table(failure("web", 9), total=5)
    found = compared(table(failure("web", 90), failure("ledger", 30)), cut)
    assert changes_of(found.table, "change", "process") == [("shrunk", "web")]
    assert "1 not known, as only the first rows were kept" in summary_of(found)
    assert changes_of(difference(cut, table(failure("new", 3))), "change", "process") == [("gone", "web")]


EVENTS = (
    Column("time", "time"),
    Column("from", "address"),
    Column("to", "address"),
    Column("what"),
    Column("pid", "id", remark=True),
)


def event(client_port: int, what: str = "connected after 0.3 ms", *, pid: int = 1) -> list[Cell]:
    return [NOW, f"10.0.0.1:{client_port}", "10.0.0.9:80", what, pid]


def test_single_events_are_counted_whatever_their_moment_process_id_client_port_and_figures() -> None:
    before = table(event(40_000), event(40_001, "connected after 2.0 s", pid=2), columns=EVENTS)
    after = table(*(event(50_000 + n, "refused") for n in range(9)), columns=EVENTS)
    assert changes_of(difference(before, after), "change", "from", "what", "count then", "count now") == [
        ("new", "10.0.0.1", "refused", 0, 9),
        ("gone", "10.0.0.1", "connected after …", 2, 0),
    ]


def test_events_of_which_only_the_newest_were_listed_are_not_compared_one_by_one() -> None:
    found = compared(table(event(1), columns=EVENTS, total=500), table(event(2), event(3), columns=EVENTS))
    assert found.table.rows == ()
    assert summary_of(found).startswith("Failures: 500 then, 2 now; only the newest 2 were listed")


def test_port_of_a_service_is_a_name_even_where_it_is_a_high_one() -> None:
    found = difference(table(failure("a", 9, to="10.0.0.9:50051")), table(failure("a", 9, to="10.0.0.9:50052")))
    assert changes_of(found, "change", "destination") == [("gone", "10.0.0.9:50051"), ("new", "10.0.0.9:50052")]


def test_moments_in_rows_are_added_up_by_column() -> None:
    columns = [Column(name, "integer") for name in ("all", "connected", "refused")]
    slots = (Column("from", "time"), *columns)
    before = table([NOW, 20, 5, 15], [NOW, 20, 5, 15], columns=slots)
    after = table([NOW, 40, 40], [NOW, 0, 0], columns=slots[:3])
    assert changes_of(difference(before, after), "change", "what", "count then", "count now") == [
        ("gone", "refused", 30, 0),
        ("grown", "connected", 10, 40),
    ]


def test_value_that_may_be_counted_among_the_others_is_not_told_gone() -> None:
    slots = (Column("from", "time"), Column("refused", "integer"))
    after = table([NOW, 9], columns=(slots[0], Column("others", "integer")))
    assert difference(table([NOW, 30], columns=slots), after).rows == ()


_PROCESSES, _HOSTS = st.sampled_from("abc"), st.sampled_from(["10.0.0.1:80", "10.0.0.2:80", "[::1]:40000"])
_ROWS = st.lists(
    st.tuples(
        _PROCESSES, _HOSTS, st.sampled_from(["refused", "connected", None]), st.integers(0, 200),
        st.none() | st.floats(0, 1e7), st.none(), st.just(NOW),
    ),
    max_size=12,
).map(lambda rows: table(*rows))  # fmt: skip


@given(_ROWS)
def test_nothing_is_different_between_a_table_and_itself(each: Table) -> None:
    assert difference(each, each).rows == ()


@given(_ROWS, _ROWS)
def test_everything_is_listed_once_or_as_before(before: Table, after: Table) -> None:
    found = compared(before, after)
    keys = [each.key for each in (*found.changed, *found.kept)]
    assert sorted(map(str, keys)) == sorted({str(row[:3]) for row in (*before.rows, *after.rows)})
    assert len(found.table.rows) == len(found.changed)


@given(_ROWS, _ROWS)
def test_gone_rows_become_new_ones_when_the_sides_are_swapped(before: Table, after: Table) -> None:
    swapped = {"new": "gone", "gone": "new", "grown": "shrunk", "shrunk": "grown"}
    there = {(each.key, each.change) for each in compared(before, after).changed}
    back = {(each.key, swapped[str(each.change)]) for each in compared(after, before).changed}
    assert there == back


@given(_ROWS, _ROWS, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(before: Table, after: Table, chance: Random) -> None:
    def shuffled(each: Table) -> Table:
        return replace(each, rows=tuple(chance.sample(each.rows, len(each.rows))))

    def told(one: Table, other: Table) -> list[str]:
        return sorted(map(str, difference(one, other).rows))

    assert told(before, after) == told(shuffled(before), shuffled(after))
