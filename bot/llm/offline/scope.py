"""What calls are limited to, and which tool takes which limit. Pure.

`plan.py` makes arguments of a scope, `understanding.py` reads the scope of calls that were made before.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from bot.domain.json_types import Json

SUMMARY = "get_network_summary"
LIST = "list_connections"
DROP_SUMMARY = "get_packet_drop_summary"
DROP_LIST = "list_packet_drops"
PATTERNS = "analyze_patterns"
FAILURES = "find_failures"
LATENCY = "connection_latency"
TALKERS = "top_talkers"
DNS = "dns_lookups"
EVENTS = "list_events"
TREND = "event_trend"
COMPARE = "compare_periods"
HEALTH = "tcp_health"
SOCKETS = "list_sockets"
EXPLAIN = "explain_drop_reason"
SOURCE = "source_status"
DIFF = "diff_last_calls"
"""Makes the thread's last calls again, and tells what is different."""

DATA_TOOLS = (
    SUMMARY, LIST, DROP_SUMMARY, DROP_LIST, PATTERNS, FAILURES, LATENCY, TALKERS, DNS, EVENTS, TREND, COMPARE, HEALTH,
    SOCKETS, EXPLAIN, SOURCE,
)  # fmt: skip
DROP_TOOLS = frozenset({DROP_SUMMARY, DROP_LIST})
EVIDENCE = DROP_TOOLS | {SOCKETS}
"""Behind another tool these say what goes on at a destination, whoever has a part in it: drops often happen in the name
of a process that has nothing to do with them, and a listener is another process than its client."""
_LIMITED = frozenset(DATA_TOOLS) - {EXPLAIN, SOURCE}
_TIMED = _LIMITED - {SOCKETS}
_TAKERS: Mapping[str, frozenset[str]] = {
    "duration_s": _TIMED,
    "since": _TIMED,
    "until": _TIMED,
    "include_local": frozenset({SUMMARY, LIST, PATTERNS, FAILURES, EVENTS, TREND, COMPARE}),
    "direction": frozenset({LIST, TALKERS, EVENTS, TREND}),
    "by": frozenset({LATENCY, TALKERS, TREND}),
    "measure": frozenset({TALKERS}),
    "kind": frozenset({EVENTS, TREND}),
    "slot_s": frozenset({TREND}),
    "reason": DROP_TOOLS | {EVENTS, EXPLAIN},
    "lookup": frozenset({DNS}),
    "state": frozenset({SOCKETS}),
    "earlier_s": frozenset({COMPARE}),
}
"""The tools that take a limit; of those that are not named here, all but the two which take none."""
_ARGUMENTS: Mapping[str, str] = {
    "process": "process_name",
    "duration_s": "duration",
    "slot_s": "slot",
    "earlier_s": "earlier",
}
"""What tools call a limit, where it is not its own name."""
_WHO = frozenset({"process", "pid", "uid"})
_WHERE = frozenset({"destination", "port"})
_PORT = re.compile(r"[^:\[\]]+:\d{1,5}|\[.*\]:\d{1,5}")


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination that the question names; None is any. The host may be a network."""

    host: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        if self.host is None:
            return f"port {self.port}"
        host = f"[{self.host}]" if ":" in self.host and self.port and "/" not in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def limits(self) -> tuple[str | None, int | None]:
        """As tools take it: where, and the port where that does not stand in it."""
        if self.host is None or "/" in self.host:
            return self.host, self.port
        return str(self), None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the calls are limited to; None leaves it open."""

    process: str | None = None
    pid: int | None = None
    uid: int | None = None
    destination: str | None = None
    port: int | None = None
    protocol: str | None = None
    direction: str | None = None
    node: str | None = None
    namespace: str | None = None
    pod: str | None = None
    container: str | None = None
    duration_s: int | None = None
    since: str | None = None
    until: str | None = None
    """Both ends of a window that does not end now; the duration is for tools that take no ends."""
    max_events: int | None = None
    include_local: bool = False
    by: str | None = None
    measure: str | None = None
    kind: str | None = None
    slot_s: int | None = None
    reason: str | None = None
    lookup: str | None = None
    state: str | None = None
    earlier_s: int | None = None

    @property
    def has_place(self) -> bool:
        return self.destination is not None or self.port is not None

    def by_port(self) -> "Scope":
        """With the port alone, where one is named: a listener has it at any address of its machine."""
        port = (self.destination or "").rpartition(":")[2]
        return replace(self, destination=None, port=int(port)) if _PORT.fullmatch(self.destination or "") else self

    def arguments(self, tool: str) -> dict[str, Json]:
        """The arguments that say this to `tool`."""
        given = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {
            _ARGUMENTS.get(name, name): value
            for name, value in given
            if value is not None and value is not False and takes(tool, name)
        }


def takes(tool: str, limit: str) -> bool:
    return tool in _TAKERS.get(limit, _LIMITED)


def scope_of(arguments: Mapping[str, Json]) -> Scope:
    """The scope that a call's arguments say, whoever made the call: what cannot be read is left open."""
    return Scope(
        process=_text(arguments.get("process_name")),
        pid=_positive(arguments.get("pid")),
        uid=_number(arguments.get("uid")),
        port=_positive(arguments.get("port")),
        duration_s=_positive(arguments.get("duration")),
        max_events=_positive(arguments.get("max_events")),
        include_local=arguments.get("include_local") in {True, "true"},
        slot_s=_positive(arguments.get("slot")),
        earlier_s=_positive(arguments.get("earlier")),
        **{name: _text(arguments.get(name)) for name in _TEXTS},
    )


_TEXTS = (
    *("destination", "protocol", "direction", "node", "namespace", "pod", "container", "since", "until"),
    *("by", "measure", "kind", "reason", "lookup", "state"),
)


def shared(calls: Sequence[tuple[str, Scope]]) -> Scope:
    """What the calls of all tools that take it agree on; the rest is left open."""
    agreed = {
        each.name: {
            getattr(scope, each.name)
            for place, (tool, scope) in enumerate(calls)
            if _says(place, tool, scope, each.name)
        }
        for each in fields(Scope)
    }
    return replace(Scope(), **{name: found.pop() for name, found in agreed.items() if len(found) == 1})


def _says(place: int, tool: str, scope: Scope, limit: str) -> bool:
    """Whether a call says anything about a limit. Evidence is about everybody at a place."""
    everybodys = _WHO | _WHERE if tool == SOCKETS else _WHO
    is_evidence = place > 0 and tool in EVIDENCE and scope.has_place and limit in everybodys
    return takes(tool, limit) and not is_evidence


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _positive(value: Json) -> int | None:
    """0 means "any" everywhere, but for user ids."""
    number = _number(value)
    return number or None


def _number(value: Json) -> int | None:
    """Models and people also write numbers as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    return number if number >= 0 else None
