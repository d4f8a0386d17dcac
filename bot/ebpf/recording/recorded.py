"""An `EbpfSource` for machines without any: a recording of real events, told as if it had just ended.

The one that comes with netspy has been repeating for an hour by then, and goes on: a later question sees later turns of
it, and the same question sees the same events. Somebody's own is told once. `event_source` opens it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from bot.domain.counters import CounterDeltas
from bot.domain.errors import CannotAnswer
from bot.domain.network import EVENT_TYPES, Coverage, DnsLookup, Event, EventKind, Window
from bot.domain.ports import Check
from bot.domain.query import Aggregate, EventQuery, Events, Groups, Scope
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import KindStatus, SourceStatus
from bot.ebpf import evaluate
from bot.ebpf.matching import matches
from bot.ebpf.recording.joining import Joiner
from bot.ebpf.recording.looping import Loop, Turns
from bot.ebpf.recording.recorded_file import RecordedFile
from bot.ebpf.recording.recorded_lines import parse_fields
from bot.ebpf.recording.recording_frame import End
from bot.ebpf.scopes import sees
from bot.ebpf.seen_names import renamed, told_names

# A path beside this file, not importlib.resources: that costs a one-shot command 30 ms of imports.
_SHIPPED = Path(__file__).with_name("lab-2026-11-26.jsonl")
_SHIPPED_TRAFFIC = "lab traffic"
_PAST = timedelta(hours=1)
_FOR_EVER = timedelta(days=36_500)
_LIVE_DATA = "for live data: --server URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A file's events as they were recorded, of every kind; `notes` say what it lacks."""

    name: str
    events: tuple[Event, ...]
    began_at: datetime
    ended_at: datetime
    traffic: str = "earlier traffic"
    end: End | None = None
    notes: tuple[str, ...] = ()

    @property
    def period(self) -> timedelta:
        """Whole seconds, longer than the recording."""
        return timedelta(seconds=(self.ended_at - self.began_at) // timedelta(seconds=1) + 1)

    def of(self, kind: EventKind) -> tuple[Event, ...]:
        return tuple(event for event in self.events if isinstance(event, EVENT_TYPES[kind]))


def open_recording(
    path: Path | None = None, *, opened_at: datetime, instead: tuple[str, str] | None = None
) -> "RecordedSource":
    """The recording at `path`, or the one that comes with netspy. Raises: SourceMalformed.

    `instead`: why this machine's own events are not shown, and what to do about it.
    """
    recording = read_recording(path or _SHIPPED)
    if path is None:
        recording = replace(recording, traffic=_SHIPPED_TRAFFIC)
    return RecordedSource(recording, opened_at=opened_at, loops=path is None, instead=instead)


def read_recording(path: Path) -> Recording:
    """A recording's events. An incomplete last line is left out. Raises: SourceMalformed with the file and the line."""
    file, joiner, times = RecordedFile(path), Joiner(), list[datetime]()
    for time, told in file.events(parse_fields):
        times.append(time)
        joiner.add_all(told)
    events = joiner.events(node=file.node)
    if not events:
        raise file.malformed(f"nothing to be asked for in {len(times)} events")
    return Recording(
        name=path.name,
        events=events,
        began_at=min([*times, *file.began]),
        ended_at=max([*times, *file.ended]),
        end=file.end,
        notes=file.notes(),
    )


class RecordedSource:
    """A `Recording` that ends as it is opened. What an attempt came to after a window's end is not known there.

    `loops`: it has been repeating for an hour by then, and goes on, so that there is always something to see.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        opened_at: datetime,
        loops: bool = True,
        instead: tuple[str, str] | None = None,
    ) -> None:
        self._recording = recording
        self._instead = instead
        self._loops = loops
        self._begins_at = opened_at - (_PAST if loops else recording.period)
        self._loop = Loop(recording.period if loops else _FOR_EVER, opened_at - recording.ended_at)
        self._events = {kind: self._wrapped(recording.of(kind)) for kind in EVENT_TYPES}

    async def events(self, query: EventQuery) -> Events:
        found, coverage = self._select(query)
        return Events(tuple(islice(self._loop.newest(found), query.limit)), coverage)

    async def aggregate(self, query: Aggregate) -> Groups:
        found, coverage = self._select(query)
        groups = evaluate.aggregate_repeated(map(self._loop.repeated, found), query)
        return Groups(groups[: query.top], len(groups), coverage)

    async def sockets(self, query: SocketQuery) -> OpenSockets:  # noqa: ARG002 (the port's signature)
        raise _events_only("open sockets")

    async def counters(self, window: Window) -> CounterDeltas:  # noqa: ARG002 (the port's signature)
        raise _events_only("the kernel's counters")

    async def status(self) -> SourceStatus:
        """What was recorded, once, and when."""
        of_kind = {kind: len(self._recording.of(kind)) for kind in EVENT_TYPES}
        end = self._recording.end
        return SourceStatus(
            source=f"{self._recording.name} ({self._describe()})",
            kind="recording",
            since=self._recording.began_at.astimezone(UTC),
            until=self._recording.ended_at.astimezone(UTC),
            kinds={
                kind: KindStatus(seen=count, stored=count, evicted=0, lost=end.lost_of(kind) if end else None)
                for kind, count in of_kind.items()
            },
            notes=self._recording.notes,
        )

    async def check(self) -> Check:
        if self._instead is None:
            return Check("source", "warning", "a recording, not this machine", _LIVE_DATA, "recording")
        reason, remedy = self._instead
        return Check(
            "source", "warning", f"a recording, not this machine: {reason}", f"{remedy}, or --server URL", "recording"
        )

    def _wrapped(self, events: Sequence[Event]) -> tuple[Event, ...]:
        return tuple(self._loop.wrapped(event, self._recording.ended_at) for event in events)

    def _told(self, kind: EventKind, within: Scope) -> Sequence[Event]:
        """Names of addresses come from the look-ups that may be seen."""
        if within.is_everything:
            return self._events[kind]
        lookups = (each for each in self._recording.events if isinstance(each, DnsLookup) and sees(each, within))
        names = told_names(sorted(lookups, key=lambda lookup: lookup.time))
        return [renamed(event, names) for event in self._events[kind] if sees(event, within)]

    def _select(self, query: EventQuery | Aggregate) -> tuple[list[Turns], Coverage]:
        window = Window(max(query.window.since, self._begins_at), query.window.until)
        seen = list(self._loop.inside(self._told(query.kind, query.filter.within), window))
        found = [turns for turns in seen if matches(turns.event, query.filter)]
        coverage = Coverage(
            source=f"{self._recording.name} ({self._describe()})",
            kind="recording",
            window=query.window,
            seen=sum(turns.count for turns in seen),
            matched=sum(turns.count for turns in found),
            lost=self._recording.end.lost_of(query.kind) if self._recording.end else None,
            notes=self._notes(query.window),
        )
        return found, coverage

    def _notes(self, window: Window) -> tuple[str, ...]:
        notes = self._recording.notes
        if not self._loops:
            began, ended = (each.astimezone(UTC) for each in (self._recording.began_at, self._recording.ended_at))
            told = f"recorded {began:%Y-%m-%d %H:%M:%S} to {ended:%H:%M:%S} UTC, told as if it had just ended"
            return (*notes, told)
        if window.since >= self._begins_at:
            return notes
        return (*notes, f"the loop begins at {self._begins_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")

    def _describe(self) -> str:
        seconds = self._recording.period.total_seconds()
        return f"{seconds:.0f} s of {self._recording.traffic}{', looped' if self._loops else ''}"


def _events_only(what: str) -> CannotAnswer:
    return CannotAnswer(what, "a recording holds events only", f"run netspy collect and ask that; {_LIVE_DATA}")


def shipped_recording() -> Path:
    """The recording that comes with netspy."""
    return _SHIPPED
