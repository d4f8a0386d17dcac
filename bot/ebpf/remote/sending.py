"""What of a query ebpf-server and its aggregator can be sent, and whether that is all of it. Pure."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.domain.network import Outcome, Window
from bot.domain.query import Aggregate, EventQuery, Filter
from bot.ebpf.remote.agent_asked import rfc3339

MAX_PID: Final = 2**32 - 1


def sent(wanted: Filter) -> dict[str, str]:
    """The conditions that the server can apply; to it, 0 and an empty text are "any". Odd names are compared here."""
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
    """Whether the server applies the whole filter. It knows no failed look-up and no harmless drop: none is hidden."""
    asked = query.filter
    applied = replace(asked, pid=None, process=None, failed_local_lookups=False, harmless=True, outcomes=None)
    sendable = (asked.pid is not None) + (asked.process is not None)
    return can_match(query) and applied == Filter() and len(sent(asked)) == sendable


def span(window: Window) -> dict[str, str]:
    """The server's `until` is inclusive and in nanoseconds; a window's is exclusive."""
    until = window.until - timedelta(microseconds=1)
    return {"since": f"{rfc3339(window.since)}Z", "until": f"{rfc3339(until)}999Z"}
