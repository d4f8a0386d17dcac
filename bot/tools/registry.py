"""The tools: their names, commands and arguments, as data. Everything that lists tools is derived from `TOOLS`.

It imports nothing heavy, so that help can be printed at once. What a tool does is in `network.py` and `insights.py`.
Names and defaults are those of the Go netspy.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import Argument, Tool, nearest
from bot.domain.errors import UnknownTool

MAX_DURATION_S = 7 * 24 * 3600
MAX_EVENTS = 1000
MAX_TEXT = 20_000
"""Characters of a question or a summary."""
SUMMARY_DURATION_S = 60
LIST_DURATION_S = 3600

_PID = Argument(
    name="pid",
    flag="--pid",
    kind="integer",
    metavar="PID",
    minimum=0,
    maximum=2**32 - 1,
    help="only this process id (0: any)",
)
_PROCESS = Argument(
    name="process_name",
    flag="--process",
    kind="text",
    metavar="NAME",
    max_length=255,
    help="only this process, by its exact name",
)
_DURATION = Argument(
    name="duration",
    flag="--duration",
    kind="integer",
    metavar="SECONDS",
    minimum=1,
    maximum=MAX_DURATION_S,
    help="how far to look back, in seconds",
)
_MAX_EVENTS = Argument(
    name="max_events",
    flag="--max-events",
    kind="integer",
    metavar="COUNT",
    minimum=1,
    maximum=MAX_EVENTS,
    default=10,
    help="rows to show at most",
)
_LOCAL = Argument(
    name="include_local",
    flag="--include-local",
    kind="switch",
    default=False,
    help="also failed look-ups of local (unix) sockets, which healthy programs make",
)
_QUERY = Argument(
    name="query",
    flag="--query",
    kind="text",
    metavar="TEXT",
    max_length=MAX_TEXT,
    required=True,
    free_text=True,
    help="the question, in plain words",
)
_SUMMARY_TEXT = Argument(
    name="summary_text",
    flag="--summary-text",
    kind="text",
    metavar="TEXT",
    max_length=MAX_TEXT,
    required=True,
    free_text=True,
    help="the summary to explain",
)

_LAST_MINUTE = replace(_DURATION, default=SUMMARY_DURATION_S)
_LAST_HOUR = replace(_DURATION, default=LIST_DURATION_S)

TOOLS: tuple[Tool, ...] = (
    Tool(
        name="get_network_summary",
        command="summary",
        summary="how many connection attempts, by process and outcome",
        description=(
            "Counts outbound connection attempts, by process: how many connected, failed or are in progress. "
            "Use it first, for how much and who. Looks back 60 s unless told otherwise."
        ),
        arguments=(_PID, _PROCESS, _LAST_MINUTE, _MAX_EVENTS, _LOCAL),
    ),
    Tool(
        name="list_connections",
        command="list",
        summary="the newest connection attempts, one a row",
        description=(
            "Lists the newest connection attempts: time, destination, protocol, process and outcome. "
            "Looks back an hour unless told otherwise."
        ),
        arguments=(_PID, _PROCESS, _LAST_HOUR, _MAX_EVENTS, _LOCAL),
    ),
    Tool(
        name="get_packet_drop_summary",
        command="dropsummary",
        summary="how many skbs the kernel dropped, by reason",
        description=(
            "Counts skbs that the kernel dropped, by drop reason, process and location; tells losses from harmless "
            "frees where the source can. Looks back 60 s unless told otherwise."
        ),
        arguments=(_PID, _PROCESS, _LAST_MINUTE, _MAX_EVENTS),
    ),
    Tool(
        name="list_packet_drops",
        command="droplist",
        summary="the newest drops, one a row",
        description=(
            "Lists the newest dropped skbs: time, reason, where in the kernel, size, process and destination. "
            "Looks back an hour unless told otherwise."
        ),
        arguments=(_PID, _PROCESS, _LAST_HOUR, _MAX_EVENTS),
    ),
    Tool(
        name="analyze_patterns",
        command="analyze",
        summary="bursts, periodic calls, fan-out, new destinations",
        description=(
            "Names behaviours in connection attempts, each with its rows: bursts, periodic calls, fan-out, "
            "repeated destinations, new destinations. Looks back an hour unless told otherwise."
        ),
        arguments=(_PID, _PROCESS, _LAST_HOUR, _MAX_EVENTS, _LOCAL),
    ),
    Tool(
        name="find_failures",
        command="failures",
        summary="attempts that failed, by outcome, destination and process",
        description=(
            "Finds connection attempts that failed, grouped by process, destination and outcome (refused, "
            "no reply, timed out, no route ...), most frequent first. Use it for any question about failing or hanging "
            "connects. Looks back an hour unless told otherwise."
        ),
        arguments=(_PID, _PROCESS, _LAST_HOUR, _MAX_EVENTS, _LOCAL),
    ),
    Tool(
        name="ai_insights",
        command="insights",
        summary="explain a summary in words",
        description="Explains a text about network behaviour and says what to check next.",
        arguments=(_SUMMARY_TEXT,),
    ),
    Tool(
        name="contextual_analysis",
        command="contextual",
        summary="answer a question; picks the tools by itself",
        description=(
            "Answers a question about the network by running the data tools it needs. "
            "Looks back 60 s unless told otherwise or the question names a time."
        ),
        arguments=(_QUERY, _PROCESS, _PID, _LAST_MINUTE),
    ),
)


def find_tool(name: str, tools: Sequence[Tool] = TOOLS) -> Tool:
    """Raises: UnknownTool that names the nearest one, or the one whose command this is."""
    for tool in tools:
        if tool.name == name:
            return tool
    names = [tool.name for tool in tools]
    meant = next((f"did you mean {tool.name}?" for tool in tools if tool.command == name), nearest(name, names))
    raise UnknownTool(f"tool {name[:60]!r}", "there is no such tool", meant or f"tools: {', '.join(names)}")
