"""What is new, gone, grown or shrunk between two answers to the same question. Pure; `identity.py` joins the rows.

What is on one side alone is new or gone, however little it is. What is on both has grown or shrunk where one of its
numbers changed by more than noise (`noise.RULE`), a count of trouble before the main one, that before the others. All
else is as before. A side that was cut can't tell what it lacks.

Trouble comes first, and of it what came or went before what grew or shrank; then whatever exceeds noise by most, which
of equal kinds is the largest difference; then in the order of the tables, which begin with what matters.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, get_args

from bot.domain.table import Cell, Column, Table
from bot.tables.identity import COUNT, Key, Shape, Thing, aligned, things
from bot.tables.noise import beyond
from bot.tables.text import plain
from bot.tables.trouble import TROUBLE_COUNTS, is_trouble
from bot.tables.units import UNKNOWN, human_count, number_text

Change: TypeAlias = Literal["new", "gone", "grown", "shrunk"]

THEN, NOW = " then", " now"
"""What stands behind a number's name."""
CHANGE: Final = Column("change", "id")
TITLE: Final = ": then and now"
LASTING: Final = ": as before"
NOTHING_BEFORE: Final = "nothing to compare with"
CAREFULLY: Final = "compare with care"
"""How lines begin that tell of a missing side, and of what makes a comparison doubtful."""
_LASTING_ROWS = 5
_YES_OR_NO = ("yes", "no")
"""Without their column's name they say nothing."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing on both sides; None: it is not on that one. `lead` is the number that tells most."""

    key: Key
    before: Thing | None
    after: Thing | None
    lead: Column
    change: Change | None
    """None: as before."""
    excess: float
    is_bad: bool

    @property
    def order(self) -> tuple[bool, bool, float, int, str]:
        places = [side.place for side in (self.before, self.after) if side]
        is_there_twice = self.is_bad and self.change not in {"new", "gone"}
        return not self.is_bad, is_there_twice, -self.excess, min(places), str(self.key)

    def amount(self, side: Thing | None, column: Column) -> float | None:
        """Of what is not there, no event; how long it took can't be said."""
        if side is None:
            return 0 if column.kind == "integer" else None
        return side.amounts.get(column.name)

    def differs(self, column: Column) -> bool:
        return self.amount(self.before, column) != self.amount(self.after, column)


@dataclass(frozen=True, slots=True)
class Difference:
    """`changed` in the order of the table. `untold`: things that a cut table may or may not have."""

    title: str
    shape: Shape
    changed: tuple[Compared, ...]
    kept: tuple[Compared, ...]
    untold: int
    uncounted: str = ""
    """Why there is nothing to compare: single events of which only the newest were listed."""

    @property
    def table(self) -> Table:
        """One row a change."""
        return _table(f"{self.title}{TITLE}", self.changed, self.shape)

    @property
    def lasting(self) -> Table:
        """Trouble that is as before, the first rows of it; empty where there is none."""
        found = sorted((each for each in self.kept if each.is_bad), key=lambda each: each.order[3:])
        table = _table(f"{self.title}{LASTING}", found[:_LASTING_ROWS], self.shape)
        return replace(table, total_rows=len(found))


def difference(before: Table, after: Table) -> Table:
    """The changes alone, as `compared` finds them."""
    return compared(before, after).table


def compared(before: Table, after: Table) -> Difference:
    shape, then, now = aligned(before, after)
    are_cut = [len(table.rows) < table.total_rows for table in (then, now)]
    if shape.counts_rows and any(are_cut):
        return Difference(after.title, shape, (), (), 0, _uncounted(then, now))
    found = _joined(things(then, shape), things(now, shape), shape)
    known = [each for each in found if not _may_be_cut_off(each, *are_cut)]
    changed = sorted((each for each in known if each.change), key=lambda each: each.order)
    kept = tuple(each for each in known if not each.change)
    return Difference(after.title, shape, tuple(changed), kept, len(found) - len(known))


def summary_of(found: Difference) -> str:
    """`Failed connection attempts: 12 gone, 5 as before; most: ledger -> 10.99.0.2:8443 refused, attempts 30 -> 0`."""
    title = plain(found.title)
    if found.uncounted:
        return f"{title}: {found.uncounted}"
    counts = [(change, sum(each.change == change for each in found.changed)) for change in get_args(Change)]
    parts = [f"{human_count(count)} {change}" for change, count in counts if count] or ["nothing changed"]
    parts += [f"{human_count(len(found.kept))} as before"] if found.kept else []
    parts += [f"{human_count(found.untold)} not known, as only the first rows were kept"] if found.untold else []
    most = next(iter([*found.changed, *(each for each in found.kept if each.is_bad)]), None)
    return f"{title}: {', '.join(parts)}{f'; most: {told(most, found.shape)}' if most else ''}"


def told(each: Compared, shape: Shape) -> str:
    """`ledger -> 10.99.0.2:8443 refused, attempts 30 -> 0`."""
    named = [
        f"-> {plain(str(cell))}" if column.kind == "address" and place else plain(str(cell))
        for place, (column, cell) in enumerate(zip(shape.names, each.key, strict=True))
        if cell not in {None, "", *_YES_OR_NO}
    ]
    then, now = (_written(each.amount(side, each.lead), each.lead) for side in (each.before, each.after))
    return f"{' '.join(named)}, {plain(_called(each.lead))} {then} -> {now}".removeprefix(", ")


def _written(amount: float | None, column: Column) -> str:
    return UNKNOWN if amount is None else number_text(amount, column)


def _joined(before: Mapping[Key, Thing], after: Mapping[Key, Thing], shape: Shape) -> list[Compared]:
    return [_compared(key, before.get(key), after.get(key), shape) for key in dict.fromkeys((*before, *after))]


def _compared(key: Key, before: Thing | None, after: Thing | None, shape: Shape) -> Compared:
    bare = Compared(key, before, after, shape.measures[0], None, 0.0, is_bad=False)
    ordered = sorted(shape.measures, key=lambda column: column.name not in TROUBLE_COUNTS)
    excess = {column: _excess(bare, column) for column in ordered}
    is_told = (lambda column: excess[column] > 1) if before and after else bare.differs
    lead = _lead(ordered, shape.measures[0], is_told)
    change = _change(bare, lead, excess[lead])
    lead = lead if change else _lasting_trouble(bare, ordered) or lead
    is_wrong = is_trouble({column.name: cell for column, cell in zip(shape.names, key, strict=True)})
    is_bad = is_wrong or (lead.name in TROUBLE_COUNTS and bool(change or bare.amount(after, lead)))
    return replace(bare, lead=lead, change=change, excess=excess[lead], is_bad=is_bad)


def _lead(ordered: Sequence[Column], main: Column, is_told: Callable[[Column], bool]) -> Column:
    of_trouble = [column for column in ordered if column.name in TROUBLE_COUNTS]
    return next(filter(is_told, dict.fromkeys([*of_trouble, main, *ordered])), main)


def _change(each: Compared, lead: Column, excess: float) -> Change | None:
    if each.before is None:
        return "new"
    if each.after is None:
        return "gone"
    if excess <= 1:
        return None
    return "grown" if (each.amount(each.after, lead) or 0) > (each.amount(each.before, lead) or 0) else "shrunk"


def _excess(each: Compared, column: Column) -> float:
    before, after = each.amount(each.before, column), each.amount(each.after, column)
    return 0.0 if before is None or after is None else beyond(column, before, after)


def _lasting_trouble(each: Compared, ordered: Iterable[Column]) -> Column | None:
    counted = (column for column in ordered if column.name in TROUBLE_COUNTS)
    return next((column for column in counted if each.amount(each.after, column)), None)


def _may_be_cut_off(each: Compared, was_cut: bool, is_cut: bool) -> bool:  # noqa: FBT001 - one for each side
    return (each.before is None and was_cut) or (each.after is None and is_cut)


def _uncounted(before: Table, after: Table) -> str:
    rows = f"{human_count(before.total_rows)} then, {human_count(after.total_rows)} now"
    listed = max(len(before.rows), len(after.rows))
    return (
        f"{rows}; only the newest {human_count(listed)} were listed, so that they can't be compared one by one: "
        "ask for more rows, or for counts"
    )


def _table(title: str, rows: Sequence[Compared], shape: Shape) -> Table:
    columns: list[tuple[Column, _Cells]] = [(CHANGE, [each.change or "as before" for each in rows])]
    columns += _filled((column, [each.key[place] for each in rows]) for place, column in enumerate(shape.names))
    leads = {each.lead for each in rows} | {shape.measures[0]}
    for column in shape.measures:
        if column in leads or any(each.differs(column) for each in rows):
            columns += _both(column, rows, is_spare=column not in leads)
    columns += _filled((replace(column, spare=True), _remarks(column, rows)) for column in shape.remarks)
    cells = tuple(zip(*(cells for _, cells in columns), strict=True))
    return Table(title, tuple(column for column, _ in columns), cells, len(cells))


_Cells: TypeAlias = Sequence[Cell]


def _filled(columns: Iterable[tuple[Column, _Cells]]) -> list[tuple[Column, _Cells]]:
    return [(column, cells) for column, cells in columns if any(cell is not None for cell in cells)]


def _called(column: Column) -> str:
    """A column that is called as one of the two sides counts what was on it."""
    return COUNT.name if column.name == NOW.strip() else column.name


def _both(column: Column, rows: Sequence[Compared], *, is_spare: bool) -> list[tuple[Column, _Cells]]:
    def of(word: str) -> Column:
        return replace(column, name=f"{_called(column)}{word}", spare=is_spare)

    return [
        (of(THEN), [each.amount(each.before, column) for each in rows]),
        (of(NOW), [each.amount(each.after, column) for each in rows]),
    ]


def _remarks(column: Column, rows: Sequence[Compared]) -> list[Cell]:
    """As it is now, else as it was: a cause goes with what it caused."""
    sides = [(each.after, each.before) for each in rows]
    return [next((side.remarks[column.name] for side in both if side), None) for both in sides]
