"""The newest events of any kind: (EbpfSource, Asked) -> Found. `network.py` calls it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from bot.domain.errors import InvalidArguments
from bot.domain.network import (
    EVENT_TYPES,
    Accepted,
    Connection,
    Coverage,
    DnsLookup,
    Drop,
    Endpoint,
    Event,
    EventKind,
    IcmpSent,
    Listen,
    Reset,
    Retransmit,
    SocketError,
    kinds_with,
)
from bot.domain.ports import EbpfSource
from bot.domain.query import Events, Filter
from bot.tables.units import human_bytes, human_duration
from bot.tools.asked import Asked, Found
from bot.tools.columns import Field, field, tabulate
from bot.tools.kinds import of_each, together
from bot.tools.nothing import NOUNS, nothing
from bot.tools.wording import behind, counted, newest, when

KIND_OF: Final[Mapping[type[Event], EventKind]] = {kind: name for name, kind in EVENT_TYPES.items()}


async def list_events(source: EbpfSource, asked: Asked) -> Found:
    """One row an event of `kind` (none given: of every kind that the source records), newest first.

    Raises: CannotAnswer when it records none of them.
    """
    asks = asked.arguments
    kinds = _kinds(asked)

    async def newest_of(kind: EventKind) -> Events:
        return await source.events(asked.query(kind, limit=asks.max_events, wanted=filter_of(asked, kind)))

    answers, refusals = await of_each(kinds, newest_of)
    coverage = together([answer.coverage for answer in answers.values()], refusals)
    return await _listed(source, asked, [event for each in answers.values() for event in each.events], coverage)


def _kinds(asked: Asked) -> tuple[EventKind, ...]:
    """Those that are asked for and have the fields of all conditions. Raises: InvalidArguments when there is none."""
    asks = asked.arguments
    conditions = {"direction": asks.direction, "errno": asks.errno, "reason": asks.reason}
    needed = [name for name, value in conditions.items() if value]
    able = kinds_with(*needed)
    wanted = tuple(kind for kind in able if asks.kind in (None, kind))
    if wanted:
        return wanted
    what = f"{asks.kind} events" if asks.kind else "no kind of events"
    got = f"{what} have no {' and '.join(needed)}" if asks.kind else f"{what} has {' and '.join(needed)}"
    remedy = f"ask for one of {', '.join(able)}" if able else "give one of them"
    raise InvalidArguments(", ".join(f"--{name}" for name in needed), got, remedy)


def filter_of(asked: Asked, kind: EventKind) -> Filter:
    """With those of the tool's conditions that this kind of event has a field for."""
    asks = asked.arguments
    return replace(
        asked.filter,
        direction=asks.direction,
        errno=asks.errno,
        reason=asks.reason,
        harmless=kind != "drop" or asks.include_harmless,
    )


async def _listed(source: EbpfSource, asked: Asked, events: Sequence[Event], coverage: Coverage) -> Found:
    if not events:
        return await nothing(source, asked, coverage, asked.arguments.kind or "connection")
    rows = sorted(events, key=_order)[: asked.arguments.max_events]
    tables = tabulate("Newest events", _EVENT, rows, total_rows=coverage.matched)
    noun = NOUNS[asked.arguments.kind] if asked.arguments.kind else "event"
    said = f"{newest(len(rows), coverage.matched)}{counted(coverage.matched, noun)}{behind('by', asked.arguments)}"
    return Found(f"{said} {when(asked)}", tables, coverage)


def _order(event: Event) -> tuple[float, str, str, int]:
    return -event.time.timestamp(), KIND_OF[type(event)], event.process, event.pid or 0


def told(event: Event) -> str:
    """What an event says beyond who, when and where, in a few words."""
    return " ".join(filter(None, _TOLD[type(event)](event)))


def _connection(event: Connection) -> Sequence[str | None]:
    waited = human_duration(event.waited_us) if event.waited_us is not None else None
    return event.outcome.value, event.errno, f"after {waited}" if waited else None


def _accepted(event: Accepted) -> Sequence[str | None]:
    if event.duration_us is None:
        return "from", str(event.source)
    traffic = human_bytes((event.sent_bytes or 0) + (event.received_bytes or 0))
    return "from", str(event.source), event.errno, f"{traffic} in {human_duration(event.duration_us)}"


def _drop(event: Drop) -> Sequence[str | None]:
    function = event.location.partition("+")[0] if event.location else None
    return event.reason, f"in {function}" if function else None, "(harmless)" if event.harmless else None


def _retransmit(event: Retransmit) -> Sequence[str | None]:
    number = f"number {event.retransmits}" if event.retransmits else None
    return event.state, number, f"failed with {event.errno}" if event.errno else None


def _reset(event: Reset) -> Sequence[str | None]:
    return "received" if event.direction == "in" else "sent", event.reason, event.state and f"in {event.state}"


def _lookup(event: DnsLookup) -> Sequence[str | None]:
    after = f"after {human_duration(event.latency_us)}" if event.latency_us is not None else None
    answer = event.rcode or ("unreadable answer" if after else "no answer")
    return event.name, event.type, answer, after, ", ".join(event.answers[:3]) or None


def _listen(event: Listen) -> Sequence[str | None]:
    return ("began to listen" if event.began else "no longer listens",)


def _error(event: SocketError) -> Sequence[str | None]:
    return "accept failed" if event.call == "accept" else "learnt by ICMP", event.errno


def _icmp(event: IcmpSent) -> Sequence[str | None]:
    return f"{event.type}/{event.code}", f"about {event.source}" if event.source else None


_TOLD: Mapping[type[Event], Callable[[Any], Sequence[str | None]]] = {
    Connection: _connection,
    Accepted: _accepted,
    Drop: _drop,
    Retransmit: _retransmit,
    Reset: _reset,
    DnsLookup: _lookup,
    Listen: _listen,
    SocketError: _error,
    IcmpSent: _icmp,
}

_EVENT: tuple[Field[Event], ...] = (
    field("time", lambda event: event.time, kind="time"),
    field("event", lambda event: KIND_OF[type(event)], kind="id"),
    field("process", lambda event: event.process),
    field("destination", lambda event: _written(event.destination), kind="address"),
    field("what", told),
    field("pid", lambda event: event.pid, kind="id", spare=True, remark=True),
    field("node", lambda event: event.node, spare=True),
)


def _written(end: Endpoint | None) -> str | None:
    return str(end) if end else None
