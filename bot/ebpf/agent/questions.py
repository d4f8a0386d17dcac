"""What requests ask, as questions to a source: in our own words, and in those of ebpf-server. Pure.

Everything here raises `InvalidArguments`, which says what is wrong with which parameter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.errors import InvalidArguments
from bot.domain.json_types import Json
from bot.domain.network import EventKind, Window
from bot.domain.query import Aggregate, EventQuery, Filter
from bot.domain.sockets import SocketQuery, SocketState
from bot.ebpf.agent import filters, kinds
from bot.ebpf.agent import parameters as known
from bot.ebpf.agent.given import Given, Pair, of_body

_EVERYTHING = Window(datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What a client of ebpf-server asked for: the newest `limit` of all these kinds.

    `echo` is how it was understood.
    """

    kinds: tuple[EventKind, ...]
    window: Window
    filter: Filter
    limit: int
    echo: dict[str, Json]

    def queries(self) -> list[EventQuery]:
        return [EventQuery(kind=kind, window=self.window, filter=self.filter, limit=self.limit) for kind in self.kinds]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a client of ebpf-server wants counted; 0 and an empty text are any."""

    pid: int
    command: str
    duration_s: int

    def query(self, kind: EventKind, now: datetime) -> Aggregate:
        window = Window(now - timedelta(seconds=self.duration_s), _EVERYTHING.until)
        return Aggregate(kind=kind, window=window, filter=_of_process(self.pid, self.command))


def events(pairs: Iterable[Pair], now: datetime) -> EventQuery:
    given = Given(pairs)
    given.refuse_strangers(known.EVENTS)
    return EventQuery(
        kind=given.one(filters.KIND),
        window=_window(given, now),
        filter=filters.read(given),
        limit=given.one(known.LIMIT),
    )


def aggregate(pairs: Iterable[Pair], now: datetime) -> Aggregate:
    given = Given(pairs)
    given.refuse_strangers(known.AGGREGATE)
    asked = Aggregate(
        kind=given.one(filters.KIND),
        window=_window(given, now),
        filter=filters.read(given),
        group_by=given.each(known.GROUP_BY),
        measures=given.each(known.MEASURES),
        by=given.one(known.BY),
        slot_s=given.one(known.SLOT),
        top=given.one(known.TOP),
    )
    if "slot" in asked.group_by and asked.slot_s is None:
        raise InvalidArguments(known.GROUP_BY.name, "slot was given, and no length of slots", "give slot=SECONDS too")
    return asked


def sockets(pairs: Iterable[Pair]) -> SocketQuery:
    given = Given(pairs)
    given.refuse_strangers(known.SOCKETS)
    states = frozenset(given.each(known.STATE) or SocketState)
    return SocketQuery(states=states, limit=given.one(known.SOCKETS_LIMIT), holders=given.one(known.HOLDERS))


def counters(pairs: Iterable[Pair], now: datetime) -> Window:
    given = Given(pairs)
    given.refuse_strangers(known.COUNTERS)
    return _window(given, now)


def sought(pairs: Iterable[Pair]) -> Sought:
    given = Given(pairs)
    wanted, pid, command = given.one(known.TYPE), given.one(known.ANY_PID), given.one(known.COMMAND)
    since, until = given.one(known.FROM), given.one(known.UP_TO)
    limit = min(given.one(known.AT_MOST) or known.LISTED, known.MAX_EVENTS)
    times = {"since": since, "until": until - kinds.MICROSECOND if until else None}
    written = {name: time.isoformat(timespec="seconds").replace("+00:00", "Z") for name, time in times.items() if time}
    echo: dict[str, Json] = {"type": wanted, "pid": pid, "command": command, **written, "limit": limit}
    return Sought(
        kinds=(known.TYPES[wanted],) if wanted else tuple(known.TYPES.values()),
        window=Window(since or _EVERYTHING.since, until or _EVERYTHING.until),
        filter=_of_process(pid, command),
        limit=limit,
        echo={name: value for name, value in echo.items() if value},
    )


def listed(kind: EventKind, now: datetime) -> EventQuery:
    """The newest of the last hour."""
    window = Window(now - timedelta(hours=1), _EVERYTHING.until)
    return EventQuery(kind=kind, window=window, filter=_of_process(0, ""), limit=known.LISTED)


def counted(pairs: Iterable[Pair]) -> Counted:
    given = Given(pairs)
    duration_s = given.one(known.DURATION_SECONDS) or known.DEFAULT_S
    return Counted(pid=given.one(known.ANY_PID), command=given.one(known.COMMAND), duration_s=duration_s)


def counted_by_body(body: bytes) -> Counted:
    return counted(of_body(body, known.SUMMARY))


def _of_process(pid: int, command: str) -> Filter:
    """The reference knows neither failed look-ups nor harmless drops: all are there."""
    return Filter(pid=pid or None, process=command or None, failed_local_lookups=True)


def _window(given: Given, now: datetime) -> Window:
    if given.has(known.SINCE) and given.has(known.DURATION):
        raise InvalidArguments(known.DURATION.name, "it was given together with since", "give one of the two")
    until = _at(given.one(known.UNTIL), now) or now
    since = _at(given.one(known.SINCE), now) or _before(until, given.one(known.DURATION))
    if since > until:
        got = f"{since.isoformat()} was given, which is behind until, {until.isoformat()}"
        raise InvalidArguments(known.SINCE.name, got, "give an earlier time")
    return Window(since, until)


def _at(end: known.Ends | None, now: datetime) -> datetime | None:
    return now - end if isinstance(end, timedelta) else end


def _before(until: datetime, duration: timedelta) -> datetime:
    """The calendar has a beginning."""
    return until - min(duration, until - datetime.min.replace(tzinfo=UTC))
