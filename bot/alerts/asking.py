"""What is asked about a group of alerts: its labels become process, pod, node and window of a command. Pure.

Which names exist is told to it: a label that names nothing here asks for nothing.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.alerts import AlertGroup
from bot.domain.json_types import Json
from bot.domain.message import Command
from bot.tables.quoting import code, unmarked

BEFORE_S = 300
"""What led to an alert lies before it: a rule waits before it fires."""
SHORTEST_S, LONGEST_S = 600, 6 * 3600
MAX_TEXT = 300
MAX_NAME = 60
SAID = ("severity", "cluster", "namespace", "pod", "node", "instance", "service", "job", "process")
"""Labels that the first line shows, in this order."""
_LABELS: Mapping[str, tuple[str, ...]] = {
    "process_name": ("process", "comm", "container", "app", "service", "deployment", "job"),
    "pod": ("pod", "pod_name", "kubernetes_pod_name"),
    "node": ("node", "nodename", "kubernetes_node", "host", "hostname", "instance"),
}
"""By the argument that names it: labels that may hold one, the surest first."""
ARGUMENTS = tuple(_LABELS)


@dataclass(frozen=True, slots=True)
class Known:
    """Names that were seen lately here, by argument: what labels may mean."""

    names: Mapping[str, Collection[str]]

    def find(self, argument: str, labels: Mapping[str, str]) -> str | None:
        known = self.names.get(argument, ())
        return next((name for name in candidates(argument, labels) if name in known), None)


def candidates(argument: str, labels: Mapping[str, str]) -> Iterator[str]:
    """What the labels may mean by it; the kernel keeps 15 bytes of a process' name."""
    for label in _LABELS[argument]:
        if value := labels.get(label, "").strip():
            name = _host(value) if argument == "node" else value
            yield name.encode(errors="replace")[:15].decode(errors="ignore") if argument == "process_name" else name


def command_for(group: AlertGroup, known: Known, *, now: datetime) -> Command:
    """`investigate` where the labels name a process that is known here, `pod` for a pod, else `incident`."""
    arguments: dict[str, Json] = {"duration": duration_s(group, now)}
    if node := known.find("node", group.labels):
        arguments["node"] = node
    if process := known.find("process_name", group.labels):
        return Command("investigate", {"process_name": process, **arguments})
    if pod := known.find("pod", group.labels):
        return Command("pod", {"pod": pod, **arguments})
    return Command("incident", arguments)


def duration_s(group: AlertGroup, now: datetime) -> int:
    """Back to a while before the first of them fired."""
    fired_s = (now - group.since).total_seconds() if group.since else 0
    return round(min(max(fired_s + BEFORE_S, SHORTEST_S), LONGEST_S))


def headline(group: AlertGroup) -> str:
    """The message that begins the thread, as Markdown."""
    count = f"{len(group.firing)} alerts" if len(group.firing) > 1 else "1 alert"
    since = f" since {group.since:%Y-%m-%d %H:%M} UTC" if group.since else ""
    said = [f"{label} {code(group.labels[label])}" for label in SAID if group.labels.get(label)]
    about = next((group.annotations[name] for name in ("summary", "description") if group.annotations.get(name)), "")
    first = f"{code(group.name)} fires ({count}){since}{': ' if said else ''}{', '.join(said)}."
    return f"{first}\n\n{_short(about)}" if about else first


def question(group: AlertGroup) -> str:
    """What is shown as asked."""
    return f"Alert {_short(group.name, MAX_NAME)}: what goes wrong?"


def _short(text: str, most: int = MAX_TEXT) -> str:
    text = unmarked(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _host(instance: str) -> str:
    """`node-a` of `node-a:9100`."""
    host, colon, port = instance.rpartition(":")
    return host.strip("[]") if colon and port.isdigit() and (":" not in host or host.startswith("[")) else instance
