"""The data tools over connection attempts: (EbpfSource, Asked) -> Found. `network.py` calls them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from bot.domain.network import FAILED_OUTCOMES, Accepted, Connection, Coverage, Outcome
from bot.domain.ports import EbpfSource
from bot.domain.query import Group
from bot.tables.text import plain
from bot.tables.units import human_count
from bot.tools.asked import Asked, Found, noted
from bot.tools.columns import Field, field, tabulate
from bot.tools.failures import events_with
from bot.tools.nothing import hidden_lookups, nothing
from bot.tools.patterns import find_behaviours
from bot.tools.wording import behind, counted, newest, over, place, target, when

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
    return Found(_summary_sentence(asked, counts, groups.coverage), tables, telling_hidden(asked, groups.coverage))


async def list_connections(source: EbpfSource, asked: Asked) -> Found:
    """One row an attempt, newest first; with direction `in` one a connection that was accepted."""
    if asked.arguments.direction == "in":
        return await _list_accepted(source, asked)
    found = await source.events(asked.query("connection", limit=asked.arguments.max_events))
    rows = [event for event in found.events if isinstance(event, Connection)]
    if not rows:
        return await nothing(source, asked, found.coverage, "connection")
    matched = found.coverage.matched
    tables = tabulate("Newest connection attempts", _ATTEMPT, rows, total_rows=matched, unknown=found.coverage.unknown)
    attempts = f"{newest(len(rows), matched)}{counted(matched, 'connection attempt')}{behind('by', asked.arguments)}"
    return Found(f"{attempts} {when(asked)}", tables, telling_hidden(asked, found.coverage))


async def _list_accepted(source: EbpfSource, asked: Asked) -> Found:
    """One row a connection that came in, newest first."""
    found = await source.events(asked.query("accept", limit=asked.arguments.max_events))
    rows = [event for event in found.events if isinstance(event, Accepted)]
    if not rows:
        return await nothing(source, asked, found.coverage, "accept")
    matched = found.coverage.matched
    tables = tabulate("Newest accepted connections", _ACCEPTED, rows, total_rows=matched)
    said = f"{newest(len(rows), matched)}{counted(matched, 'accepted connection')}{behind('by', asked.arguments)}"
    return Found(f"{said} {when(asked)}", tables, found.coverage)


async def analyze_patterns(source: EbpfSource, asked: Asked) -> Found:
    """One table for each behaviour that occurs, `max_events` rows each."""
    found = await source.events(asked.query("connection", limit=PATTERN_EVENTS))
    attempts = tuple(event for event in found.events if isinstance(event, Connection))
    if not attempts:
        return await nothing(source, asked, found.coverage, "connection")
    tables = find_behaviours(attempts, max_rows=asked.arguments.max_events)
    coverage = telling_hidden(asked, found.coverage)
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
    field("pid", lambda event: event.pid, kind="id", remark=True),
    field("outcome", _told, needs="outcome"),
    field("waited", lambda event: event.waited_us, kind="decimal", unit="us", needs="outcome"),
    field("name", lambda event: event.destination.name, kind="address", spare=True, remark=True),
)

_ACCEPTED: tuple[Field[Accepted], ...] = (
    field("time", lambda event: event.time, kind="time"),
    field("from", lambda event: str(event.source), kind="address"),
    field("to", lambda event: str(event.destination), kind="address"),
    field("process", lambda event: event.process),
    field("sent", lambda event: event.sent_bytes, kind="integer", unit="bytes"),
    field("received", lambda event: event.received_bytes, kind="integer", unit="bytes"),
    field("duration", lambda event: event.duration_us, kind="decimal", unit="us"),
    field("errno", lambda event: event.errno, kind="id"),
)


def telling_hidden(asked: Asked, coverage: Coverage) -> Coverage:
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
        connected=events_with(groups, frozenset({Outcome.CONNECTED})),
        failed=events_with(groups, FAILED_OUTCOMES),
        pending=events_with(groups, frozenset({Outcome.PENDING})),
        unrecorded=events_with(groups, frozenset({Outcome.UNKNOWN})),
        last=max(group.last for group in groups),
    )


def _summary_sentence(asked: Asked, counts: Sequence[ProcessCount], coverage: Coverage) -> str:
    """The Go netspy's sentence, and what became of the attempts where that is known."""
    attempts = counted(coverage.matched, "outbound connection attempt")
    by = f"{target(asked.arguments)} made " if target(asked.arguments) else ""
    said = f"{by}{attempts}{place(asked.arguments)} {over(asked)}"
    if "outcome" in coverage.unknown:
        return said
    pending = sum(row.pending for row in counts)
    failed = sum(row.failed for row in counts)
    still = f", {human_count(pending)} still in progress" if pending else ""
    return f"{said}; {human_count(failed) if failed else 'none'} failed{still}"


def _traffic(asked: Asked, attempts: Sequence[Connection], coverage: Coverage) -> str:
    protocols = Counter(event.protocol or "unknown protocol" for event in attempts)
    ordered = sorted(protocols.items(), key=lambda entry: (-entry[1], entry[0]))
    by = behind("by", asked.arguments)
    which = newest(len(attempts), coverage.matched)
    destinations = counted(len({str(event.destination) for event in attempts}), "destination")
    spoken = ", ".join(f"{plain(name)} {human_count(count)}" for name, count in ordered)
    spoken += "; guessed from the port" if "protocol" in coverage.unknown else ""
    return f"{which}{counted(coverage.matched, 'attempt')}{by} to {destinations} ({spoken}) {when(asked)}"
