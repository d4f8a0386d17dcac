"""The data tools over dropped skbs: (EbpfSource, Asked) -> Found. `network.py` calls them."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.network import Coverage, Drop
from bot.domain.ports import EbpfSource
from bot.domain.query import Filter, Group, GroupKey
from bot.tables.units import human_count
from bot.tools.asked import Asked, Found, noted
from bot.tools.columns import Field, field, tabulate, text_of
from bot.tools.nothing import nothing
from bot.tools.wording import behind, counted, newest, over, when

OWNER_NOTE = (
    "a process is whoever ran at that moment where the skb had no socket: it may have nothing to do with the drop"
)


async def get_packet_drop_summary(source: EbpfSource, asked: Asked) -> Found:
    """Drops by reason, process and place: losses before harmless frees, then the most frequent first."""
    wanted = replace(asked.filter, reason=asked.arguments.reason)
    groups = await source.aggregate(asked.aggregate("drop", "reason", "process", "harmless", "location", wanted=wanted))
    if not groups.groups:
        return await nothing(source, asked, groups.coverage, "drop")
    ordered = sorted(groups.groups, key=lambda group: (group.key[2] is True, -group.count))
    tables = tabulate(
        "Dropped skbs by reason",
        _COUNT,
        ordered[: asked.arguments.max_events],
        total_rows=len(ordered),
        unknown=groups.coverage.unknown,
    )
    return Found(_sentence(asked, ordered, groups.coverage), tables, groups.coverage)


async def list_packet_drops(source: EbpfSource, asked: Asked) -> Found:
    """One row a dropped skb, newest first: losses, and with `include_harmless` those of healthy traffic too."""
    every = replace(asked.filter, reason=asked.arguments.reason)
    wanted = replace(every, harmless=asked.arguments.include_harmless)
    found = await source.events(asked.query("drop", limit=asked.arguments.max_events, wanted=wanted))
    rows = [event for event in found.events if isinstance(event, Drop)]
    hidden = 0 if asked.arguments.include_harmless else await _count_harmless(source, asked, every)
    if not rows and not hidden:
        return await nothing(source, asked, found.coverage, "drop")
    matched = found.coverage.matched
    fields = _BARE_DROP if "reason" in found.coverage.unknown else _DROP
    tables = tabulate("Newest dropped skbs", fields, rows, total_rows=matched, unknown=found.coverage.unknown)
    said = f"{newest(len(rows), matched)}{_dropped(asked, matched)} {when(asked)}{_hidden(hidden)}"
    return Found(said, tables, _with_owner_note(found.coverage, rows))


async def _count_harmless(source: EbpfSource, asked: Asked, wanted: Filter) -> int:
    groups = await source.aggregate(asked.aggregate("drop", "harmless", wanted=wanted))
    return sum(group.count for group in groups.groups if group.key[0] is True)


def _hidden(count: int) -> str:
    """Whatever nobody lost is not shown, but told."""
    return f"; {human_count(count)} of healthy traffic left out (--include-harmless)" if count else ""


_COUNT: tuple[Field[Group], ...] = (
    field("reason", lambda group: text_of(group.key[0]), kind="id", needs="reason"),
    field("process", lambda group: text_of(group.key[1]), remark=True),
    field("skbs", lambda group: group.count, kind="integer"),
    field("harmless", lambda group: _yes_or_no(group.key[2]), needs="harmless"),
    field("location", lambda group: text_of(group.key[3]), needs="location"),
    field("last", lambda group: group.last, kind="time"),
)

_DROP: tuple[Field[Drop], ...] = (
    field("time", lambda event: event.time, kind="time"),
    field("reason", lambda event: event.reason, kind="id", needs="reason"),
    field("location", lambda event: _function(event.location), needs="location"),
    field("size", lambda event: event.size_bytes, kind="integer", unit="bytes", needs="size"),
    field("process", lambda event: event.process, remark=True),
    field("destination", lambda event: str(event.destination) if event.destination else None, kind="address"),
    field("harmless", lambda event: _yes_or_no(event.harmless), needs="harmless"),
)

_BARE_DROP: tuple[Field[Drop], ...] = (
    field("time", lambda event: event.time, kind="time"),
    field("process", lambda event: event.process),
    field("pid", lambda event: event.pid, kind="id", remark=True),
)
"""Of a source that cannot tell why: then at least who. Elsewhere a pid would push better columns out of 80 cells."""


def _sentence(asked: Asked, groups: Sequence[Group], coverage: Coverage) -> str:
    said = f"{_dropped(asked, coverage.matched)} {over(asked)}"
    if "harmless" in coverage.unknown:
        return f"{said}; this source cannot tell losses from harmless frees"
    harmless = sum(group.count for group in groups if group.key[2] is True)
    losses = sum(group.count for group in groups if group.key[2] is False)
    unsorted = coverage.matched - harmless - losses
    rest = f", {human_count(unsorted)} of unknown kind" if unsorted else ""
    return f"{said}: {human_count(losses)} lost, {human_count(harmless)} harmless{rest}"


def _function(location: str | None) -> str | None:
    """Without the offset into it: enough to see where, and narrow."""
    return location.partition("+")[0] if location else None


def _dropped(asked: Asked, count: int) -> str:
    return f"{counted(count, 'dropped skb')}{behind('of', asked.arguments)}"


def _with_owner_note(coverage: Coverage, rows: Sequence[Drop]) -> Coverage:
    guessed = any(event.owner == "current" for event in rows)
    return noted(coverage, OWNER_NOTE) if guessed else coverage


def _yes_or_no(harmless: GroupKey) -> str | None:
    return {True: "yes", False: "no"}.get(harmless) if isinstance(harmless, bool) else None
