"""What is in a recording, for people and for programs. Pure; `record` prints it."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice

from adapters.terminal.render import Look, fold, render
from bot.domain.message import Notice
from bot.domain.table import Column, Table
from bot.ebpf.recording.describing import Description
from bot.ebpf.recording.recording_frame import moment_text
from bot.tables.units import human_duration

_MAX_ROWS = 10
_NARROWEST = 12
_GAP = 2
"""Cells between two columns."""


def report(found: Description, look: Look) -> str:
    """Tables one below the other, in the present width; long values are folded rather than cut."""
    kinds = {f"{kind}{_loss(found, kind)}": count for kind, count in found.kinds.items()}
    tables = [
        _about(found, look),
        _counted("events by kind", "kind", kinds),
        _counted("connection attempts by outcome", "outcome", {each.value: n for each, n in found.outcomes.items()}),
        _counted("drops by reason", "reason", found.reasons),
        _counted("harmless drops by reason", "reason", found.harmless),
        _counted("DNS look-ups by answer", "answer", found.rcodes),
        _counted("resets by direction", "direction", found.resets),
        _counted("events by process", "process", found.processes),
    ]
    notices = [Notice("warning", note) for note in found.damage]
    return render([*(table for table in tables if table.rows), *notices], look)


def as_json(found: Description) -> str:
    header = found.header
    said = {
        "file": str(found.path),
        "began": moment_text(found.began),
        "ended": moment_text(found.ended),
        "masked": header.masked if header else None,
        "kernel": header.kernel if header else None,
        "node": header.node if header else None,
        "programs": list(header.programs) if header else None,
        "missing": dict(header.missing) if header else None,
        "lost": found.lost,
        "kinds": found.kinds,
        "outcomes": found.outcomes,
        "drop_reasons": found.reasons,
        "harmless_drop_reasons": found.harmless,
        "dns_answers": found.rcodes,
        "resets": found.resets,
        "processes": found.processes,
        "damage": found.damage,
    }
    return json.dumps(said, indent=2) + "\n"


def _about(found: Description, look: Look) -> Table:
    facts = dict(_facts(found))
    room = max(look.width - max(map(len, facts)) - _GAP, _NARROWEST)
    rows = [
        (name if place == 0 else "", line)
        for name, text in facts.items()
        for place, line in enumerate(fold(text, room))
    ]
    return Table(f"recording {found.path.name}", (Column("about", "id"), Column("it")), tuple(rows), len(rows))


def _facts(found: Description) -> Iterator[tuple[str, str]]:
    if found.began and found.ended:
        took = human_duration((found.ended - found.began).total_seconds() * 1e6)
        yield "time", f"{found.began:%Y-%m-%d %H:%M:%S} to {found.ended:%Y-%m-%d %H:%M:%S} UTC, {took}"
    yield "events", f"{sum(found.kinds.values()):,}"
    yield "lost", "not known" if found.lost is None else f"{sum(found.lost.values()):,}"
    if header := found.header:
        yield "machine", f"{header.node}, kernel {header.kernel}"
        yield "masked", "yes: addresses, names and paths are placeholders" if header.masked else "no"
        yield "programs", f"{len(header.programs)} of {len(header.programs) + len(header.missing)}"
        yield from ((f"without {name}", why) for name, why in header.missing.items())


def _counted(title: str, of: str, counts: Mapping[str, int]) -> Table:
    rows = tuple(islice(counts.items(), _MAX_ROWS if of == "process" else None))
    return Table(title, (Column(of), Column("count", "integer")), rows, len(counts))


def _loss(found: Description, kind: str) -> str:
    count = (found.lost or {}).get(kind)
    return f" ({count:,} more lost)" if count else ""
