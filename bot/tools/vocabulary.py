"""The arguments that tools share, as data: one name, one flag and one meaning each, whatever tool takes it.

`registry.py` makes tools of them. It imports nothing heavy, so that help can be printed at once.
"""

from dataclasses import replace
from typing import Final

from bot.commands import Argument

MAX_DURATION_S: Final = 7 * 24 * 3600
MAX_EVENTS: Final = 1000
MAX_TEXT: Final = 20_000
"""Characters of a question or a summary."""
MAX_NAME: Final = 255
SUMMARY_DURATION_S: Final = 60
LIST_DURATION_S: Final = 3600

PID = Argument(
    name="pid",
    flag="--pid",
    kind="integer",
    metavar="PID",
    minimum=0,
    maximum=2**32 - 1,
    help="only this process id (0: any)",
)
PROCESS = Argument(
    name="process_name",
    flag="--process",
    kind="text",
    metavar="NAME",
    max_length=MAX_NAME,
    help="only this process; * and ? stand for any letters",
)
UID = Argument(
    name="uid",
    flag="--uid",
    kind="integer",
    metavar="UID",
    minimum=0,
    maximum=2**32 - 1,
    help="only processes of this user id",
    rare=True,
)
DESTINATION = Argument(
    name="destination",
    flag="--destination",
    kind="text",
    metavar="WHERE",
    max_length=MAX_NAME,
    help="only to this address, CIDR, host:port or DNS name",
)
PORT = Argument(
    name="port",
    flag="--port",
    kind="integer",
    metavar="PORT",
    minimum=1,
    maximum=65535,
    help="only to this port",
)
PROTOCOL = Argument(
    name="protocol",
    flag="--protocol",
    kind="text",
    metavar="NAME",
    max_length=16,
    help="only this protocol: TCP, UDP, UNIX ...",
    rare=True,
)
DIRECTION = Argument(
    name="direction",
    flag="--direction",
    kind="choice",
    metavar="WHICH",
    choices=("out", "in"),
    help="opened from here (out) or accepted here (in)",
)
NODE = Argument(
    name="node",
    flag="--node",
    kind="text",
    metavar="NAME",
    max_length=MAX_NAME,
    help="only what this node saw; * for every node",
    rare=True,
)
NAMESPACE = Argument(
    name="namespace",
    flag="--namespace",
    kind="text",
    metavar="NAME",
    max_length=MAX_NAME,
    help="only pods of this Kubernetes namespace",
    rare=True,
)
POD = Argument(
    name="pod", flag="--pod", kind="text", metavar="NAME", max_length=MAX_NAME, help="only this pod", rare=True
)
CONTAINER = Argument(
    name="container",
    flag="--container",
    kind="text",
    metavar="NAME",
    max_length=MAX_NAME,
    help="only this container",
    rare=True,
)
DURATION = Argument(
    name="duration",
    flag="--duration",
    kind="integer",
    metavar="SECONDS",
    minimum=1,
    maximum=MAX_DURATION_S,
    help="how far to look back, in seconds",
)
SINCE = Argument(
    name="since",
    flag="--since",
    kind="text",
    metavar="TIME",
    max_length=64,
    help="from then on: 10m ago, or an RFC 3339 time",
    rare=True,
)
UNTIL = Argument(
    name="until",
    flag="--until",
    kind="text",
    metavar="TIME",
    max_length=64,
    help="until then: 5m ago, or an RFC 3339 time",
    rare=True,
)
ROWS = Argument(
    name="max_events",
    flag="--max-events",
    kind="integer",
    metavar="COUNT",
    minimum=1,
    maximum=MAX_EVENTS,
    default=10,
    help="rows to show at most",
)
LOCAL = Argument(
    name="include_local",
    flag="--include-local",
    kind="switch",
    default=False,
    help="also failed look-ups of local (unix) sockets, which healthy programs make",
    rare=True,
)
HARMLESS = Argument(
    name="include_harmless",
    flag="--include-harmless",
    kind="switch",
    default=False,
    help="also drops that belong to healthy traffic",
)
QUERY = Argument(
    name="query",
    flag="--query",
    kind="text",
    metavar="TEXT",
    max_length=MAX_TEXT,
    required=True,
    free_text=True,
    help="the question, in plain words",
)
SUMMARY_TEXT = Argument(
    name="summary_text",
    flag="--summary-text",
    kind="text",
    metavar="TEXT",
    max_length=MAX_TEXT,
    required=True,
    free_text=True,
    help="the summary to explain",
)

WHO = (PID, PROCESS, UID)
WHERE = (DESTINATION, PORT)
PLACE = (NODE, NAMESPACE, POD, CONTAINER)
ENDS = (SINCE, UNTIL)


def filters(duration_s: int) -> tuple[Argument, ...]:
    """What every tool over events takes: who, to where, in which place, and when; it looks back so far by itself."""
    return (*WHO, *WHERE, PROTOCOL, *PLACE, replace(DURATION, default=duration_s), *ENDS, ROWS)


def by(*fields: str, default: str) -> Argument:
    return Argument(
        name="by",
        flag="--by",
        kind="choice",
        metavar="FIELD",
        choices=fields,
        default=default,
        help="what makes a row",
    )
