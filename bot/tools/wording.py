"""The phrases that the tools' sentences share. Pure."""

from bot.tables.text import plain
from bot.tables.units import human_count
from bot.tools.arguments import DataArguments

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 24 * HOUR_S


def counted(count: int, noun: str) -> str:
    """`1 attempt`, `1,500 attempts`."""
    return f"{count} {noun}" if count == 1 else f"{human_count(count)} {noun}s"


def target(arguments: DataArguments) -> str:
    """`process 'curl'`, `pid 12`, `process 'curl' (pid 12)`, or nothing where every process counts."""
    name = f"process '{plain(arguments.process_name)}'" if arguments.process_name else ""
    if arguments.pid is None:
        return name
    return f"{name} (pid {arguments.pid})" if name else f"pid {arguments.pid}"


def behind(word: str, arguments: DataArguments) -> str:
    """` by process 'curl'` for the word "by"; nothing where every process counts."""
    return f" {word} {target(arguments)}" if target(arguments) else ""


def newest(shown: int, matched: int) -> str:
    """`the newest 10 of ` in front of a count, or nothing where all are shown."""
    return f"the newest {human_count(shown)} of " if shown < matched else ""


def span(duration_s: int) -> str:
    """`60 seconds`, `10 minutes`, `hour`, `2 days`: what stands behind "the last"."""
    for size_s, noun in ((DAY_S, "day"), (HOUR_S, "hour"), (MINUTE_S, "minute")):
        if duration_s % size_s == 0 and duration_s > MINUTE_S:
            return noun if duration_s == size_s else counted(duration_s // size_s, noun)
    return counted(duration_s, "second")
