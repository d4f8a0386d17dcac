"""This window against an earlier one: (EbpfSource, Asked) -> Found. `network.py` calls it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal, TypeAlias

from bot.domain.network import FAILED_OUTCOMES, Coverage, EventKind, Window
from bot.domain.ports import EbpfSource
from bot.domain.query import GroupField, GroupKey, Groups
from bot.tables.text import plain
from bot.tables.units import human_count
from bot.tools.asked import Asked, Found, noted
from bot.tools.columns import Field, field, tabulate
from bot.tools.kinds import of_each, together
from bot.tools.wording import behind, between

Change: TypeAlias = Literal["new", "gone", "grown", "shrunk"]

GROWTH = 1.5
"""What changed by less than half is as it was."""
LEAST = 3
"""Of events more or less: fewer come and go by chance."""
_COMPARED: Mapping[EventKind, tuple[GroupField, ...]] = {
    "connection": ("process", "destination", "outcome"),
    "drop": ("process", "address", "reason"),
    "retransmit": ("process", "address", "state"),
    "reset": ("process", "address", "direction"),
    "dns": ("process", "lookup", "rcode"),
    "error": ("process", "destination", "errno"),
}
"""Who, to where, and what: three fields of each kind."""
_BAD_KINDS = frozenset({"drop", "retransmit", "reset", "error"})

_Key: TypeAlias = tuple[EventKind, tuple[GroupKey, ...]]


@dataclass(frozen=True, slots=True)
class Compared:
    """How often one thing happened in both windows."""

    kind: EventKind
    process: str | None
    destination: str | None
    what: str | None
    before: int
    after: int

    @property
    def change(self) -> Change | None:
        """None for what is as it was."""
        if abs(self.after - self.before) < LEAST:
            return None
        if not self.before:
            return "new"
        if not self.after:
            return "gone"
        if self.after >= self.before * GROWTH:
            return "grown"
        return "shrunk" if self.before >= self.after * GROWTH else None

    @property
    def is_bad(self) -> bool:
        """A sign of trouble, when it comes as when it goes."""
        if self.kind == "connection":
            return self.what in FAILED_OUTCOMES
        return self.kind in _BAD_KINDS or (self.kind == "dns" and self.what != "NOERROR")


async def compare_periods(source: EbpfSource, asked: Asked) -> Found:
    """What changed, signs of trouble first, then the largest change; ties by name. Raises: CannotAnswer."""
    earlier = _earlier(asked)
    after, coverage = await _counts(source, asked)
    before, past = await _counts(source, replace(asked, window=earlier))
    rows = sorted(_compared(before, after), key=_order)
    tables = tabulate("What changed", _CHANGE, rows[: asked.arguments.max_events], total_rows=len(rows))
    events = f"{human_count(past.matched)} events then, {human_count(coverage.matched)} now"
    told = f"compared with {between(earlier)}: {events}"
    notes = [note for note in past.notes if note not in coverage.notes]
    return Found(_sentence(asked, rows), tables, noted(coverage, told, *notes))


def _earlier(asked: Asked) -> Window:
    """As long as the window, and `earlier` before it."""
    gap = timedelta(seconds=asked.arguments.earlier_s or 0)
    until = asked.window.since - gap
    return Window(until - (asked.window.until - asked.window.since), until)


async def _counts(source: EbpfSource, asked: Asked) -> tuple[dict[_Key, int], Coverage]:
    """Raises: CannotAnswer when the source records none of these kinds."""
    wanted = replace(asked.filter, harmless=False)

    async def groups_of(kind: EventKind) -> Groups:
        return await source.aggregate(asked.aggregate(kind, *_COMPARED[kind], wanted=wanted))

    answers, refusals = await of_each(_COMPARED, groups_of)
    counts = {(kind, group.key): group.count for kind, found in answers.items() for group in found.groups}
    return counts, together([found.coverage for found in answers.values()], refusals)


def _compared(before: Mapping[_Key, int], after: Mapping[_Key, int]) -> Iterable[Compared]:
    for kind, key in dict.fromkeys((*after, *before)):
        process, destination, what = (None if part is None else str(part) for part in key)
        row = Compared(kind, process, destination, what, before.get((kind, key), 0), after.get((kind, key), 0))
        if row.change:
            yield row


def _order(row: Compared) -> tuple[bool, int, str]:
    return not row.is_bad, -abs(row.after - row.before), str((row.kind, row.process, row.destination, row.what))


_CHANGE: tuple[Field[Compared], ...] = (
    field("change", lambda row: row.change, kind="id", remark=True),
    field("event", lambda row: row.kind, kind="id"),
    field("process", lambda row: row.process),
    field("destination", lambda row: row.destination, kind="address"),
    field("what", lambda row: row.what or ("no answer" if row.kind == "dns" else None)),
    field("before", lambda row: row.before, kind="integer", remark=True),
    field("now", lambda row: row.after, kind="integer"),
)


def _sentence(asked: Asked, rows: Sequence[Compared]) -> str:
    said = f"this window{behind('of', asked.arguments)} against the one before it"
    if not rows:
        return f"{said}: nothing changed by more than half"
    by_change = ((change, sum(row.change == change for row in rows)) for change in ("new", "gone", "grown", "shrunk"))
    changes = ", ".join(f"{human_count(count)} {change}" for change, count in by_change if count)
    first = rows[0]
    named = " ".join(plain(part) for part in (first.process, first.destination, first.what) if part)
    return f"{said}: {changes}; most: {named}, {human_count(first.before)} -> {human_count(first.after)}"
