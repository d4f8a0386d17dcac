"""Runs the data tools: (ToolCall, EbpfSource) -> ToolResult. The command line's light path calls it directly.

It knows neither MCP nor any I/O of its own. The tools that need an analyst are in `insights.py`.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from time import perf_counter

from bot.domain.errors import NetspyError
from bot.domain.ports import EbpfSource
from bot.domain.turn import ToolCall, ToolResult
from bot.tools.arguments import checked
from bot.tools.asked import Asked, Found
from bot.tools.comparing import compare_periods
from bot.tools.connections import analyze_patterns, get_network_summary, list_connections
from bot.tools.data_arguments import arguments_of
from bot.tools.dns import dns_lookups
from bot.tools.drops import get_packet_drop_summary, list_packet_drops
from bot.tools.events import list_events
from bot.tools.failures import find_failures
from bot.tools.health import tcp_health
from bot.tools.latency import connection_latency
from bot.tools.reasons import explain_drop_reason
from bot.tools.registry import TOOLS, find_tool
from bot.tools.sockets import list_sockets
from bot.tools.status import source_status
from bot.tools.talkers import top_talkers
from bot.tools.trend import event_trend

log = logging.getLogger("netspy.tools")

BODIES: Mapping[str, Callable[[EbpfSource, Asked], Awaitable[Found]]] = {
    body.__name__: body
    for body in (
        get_network_summary,
        list_connections,
        get_packet_drop_summary,
        list_packet_drops,
        analyze_patterns,
        find_failures,
        connection_latency,
        top_talkers,
        dns_lookups,
        list_events,
        event_trend,
        compare_periods,
        tcp_health,
        list_sockets,
        explain_drop_reason,
        source_status,
    )
}
DATA_TOOLS = tuple(tool for tool in TOOLS if tool.name in BODIES)


async def run_tool(call: ToolCall, *, source: EbpfSource, now: datetime) -> ToolResult:
    """Run a data tool over the window that ends at `now`. A tool that cannot answer is a failed result."""
    started = perf_counter()
    try:
        result = await _run(call, source, now)
    except NetspyError as error:
        result = ToolResult(call, str(error), failed=True)
    ms = round((perf_counter() - started) * 1000, 1)
    log.debug("tool.ran", extra={"tool": call.name, "failed": result.failed, "ms": ms})
    return result


async def _run(call: ToolCall, source: EbpfSource, now: datetime) -> ToolResult:
    tool = find_tool(call.name, DATA_TOOLS)
    values = checked(tool, call.arguments)
    arguments = arguments_of(tool, values, given=call.arguments)
    asked = Asked(tool, values, arguments, arguments.window(now))
    found = await BODIES[tool.name](source, asked)
    shown = sum(len(table.rows) for table in found.tables)
    coverage = replace(found.coverage, shown=shown, command=asked.command) if found.coverage else None
    return ToolResult(call, found.summary, found.tables, coverage, charts=found.charts)
