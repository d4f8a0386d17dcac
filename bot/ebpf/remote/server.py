"""What is asked of ebpf-server and its aggregator for each query, and what is finished here.

The two are told apart by their answers, at no extra request: ebpf-server obeys `since` and `until` and counts what
matched (`total_count`). Its aggregator does neither, and it sorts by times since each node's boot, so that all it holds
has to be read. Times lag by up to a second in both. It knows no HTTP: `client.py` gives it the answers.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeVar

from bot.domain.counters import CounterDeltas
from bot.domain.errors import SourceError, SourceMalformed
from bot.domain.network import Coverage, Event, EventKind, UnknownField, Window
from bot.domain.ports import Check
from bot.domain.query import Aggregate, EventQuery, Events, Group, GroupField, Groups
from bot.domain.sockets import OpenSockets, SocketQuery
from bot.domain.source_status import KindStatus, NodeStatus, SourceStatus
from bot.ebpf import evaluate
from bot.ebpf.excerpt import excerpt
from bot.ebpf.matching import matches
from bot.ebpf.programs import LOAD
from bot.ebpf.remote import sending, unrecorded, wire

FETCH_LIMIT = 20_000
"""Events that one query reads at most: about 8 MB and a third of a second."""
COUNT_PAGE = 100
MAX_HALVINGS = 20
"""Of the window, to find its oldest event: of a week, less than a second is left."""

UNKNOWN: Mapping[EventKind, tuple[UnknownField, ...]] = {
    "connection": ("outcome", "errno", "protocol"),
    "drop": ("reason", "size", "location", "harmless"),
}
ALIKE: frozenset[GroupField] = frozenset(
    {
        *("uid", "name", "direction", "role", "outcome", "errno", "location", "harmless", "interface", "state"),
        *("lookup", "type", "code", "rcode", "call", "began", "namespace", "pod", "container"),
    }
)
"""Fields that these servers never have: all events are alike in them."""

_NEITHER = "neither ebpf-server nor its aggregator"
_TOLD: Mapping[wire.ServerKind, tuple[str, Literal["server", "aggregator"]]] = {
    "server": ("ebpf-server", "server"),
    "aggregator": ("aggregator", "aggregator"),
    "collector": ("netspy collector", "server"),
}
Json: TypeAlias = Mapping[str, Any]
Parameters: TypeAlias = Mapping[str, str | list[str]]
Parsed = TypeVar("Parsed")


class Answers(Protocol):
    """One server, which gives JSON objects. Raises: SourceError."""

    @property
    def url(self) -> str: ...

    def deadline(self) -> AbstractAsyncContextManager[None]:
        """Bounds all that is asked inside it."""
        ...

    async def get(self, path: str, parameters: Parameters, parse: Callable[[Json], Parsed]) -> Parsed:
        """What `parse` makes of the object; it raises ValueError on a wrong one."""
        ...


@dataclass(frozen=True, slots=True)
class _Found:
    """`events` are the newest that were read and match, `matched` counts all; `seen` is before pid and process."""

    events: Sequence[Event]
    matched: int
    seen: int | None
    notes: tuple[str, ...] = ()


class HttpSource:
    """An `EbpfSource`. Open it with `client.open_http_source`."""

    def __init__(self, answers: Answers, kind: wire.ServerKind = "server") -> None:
        """`kind` is what is thought to answer there."""
        self._answers = answers
        self.kind = kind
        """What the last answer came from."""

    async def events(self, query: EventQuery) -> Events:
        """Raises: CannotAnswer, before anything is asked, where these servers record nothing of it."""
        unrecorded.refuse(query, self._name)
        async with self._answers.deadline():
            found = await self._find(query, wanted=query.limit)
        return Events(tuple(found.events[: query.limit]), self._coverage(query, found))

    async def aggregate(self, query: Aggregate) -> Groups:
        """A plain count costs a few small requests, however many events there are; its `first` is exact to a millionth
        of the window. Other groups are counted in the newest `FETCH_LIMIT` events.

        Raises: CannotAnswer, as `events` does.
        """
        unrecorded.refuse(query, self._name)
        is_count = not query.measures and ALIKE.issuperset(query.group_by)
        async with self._answers.deadline():
            found = await self._find(query, wanted=COUNT_PAGE if is_count else FETCH_LIMIT)
            if is_count and 0 < len(found.events) < found.matched:
                groups: tuple[Group, ...] = (await self._one_group(query, found),)
            else:
                groups = evaluate.aggregate(found.events, query)
        return Groups(groups[: query.top], len(groups), self._coverage(query, found))

    async def sockets(self, query: SocketQuery) -> OpenSockets:  # noqa: ARG002 (the port's signature)
        unrecorded.refuse_machine("open sockets", self._name)

    async def counters(self, window: Window) -> CounterDeltas:  # noqa: ARG002 (the port's signature)
        unrecorded.refuse_machine("the kernel's counters", self._name)

    async def status(self) -> SourceStatus:
        """Of an aggregator: the nodes that it has heard of lately."""
        programs = await self._programs()
        why = {name: status for name, status in programs.status.items() if status != "active"}
        return SourceStatus(
            source=self._name,
            kind=_TOLD[self.kind][1],
            programs=tuple(name for name in programs.status if name not in why),
            missing=why,
            kinds=dict.fromkeys(unrecorded.RECORDED, KindStatus()),
            nodes=tuple(NodeStatus(name=name) for name in programs.agents),
        )

    async def learn(self) -> None:
        """Who answers there: it becomes `kind`. Raises: SourceError."""
        async with self._answers.deadline():
            kind = await self._answers.get("/health", {}, wire.parse_component)
        if kind is None:
            asked = f"asking {self._answers.url}"
            raise SourceMalformed(
                asked, f"what answers there is {_NEITHER}", "give the address of one with --server URL"
            )
        self.kind = kind

    async def check(self) -> Check:
        try:
            programs = await self._programs()
        except SourceError as error:
            return Check.of("source", error)
        return self._checked(programs)

    async def _programs(self) -> wire.Programs:
        async with self._answers.deadline():
            await self.learn()
            return await self._answers.get("/api/programs", {}, wire.parse_programs)

    @property
    def _name(self) -> str:
        return f"{_TOLD[self.kind][0]} at {self._answers.url}"

    async def _find(self, query: EventQuery | Aggregate, *, wanted: int) -> _Found:
        """At least the newest `wanted` matching events if there are so many."""
        limit = self._limit(query, wanted)
        page = await self._page(query, limit)
        if page.total is None and limit <= len(page.events) < FETCH_LIMIT:
            page = await self._page(query, FETCH_LIMIT)
        self.kind = page.kind
        if page.events and not any(event.node for event in page.events):
            unrecorded.refuse_nameless(query.filter, self._name)
        return _finished(query, page)

    def _limit(self, query: EventQuery | Aggregate, wanted: int) -> int:
        if self.kind == "aggregator":
            return FETCH_LIMIT
        if not sending.can_match(query):
            return 1
        return min(wanted, FETCH_LIMIT) if sending.is_complete(query) else FETCH_LIMIT

    async def _page(self, query: EventQuery | Aggregate, limit: int) -> wire.Page:
        parameters = {"type": wire.EVENT_TYPES[query.kind], **sending.sent(query.filter), **sending.span(query.window)}
        return await self._answers.get(
            "/api/events", {**parameters, "limit": str(limit)}, lambda data: wire.parse_page(data, query.kind)
        )

    async def _one_group(self, query: Aggregate, found: _Found) -> Group:
        newest = found.events[0]
        key = tuple(evaluate.group_value(newest, field) for field in query.group_by)
        return Group(key, found.matched, await self._oldest(query), newest.time)

    async def _oldest(self, query: Aggregate) -> datetime:
        """When the first event was. Only the newest are listed, so the window is halved until a page holds the rest."""
        since, until = query.window.since, query.window.until
        for _ in range(MAX_HALVINGS):
            middle = since + (until - since) / 2
            page = await self._page(replace(query, window=Window(since, middle)), COUNT_PAGE)
            if not page.events:
                since = middle
            elif page.total == len(page.events):
                return min(event.time for event in page.events)
            else:
                until = middle
        return since

    def _coverage(self, query: EventQuery | Aggregate, found: _Found) -> Coverage:
        return Coverage(
            source=self._name,
            kind=_TOLD[self.kind][1],
            window=query.window,
            seen=found.seen,
            matched=found.matched,
            nodes=tuple(sorted({event.node for event in found.events if event.node})),
            unknown=UNKNOWN[query.kind],
            notes=found.notes,
        )

    def _checked(self, programs: wire.Programs) -> Check:
        at = self._name
        if self.kind == "aggregator":
            return _checked_agents(at, programs)
        told = excerpt(", ".join(f"{name} {status}" for name, status in programs.status.items()))
        if programs.status and set(programs.status.values()) == {"active"}:
            return Check("source", "ok", f"{at}: {told}")
        is_blind = "active" not in programs.status.values()
        told = f"no eBPF program is active ({told or 'it names none'})" if is_blind else told
        return Check("source", "fault" if is_blind else "warning", f"{at}: {told}", LOAD, "programs-not-loaded")


def _checked_agents(at: str, programs: wire.Programs) -> Check:
    if not programs.agents:
        remedy = "see whether the agents run and know this aggregator's address"
        return Check(
            "source", "warning", f"{at}: no named node has sent events in the last 10 minutes", remedy, "nodes-silent"
        )
    return Check("source", "ok", f"{at}: events of {excerpt(', '.join(programs.agents))}")


def _finished(query: EventQuery | Aggregate, page: wire.Page) -> _Found:
    """What the server left undone: on an aggregator all but kind, pid and process."""
    inside = [event for event in page.events if query.window.since <= event.time < query.window.until]
    events = evaluate.newest(event for event in inside if matches(event, query.filter))
    is_scoped = not query.filter.within.is_everything
    is_cut = len(page.events) >= FETCH_LIMIT and page.total != len(page.events)
    seen = len(inside) if page.total is None and not is_cut else page.total
    return _Found(
        events,
        matched=page.total if page.total is not None and sending.is_complete(query) else len(events),
        seen=None if is_scoped or sending.sent(query.filter) else seen,
        notes=(_SCOPED_CUT if is_scoped else _cut_note(page),) if is_cut else (),
    )


_SCOPED_CUT: Final = "only the newest events were read; older ones are in no row and no group"
"""Without the numbers, which are those of all events."""


def _cut_note(page: wire.Page) -> str:
    read = f"{len(page.events):,}"
    if page.total is None:
        return f"the aggregator may hold more events than the {read} that were read; older ones are missing here"
    return f"only the newest {read} of {page.total:,} events were read; older ones are in no row and no group"
