"""Who sends and receives most: (EbpfSource, Asked) -> Found. `network.py` calls it."""

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.errors import CannotAnswer
from bot.domain.network import Coverage, EventKind
from bot.domain.ports import EbpfSource
from bot.domain.query import Group, Groups, Measure
from bot.tables.text import plain
from bot.tables.units import human_bytes, human_count
from bot.tools.asked import Asked, Found, noted
from bot.tools.columns import Field, field, tabulate, text_of
from bot.tools.grouping import GROUPINGS
from bot.tools.nothing import NOUNS, nothing
from bot.tools.wording import behind, counted, when

_BY: Mapping[str, Measure | None] = {
    "bytes": Measure("sum", "transferred_bytes"),
    "connections": None,
    "retransmits": Measure("sum", "retransmits"),
}
"""What makes a group large, by the value of `--measure`; None: its connections."""
_MEASURES = tuple(Measure("sum", name) for name in ("transferred_bytes", "sent_bytes", "received_bytes", "retransmits"))
_STILL_OPEN = "bytes are those of connections that have ended; list_sockets has the open ones"


async def top_talkers(source: EbpfSource, asked: Asked) -> Found:
    """Groups by `by`, those with the most of `measure` first; ties by count, then by key. Raises: CannotAnswer."""
    comes_in = asked.arguments.direction == "in"
    kind: EventKind = "accept" if comes_in else "connection"
    grouping = GROUPINGS["source" if comes_in and asked.arguments.by in ("address", "name") else asked.arguments.by]
    query = asked.aggregate(kind, *grouping.fields, measures=_MEASURES, top=asked.arguments.max_events)
    found = await source.aggregate(replace(query, by=_BY[asked.arguments.measure]))
    if asked.arguments.measure != "connections" and "outcome" in found.coverage.unknown:
        raise _no_bytes(asked, found.coverage)
    if not found.groups:
        return await nothing(source, asked, found.coverage, kind)
    tables = tabulate(
        f"Most {asked.arguments.measure} by {grouping.title}",
        (*grouping.columns, *_FIGURES),
        found.groups,
        total_rows=found.total,
    )
    coverage = noted(found.coverage, _STILL_OPEN) if asked.arguments.measure == "bytes" else found.coverage
    return Found(_sentence(asked, kind, found), tables, coverage)


_FIGURES: tuple[Field[Group], ...] = (
    field("bytes", lambda group: group.values[0], kind="integer", unit="bytes"),
    field("sent", lambda group: group.values[1], kind="integer", unit="bytes", spare=True),
    field("received", lambda group: group.values[2], kind="integer", unit="bytes", spare=True),
    field("connections", lambda group: group.count, kind="integer"),
    field("retransmits", lambda group: group.values[3], kind="integer"),
)


def _sentence(asked: Asked, kind: EventKind, found: Groups) -> str:
    said = f"{counted(found.coverage.matched, NOUNS[kind])}{behind('by', asked.arguments)} {when(asked)}"
    first = found.groups[0]
    parts = first.key[: 2 if asked.arguments.by == "pair" else 1]
    who = plain(" to ".join(filter(None, map(text_of, parts))))
    return f"{said}; most {asked.arguments.measure}: {who or '(none)'} ({_most(asked, first)})"


def _most(asked: Asked, group: Group) -> str:
    match asked.arguments.measure:
        case "bytes":
            return human_bytes(group.values[0] or 0)
        case "retransmits":
            return human_count(group.values[3] or 0)
        case _:
            return human_count(group.count)


def _no_bytes(asked: Asked, coverage: Coverage) -> CannotAnswer:
    return CannotAnswer(
        "top_talkers",
        f"this server ({coverage.source}) records no {asked.arguments.measure}",
        "add --measure connections, or run netspy collect in its place",
    )
