"""The memory of ebpf-server and its aggregator, a list that every query scans and sorts; and how they read queries."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.loopback.ebpf_events import ZERO_TIME_NS, go_json, parse_rfc3339

UINT32_MAX = 2**32 - 1
INT_MAX = 2**63 - 1


class Stored:
    """An event with what queries look at taken out of it; its JSON is made when first asked for."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.time_ns = parse_rfc3339(raw.get("time"))
        self.timestamp: int = raw.get("timestamp") or 0
        self.type = raw.get("type")
        self.pid = raw.get("pid")
        self.command = raw.get("command")

    @cached_property
    def json(self) -> str:
        return go_json(self.raw, sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Empty, zero and the zero time mean "not asked for". `until_ns` is inclusive."""

    type: str = ""
    pid: int = 0
    command: str = ""
    since_ns: int = ZERO_TIME_NS
    until_ns: int = ZERO_TIME_NS
    limit: int = 0

    def matches(self, event: Stored) -> bool:
        return (
            (not self.type or event.type == self.type)
            and (not self.pid or event.pid == self.pid)
            and (not self.command or event.command == self.command)
            and (self.since_ns == ZERO_TIME_NS or event.time_ns >= self.since_ns)
            and (self.until_ns == ZERO_TIME_NS or event.time_ns <= self.until_ns)
        )


class Storage:
    def __init__(self) -> None:
        self.events: list[Stored] = []

    def add(self, raw: Mapping[str, Any]) -> None:
        self.events.append(Stored(raw))

    def select(self, query: Query) -> tuple[list[Stored], int]:
        """The first `limit`, newest first by the time since boot (across nodes: wrong), and how many match in all."""
        found = [event for event in self.events if query.matches(event)]
        found.sort(key=lambda event: event.timestamp, reverse=True)
        return (found[: query.limit] if query.limit > 0 else found), len(found)


def json_list(events: Sequence[Stored]) -> str:
    """Go writes an empty result as null."""
    return f"[{','.join(event.json for event in events)}]" if events else "null"


def by_pid(events: Sequence[Stored]) -> tuple[int, str]:
    """How many pids, and the events under each, in the order of the keys' text."""
    groups: dict[str, list[Stored]] = {}
    for event in events:
        groups.setdefault(str(event.raw.get("pid", 0)), []).append(event)
    return len(groups), "{" + ",".join(f'"{pid}":{json_list(groups[pid])}' for pid in sorted(groups)) + "}"


def by_node(events: Sequence[Stored]) -> dict[str, int]:
    nodes = Counter(str(event.raw["k8s_node_name"]) for event in events if event.raw.get("k8s_node_name"))
    return dict(sorted(nodes.items()))


def uint32(text: str) -> int:
    """`strconv.ParseUint`; what it refuses is not asked for."""
    value = int(text) if re.fullmatch(r"[0-9]+", text) else 0
    return value if value <= UINT32_MAX else 0


def integer(text: str) -> int:
    """`strconv.Atoi`, likewise."""
    value = int(text) if re.fullmatch(r"[+-]?[0-9]+", text) else 0
    return value if abs(value) <= INT_MAX else 0


def posted_summary(body: bytes) -> tuple[int, str, int] | None:
    """pid, command and seconds of a summary's body; None where Go's decoder fails."""
    given = read_json(body)
    if not isinstance(given, dict):
        return None
    pid, command, duration_s = (given.get(name) for name in ("pid", "command", "duration_seconds"))
    fits = (
        (pid is None or (type(pid) is int and 0 <= pid <= UINT32_MAX))
        and (command is None or isinstance(command, str))
        and (duration_s is None or type(duration_s) is int)
    )
    return (pid or 0, command or "", duration_s or 0) if fits else None


def read_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
