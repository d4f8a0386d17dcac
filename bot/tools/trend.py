"""How many events there were in each slot of time: (EbpfSource, Asked) -> Found. `network.py` calls it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil

from bot.domain.errors import InvalidArguments
from bot.domain.network import EVENT_TYPES, Coverage, EventKind
from bot.domain.ports import EbpfSource
from bot.domain.query import GroupKey, Groups
from bot.domain.table import Line, Series, Table
from bot.tables.text import plain
from bot.tables.units import human_count
from bot.tools.asked import Asked, Found, noted
from bot.tools.columns import Field, field, tabulate
from bot.tools.events import filter_of
from bot.tools.grouping import GROUPINGS
from bot.tools.kinds import of_each, together
from bot.tools.nothing import NOUNS, nothing
from bot.tools.wording import behind, counted, when

SLOTS = 30
"""Slots that a window is cut into: so many fit under each other, and into a chart of any platform."""
MAX_SLOTS = 1000
LINES = 5
"""Values that have a column and a line of their own; the others are counted together."""
_NICE_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
_OTHERS = "others"
_KIND = "kind"

_Slots = Mapping[str, Counter[int]]


async def event_trend(source: EbpfSource, asked: Asked) -> Found:
    """One row a slot of time, oldest first; a column for each of the most frequent values of `by`, and a chart."""
    slot_s = asked.arguments.slot_s or nice_slot(asked.window.duration_s)
    count = ceil(asked.window.duration_s / slot_s)
    if count > MAX_SLOTS:
        got = f"that cuts the window into {count:,} slots, of which {MAX_SLOTS:,} are the most"
        raise InvalidArguments("--slot", got, "give a longer one, or a shorter window")
    slots, coverage = await (_by_kind if asked.arguments.by == _KIND else _by_field)(source, asked, slot_s)
    if not slots:
        return await nothing(source, asked, coverage, _kind(asked))
    by_value = _largest(slots)
    moments = [asked.window.since + timedelta(seconds=slot_s * number) for number in range(count)]
    tables, chart = _table(asked, by_value, moments), _chart(asked, by_value, moments)
    told = noted(coverage, f"slots of {slot_s} s, the last one may be shorter")
    return Found(_sentence(asked, coverage.matched, by_value, moments), tables, told, charts=(chart,))


def nice_slot(duration_s: float) -> int:
    """A round number of seconds that cuts the window into about `SLOTS`."""
    return next((size_s for size_s in _NICE_S if duration_s / size_s <= SLOTS), ceil(duration_s / SLOTS))


async def _by_field(source: EbpfSource, asked: Asked, slot_s: int) -> tuple[_Slots, Coverage]:
    kind, field_ = _kind(asked), GROUPINGS[asked.arguments.by].fields[0]
    query = asked.aggregate(kind, "slot", field_, wanted=filter_of(asked, kind))
    found = await source.aggregate(replace(query, slot_s=slot_s))
    slots: dict[str, Counter[int]] = {}
    for group in found.groups:
        slot, value = group.key
        slots.setdefault(_named(value), Counter())[int(slot or 0)] += group.count
    return slots, found.coverage


async def _by_kind(source: EbpfSource, asked: Asked, slot_s: int) -> tuple[_Slots, Coverage]:
    """Raises: CannotAnswer when the source records none of the kinds."""

    async def slots_of(kind: EventKind) -> Groups:
        query = asked.aggregate(kind, "slot", wanted=filter_of(asked, kind))
        return await source.aggregate(replace(query, slot_s=slot_s))

    answers, refusals = await of_each([asked.arguments.kind] if asked.arguments.kind else EVENT_TYPES, slots_of)
    slots = {
        kind: Counter({int(group.key[0] or 0): group.count for group in found.groups})
        for kind, found in answers.items()
    }
    coverage = together([found.coverage for found in answers.values()], refusals)
    return {kind: counts for kind, counts in slots.items() if counts}, coverage


def _kind(asked: Asked) -> EventKind:
    return asked.arguments.kind or "connection"


def _noun(asked: Asked) -> str:
    return "event" if asked.arguments.by == _KIND and not asked.arguments.kind else NOUNS[_kind(asked)]


def _named(value: GroupKey) -> str:
    return "(none)" if value is None else str(value)


def _largest(slots: _Slots) -> _Slots:
    ordered = sorted(slots.items(), key=lambda entry: (-entry[1].total(), entry[0]))
    if len(ordered) <= LINES + 1:
        return dict(ordered)
    rest = sum((counts for _, counts in ordered[LINES:]), Counter[int]())
    return {**dict(ordered[:LINES]), _OTHERS: rest}


def _table(asked: Asked, by_value: _Slots, moments: Sequence[datetime]) -> tuple[Table, ...]:
    title = _KIND if asked.arguments.by == _KIND else GROUPINGS[asked.arguments.by].title
    total = sum(by_value.values(), Counter[int]())
    columns: list[Field[int]] = [field("from", lambda slot: moments[slot], kind="time")]
    columns.append(field("all", lambda slot: total[slot], kind="integer"))
    columns += [_column(value, counts) for value, counts in by_value.items()]
    return tabulate(f"{_noun(asked).capitalize()}s over time, by {title}", columns, range(len(moments)), total_rows=0)


def _column(value: str, counts: Counter[int]) -> Field[int]:
    return field(plain(value), lambda slot: counts[slot], kind="integer")


def _chart(asked: Asked, by_value: _Slots, moments: Sequence[datetime]) -> Series:
    is_long = asked.window.duration_s > 86_400
    return Series(
        f"{_noun(asked).capitalize()}s over time (UTC)",
        tuple(f"{moment:%m-%d %H:%M}" if is_long else f"{moment:%H:%M:%S}" for moment in moments),
        tuple(
            Line(plain(value), tuple(float(counts[slot]) for slot in range(len(moments))))
            for value, counts in by_value.items()
        ),
    )


def _sentence(asked: Asked, matched: int, by_value: _Slots, moments: Sequence[datetime]) -> str:
    total = sum(by_value.values(), Counter[int]())
    slot, most = max(total.items(), key=lambda entry: (entry[1], -entry[0]))
    said = f"{counted(matched, _noun(asked))}{behind('by', asked.arguments)} {when(asked)}"
    return f"{said}; most from {moments[slot]:%H:%M:%S} UTC on: {human_count(most)} in one slot"
