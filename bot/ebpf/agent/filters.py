"""Which events count: the parameters that say so, and the `Filter` that a request makes of them. Pure.

A condition that the asked kind of events can never meet is refused, naming the kinds that can.
"""

from collections.abc import Iterator, Mapping
from typing import Final, get_args

from bot.domain.errors import InvalidArguments
from bot.domain.network import EVENT_TYPES, Direction, EventKind, Outcome, kinds_with
from bot.domain.query import EVERYTHING, Filter, Scope, Target
from bot.ebpf.agent import kinds
from bot.ebpf.agent.given import AnyParameter, Given, Parameter
from bot.targets import is_pattern, with_port

MAX_PID: Final = 2**32 - 1
MAX_UID: Final = 2**32 - 1
_DIRECTIONS: Final[tuple[Direction, ...]] = get_args(Direction)

KIND: Parameter[EventKind] = Parameter(
    name="kind", meaning="which events", kind=kinds.one_of(tuple(EVENT_TYPES)), default="connection", told="connection"
)
PROCESS: Parameter[str | None] = Parameter(
    name="process",
    meaning="the process's exact name, as the kernel has it; * stands for any characters, ? for one",
    kind=kinds.TEXT,
    default=None,
)
COMM: Parameter[str | None] = Parameter(
    name="comm", meaning="the process's exact name, in which * and ? are themselves", kind=kinds.TEXT, default=None
)
PID: Parameter[int | None] = Parameter(
    name="pid", meaning="of one process; no event has the pid 0", kind=kinds.whole(0, MAX_PID), default=None
)
UID: Parameter[int | None] = Parameter(
    name="uid", meaning="of one user's processes", kind=kinds.whole(0, MAX_UID), default=None
)
DESTINATION: Parameter[Target | None] = Parameter(
    name="destination", meaning="where it went, or was to go", kind=kinds.TARGET, default=None
)
PORT: Parameter[int | None] = Parameter(
    name="port",
    meaning="to this port; for a destination that cannot hold one",
    kind=kinds.whole(0, 65_535),
    default=None,
)
PROTOCOL: Parameter[str | None] = Parameter(
    name="protocol", meaning="TCP, UDP, UNIX, ICMP ...; capitals or not", kind=kinds.UPPER, default=None
)
DIRECTION: Parameter[Direction | None] = Parameter(
    name="direction",
    meaning="out: it was opened, or sent, from here; in: the other way",
    kind=kinds.one_of(_DIRECTIONS),
    default=None,
)
OUTCOME = Parameter(
    name="outcome",
    meaning="of connections: what became of them; any of several",
    kind=kinds.one_of(tuple(Outcome)),
    default=Outcome.UNKNOWN,
    several=True,
)
ERRNO: Parameter[str | None] = Parameter(
    name="errno", meaning="the error with which it ended", kind=kinds.ERRNO, default=None
)
REASON: Parameter[str | None] = Parameter(
    name="reason", meaning="why the kernel dropped, or reset, by its exact name", kind=kinds.TEXT, default=None
)
LOOKUP: Parameter[str | None] = Parameter(
    name="lookup",
    meaning="the name that DNS was asked for; * stands for any characters, ? for one",
    kind=kinds.DNS_NAME,
    default=None,
)
NODE: Parameter[str | None] = Parameter(
    name="node", meaning="what the machine is called that saw it", kind=kinds.TEXT, default=None
)
NAMESPACE: Parameter[str | None] = Parameter(
    name="namespace", meaning="the Kubernetes namespace of its pod", kind=kinds.TEXT, default=None
)
POD: Parameter[str | None] = Parameter(name="pod", meaning="the name of its pod", kind=kinds.TEXT, default=None)
CONTAINER: Parameter[str | None] = Parameter(
    name="container", meaning="the name of its container", kind=kinds.TEXT, default=None
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
WITHIN: Parameter[Scope] = Parameter(
    name="within",
    meaning="what may be seen at all, whatever else is asked: events that any of these limits lets through",
    kind=kinds.SCOPE,
    default=EVERYTHING,
)
ALL: tuple[AnyParameter, ...] = (
    KIND,
    *(PROCESS, COMM, PID, UID),
    *(DESTINATION, PORT, PROTOCOL, DIRECTION),
    *(OUTCOME, ERRNO, REASON, LOOKUP),
    *(NODE, NAMESPACE, POD, CONTAINER),
    *(HARMLESS, FAILED_LOCAL_LOOKUPS),
    WITHIN,
)
_HAVE: Final[Mapping[str, tuple[EventKind, ...]]] = {
    OUTCOME.name: kinds_with("outcome"),
    ERRNO.name: kinds_with("errno"),
    REASON.name: kinds_with("reason"),
    LOOKUP.name: ("dns",),
}
_GO: Final[Mapping[Direction, tuple[EventKind, ...]]] = {
    "out": ("connection", "drop", "retransmit", "reset", "dns"),
    "in": ("accept", "drop", "reset"),
}


def read(given: Given) -> Filter:
    """Raises: InvalidArguments."""
    process, pattern = _names(given)
    wanted = Filter(
        pid=given.one(PID),
        uid=given.one(UID),
        target=_target(given),
        protocol=given.one(PROTOCOL),
        direction=given.one(DIRECTION),
        outcomes=frozenset(given.each(OUTCOME)) or None,
        errno=given.one(ERRNO),
        reason=given.one(REASON),
        lookup=given.one(LOOKUP),
        node=given.one(NODE),
        namespace=given.one(NAMESPACE),
        pod=given.one(POD),
        container=given.one(CONTAINER),
        failed_local_lookups=given.one(FAILED_LOCAL_LOOKUPS),
        harmless=given.one(HARMLESS),
        process=process,
        process_pattern=pattern,
        within=given.one(WITHIN),
    )
    _refuse_what_never_is(wanted, given.one(KIND))
    return wanted


def never_met(wanted: Filter, kind: EventKind) -> Iterator[tuple[str, tuple[EventKind, ...]]]:
    """Conditions that no event of this kind can meet, each with the kinds whose events can."""
    held = {OUTCOME.name: wanted.outcomes, ERRNO.name: wanted.errno, REASON.name: wanted.reason}
    for name, value in {**held, LOOKUP.name: wanted.lookup}.items():
        if value is not None and kind not in _HAVE[name]:
            yield name, _HAVE[name]
    if wanted.direction is not None and kind not in _GO[wanted.direction]:
        yield DIRECTION.name, _GO[wanted.direction]


def _names(given: Given) -> tuple[str | None, str | None]:
    """The exact name, and the pattern."""
    process, comm = given.one(PROCESS), given.one(COMM)
    if process is None or is_pattern(process):
        return comm, process
    if comm is not None:
        raise InvalidArguments(COMM.name, "it was given together with another exact name", "give one of the two")
    return process, None


def _target(given: Given) -> Target | None:
    found, port = given.one(DESTINATION), given.one(PORT)
    try:
        return with_port(found, port)
    except ValueError:
        got = f"{port} was given, and the destination has port {found.port if found else port}"
        raise InvalidArguments(PORT.name, got, "give one") from None


def _refuse_what_never_is(wanted: Filter, kind: EventKind) -> None:
    for name, kinds_that_can in never_met(wanted, kind):
        got = f"no event of the kind {kind} can meet this condition"
        raise InvalidArguments(name, got, f"it is one on {' | '.join(kinds_that_can)}")
