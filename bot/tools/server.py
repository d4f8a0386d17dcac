"""netspy's tools as an MCP server for the bot's own loop, in process; derived from the registry.

Bad arguments, unknown tools and failing sources are results with `is_error`, which a model can read, never protocol
errors. For clients of other people the same tools are in `serving/`, which is stricter.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from mcp.server import Server, ServerRequestContext
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as McpTool

from bot import scope_text
from bot.codec import encode_result
from bot.commands import Tool
from bot.domain.correlation import TRACEPARENT, about, usable, usable_parent
from bot.domain.correlation import within as span_within
from bot.domain.errors import InvalidArguments, NetspyError
from bot.domain.ports import Analyst, EbpfSource
from bot.domain.query import Scope
from bot.domain.turn import ToolCall, ToolResult
from bot.tools.arguments import json_schema
from bot.tools.insights import QUESTIONS, run_insight
from bot.tools.network import run_tool
from bot.tools.registry import TOOLS, find_tool

NOW = "netspy/now"
"""The key in a request's `_meta` with the end of the call's window, in RFC 3339: all calls of one turn end at the same
moment. Without it the window ends when the call arrives."""
SCOPE = "netspy/scope"
"""The key with what whoever asks may see, as `scope_text` writes it. Without it that is everything."""
TURN = "netspy/turn"
"""The same for the turn, so that logs say which one it was; its span is MCP's own `traceparent`."""
EARLIEST_YEAR = 1970
"""No event is older; and a window can still be counted back from there."""

Context = ServerRequestContext[Any, Any]


@dataclass(frozen=True, slots=True)
class Grounds:
    """What tools stand on: the analyst's answers come from the same source."""

    source: EbpfSource
    analyst: Analyst


Within: TypeAlias = Callable[[Scope], Grounds]
"""What tools stand on within a scope that is not everything."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def build_server(
    source: EbpfSource, analyst: Analyst, *, within: Within | None = None, clock: Callable[[], datetime] = utc_now
) -> Server[Any]:
    """Calls with a scope are refused where there is nothing `within` it."""
    everything = Grounds(source, analyst)

    async def list_tools(_: Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[described(tool) for tool in TOOLS])

    async def run(call: ToolCall, now: datetime, grounds: Grounds) -> ToolResult:
        if call.name in QUESTIONS:
            return await run_insight(call, analyst=grounds.analyst, now=now)
        return await run_tool(call, source=grounds.source, now=now)

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        call = ToolCall(str(context.request_id), params.name, params.arguments or {})
        meta = context.meta or {}
        try:
            find_tool(call.name)
            now = now_of(meta, clock)
            grounds = _grounds_of(meta, everything, within)
        except NetspyError as error:
            return _as_call_result(ToolResult(call, str(error), failed=True))
        with about(usable(meta.get(TURN))), span_within(usable_parent(meta.get(TRACEPARENT))):
            return _as_call_result(await run(call, now, grounds))

    return Server("netspy", on_list_tools=list_tools, on_call_tool=call_tool)


def described(tool: Tool) -> McpTool:
    """Without an output schema: the client would check every row against it, at six times the cost of the call."""
    return McpTool(
        name=tool.name,
        description=tool.description,
        input_schema=dict(json_schema(tool)),
        annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
    )


def _as_call_result(result: ToolResult) -> CallToolResult:
    """The data stands in the structured content alone; the text is the sentence about it."""
    return CallToolResult(
        content=[TextContent(text=result.summary)],
        structured_content=encode_result(result),
        is_error=result.failed,
    )


def _grounds_of(meta: Mapping[str, Any], everything: Grounds, within: Within | None) -> Grounds:
    """Raises: InvalidArguments for a scope that cannot be kept: nothing may be answered then."""
    if SCOPE not in meta:
        return everything
    if within is None:
        raise InvalidArguments(f"_meta {SCOPE}", "these tools know no scopes", "leave it out")
    try:
        scope = scope_text.read(str(meta[SCOPE]))
    except ValueError as wrong:
        raise InvalidArguments(f"_meta {SCOPE}", f"{wrong}", f"write {scope_text.A_SCOPE}") from None
    return within(scope)


def now_of(meta: Mapping[str, Any], clock: Callable[[], datetime]) -> datetime:
    """The end of a call's window: what its `_meta` says, or now. Raises: InvalidArguments."""
    given = meta.get(NOW)
    if given is None:
        return clock()
    try:
        now = datetime.fromisoformat(given).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        now = None
    if now is None or now.year < EARLIEST_YEAR:
        raise InvalidArguments(
            f"_meta {NOW}", f"{str(given)[:40]!r} is no such time", "write it as 2026-11-23T14:07:00Z"
        )
    return now
