"""The phrases that the tools' sentences share. Pure."""

from bot.domain.network import Window
from bot.domain.query import Target
from bot.tables.text import plain
from bot.tables.units import human_count
from bot.tools.asked import EVERY_NODE, Asked
from bot.tools.data_arguments import DataArguments

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 24 * HOUR_S


def counted(count: int, noun: str) -> str:
    """`1 attempt`, `1,500 attempts`."""
    return f"{count} {noun}" if count == 1 else f"{human_count(count)} {noun}s"


def target(arguments: DataArguments) -> str:
    """`process 'curl'`, `pid 12`, `process 'curl' (pid 12)`, `user id 33`, or nothing where every process counts."""
    kind = "processes like" if arguments.is_pattern else "process"
    name = f"{kind} '{plain(arguments.process_name)}'" if arguments.process_name else ""
    numbers = [f"pid {arguments.pid}"] if arguments.pid is not None else []
    numbers += [f"user id {arguments.uid}"] if arguments.uid is not None else []
    if not name:
        return ", ".join(numbers)
    return f"{name} ({', '.join(numbers)})" if numbers else name


def place(arguments: DataArguments) -> str:
    """` to 10.2.0.14:5432 over TCP in pod web-0`, or nothing: with a blank in front, to stand behind a noun."""
    to = f" to {_destination(arguments.target)}" if arguments.target else ""
    over = f" over {plain(arguments.protocol)}" if arguments.protocol else ""
    named = ("container", arguments.container), ("pod", arguments.pod), ("namespace", arguments.namespace)
    inside = "".join(f" in {what} {plain(name)}" for what, name in named if name)
    on = f" on node {plain(arguments.node)}" if arguments.node and arguments.node != EVERY_NODE else ""
    return f"{to}{over}{inside}{on}"


def behind(word: str, arguments: DataArguments) -> str:
    """` by process 'curl' to 10.0.0.1` for the word "by"; nothing where everything counts."""
    by = f" {word} {target(arguments)}" if target(arguments) else ""
    return f"{by}{place(arguments)}"


def newest(shown: int, matched: int) -> str:
    """`the newest 10 of ` in front of a count, or nothing where all are shown."""
    return f"the newest {human_count(shown)} of " if shown < matched else ""


def span(duration_s: int) -> str:
    """`60 seconds`, `10 minutes`, `hour`, `2 days`: what stands behind "the last"."""
    for size_s, noun in ((DAY_S, "day"), (HOUR_S, "hour"), (MINUTE_S, "minute")):
        if duration_s % size_s == 0 and duration_s > MINUTE_S:
            return noun if duration_s == size_s else counted(duration_s // size_s, noun)
    return counted(duration_s, "second")


def when(asked: Asked) -> str:
    """`in the last hour`, or `from 2026-11-23 14:02:00 to 14:07:00 UTC`."""
    if asked.arguments.since is None and asked.arguments.until is None:
        return f"in the last {span(asked.arguments.duration_s)}"
    return f"from {between(asked.window)}"


def over(asked: Asked) -> str:
    """The same as the Go netspy says it: `over the last 60 seconds`."""
    if asked.arguments.since is None and asked.arguments.until is None:
        return f"over the last {counted(asked.arguments.duration_s, 'second')}"
    return when(asked)


def between(window: Window) -> str:
    is_one_day = window.since.date() == window.until.date()
    until = f"{window.until:%H:%M:%S}" if is_one_day else f"{window.until:%Y-%m-%d %H:%M:%S}"
    return f"{window.since:%Y-%m-%d %H:%M:%S} to {until} UTC"


def _destination(wanted: Target) -> str:
    host = wanted.name or (_network(wanted) if wanted.network else "")
    if wanted.port is None:
        return plain(host)
    if not host:
        return f"port {wanted.port}"
    return f"[{host}]:{wanted.port}" if ":" in host else f"{plain(host)}:{wanted.port}"


def _network(wanted: Target) -> str:
    network = wanted.network
    if network is None:
        return ""
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)
