"""Where events come from and what of them is missing: (EbpfSource, Asked) -> Found. `network.py` calls it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.network import Coverage, EventKind, Window, added
from bot.domain.ports import EbpfSource
from bot.domain.source_status import KindStatus, SourceStatus
from bot.domain.table import Table
from bot.tables.text import as_sentence
from bot.tables.units import human_count
from bot.tools.asked import Asked, Found
from bot.tools.columns import Field, field, tabulate
from bot.tools.wording import counted


@dataclass(frozen=True, slots=True)
class _Kind:
    node: str | None
    kind: EventKind
    status: KindStatus


@dataclass(frozen=True, slots=True)
class _Program:
    node: str | None
    name: str
    missing: str | None
    """Why it does not run."""


async def source_status(source: EbpfSource, asked: Asked) -> Found:
    """Kinds of events with what is kept and lost of each; programs that do not run come first."""
    status = await source.status()
    parts = _parts(status)
    coverage = Coverage(
        source=status.source,
        kind=status.kind,
        window=Window(status.since or asked.window.until, status.until or asked.window.until),
        seen=None,
        matched=sum(kind.status.stored or 0 for kind in _kinds(parts)),
        lost=_lost(parts),
        nodes=tuple(node.name for node in status.nodes if node.status),
        notes=(*status.notes, *(f"no answer of {node.name}: {node.failure}" for node in status.nodes if node.failure)),
    )
    return Found(_sentence(status, parts), (*_programs(parts), *_table(parts)), coverage)


_Parts = list[tuple[str | None, SourceStatus]]


def _parts(status: SourceStatus) -> _Parts:
    """The source itself, or its nodes with their names."""
    nodes: _Parts = [(node.name, node.status) for node in status.nodes if node.status]
    return nodes or [(None, status)]


def _kinds(parts: _Parts) -> Iterable[_Kind]:
    return (_Kind(node, kind, of_kind) for node, status in parts for kind, of_kind in status.kinds.items())


def _lost(parts: _Parts) -> int | None:
    losses = [kind.status.lost for kind in _kinds(parts)]
    return added(losses) if losses else None


def _table(parts: _Parts) -> tuple[Table, ...]:
    rows = list(_kinds(parts))
    return tabulate("What is kept", _KIND, rows, total_rows=len(rows))


def _programs(parts: _Parts) -> tuple[Table, ...]:
    """Only where some do not run: that those run which should is a number in the sentence."""
    rows = [_Program(node, name, why) for node, status in parts for name, why in status.missing.items()]
    return tabulate("Programs that do not run", _PROGRAM, rows, total_rows=len(rows))


_KIND: tuple[Field[_Kind], ...] = (
    field("node", lambda row: row.node),
    field("event", lambda row: row.kind, kind="id"),
    field("seen", lambda row: row.status.seen, kind="integer"),
    field("lost", lambda row: row.status.lost, kind="integer"),
    field("kept", lambda row: row.status.stored, kind="integer"),
    field("evicted", lambda row: row.status.evicted, kind="integer"),
    field("memory", lambda row: row.status.size_bytes, kind="integer", unit="bytes"),
    field("complete since", lambda row: row.status.complete_since, kind="time"),
)

_PROGRAM: tuple[Field[_Program], ...] = (
    field("node", lambda row: row.node),
    field("program", lambda row: row.name, kind="id"),
    field("why", lambda row: row.missing, remark=True),
)


def _sentence(status: SourceStatus, parts: _Parts) -> str:
    if status.broken:
        return f"{status.source} has stopped listening: {status.broken}"
    running = sum(len(part.programs) for _, part in parts)
    wanted = running + sum(len(part.missing) for _, part in parts)
    programs = f", {human_count(running)} of {counted(wanted, 'program')} running" if wanted else ""
    since = f", since {_told(status.since)}" if status.since else ""
    lost = _lost(parts)
    losses = "" if lost is None else f", {counted(lost, 'event')} lost" if lost else ", nothing lost"
    choice = f". {as_sentence(status.choice)}" if status.choice else ""
    return f"{status.source}{programs}{since}{losses}{choice}"


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
