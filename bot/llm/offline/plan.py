"""What the planner has understood, as values: the calls to make and the rows to look for in what they bring. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.domain.json_types import JsonObject
from bot.domain.network import Outcome
from bot.llm.offline.scope import (
    DROP_SUMMARY,
    EVIDENCE,
    FAILURES,
    LATENCY,
    LIST,
    PATTERNS,
    SOCKETS,
    SUMMARY,
    Destination,
    Scope,
)

SYSTEM = (SUMMARY, LIST, DROP_SUMMARY, PATTERNS, FAILURES)
"""An overall picture."""
HAPPENING = (SUMMARY, FAILURES, DROP_SUMMARY)
"""What goes on here: how much, and what of it goes wrong."""
CAUSE = (FAILURES, SUMMARY, DROP_SUMMARY)
"""Why something fails: what failed, of how many, and whether this host dropped anything meanwhile."""
TROUBLE = (FAILURES, LATENCY, SUMMARY, DROP_SUMMARY)
"""Whether one process has any trouble: also that of servers which do not serve whom their kernel has connected."""
REACH = (FAILURES, LATENCY, LIST, DROP_SUMMARY)
"""Whether a destination is reached, and how fast: single attempts tell that, counts do not."""
HANGING = (FAILURES, LATENCY, SOCKETS, DROP_SUMMARY)
"""What is waited for: attempts that failed, servers that do not serve whom their kernel has connected, sockets now."""
SPEED = (LATENCY, FAILURES, DROP_SUMMARY)
"""Who is slow: the network, the server, or nobody."""
TOWARDS = (FAILURES, LIST)
"""Who connects to a destination: of the failed attempts all, of the others the newest."""
DOING = (SUMMARY, LIST)
"""What one process does."""
FOCUSED = frozenset({FAILURES, LIST})
"""The tools whose rows have destinations and outcomes, so that a question may be about some of them."""
SEARCHED = FOCUSED | {SOCKETS}
"""The tools of whose rows those towards a destination are picked, where a call can't be limited to it."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """Which rows the question is about, where no argument has told that to the tool."""

    destination: Destination | None = None
    is_limited: bool = False
    """The call itself is limited to the destination: all that it brings is about it."""
    outcomes: frozenset[Outcome] = frozenset()
    errnos: frozenset[str] = frozenset()
    drop_reasons: frozenset[str] = frozenset()
    slow: bool = False
    counts: bool = False
    """A number is asked for, so that it comes first."""
    top: int | None = None
    """How many processes are to be ranked by their failures."""
    resets: bool = False
    source: bool = False
    """It is asked where the data comes from."""
    behaviours: frozenset[str] = frozenset()
    """Titles of the tables of `analyze_patterns` that are asked for."""

    @property
    def narrows(self) -> bool:
        """Whether only some rows of the `FOCUSED` tools matter."""
        return self.destination is not None or self.searches

    @property
    def searches(self) -> bool:
        """Whether the rows that matter have to be found among others."""
        return bool(self.outcomes) or bool(self.errnos) or self.slow


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
    is_since_then: bool = False
    """It is asked what is different from when this thread looked last: the last calls, made again, answer that."""

    @property
    def tools(self) -> tuple[str, ...]:
        return tuple(call.tool for call in self.calls)


def calls_for(tools: Sequence[str], scope: Scope, focus: Focus) -> tuple[PlannedCall, ...]:
    """The calls of `tools`; each has rows of its own where the scope names none."""
    return tuple(call_for(place, tools, scope, focus) for place in range(len(tools)))


def call_for(place: int, tools: Sequence[str], scope: Scope, focus: Focus) -> PlannedCall:
    """The call of one of the `tools`."""
    tool = tools[place]
    if place > 0 and tool in EVIDENCE and scope.has_place:
        scope = replace(scope, process=None, pid=None, uid=None)
        scope = scope.by_port() if tool == SOCKETS else scope
    if scope.max_events is None:
        scope = replace(scope, max_events=own_rows(tool, tools, focus))
    return PlannedCall(tool, scope.arguments(tool))


def own_rows(tool: str, tools: Sequence[str], focus: Focus) -> int | None:
    """How many rows the plan asks of a tool by itself, next to `tools`; None leaves that to the tool."""
    if tool in FOCUSED and focus.searches:
        return rows_to_search(tool, focus)
    if (tool == DROP_SUMMARY and len(focus.drop_reasons) > 1) or (focus.top and tool in {FAILURES, SUMMARY}):
        return FOCUS_ROWS
    return FEW_ROWS if tuple(tools) in {SYSTEM, HAPPENING} else None


def rows_to_search(tool: str, focus: Focus) -> int:
    """How many rows hold those that matter, where a tool can't be told which."""
    if tool == LIST:
        return MAX_ROWS if focus.slow else FOCUS_ATTEMPTS
    return FOCUS_ROWS
