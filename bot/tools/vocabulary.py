"""The arguments that tools share, as data: one name, one flag and one meaning each, whatever tool takes it.

`registry.py` makes tools of them. It imports nothing heavy, so that help can be printed at once.
"""

from dataclasses import replace
from typing import Any, Final

from bot.commands import Argument

MAX_DURATION_S: Final = 7 * 24 * 3600
MAX_EVENTS: Final = 1000
MAX_TEXT: Final = 20_000
"""Characters of a question or a summary."""
MAX_NAME: Final = 255
SUMMARY_DURATION_S: Final = 60
LIST_DURATION_S: Final = 3600


def number(name: str, metavar: str, least: int, most: int, help_: str, **more: Any) -> Argument:
    return _argument(name, kind="integer", metavar=metavar, minimum=least, maximum=most, help=help_, **more)


def text(name: str, metavar: str, help_: str, *, longest: int = MAX_NAME, **more: Any) -> Argument:
    return _argument(name, kind="text", metavar=metavar, max_length=longest, help=help_, **more)


def choice(name: str, metavar: str, choices: tuple[str, ...], help_: str, **more: Any) -> Argument:
    return _argument(name, kind="choice", metavar=metavar, choices=choices, help=help_, **more)


def switch(name: str, help_: str, **more: Any) -> Argument:
    return _argument(name, kind="switch", default=False, help=help_, **more)


def _argument(name: str, **more: Any) -> Argument:
    """The flag is the name as people write it, unless it says another."""
    return Argument(**{"name": name, "flag": f"--{name.replace('_', '-')}", **more})


PID = number("pid", "PID", 0, 2**32 - 1, "only this process id (0: any)")
PROCESS = text("process_name", "NAME", "only this process; * and ? stand for any letters", flag="--process")
UID = number("uid", "UID", 0, 2**32 - 1, "only processes of this user id", rare=True)
DESTINATION = text("destination", "WHERE", "only to this address, CIDR, host:port or DNS name")
PORT = number("port", "PORT", 1, 65535, "only to this port")
PROTOCOL = text("protocol", "NAME", "only this protocol: TCP, UDP, UNIX ...", longest=16, rare=True)
DIRECTION = choice("direction", "WHICH", ("out", "in"), "opened from here (out) or accepted here (in)")
NODE = text("node", "NAME", "only what this node saw; * for every node", rare=True)
NAMESPACE = text("namespace", "NAME", "only pods of this Kubernetes namespace", rare=True)
POD = text("pod", "NAME", "only this pod", rare=True)
CONTAINER = text("container", "NAME", "only this container", rare=True)
DURATION = number("duration", "SECONDS", 1, MAX_DURATION_S, "how far to look back, in seconds")
SINCE = text("since", "TIME", "from then on: 10m ago, or an RFC 3339 time", longest=64, rare=True)
UNTIL = text("until", "TIME", "until then: 5m ago, or an RFC 3339 time", longest=64, rare=True)
ROWS = number("max_events", "COUNT", 1, MAX_EVENTS, "rows to show at most", default=10)
LOCAL = switch("include_local", "also failed look-ups of local (unix) sockets, which healthy programs make", rare=True)
HARMLESS = switch("include_harmless", "also drops that belong to healthy traffic")
QUERY = text("query", "TEXT", "the question, in plain words", longest=MAX_TEXT, required=True, free_text=True)
SUMMARY_TEXT = text("summary_text", "TEXT", "the summary to explain", longest=MAX_TEXT, required=True, free_text=True)

WHO = (PID, PROCESS, UID)
WHERE = (DESTINATION, PORT)
PLACE = (NODE, NAMESPACE, POD, CONTAINER)
ENDS = (SINCE, UNTIL)


def filters(duration_s: int) -> tuple[Argument, ...]:
    """What every tool over events takes: who, to where, in which place, and when; it looks back so far by itself."""
    return (*WHO, *WHERE, PROTOCOL, *PLACE, replace(DURATION, default=duration_s), *ENDS, ROWS)


def by(*fields: str, default: str) -> Argument:
    return choice("by", "FIELD", fields, "what makes a row", default=default)
