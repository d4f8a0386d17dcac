"""An `EbpfSource` for machines without any: a recording of real events, looped so that it always ends now.

The recording ends when the source is opened, has been repeating for an hour by then, and goes on repeating: a later
question sees later turns of it, and the same question sees the same events. `app` and `cli` open it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from json import JSONDecodeError
from pathlib import Path

from bot.domain.errors import SourceMalformed
from bot.domain.network import Connection, Coverage, Drop, Event, Window
from bot.domain.ports import Check
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.ebpf import evaluate
from bot.ebpf.joining import Joiner
from bot.ebpf.kernel_events import KernelEvent
from bot.ebpf.looping import Loop, Turns
from bot.ebpf.recorded_lines import parse_line

# A path beside this file, not importlib.resources: that costs a one-shot command 30 ms of imports.
_SHIPPED = Path(__file__).with_name("recordings") / "lab-2026-11-23.jsonl"
_SHIPPED_TRAFFIC = "lab traffic"
_SHIPPED_LOST = 0
"""What the collector's counters said at the end of that recording; the lines themselves do not tell."""
_PAST = timedelta(hours=1)
_ANOTHER_FILE = "give a recording of netspy's collector, or none for the one that comes with netspy"
_LIVE_DATA = "for live data: --server URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A file's events as they were recorded; `lost` counts events that the collector could not keep."""

    name: str
    connections: tuple[Connection, ...]
    drops: tuple[Drop, ...]
    began_at: datetime
    ended_at: datetime
    traffic: str = "earlier traffic"
    lost: int | None = None
    is_cut: bool = False
    """Its last line is incomplete and was left out."""

    @property
    def period(self) -> timedelta:
        """Whole seconds, longer than the recording."""
        return timedelta(seconds=(self.ended_at - self.began_at) // timedelta(seconds=1) + 1)


def open_recording(
    path: Path | None = None, *, opened_at: datetime, instead: tuple[str, str] | None = None
) -> "RecordedSource":
    """The recording at `path`, or the one that comes with netspy. Raises: SourceMalformed.

    `instead`: why this machine's own events are not shown, and what to do about it.
    """
    recording = read_recording(path or _SHIPPED)
    if path is None:
        recording = replace(recording, traffic=_SHIPPED_TRAFFIC, lost=_SHIPPED_LOST)
    return RecordedSource(recording, opened_at=opened_at, instead=instead)


def read_recording(path: Path) -> Recording:
    """A recording's events. An incomplete last line is left out. Raises: SourceMalformed with the file and the line."""
    lines = _text(path).split("\n")
    is_cut = _is_cut(lines)
    joiner, times = Joiner(), []
    for number, line in enumerate(lines[:-1] if is_cut else lines, start=1):
        if not line.strip():
            continue
        time, event = _parsed(path, number, line)
        times.append(time)
        if event:
            joiner.add(event)
    connections, drops = joiner.connections(), tuple(joiner.drops)
    if not connections and not drops:
        raise _malformed(path, f"no connection attempt and no drop in {len(times)} lines")
    return Recording(
        name=path.name,
        connections=connections,
        drops=drops,
        began_at=min(times),
        ended_at=max(times),
        is_cut=is_cut,
    )


class RecordedSource:
    """A looped `Recording`. What an attempt came to after a window's end is not known in that window."""

    def __init__(self, recording: Recording, *, opened_at: datetime, instead: tuple[str, str] | None = None) -> None:
        self._recording = recording
        self._instead = instead
        self._begins_at = opened_at - _PAST
        self._loop = Loop(recording.period, opened_at - recording.ended_at)
        self._connections = self._wrapped(recording.connections)
        self._drops = self._wrapped(recording.drops)

    async def events(self, query: EventQuery) -> Events:
        found, coverage = self._select(query)
        return Events(tuple(islice(self._loop.newest(found), query.limit)), coverage)

    async def aggregate(self, query: Aggregate) -> Groups:
        found, coverage = self._select(query)
        groups = evaluate.aggregate_repeated(map(self._loop.repeated, found), query)
        return Groups(groups[: query.top], len(groups), coverage)

    async def check(self) -> Check:
        if self._instead is None:
            return Check("source", "warning", "a recording, not this machine", _LIVE_DATA)
        reason, remedy = self._instead
        return Check("source", "warning", f"a recording, not this machine: {reason}", f"{remedy}, or --server URL")

    def _wrapped(self, events: Sequence[Event]) -> tuple[Event, ...]:
        return tuple(self._loop.wrapped(event, self._recording.ended_at) for event in events)

    def _select(self, query: EventQuery | Aggregate) -> tuple[list[Turns], Coverage]:
        events = self._connections if query.kind == "connection" else self._drops
        window = Window(max(query.window.since, self._begins_at), query.window.until)
        seen = list(self._loop.inside(events, window))
        found = [turns for turns in seen if evaluate.matches(turns.event, query.filter)]
        coverage = Coverage(
            source=f"{self._recording.name} ({self._describe()})",
            kind="recording",
            window=query.window,
            seen=sum(turns.count for turns in seen),
            matched=sum(turns.count for turns in found),
            lost=self._recording.lost,
            notes=self._notes(query.window),
        )
        return found, coverage

    def _notes(self, window: Window) -> tuple[str, ...]:
        notes = []
        if self._recording.is_cut:
            notes.append("the recording's last line is cut off and was left out")
        if window.since < self._begins_at:
            notes.append(f"the loop begins at {self._begins_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
        return tuple(notes)

    def _describe(self) -> str:
        seconds = self._recording.period.total_seconds()
        return f"{seconds:.0f} s of {self._recording.traffic}, looped"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise _malformed(path, error.strerror or type(error).__name__) from error


def _is_cut(lines: Sequence[str]) -> bool:
    """Whether the last of several lines, which no newline ends, was still being written."""
    if len(lines) == 1 or not lines[-1].strip():
        return False
    try:
        parse_line(lines[-1])
    except JSONDecodeError:
        return True
    except ValueError:
        return False  # whole, but no event: reported with its number
    return False


def _parsed(path: Path, number: int, line: str) -> tuple[datetime, KernelEvent | None]:
    try:
        return parse_line(line)
    except JSONDecodeError as error:
        raise _malformed(path, f"line {number} is not JSON: {error.msg} at column {error.colno}") from None
    except ValueError as error:
        raise _malformed(path, f"line {number}: {error}") from None


def _malformed(path: Path, got: str) -> SourceMalformed:
    return SourceMalformed(f"reading the recording {path}", got, _ANOTHER_FILE)
