"""What is in a recording: over which time, what kinds of events, of whom, and what they came to. Pure but for reading.

Whoever got a recording from somebody else asks this first.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from bot.domain.network import UNNAMED, Connection, Direction, DnsLookup, Drop, Outcome, Reset
from bot.ebpf.recording.joining import Joiner
from bot.ebpf.recording.line_values import Fields
from bot.ebpf.recording.recorded_file import RecordedFile
from bot.ebpf.recording.recorded_lines import parse_fields
from bot.ebpf.recording.recording_frame import Header

Name = TypeVar("Name")
_DIRECTIONS: Mapping[Direction, str] = {"in": "received", "out": "sent"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Counts are by name, the largest first. `lost` is None where the file does not say; so is `header`.

    `reasons` are those of drops that are not harmless, `harmless` those of the others. `rcodes` are of look-ups that
    have an answer, or `no answer`; `resets` are by `sent` and `received`.
    """

    path: Path
    header: Header | None
    began: datetime | None
    ended: datetime | None
    kinds: Mapping[str, int]
    lost: Mapping[str, int] | None
    processes: Mapping[str, int]
    outcomes: Mapping[Outcome, int]
    reasons: Mapping[str, int]
    harmless: Mapping[str, int]
    rcodes: Mapping[str, int]
    resets: Mapping[str, int]
    damage: tuple[str, ...]


def describe(path: Path) -> Description:
    """Raises: SourceMalformed."""
    file, joiner = RecordedFile(path), Joiner()
    kinds, processes, times = Counter[str](), Counter[str](), list[datetime]()
    for time, kind, process in file.events(lambda fields: _taken(fields, joiner)):
        kinds[kind] += 1
        processes[process] += 1
        times = [min([*times, time]), max([*times, time])]
    events = joiner.events()
    drops = [each for each in events if isinstance(each, Drop)]
    return Description(
        path=path,
        header=file.header,
        began=min([*times, *file.began], default=None),
        ended=max([*times, *file.ended], default=None),
        kinds=_ordered(kinds),
        lost={kind: count for kind, count in file.end.lost.items() if count} if file.end else None,
        processes=_ordered(processes),
        outcomes=_ordered(Counter(each.outcome for each in events if isinstance(each, Connection))),
        reasons=_ordered(Counter(each.reason or UNNAMED for each in drops if not each.harmless)),
        harmless=_ordered(Counter(each.reason or UNNAMED for each in drops if each.harmless)),
        rcodes=_ordered(Counter(_answer(each) for each in events if isinstance(each, DnsLookup))),
        resets=_ordered(Counter(_DIRECTIONS[each.direction] for each in events if isinstance(each, Reset))),
        damage=file.damage(),
    )


def _taken(fields: Fields, joiner: Joiner) -> tuple[datetime, str, str]:
    """Its time, its kind and its process; and it is joined with the others."""
    time, told = parse_fields(fields)
    joiner.add_all(told)
    process = fields.get("comm")
    return time, fields["event"], process if isinstance(process, str) and process else UNNAMED


def _answer(lookup: DnsLookup) -> str:
    return lookup.rcode or ("no answer" if lookup.latency_us is None else UNNAMED)


def _ordered(counted: "Counter[Name]") -> dict[Name, int]:
    return dict(sorted(counted.items(), key=lambda item: (-item[1], str(item[0]))))
