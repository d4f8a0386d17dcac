"""A netspy collector: asked by its own API, which records outcomes, errnos and protocols, and all kinds of events.

It knows no HTTP: `client.py` gives it the answers, `agent_asked` has its questions.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, cast

from pydantic import ValidationError

from bot import codec
from bot.domain.counters import CounterDeltas
from bot.domain.errors import CannotAnswer, SourceError, SourceRefused
from bot.domain.network import EVENT_TYPES, Coverage, Event, EventKind, Window
from bot.domain.ports import Check
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import SourceStatus
from bot.ebpf.excerpt import excerpt
from bot.ebpf.programs import running
from bot.ebpf.remote import agent_asked
from bot.ebpf.remote.server import Answers, Json, Parameters
from bot.ebpf.seen_sockets import ask_within

Value = TypeVar("Value")
Told = TypeVar("Told", bound=Event)

OLDER: Final = "this collector is older than what asks it"
_UPDATE: Final = "install the same netspy there"
_NOT_UNDERSTOOD, _NOT_TOLD = 400, 501


class AgentSource:
    """An `EbpfSource`. At most `MAX_EVENTS` events and `MAX_GROUPS` groups of `agent.parameters` come at once."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def events(self, query: EventQuery) -> Events:
        found = await self._get("/api/v1/events", agent_asked.of_events(query), _events_of(query.kind))
        return replace(found, coverage=self._here(found.coverage))

    async def aggregate(self, query: Aggregate) -> Groups:
        found = await self._get("/api/v1/aggregate", agent_asked.of_groups(query), _groups)
        return replace(found, coverage=self._here(found.coverage))

    async def sockets(self, query: SocketQuery) -> OpenSockets:
        return await ask_within(self._sockets, query)

    async def counters(self, window: Window) -> CounterDeltas:
        return await self._get("/api/v1/counters", agent_asked.of_window(window), _counters)

    async def status(self) -> SourceStatus:
        return replace(await self._get("/api/v1/status", {}, _status), source=self._name)

    async def check(self) -> Check:
        try:
            status = await self.status()
        except SourceError as error:
            return Check.of("source", error)
        return _checked(status)

    async def _sockets(self, query: SocketQuery) -> OpenSockets:
        return await self._get("/api/v1/sockets", agent_asked.of_sockets(query), _sockets)

    @property
    def _name(self) -> str:
        return f"netspy collector at {self._answers.url}"

    def _here(self, coverage: Coverage) -> Coverage:
        """To the collector its machine is "this machine"; to us it is not."""
        return replace(coverage, source=self._name)

    async def _get(self, path: str, asked: Parameters, parse: Callable[[Json], Value]) -> Value:
        """Raises: CannotAnswer for what this collector cannot tell, and what it is too old to understand."""
        try:
            async with self._answers.deadline():
                return await self._answers.get(path, asked, parse)
        except SourceRefused as refusal:
            if refusal.status == _NOT_TOLD:
                raise CannotAnswer(self._name, _detail(refusal)) from refusal
            if refusal.status == _NOT_UNDERSTOOD:
                got = f"{OLDER}: it says {excerpt(_detail(refusal))!r}"
                raise CannotAnswer(self._name, got, _UPDATE) from refusal
            raise


def too_old(url: str) -> CannotAnswer:
    """Of a collector that has no such endpoint."""
    return CannotAnswer(f"netspy collector at {url}", OLDER, _UPDATE)


def _detail(refusal: SourceRefused) -> str:
    """What a problem (RFC 9457) says."""
    try:
        said = json.loads(refusal.said)
    except ValueError:
        return refusal.said
    detail = said.get("detail") if isinstance(said, dict) else None
    return detail if isinstance(detail, str) else refusal.said


def _checked(status: SourceStatus) -> Check:
    missing = status.missing
    told = f"{status.source}: {running(status.programs, missing)}"
    if status.since:
        told += f", listening since {status.since:%Y-%m-%d %H:%M:%S} UTC"
    lost = sum(kind.lost or 0 for kind in status.kinds.values())
    if lost:
        told += f", {lost:,} events lost"
    if status.broken:
        return Check(
            "source",
            "fault",
            f"{told}; it has stopped ({status.broken})",
            "begin it again, and see its log",
            "collector-stopped",
        )
    if not missing:
        return Check("source", "ok", told)
    why = excerpt("; ".join(f"{name}: {reason}" for name, reason in missing.items()))
    return Check(
        "source", "warning", f"{told}; without {why}", "what these tell is missing from answers", "programs-not-loaded"
    )


@dataclass(frozen=True, slots=True)
class _Answer(Generic[Told]):
    events: tuple[Told, ...]
    coverage: Coverage


_ANSWERS: Final[dict[EventKind, type[_Answer[Event]]]] = {
    kind: cast(Any, _Answer)[of_kind] for kind, of_kind in EVENT_TYPES.items()
}
"""Each event is read as one of the kind that was asked for."""


def _events_of(kind: EventKind) -> Callable[[Json], Events]:
    def parse(data: Json) -> Events:
        found = _read(_ANSWERS[kind], data)
        _expect_zones(event.time for event in found.events)
        return Events(found.events, found.coverage)

    return parse


def _groups(data: Json) -> Groups:
    found = _read(Groups, data)
    _expect_zones(moment for group in found.groups for moment in (group.first, group.last))
    return found


def _sockets(data: Json) -> OpenSockets:
    found = _read(OpenSockets, data)
    _expect_zones([found.time])
    return found


def _counters(data: Json) -> CounterDeltas:
    found = _read(CounterDeltas, data)
    _expect_zones(moment for delta in found.deltas for moment in (delta.since, delta.until))
    return found


def _status(data: Json) -> SourceStatus:
    """Older collectors do not say what they are."""
    found = _read(SourceStatus, {"source": "", "kind": "live", **data})
    _expect_zones(moment for moment in (found.since, found.until) if moment)
    return found


def _expect_zones(moments: Iterable[datetime]) -> None:
    if any(moment.tzinfo is None for moment in moments):
        raise ValueError("a time has no time zone")


def _read(kind: type[Value], data: Json) -> Value:
    """Raises: ValueError, which names the field."""
    try:
        return codec.decode(kind, data)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, wrong["loc"]))
        raise ValueError(f"{place}: {wrong['msg'].lower()}") from None
