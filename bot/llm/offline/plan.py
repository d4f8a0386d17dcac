"""What the planner has understood, as values: the calls to make and the rows to look for in what they bring. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.domain.json_types import Json, JsonObject
from bot.domain.network import Outcome

SUMMARY = "get_network_summary"
LIST = "list_connections"
DROP_SUMMARY = "get_packet_drop_summary"
DROP_LIST = "list_packet_drops"
PATTERNS = "analyze_patterns"
FAILURES = "find_failures"

DATA_TOOLS = (SUMMARY, LIST, DROP_SUMMARY, DROP_LIST, PATTERNS, FAILURES)
DROP_TOOLS = frozenset({DROP_SUMMARY, DROP_LIST})
TAKE_LOCAL = frozenset(DATA_TOOLS) - DROP_TOOLS
"""The tools that know `include_local`."""

SYSTEM = (SUMMARY, LIST, DROP_SUMMARY, PATTERNS, FAILURES)
"""An overall picture."""
HAPPENING = (SUMMARY, FAILURES, DROP_SUMMARY)
"""What goes on here: how much, and what of it goes wrong."""
CAUSE = (FAILURES, SUMMARY, DROP_SUMMARY)
"""Why something fails: what failed, of how many, and whether this host dropped anything meanwhile."""
REACH = (FAILURES, LIST, DROP_SUMMARY)
"""Whether a destination is reached, and how fast: single attempts tell that, counts do not."""
TOWARDS = (FAILURES, LIST)
"""Who connects to a destination: of the failed attempts all, of the others the newest."""
DOING = (SUMMARY, LIST)
"""What one process does."""
FOCUSED = frozenset({FAILURES, LIST})
"""The tools whose rows have destinations and outcomes, so that a question may be about some of them."""

NOW_DURATION_S = 300
"""How far back "now" reaches for questions about failures, and for all that take several tools."""
FOCUS_ROWS = 50
"""Rows of counts to ask for when only some of them matter, so that those are among them."""
FOCUS_ATTEMPTS = 200
"""The same for single attempts, which are many more."""
FEW_ROWS = 5
"""Rows of each tool in an overall picture, which has many tables."""
ALL_ROWS = 100
"""Rows to ask for when a person wants all: what a chat can still show."""
MAX_ROWS = 1000
MAX_DURATION_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination that the question names; None is any."""

    host: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        if self.host is None:
            return f"port {self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the calls are limited to; None leaves it open."""

    process: str | None = None
    pid: int | None = None
    duration_s: int | None = None
    max_events: int | None = None
    include_local: bool = False

    def arguments(self, tool: str) -> dict[str, Json]:
        """The arguments that say this to `tool`."""
        given: dict[str, Json] = {
            "process_name": self.process,
            "pid": self.pid,
            "duration": self.duration_s,
            "max_events": self.max_events,
            "include_local": True if self.include_local and tool in TAKE_LOCAL else None,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """Which rows the question is about, where no tool has an argument for it."""

    destination: Destination | None = None
    outcomes: frozenset[Outcome] = frozenset()
    errnos: frozenset[str] = frozenset()
    drop_reasons: frozenset[str] = frozenset()
    slow: bool = False
    counts: bool = False
    """A number is asked for, so that it comes first."""
    top: int | None = None
    """How many processes are to be ranked by their failures."""
    source: bool = False
    """It is asked where the data comes from."""
    behaviours: frozenset[str] = frozenset()
    """Titles of the tables of `analyze_patterns` that are asked for."""

    @property
    def narrows(self) -> bool:
        """Whether only some rows of the `FOCUSED` tools matter."""
        return self.destination is not None or bool(self.outcomes) or bool(self.errnos) or self.slow


@dataclass(frozen=True, slots=True)
class PlannedCall:
    tool: str
    arguments: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The calls that answer a question; without calls it was not understood.

    `notes` are sentences about what the question asked and no tool can do.
    """

    calls: tuple[PlannedCall, ...] = ()
    focus: Focus = field(default_factory=Focus)
    notes: tuple[str, ...] = ()
    is_more: bool = False
    """More rows were asked for, once: the next question has the usual ones."""

    @property
    def tools(self) -> tuple[str, ...]:
        return tuple(call.tool for call in self.calls)


def calls_for(tools: Sequence[str], scope: Scope, focus: Focus) -> tuple[PlannedCall, ...]:
    """The calls of `tools`; each has rows of its own where the scope names none."""
    return tuple(PlannedCall(tool, _with_rows(scope, tool, tools, focus).arguments(tool)) for tool in tools)


def own_rows(tool: str, tools: Sequence[str], focus: Focus) -> int | None:
    """How many rows the plan asks of a tool by itself, next to `tools`; None leaves that to the tool."""
    if tool == LIST and focus.narrows:
        return MAX_ROWS if focus.slow else FOCUS_ATTEMPTS
    is_searched = (tool == FAILURES and focus.narrows) or (tool == DROP_SUMMARY and focus.drop_reasons)
    if is_searched or (focus.top and tool in {FAILURES, SUMMARY}):
        return FOCUS_ROWS
    return FEW_ROWS if tuple(tools) in {SYSTEM, HAPPENING} else None


def _with_rows(scope: Scope, tool: str, tools: Sequence[str], focus: Focus) -> Scope:
    return replace(scope, max_events=own_rows(tool, tools, focus)) if scope.max_events is None else scope


def scope_of(arguments: Mapping[str, Json]) -> Scope:
    """The scope that a call's arguments say, whoever made the call: what cannot be read is left open."""
    process = arguments.get("process_name")
    return Scope(
        process=process if isinstance(process, str) and process else None,
        pid=_positive(arguments.get("pid")),
        duration_s=_positive(arguments.get("duration")),
        max_events=_positive(arguments.get("max_events")),
        include_local=arguments.get("include_local") in {True, "true"},
    )


def shared(scopes: Iterable[Scope]) -> Scope:
    """What all scopes agree on; the rest is left open."""
    first, *others = list(scopes) or [Scope()]

    def agreed(name: str) -> bool:
        return all(getattr(other, name) == getattr(first, name) for other in others)

    return Scope(
        process=first.process if agreed("process") else None,
        pid=first.pid if agreed("pid") else None,
        duration_s=first.duration_s if agreed("duration_s") else None,
        max_events=first.max_events if agreed("max_events") else None,
        include_local=first.include_local and agreed("include_local"),
    )


def _positive(value: Json) -> int | None:
    """Models and people also write numbers as text; 0 means "any" everywhere."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(value)
    except (ValueError, OverflowError):
        return None
    return number if number > 0 else None
