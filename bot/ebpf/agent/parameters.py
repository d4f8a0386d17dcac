"""The parameters of every endpoint: requests are read by these tables, and /openapi.json is made of them. Pure."""

from datetime import datetime, timedelta
from typing import Final, TypeAlias, get_args

from bot.domain.network import EventKind, Outcome
from bot.domain.query import GroupField, Measure, NumberField, Operation
from bot.domain.sockets import SocketState
from bot.ebpf.agent import kinds
from bot.ebpf.agent.given import AnyParameter, Parameter
from bot.ebpf.agent.kinds import Kind

MAX_EVENTS = 20_000
"""Of one answer: about 8 MB and a third of a second."""
MAX_GROUPS = 20_000
MAX_SOCKETS = 20_000
LISTED = 100
DEFAULT_S = 60
MAX_PID = 2**32 - 1
_GROUP_FIELDS: Final[tuple[GroupField, ...]] = get_args(GroupField)
_NUMBER_FIELDS: Final[tuple[NumberField, ...]] = get_args(NumberField)
_OPERATIONS: Final[tuple[Operation, ...]] = get_args(Operation)
KINDS: Final[tuple[EventKind, ...]] = ("connection", "drop")

Ends: TypeAlias = datetime | timedelta


def _measure(text: str) -> Measure:
    operation, _, field = text.partition(":")
    return Measure(_OPERATION.read(operation), _NUMBER.read(field))


_OPERATION, _NUMBER = kinds.one_of(_OPERATIONS), kinds.one_of(_NUMBER_FIELDS)
_MEASURE = Kind(
    f"FIGURE:FIELD such as p50:waited_us; figures: {' | '.join(_OPERATIONS)}; fields: {' | '.join(_NUMBER_FIELDS)}",
    {"type": "string", "enum": [f"{operation}:{field}" for operation in _OPERATIONS for field in _NUMBER_FIELDS]},
    _measure,
)

KIND: Parameter[EventKind] = Parameter(
    name="kind", meaning="which events", kind=kinds.one_of(KINDS), default="connection", told="connection"
)
PROCESS: Parameter[str | None] = Parameter(
    name="process", meaning="the process's exact name, as the kernel has it", kind=kinds.TEXT, default=None
)
PID: Parameter[int | None] = Parameter(
    name="pid", meaning="of one process; no event has the pid 0", kind=kinds.whole(0, MAX_PID), default=None
)
OUTCOME = Parameter(
    name="outcome",
    meaning="of connections: what became of them; any of several",
    kind=kinds.one_of(tuple(Outcome)),
    default=Outcome.UNKNOWN,
    several=True,
)
HARMLESS = Parameter(
    name="harmless",
    meaning="of drops: false leaves out those that are known to be harmless",
    kind=kinds.SWITCH,
    default=True,
    told=True,
)
FAILED_LOCAL_LOOKUPS = Parameter(
    name="failed_local_lookups",
    meaning="of connections: true also gives failed connects to local sockets, a part of healthy life",
    kind=kinds.SWITCH,
    default=False,
    told=False,
)
SINCE: Parameter[Ends | None] = Parameter(
    name="since", meaning="the first moment; instead of duration", kind=kinds.MOMENT, default=None
)
UNTIL: Parameter[Ends | None] = Parameter(
    name="until", meaning="the moment before which it ends; not given: now", kind=kinds.MOMENT, default=None
)
DURATION = Parameter(
    name="duration",
    meaning="how long before until it begins",
    kind=kinds.DURATION,
    default=timedelta(seconds=DEFAULT_S),
    told=f"{DEFAULT_S}s",
)
LIMIT = Parameter(
    name="limit", meaning="at most so many, the newest", kind=kinds.whole(1, MAX_EVENTS), default=LISTED, told=LISTED
)
GROUP_BY = Parameter(
    name="group_by",
    meaning="fields whose values make a group; none: all are one group",
    kind=kinds.one_of(_GROUP_FIELDS),
    default=_GROUP_FIELDS[0],
    several=True,
    separator=",",
)
MEASURES = Parameter(
    name="measures",
    meaning="figures of each group",
    kind=_MEASURE,
    default=Measure("p50", "waited_us"),
    several=True,
    separator=",",
)
TOP = Parameter(
    name="top", meaning="the largest groups only", kind=kinds.whole(1, MAX_GROUPS), default=LISTED, told=LISTED
)
STATE = Parameter(
    name="state",
    meaning="any of several; none: all. A UDP socket is ESTABLISHED or UNCONN",
    kind=kinds.one_of(tuple(SocketState)),
    default=SocketState.LISTEN,
    several=True,
    separator=",",
)
SOCKETS_LIMIT = Parameter(
    name="limit",
    meaning="at most so many; those in TIME_WAIT are left out first",
    kind=kinds.whole(1, MAX_SOCKETS),
    default=MAX_SOCKETS,
    told=MAX_SOCKETS,
)
_WINDOW = (SINCE, UNTIL, DURATION)
_FILTERS = (KIND, PROCESS, PID, OUTCOME, HARMLESS, FAILED_LOCAL_LOOKUPS, *_WINDOW)
EVENTS: tuple[AnyParameter, ...] = (*_FILTERS, LIMIT)
AGGREGATE: tuple[AnyParameter, ...] = (*_FILTERS, GROUP_BY, MEASURES, TOP)
SOCKETS: tuple[AnyParameter, ...] = (STATE, SOCKETS_LIMIT)
COUNTERS: tuple[AnyParameter, ...] = _WINDOW

TYPES: dict[str, EventKind] = {"connection": "connection", "packet_drop": "drop"}
TYPE: Parameter[str] = Parameter(
    name="type",
    meaning="which events; not given: any",
    kind=kinds.either(kinds.one_of(tuple(TYPES)), empty=""),
    default="",
)
ANY_PID = Parameter(
    name="pid",
    meaning="of one process; 0: any",
    kind=kinds.either(kinds.whole(0, MAX_PID), empty=0),
    default=0,
    told=0,
)
COMMAND = Parameter(
    name="command", meaning="the process's exact name; empty: any", kind=kinds.TEXT, default="", told=""
)
FROM: Parameter[datetime | None] = Parameter(
    name="since", meaning="the first moment", kind=kinds.either(kinds.FROM, empty=None), default=None
)
UP_TO: Parameter[datetime | None] = Parameter(
    name="until", meaning="the last moment", kind=kinds.either(kinds.UP_TO, empty=None), default=None
)
AT_MOST = Parameter(
    name="limit",
    meaning=f"at most so many, the newest; 0: {LISTED}; {MAX_EVENTS:,} is the most that one answer holds",
    kind=kinds.either(kinds.whole(0, 2**63 - 1), empty=0),
    default=0,
    told=LISTED,
)
DURATION_SECONDS = Parameter(
    name="duration_seconds",
    meaning=f"how long ago it begins; 0: {DEFAULT_S}",
    kind=kinds.either(kinds.whole(0, kinds.MAX_DURATION_S), empty=0),
    default=0,
    told=DEFAULT_S,
)
REFERENCE_EVENTS: tuple[AnyParameter, ...] = (TYPE, ANY_PID, COMMAND, FROM, UP_TO, AT_MOST)
SUMMARY: tuple[AnyParameter, ...] = (ANY_PID, COMMAND, DURATION_SECONDS)
