"""The tools: their names, commands and arguments, as data. Everything that lists tools is derived from `TOOLS`.

It imports nothing heavy, so that help can be printed at once. What a tool does is in `network.py` and `insights.py`.
Names and defaults of the first five and the last two are those of the Go netspy.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

from bot.commands import Tool, nearest
from bot.domain.errors import UnknownTool
from bot.domain.network import FAILED_OUTCOMES, EventKind, Outcome
from bot.domain.sockets import SocketState
from bot.tools.vocabulary import (
    DIRECTION,
    DURATION,
    HARMLESS,
    LIST_DURATION_S,
    LOCAL,
    MAX_DURATION_S,
    PID,
    PLACE,
    PROCESS,
    PROTOCOL,
    QUERY,
    ROWS,
    SUMMARY_DURATION_S,
    SUMMARY_TEXT,
    WHERE,
    WHO,
    by,
    choice,
    filters,
    number,
    text,
)

DAY_S = 24 * 3600
NOW_S = 300
"""How far back tools look that are about what is wrong now."""
_OUT = replace(DIRECTION, default="out")
_KINDS: tuple[EventKind, ...] = get_args(EventKind)

_OUTCOME = choice(
    "outcome",
    "OUTCOME",
    tuple(outcome.value for outcome in Outcome if outcome in FAILED_OUTCOMES),
    "only this outcome",
)
_ERRNO = text("errno", "NAME", "only this errno", longest=32, rare=True)
_REASON = text("reason", "REASON", "the kernel's reason for a drop or reset, such as NO_SOCKET", longest=64)
_KIND = choice("kind", "KIND", _KINDS, "only this kind of event")
_LOOKUP = text("lookup", "NAME", "only look-ups of this name; * and ? stand for any letters")
_MEASURE = choice(
    "measure", "WHAT", ("bytes", "connections", "retransmits"), "what the most of is sought", default="bytes"
)
_STATE = choice("state", "STATE", tuple(SocketState), "only sockets in this state")
_SLOT = number("slot", "SECONDS", 1, DAY_S, "how long a slot of time is (not given: about thirty of them)")
_EARLIER = number(
    "earlier", "SECONDS", 1, MAX_DURATION_S, "how long before the window the other one ends (not given: at once)"
)

TOOLS: tuple[Tool, ...] = (
    Tool(
        name="get_network_summary",
        command="summary",
        summary="how many connection attempts, by process and outcome",
        description=(
            "Counts outbound connection attempts, by process: how many connected, failed or are in progress. "
            "Use it first, for how much and who. Looks back 60 s unless told otherwise."
        ),
        arguments=(*filters(SUMMARY_DURATION_S), LOCAL),
        example="summary --duration 600 --process nginx",
    ),
    Tool(
        name="list_connections",
        command="list",
        summary="the newest connection attempts, one a row",
        description=(
            "Lists the newest connection attempts: time, destination, protocol, process and outcome; with direction "
            "`in`, the connections that were accepted here. Looks back an hour unless told otherwise."
        ),
        arguments=(*filters(LIST_DURATION_S), _OUT, LOCAL),
        example="list --process curl --max-events 20",
    ),
    Tool(
        name="get_packet_drop_summary",
        command="dropsummary",
        summary="how many skbs the kernel dropped, by reason",
        description=(
            "Counts skbs that the kernel dropped, by drop reason, process and location; tells losses from harmless "
            "frees where the source can. Looks back 60 s unless told otherwise."
        ),
        arguments=(*filters(SUMMARY_DURATION_S), replace(_REASON, rare=True)),
        example="dropsummary --duration 300",
    ),
    Tool(
        name="list_packet_drops",
        command="droplist",
        summary="the newest drops that are losses, one a row",
        description=(
            "Lists the newest dropped skbs: time, reason, where in the kernel, size, process and destination. Drops "
            "of healthy traffic are left out and counted. Looks back an hour unless told otherwise."
        ),
        arguments=(*filters(LIST_DURATION_S), replace(_REASON, rare=True), HARMLESS),
        example="droplist --reason NETFILTER_DROP",
    ),
    Tool(
        name="analyze_patterns",
        command="analyze",
        summary="bursts, periodic calls, fan-out, new destinations",
        description=(
            "Names behaviours in connection attempts, each with its rows: bursts, periodic calls, fan-out, "
            "repeated destinations, new destinations. Looks back an hour unless told otherwise."
        ),
        arguments=(*filters(LIST_DURATION_S), LOCAL),
        example="analyze --process cron",
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
        arguments=(*filters(LIST_DURATION_S), _OUTCOME, _ERRNO, LOCAL),
        example="failures --destination 10.2.0.14:5432 --duration 600",
    ),
    Tool(
        name="connection_latency",
        command="latency",
        summary="how long handshakes and connections take, slowest first",
        description=(
            "Handshake times (p50, p95, p99, slowest), round-trip times, retransmits and how long connections lasted, "
            "by destination or process, slowest first. A short handshake and a long connection mean a slow server, not "
            "a slow network. Looks back an hour unless told otherwise."
        ),
        arguments=(
            by("destination", "address", "name", "port", "process", "pod", "node", default="destination"),
            *filters(LIST_DURATION_S),
        ),
        example="latency --by process --duration 600",
    ),
    Tool(
        name="top_talkers",
        command="talkers",
        summary="who sends and receives most, by process, destination, port or pair",
        description=(
            "Ranks processes, destinations, ports or pairs by bytes, connections or retransmits. Bytes are those of "
            "connections that have ended. Looks back an hour unless told otherwise."
        ),
        arguments=(
            by("process", "destination", "address", "name", "port", "pair", "pod", "node", default="process"),
            _MEASURE,
            _OUT,
            *filters(LIST_DURATION_S),
        ),
        example="talkers --by destination --measure connections",
    ),
    Tool(
        name="dns_lookups",
        command="dns",
        summary="DNS names, answers and latency; failures first",
        description=(
            "DNS questions by name, type, resolver and process, with their rcodes, unanswered ones and latency; "
            "failures first, then the slowest. UDP only. Looks back an hour unless told otherwise."
        ),
        arguments=(_LOOKUP, *filters(LIST_DURATION_S)),
        example="dns --lookup '*.internal'",
    ),
    Tool(
        name="list_events",
        command="events",
        summary="the newest events of any kind, one a row",
        description=(
            "Lists the newest events of one kind or all: connection, accept, drop, retransmit, reset, dns, listen, "
            "error, icmp. Use it where no other tool fits. Looks back an hour unless told otherwise."
        ),
        arguments=(_KIND, *filters(LIST_DURATION_S), DIRECTION, _ERRNO, _REASON, LOCAL, HARMLESS),
        example="events --kind reset --process nginx",
    ),
    Tool(
        name="event_trend",
        command="trend",
        summary="how many events in each slot of time, as table and chart",
        description=(
            "Counts events per slot of time, split by a field: when did it begin, does it come in waves. Of connection "
            "attempts where no kind is given; by kind, of all kinds. "
            "Looks back an hour unless told otherwise."
        ),
        arguments=(
            _KIND,
            by("kind", "process", "destination", "outcome", "errno", "reason", "rcode", "node", default="outcome"),
            _SLOT,
            *filters(LIST_DURATION_S),
            DIRECTION,
            LOCAL,
            HARMLESS,
        ),
        example="trend --kind drop --by reason --duration 900",
    ),
    Tool(
        name="compare_periods",
        command="compare",
        summary="this window against an earlier one: new, gone, grown, shrunk",
        description=(
            "Compares connection outcomes, drops, retransmits, resets and failed DNS look-ups of this window with the "
            "same length of time before it. Use it for `what changed?` and `did the fix help?`. Looks back 5 minutes "
            "unless told otherwise."
        ),
        arguments=(_EARLIER, *filters(NOW_S), LOCAL),
        example="compare --process checkout --duration 300",
    ),
    Tool(
        name="tcp_health",
        command="health",
        summary="retransmits and resets by destination, and what namespaces counted",
        description=(
            "TCP segments that were sent again and RSTs sent and received, by destination, beside the connections "
            "there; and the kernel's own error counters (full accept queues, UDP errors ...) in that time. "
            "Looks back 5 minutes unless told otherwise."
        ),
        arguments=filters(NOW_S),
        example="health --destination 10.2.0.14",
    ),
    Tool(
        name="list_sockets",
        command="sockets",
        summary="sockets open now; listeners with full backlogs first",
        description=(
            "Sockets that are open now: state, queues, retransmits, round-trip time and what limits them. Listeners "
            "whose accept queue is full come first, then sockets that wait for an answer."
        ),
        arguments=(_STATE, *WHO, *WHERE, PROTOCOL, *PLACE, ROWS),
        example="sockets --state LISTEN --process nginx",
    ),
    Tool(
        name="explain_drop_reason",
        command="dropreason",
        summary="what a drop reason of the kernel means and what to check next",
        description="Explains a drop or reset reason of the kernel: meaning, usual causes, what to check next.",
        arguments=(replace(_REASON, required=True, free_text=True),),
        example="dropreason NO_SOCKET",
    ),
    Tool(
        name="source_status",
        command="source",
        summary="what is connected, what it records, what was lost",
        description="Says where events come from, since when, which programs run, what is stored and what was lost.",
        arguments=(),
    ),
    Tool(
        name="ai_insights",
        command="insights",
        summary="explain a summary in words",
        description="Explains a text about network behaviour and says what to check next.",
        arguments=(SUMMARY_TEXT,),
        is_question=True,
        example="insights 37 of 37 connects to 10.2.0.14:5432 gave up",
    ),
    Tool(
        name="contextual_analysis",
        command="contextual",
        summary="answer a question; picks the tools by itself",
        description=(
            "Answers a question about the network by running the data tools it needs. "
            "Looks back 60 s unless told otherwise or the question names a time."
        ),
        arguments=(QUERY, PROCESS, PID, replace(DURATION, default=SUMMARY_DURATION_S)),
        is_question=True,
        example="contextual why is checkout failing?",
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
