"""The data tools over connection attempts: (EbpfSource, Asked) -> Found. `network.py` calls them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from bot.domain.errors import CannotAnswer
from bot.domain.network import FAILED_OUTCOMES, UNDECIDED_OUTCOMES, Connection, Coverage, Outcome
from bot.domain.ports import EbpfSource
from bot.domain.query import Group, Groups, Measure
from bot.tables.text import plain
from bot.tables.units import human_count
from bot.tools.asked import Asked, Found, noted
from bot.tools.columns import Field, field, tabulate, text_of
from bot.tools.nothing import hidden_lookups, nothing
from bot.tools.patterns import find_behaviours
from bot.tools.wording import behind, counted, newest, span, target

PATTERN_EVENTS = 10_000
"""Patterns are sought in this many of the newest attempts: some megabytes from a server, and well below a second."""


@dataclass(frozen=True, slots=True)
class ProcessCount:
    """What became of one process's attempts."""

    process: str
    attempts: int
    connected: int
    failed: int
    pending: int
    unrecorded: int
    last: datetime


async def get_network_summary(source: EbpfSource, asked: Asked) -> Found:
    """Processes by attempts, the most first; ties by name."""
    groups = await source.aggregate(asked.aggregate("connection", "process", "outcome"))
    if not groups.groups:
        return await nothing(source, asked, groups.coverage, "connection")
    counts = _process_counts(groups.groups)
    tables = tabulate(
        "Connection attempts by process",
        _count_fields(counts),
        counts[: asked.arguments.max_events],
        total_rows=len(counts),
        unknown=groups.coverage.unknown,
    )
    return Found(_summary_sentence(asked, counts, groups.coverage), tables, _telling_hidden(asked, groups.coverage))


async def list_connections(source: EbpfSource, asked: Asked) -> Found:
    """One row an attempt, newest first."""
    found = await source.events(asked.query("connection", limit=asked.arguments.max_events))
    rows = [event for event in found.events if isinstance(event, Connection)]
    if not rows:
        return await nothing(source, asked, found.coverage, "connection")
    matched = found.coverage.matched
    tables = tabulate("Newest connection attempts", _ATTEMPT, rows, total_rows=matched, unknown=found.coverage.unknown)
    attempts = f"{newest(len(rows), matched)}{counted(matched, 'connection attempt')}{behind('by', asked.arguments)}"
    said = f"{attempts} in the last {span(asked.arguments.duration_s)}"
    return Found(said, tables, _telling_hidden(asked, found.coverage))


async def find_failures(source: EbpfSource, asked: Asked) -> Found:
    """Failed attempts by process, destination, outcome and errno, the most frequent first. Raises: CannotAnswer."""
    totals = await source.aggregate(asked.aggregate("connection", "outcome"))
    if "outcome" in totals.coverage.unknown:
        raise _no_outcomes(totals.coverage)
    if not totals.groups:
        return await nothing(source, asked, totals.coverage, "connection")
    failed = _count(totals.groups, FAILED_OUTCOMES)
    if failed == 0:
        return Found(_none_failed(asked, totals), (), replace(totals.coverage, matched=0))
    worst = await source.aggregate(
        asked.aggregate(
            "connection",
            *("process", "destination", "outcome", "errno"),
            outcomes=FAILED_OUTCOMES,
            measures=(Measure("p50", "waited_us"),),
            top=asked.arguments.max_events,
        )
    )
    tables = tabulate(
        "Failed connection attempts",
        _FAILURE,
        worst.groups,
        total_rows=worst.total,
        unknown=worst.coverage.unknown,
    )
    return Found(_failure_sentence(asked, totals, worst), tables, worst.coverage)


async def analyze_patterns(source: EbpfSource, asked: Asked) -> Found:
    """One table for each behaviour that occurs, `max_events` rows each."""
    found = await source.events(asked.query("connection", limit=PATTERN_EVENTS))
    attempts = tuple(event for event in found.events if isinstance(event, Connection))
    if not attempts:
        return await nothing(source, asked, found.coverage, "connection")
    tables = find_behaviours(attempts, max_rows=asked.arguments.max_events)
    coverage = _telling_hidden(asked, found.coverage)
    if len(attempts) < coverage.matched:
        which = f"{newest(len(attempts), coverage.matched)}{human_count(coverage.matched)} attempts"
        coverage = noted(coverage, f"patterns are those of {which}")
    named = ", ".join(f"{table.title.lower()} ({human_count(table.total_rows)})" for table in tables)
    behaviours = named or "no burst, periodic call, fan-out, repeated or new destination"
    return Found(f"{_traffic(asked, attempts, coverage)}; {behaviours}", tables, coverage)


_IMPLIED = {
    Outcome.REFUSED: "ECONNREFUSED",
    Outcome.TIMED_OUT: "ETIMEDOUT",
    Outcome.RESET: "ECONNRESET",
}


def _told(event: Connection) -> str:
    """The outcome, with the errno before it unless it goes without saying."""
    says_nothing = event.errno is None or event.errno == _IMPLIED.get(event.outcome)
    return event.outcome.value if says_nothing else f"{event.errno}: {event.outcome.value}"


_ATTEMPT: tuple[Field[Connection], ...] = (
    field("time", lambda event: event.time, kind="time"),
    field("destination", lambda event: str(event.destination), kind="address"),
    field("protocol", lambda event: event.protocol),
    field("process", lambda event: event.process),
    field("pid", lambda event: event.pid, kind="id"),
    field("outcome", _told, needs="outcome"),
    field("waited", lambda event: event.waited_us, kind="decimal", unit="us", needs="outcome"),
)

_FAILURE: tuple[Field[Group], ...] = (
    field("process", lambda group: text_of(group.key[0])),
    field("destination", lambda group: text_of(group.key[1]), kind="address"),
    field("outcome", lambda group: text_of(group.key[2]), needs="outcome"),
    field("errno", lambda group: text_of(group.key[3]), kind="id", needs="errno"),
    field("attempts", lambda group: group.count, kind="integer"),
    field("p50 wait", lambda group: group.values[0], kind="decimal", unit="us"),
    field("last", lambda group: group.last, kind="time"),
)


def _telling_hidden(asked: Asked, coverage: Coverage) -> Coverage:
    hidden = hidden_lookups(asked, coverage)
    note = f"{counted(hidden, 'failed look-up')} of local sockets hidden (--include-local)"
    return noted(coverage, note) if hidden else coverage


def _count_fields(counts: Sequence[ProcessCount]) -> list[Field[ProcessCount]]:
    fields: list[Field[ProcessCount]] = [
        field("process", lambda row: row.process),
        field("attempts", lambda row: row.attempts, kind="integer"),
        field("connected", lambda row: row.connected, kind="integer", needs="outcome"),
        field("failed", lambda row: row.failed, kind="integer", needs="outcome"),
    ]
    if any(row.pending for row in counts):
        fields.append(field("in progress", lambda row: row.pending, kind="integer", needs="outcome"))
    if any(row.unrecorded for row in counts):
        fields.append(field("not recorded", lambda row: row.unrecorded, kind="integer", needs="outcome"))
    return [*fields, field("last", lambda row: row.last, kind="time")]


def _process_counts(groups: Sequence[Group]) -> list[ProcessCount]:
    by_process = groupby(sorted(groups, key=lambda group: str(group.key[0])), key=lambda group: str(group.key[0]))
    counts = [_process_count(process, tuple(of_process)) for process, of_process in by_process]
    return sorted(counts, key=lambda row: (-row.attempts, row.process))


def _process_count(process: str, groups: Sequence[Group]) -> ProcessCount:
    return ProcessCount(
        process,
        attempts=sum(group.count for group in groups),
        connected=_count(groups, frozenset({Outcome.CONNECTED})),
        failed=_count(groups, FAILED_OUTCOMES),
        pending=_count(groups, frozenset({Outcome.PENDING})),
        unrecorded=_count(groups, frozenset({Outcome.UNKNOWN})),
        last=max(group.last for group in groups),
    )


def _count(groups: Sequence[Group], outcomes: frozenset[Outcome]) -> int:
    """Events of groups whose key ends with an outcome."""
    return sum(group.count for group in groups if group.key[-1] in outcomes)


def _summary_sentence(asked: Asked, counts: Sequence[ProcessCount], coverage: Coverage) -> str:
    """The Go netspy's sentence, and what became of the attempts where that is known."""
    attempts = counted(coverage.matched, "outbound connection attempt")
    by = f"{target(asked.arguments)} made " if target(asked.arguments) else ""
    said = f"{by}{attempts} over the last {counted(asked.arguments.duration_s, 'second')}"
    if "outcome" in coverage.unknown:
        return said
    pending = sum(row.pending for row in counts)
    failed = sum(row.failed for row in counts)
    still = f", {human_count(pending)} still in progress" if pending else ""
    return f"{said}; {human_count(failed) if failed else 'none'} failed{still}"


def _failure_sentence(asked: Asked, totals: Groups, worst: Groups) -> str:
    by = behind("by", asked.arguments)
    failed = _count(totals.groups, FAILED_OUTCOMES)
    said = f"{human_count(failed)} of {counted(totals.coverage.matched, 'attempt')}{by} failed"
    if not worst.groups:
        return said
    first = worst.groups[0]
    process, destination, outcome = (plain(str(part)) for part in first.key[:3])
    return f"{said}; most: {process} to {destination}, {outcome} ({human_count(first.count)})"


def _none_failed(asked: Asked, totals: Groups) -> str:
    by = behind("by", asked.arguments)
    attempts = counted(totals.coverage.matched, "attempt")
    undecided = _count(totals.groups, UNDECIDED_OUTCOMES)
    rest = f"; the outcome of {human_count(undecided)} is not known" if undecided else ""
    return f"no failure in {attempts}{by} in the last {span(asked.arguments.duration_s)}{rest}"


def _traffic(asked: Asked, attempts: Sequence[Connection], coverage: Coverage) -> str:
    protocols = Counter(event.protocol or "unknown protocol" for event in attempts)
    ordered = sorted(protocols.items(), key=lambda entry: (-entry[1], entry[0]))
    by = behind("by", asked.arguments)
    which = newest(len(attempts), coverage.matched)
    destinations = counted(len({str(event.destination) for event in attempts}), "destination")
    over = ", ".join(f"{plain(name)} {human_count(count)}" for name, count in ordered)
    over += "; guessed from the port" if "protocol" in coverage.unknown else ""
    in_time = f"in the last {span(asked.arguments.duration_s)}"
    return f"{which}{counted(coverage.matched, 'attempt')}{by} to {destinations} ({over}) {in_time}"


def _no_outcomes(coverage: Coverage) -> CannotAnswer:
    return CannotAnswer(
        "find_failures",
        f"this server ({coverage.source}) records no return codes, so a refused connect looks like one that succeeded",
        "summary and list work here; a collector that records outcomes comes with a later release",
    )
