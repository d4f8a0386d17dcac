"""How long connections take to come about, and to end: (EbpfSource, Asked) -> Found. `network.py` calls it."""

from dataclasses import replace

from bot.domain.errors import CannotAnswer
from bot.domain.network import CONNECTED_OUTCOMES, Coverage, Outcome
from bot.domain.ports import EbpfSource
from bot.domain.query import Group, Groups, Measure
from bot.tables.units import human_duration
from bot.tools.asked import Asked, Found
from bot.tools.columns import Field, field, tabulate, text_of
from bot.tools.grouping import GROUPINGS
from bot.tools.nothing import nothing
from bot.tools.seen_here import seen_here
from bot.tools.wording import behind, counted, when

_CONNECTED = CONNECTED_OUTCOMES | {Outcome.RESET}
"""What got through the handshake."""
_SLOWEST = Measure("p95", "waited_us")
_MEASURES = (
    Measure("p50", "waited_us"),
    _SLOWEST,
    Measure("p99", "waited_us"),
    Measure("max", "waited_us"),
    Measure("p50", "rtt_us"),
    Measure("sum", "retransmits"),
    Measure("p50", "duration_us"),
)


async def connection_latency(source: EbpfSource, asked: Asked) -> Found:
    """Handshakes by `by`, the slowest p95 first; ties by count. Raises: CannotAnswer."""
    grouping = GROUPINGS[asked.arguments.by]
    query = asked.aggregate(
        "connection",
        *grouping.fields,
        wanted=replace(asked.filter, outcomes=_CONNECTED, protocol="TCP"),
        measures=_MEASURES,
        top=asked.arguments.max_events,
    )
    found = await source.aggregate(replace(query, by=_SLOWEST))
    if "outcome" in found.coverage.unknown:
        raise _no_handshakes(found.coverage)
    if not found.groups:
        return await _none_came_about(source, asked, found)
    tables = tabulate(
        f"Handshakes by {grouping.title}, the slowest first",
        (*grouping.columns, *_FIGURES, *await _causes(source, asked)),
        found.groups,
        total_rows=found.total,
    )
    return Found(_sentence(asked, found), tables, found.coverage)


async def _none_came_about(source: EbpfSource, asked: Asked, found: Groups) -> Found:
    attempts = await source.aggregate(asked.aggregate("connection", wanted=replace(asked.filter, protocol="TCP")))
    count = attempts.coverage.matched
    if not count:
        return await nothing(source, asked, found.coverage, "connection")
    tried = f"{counted(count, 'TCP attempt')}{behind('by', asked.arguments)} {when(asked)}"
    return Found(f"no handshake came about in {tried}; find_failures says why", (), found.coverage)


async def _causes(source: EbpfSource, asked: Asked) -> tuple[Field[Group], ...]:
    if asked.arguments.by not in ("destination", "address"):
        return ()
    seen = await seen_here(source, asked)
    at = seen.at if asked.arguments.by == "destination" else seen.with_host
    return (field("seen here", lambda group: at(text_of(group.key[0])), remark=True),)


def _figure(place: int) -> Field[Group]:
    name = ("p50", "p95", "p99", "slowest", "RTT p50")[place]
    is_spare = name in ("p99", "RTT p50")
    return field(name, lambda group: group.values[place], kind="decimal", unit="us", spare=is_spare)


_FIGURES: tuple[Field[Group], ...] = (
    field("connects", lambda group: group.count, kind="integer"),
    *map(_figure, range(5)),
    field("retrans", lambda group: group.values[5], kind="integer"),
    field("open p50", lambda group: group.values[6], kind="decimal", unit="us"),
)


def _sentence(asked: Asked, found: Groups) -> str:
    said = f"{counted(found.coverage.matched, 'TCP handshake')}{behind('by', asked.arguments)} {when(asked)}"
    slowest = found.groups[0]
    where = " ".join(filter(None, map(text_of, slowest.key[:1])))
    p50, p95 = slowest.values[0], slowest.values[1]
    if p50 is None or p95 is None:
        return said
    return f"{said}; slowest: {where}, p50 {human_duration(p50)}, p95 {human_duration(p95)}"


def _no_handshakes(coverage: Coverage) -> CannotAnswer:
    return CannotAnswer(
        "connection_latency",
        f"this server ({coverage.source}) does not record when a connection came about",
        "run netspy collect in its place: it records handshakes",
    )
