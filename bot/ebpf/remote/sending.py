"""What of a query ebpf-server and its aggregator can be sent, and whether that is all of it. Pure."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.domain.network import Outcome, Window
from bot.domain.query import Aggregate, EventQuery, Filter, Scope
from bot.ebpf.remote.agent_asked import rfc3339
from bot.targets import is_pattern

MAX_PID: Final = 2**32 - 1


def sent(wanted: Filter) -> dict[str, str]:
    """The conditions that the server can apply; to it, 0 and an empty text are "any". Odd names are compared here.

    Within a scope only those of the scope: how much, and how soon, it answers must tell nothing of what is outside.
    """
    if not wanted.within.is_everything:
        wanted = _fixed(wanted.within)
    given: dict[str, str] = {}
    if wanted.pid is not None and 0 < wanted.pid <= MAX_PID:
        given["pid"] = str(wanted.pid)
    if wanted.process and wanted.process.isprintable():
        given["command"] = wanted.process
    return given


def can_match(query: EventQuery | Aggregate) -> bool:
    """No outcome is ever recorded, so that only "not recorded" can be found."""
    outcomes = query.filter.outcomes
    return query.kind == "drop" or outcomes is None or Outcome.UNKNOWN in outcomes


def is_complete(query: EventQuery | Aggregate) -> bool:
    """Whether the server applies the whole filter, which it does to none with a scope.

    It knows no failed look-up and no harmless drop: none is hidden.
    """
    asked = query.filter
    applied = replace(asked, pid=None, process=None, failed_local_lookups=False, harmless=True, outcomes=None)
    sendable = (asked.pid is not None) + (asked.process is not None)
    return can_match(query) and applied == Filter() and len(sent(asked)) == sendable


def _fixed(scope: Scope) -> Filter:
    """What all events of the scope have."""
    if scope.any_of is None or len(scope.any_of) != 1:
        return Filter()
    (limits,) = scope.any_of
    processes = [name for name in limits.processes if len(limits.processes) == 1 and not is_pattern(name)]
    pids = [pid for pid in limits.pids if len(limits.pids) == 1]
    return Filter(process=next(iter(processes), None), pid=next(iter(pids), None))


def span(window: Window) -> dict[str, str]:
    """The server's `until` is inclusive and in nanoseconds; a window's is exclusive."""
    until = window.until - timedelta(microseconds=1)
    return {"since": f"{rfc3339(window.since)}Z", "until": f"{rfc3339(until)}999Z"}
