"""What was asked of DNS, and what it answered: (EbpfSource, Asked) -> Found. `network.py` calls it."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.ports import EbpfSource
from bot.domain.query import Group, Measure
from bot.tables.text import plain
from bot.tables.units import human_count
from bot.tools.asked import Asked, Found
from bot.tools.columns import Field, field, tabulate, text_of
from bot.tools.nothing import nothing
from bot.tools.wording import behind, counted, when

SLOW_US = 500_000
"""A resolver answers in milliseconds; programs wait for it at every new connection."""
_MEASURES = (Measure("p50", "latency_us"), Measure("max", "latency_us"), Measure("max", "tries"))
_NO_ANSWER = "no answer"


async def dns_lookups(source: EbpfSource, asked: Asked) -> Found:
    """Names by what came of them: unanswered and other failures first, then slow ones, then the most frequent."""
    wanted = replace(asked.filter, lookup=asked.arguments.lookup)
    found = await source.aggregate(
        asked.aggregate("dns", *("lookup", "type", "rcode", "address", "process"), wanted=wanted, measures=_MEASURES)
    )
    if not found.groups:
        return await nothing(source, asked, found.coverage, "dns")
    ordered = sorted(found.groups, key=_order)
    tables = tabulate(
        "DNS look-ups, failures first", _LOOKUP, ordered[: asked.arguments.max_events], total_rows=found.total
    )
    return Found(_sentence(asked, ordered, found.coverage.matched), tables, found.coverage)


def has_failed(group: Group) -> bool:
    """NXDOMAIN too: search lists make healthy ones, but it is what a wrong name looks like."""
    return _rcode(group) not in ("NOERROR", None)


def _rcode(group: Group) -> str | None:
    """None where an answer came that could not be read."""
    if group.key[2] is None:
        return _NO_ANSWER if group.values[0] is None else None
    return str(group.key[2])


def _order(group: Group) -> tuple[bool, bool, bool, int, str]:
    """Who waits in vain comes before who is told at once that there is nothing."""
    is_silent = _rcode(group) == _NO_ANSWER
    return not is_silent, not has_failed(group), not _is_slow(group), -group.count, str(group.key)


def _is_slow(group: Group) -> bool:
    return (group.values[1] or 0) >= SLOW_US


_LOOKUP: tuple[Field[Group], ...] = (
    field("name", lambda group: text_of(group.key[0]), kind="address"),
    field("type", lambda group: text_of(group.key[1]), kind="id"),
    field("answer", _rcode, kind="id"),
    field("look-ups", lambda group: group.count, kind="integer"),
    field("p50", lambda group: group.values[0], kind="decimal", unit="us"),
    field("slowest", lambda group: group.values[1], kind="decimal", unit="us"),
    field("tries", lambda group: _if_several(group.values[2]), kind="integer"),
    field("process", lambda group: text_of(group.key[4])),
    field("resolver", lambda group: text_of(group.key[3]), kind="address", spare=True),
    field("last", lambda group: group.last, kind="time", spare=True),
)


def _if_several(tries: float | None) -> float | None:
    return tries if tries and tries > 1 else None


def _sentence(asked: Asked, groups: Sequence[Group], matched: int) -> str:
    failed = [group for group in groups if has_failed(group)]
    slow = sum(group.count for group in groups if _is_slow(group))
    said = f"{counted(matched, 'DNS look-up')}{behind('by', asked.arguments)} {when(asked)}"
    if not failed:
        return f"{said}; none failed{_slow(slow)}"
    worst = failed[0]
    named = f"{plain(str(worst.key[0]))} {_rcode(worst)} ({human_count(worst.count)})"
    return f"{said}; {human_count(sum(group.count for group in failed))} failed, most: {named}{_slow(slow)}"


def _slow(count: int) -> str:
    return f"; names with {counted(count, 'look-up')} took half a second or longer" if count else ""
