"""The events of a netspy collector: asked by its own API, which records outcomes, errnos and protocols.

It knows no HTTP: `client.py` gives it the answers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from pydantic import ValidationError

from bot import codec
from bot.domain.errors import SourceError
from bot.domain.network import Connection, Coverage, Drop, Event
from bot.domain.ports import Check
from bot.domain.query import Aggregate, EventQuery, Events, Groups
from bot.ebpf.agent import parameters as known
from bot.ebpf.agent.status import Status
from bot.ebpf.excerpt import excerpt
from bot.ebpf.programs import running
from bot.ebpf.remote.server import Answers, Json, rfc3339

Value = TypeVar("Value")

_NOBODY = "0"
"""No event has this pid."""


@dataclass(frozen=True, slots=True)
class _Connections:
    events: tuple[Connection, ...]
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class _Drops:
    events: tuple[Drop, ...]
    coverage: Coverage


class AgentSource:
    """An `EbpfSource`. At most `known.MAX_EVENTS` events and `known.MAX_GROUPS` groups come at once."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def events(self, query: EventQuery) -> Events:
        limit = min(query.limit, known.MAX_EVENTS)
        asked = {**_asked(query), known.LIMIT.name: str(limit)}
        parse = _connections if query.kind == "connection" else _drops
        async with self._answers.deadline():
            found = await self._answers.get("/api/v1/events", asked, parse)
        return replace(found, coverage=self._here(found.coverage))

    async def aggregate(self, query: Aggregate) -> Groups:
        top = min(query.top or known.MAX_GROUPS, known.MAX_GROUPS)
        measures = [f"{measure.operation}:{measure.field}" for measure in query.measures]
        asked: dict[str, str | list[str]] = {**_asked(query), known.TOP.name: str(top)}
        asked |= _if_any(known.GROUP_BY.name, query.group_by) | _if_any(known.MEASURES.name, measures)
        async with self._answers.deadline():
            found = await self._answers.get("/api/v1/aggregate", asked, _groups)
        return replace(found, coverage=self._here(found.coverage))

    async def check(self) -> Check:
        try:
            async with self._answers.deadline():
                status = await self._answers.get("/api/v1/status", {}, lambda data: _read(Status, data))
        except SourceError as error:
            return Check("source", "fault", f"{error.asked}: {error.got}", error.remedy)
        return _checked(f"netspy collector at {self._answers.url}", status)

    def _here(self, coverage: Coverage) -> Coverage:
        """To the collector its machine is "this machine"; to us it is not."""
        return replace(coverage, source=f"netspy collector at {self._answers.url}")


def _checked(at: str, status: Status) -> Check:
    missing = status.missing
    told = f"{at}: {running(status.programs, missing)}, listening since {status.since:%Y-%m-%d %H:%M:%S} UTC"
    lost = sum(kind.lost for kind in status.kinds.values())
    if lost:
        told += f", {lost:,} events lost"
    if not missing:
        return Check("source", "ok", told)
    why = excerpt("; ".join(f"{name}: {reason}" for name, reason in missing.items()))
    return Check("source", "warning", f"{told}; without {why}", "what these tell is missing from answers")


def _asked(query: EventQuery | Aggregate) -> dict[str, str | list[str]]:
    wanted = query.filter
    asked: dict[str, str | list[str]] = {
        known.KIND.name: query.kind,
        known.SINCE.name: f"{rfc3339(query.window.since)}Z",
        known.UNTIL.name: f"{rfc3339(query.window.until)}Z",
        known.FAILED_LOCAL_LOOKUPS.name: _switch(on=wanted.failed_local_lookups),
        known.HARMLESS.name: _switch(on=wanted.harmless),
    }
    if wanted.process is not None:
        asked[known.PROCESS.name] = _sendable(wanted.process)
    if query.kind == "connection":
        asked |= _if_any(known.OUTCOME.name, sorted(wanted.outcomes or ()))
    pid = _pid(query)
    return asked if pid is None else {**asked, known.PID.name: pid}


def _pid(query: EventQuery | Aggregate) -> str | None:
    """No event has a pid beyond the kernel's, and none has no outcome."""
    pid, outcomes = query.filter.pid, query.filter.outcomes
    if query.kind == "connection" and outcomes is not None and not outcomes:
        return _NOBODY
    if pid is None:
        return None
    return str(pid) if 0 <= pid <= known.MAX_PID else _NOBODY


def _sendable(process: str) -> str:
    """The collector writes out what is not UTF-8: no name there has half a surrogate pair."""
    return process.encode(errors="surrogatepass").decode(errors="replace")


def _if_any(name: str, values: Iterable[str]) -> dict[str, str | list[str]]:
    listed = list(values)
    return {name: listed} if listed else {}


def _switch(*, on: bool) -> str:
    return "true" if on else "false"


def _connections(data: Json) -> Events:
    found = _read(_Connections, data)
    return _events(found.events, found.coverage)


def _drops(data: Json) -> Events:
    found = _read(_Drops, data)
    return _events(found.events, found.coverage)


def _events(events: tuple[Event, ...], coverage: Coverage) -> Events:
    _expect_zones(event.time for event in events)
    return Events(events, coverage)


def _groups(data: Json) -> Groups:
    found = _read(Groups, data)
    _expect_zones(moment for group in found.groups for moment in (group.first, group.last))
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
