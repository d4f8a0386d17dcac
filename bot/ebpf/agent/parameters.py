"""The parameters of every endpoint: requests are read by these tables, and /openapi.json is made of them. Pure."""

from datetime import datetime, timedelta
from typing import Final, TypeAlias, get_args

from bot.domain.network import EventKind
from bot.domain.query import GroupField, Measure, NumberField, Operation
from bot.domain.sockets import SocketState
from bot.ebpf.agent import filters, kinds
from bot.ebpf.agent.given import AnyParameter, Parameter
from bot.ebpf.agent.kinds import Kind
from bot.moments import MAX_DURATION_S

MAX_EVENTS = 20_000
"""Of one answer: about 8 MB and a third of a second."""
MAX_GROUPS = 20_000
MAX_SOCKETS = 20_000
LISTED = 100
DEFAULT_S = 60
MAX_SLOT_S = MAX_DURATION_S
_GROUP_FIELDS: Final[tuple[GroupField, ...]] = get_args(GroupField)
_NUMBER_FIELDS: Final[tuple[NumberField, ...]] = get_args(NumberField)
_OPERATIONS: Final[tuple[Operation, ...]] = get_args(Operation)

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
BY: Parameter[Measure | None] = Parameter(
    name="by",
    meaning="the largest group is what has most of this, not what has most events",
    kind=_MEASURE,
    default=None,
)
SLOT: Parameter[int | None] = Parameter(
    name="slot",
    meaning="seconds of the slots into which the time is cut, for the field slot: their number, from 0 on",
    kind=kinds.whole(1, MAX_SLOT_S),
    default=None,
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
HOLDERS = Parameter(
    name="holders",
    meaning="false leaves out which process holds each, which takes longest to find",
    kind=kinds.SWITCH,
    default=True,
    told=True,
)
_WINDOW = (SINCE, UNTIL, DURATION)
EVENTS: tuple[AnyParameter, ...] = (*filters.ALL, *_WINDOW, LIMIT)
AGGREGATE: tuple[AnyParameter, ...] = (*filters.ALL, *_WINDOW, GROUP_BY, MEASURES, BY, SLOT, TOP)
SOCKETS: tuple[AnyParameter, ...] = (STATE, HOLDERS, SOCKETS_LIMIT)
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
    kind=kinds.either(kinds.whole(0, filters.MAX_PID), empty=0),
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
    kind=kinds.either(kinds.whole(0, MAX_DURATION_S), empty=0),
    default=0,
    told=DEFAULT_S,
)
REFERENCE_EVENTS: tuple[AnyParameter, ...] = (TYPE, ANY_PID, COMMAND, FROM, UP_TO, AT_MOST)
SUMMARY: tuple[AnyParameter, ...] = (ANY_PID, COMMAND, DURATION_SECONDS)
