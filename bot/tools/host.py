"""netspy's own tools as a `ToolHost`: an MCP client of `server.py`, in process.

A call never raises for a tool that fails; cancellation passes through.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from mcp import Client, MCPError
from mcp_types import REQUEST_TIMEOUT, CallToolResult, TextContent, Tool

from bot import scope_text
from bot.codec import decode_result
from bot.domain.correlation import TRACEPARENT, current_parent, current_turn
from bot.domain.errors import ToolHostError
from bot.domain.ports import Analyst, Check, EbpfSource, ToolHost
from bot.domain.query import EVERYTHING, Scope
from bot.domain.turn import ToolCall, ToolResult, ToolSpec
from bot.tools.server import NOW, SCOPE, TURN, Within, build_server

log = logging.getLogger("netspy.tools")

CALL_DEADLINE_S = 20.0
"""Longer than any healthy source needs, and shorter than people wait."""


class McpHost:
    """Tools behind an open MCP client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tools: tuple[ToolSpec, ...] | None = None

    async def tools(self, *, anew: bool = False) -> tuple[ToolSpec, ...]:
        """What `tools/list` says; asked once, or `anew`. Raises: ToolHostError."""
        if self._tools is None or anew:
            self._tools = await self._list()
        return self._tools

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        return await self.call_within(EVERYTHING, call, now=now)

    async def call_within(self, scope: Scope, call: ToolCall, *, now: datetime) -> ToolResult:
        try:
            meta = cast(Any, {NOW: now.isoformat(), **_belonging(), **_meta(scope)})
            return _as_result(call, await self._client.call_tool(call.name, dict(call.arguments), meta=meta))
        except (MCPError, ValueError, RuntimeError) as error:
            log.warning("tool.broke", extra={"tool": call.name, "cause": str(error)})
            return ToolResult(call, str(self._translated(call, error)), failed=True)

    async def check(self) -> tuple[Check, ...]:
        return ()

    def within(self, scope: Scope) -> ToolHost:
        """The same tools over what may be seen within a scope, by the same client; itself where that is everything."""
        return self if scope.is_everything else _Scoped(self, scope)

    async def _list(self) -> tuple[ToolSpec, ...]:
        try:
            listed = await self._client.list_tools(cache_mode="refresh")
        except (MCPError, ValueError, RuntimeError) as error:
            raise ToolHostError("tools/list", str(error), "restart netspy") from error
        return tuple(map(_spec, listed.tools))

    def _translated(self, call: ToolCall, error: Exception) -> ToolHostError:
        if isinstance(error, MCPError) and error.code == REQUEST_TIMEOUT:
            waited_s = self._client.read_timeout_seconds
            return ToolHostError(call.name, f"no answer within {waited_s:g} s", "ask for a shorter duration")
        return ToolHostError(call.name, f"it broke: {error}", "the log has the cause; other tools may still answer")


@dataclass(frozen=True, slots=True)
class _Scoped:
    host: McpHost
    scope: Scope

    async def tools(self) -> tuple[ToolSpec, ...]:
        return await self.host.tools()

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        return await self.host.call_within(self.scope, call, now=now)

    async def check(self) -> tuple[Check, ...]:
        return await self.host.check()


@asynccontextmanager
async def open_tool_host(
    source: EbpfSource, analyst: Analyst, *, within: Within | None = None, deadline_s: float = CALL_DEADLINE_S
) -> AsyncIterator[McpHost]:
    """All tools over a source and an analyst, and over what `within` gives for a scope. Raises: ToolHostError.

    The client lives in a task of its own: only the task that entered it may leave it, and what its users raise must not
    pass through its task groups, which would wrap it.
    """
    opened: asyncio.Future[McpHost] = asyncio.get_running_loop().create_future()
    closing = asyncio.Event()

    async def own_client() -> None:
        async with Client(build_server(source, analyst, within=within), read_timeout_seconds=deadline_s) as client:
            opened.set_result(McpHost(client))
            await closing.wait()

    owner = asyncio.create_task(own_client(), name="mcp client")
    try:
        first: set[asyncio.Future[Any]] = {owner, opened}
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        if not opened.done():
            raise ToolHostError("opening the tools", repr(owner.exception()), "restart netspy") from owner.exception()
        await opened.result().tools()
        yield opened.result()
    finally:
        closing.set()
        await asyncio.gather(owner, return_exceptions=True)


def _meta(scope: Scope) -> dict[str, str]:
    """Raises: ValueError for a scope that is too long."""
    return {} if scope.is_everything else {SCOPE: scope_text.written(scope)}


def _belonging() -> dict[str, str]:
    """The turn and the span of a call: the server's tasks do not inherit them."""
    told = {TURN: current_turn(), TRACEPARENT: current_parent()}
    return {name: value for name, value in told.items() if value}


def _spec(tool: Tool) -> ToolSpec:
    is_read_only = bool(tool.annotations and tool.annotations.read_only_hint)
    return ToolSpec(tool.name, tool.description or "", tool.input_schema, read_only=is_read_only)


def _as_result(call: ToolCall, answer: CallToolResult) -> ToolResult:
    """Raises: ValueError for what is no result of netspy's."""
    if answer.structured_content is None:
        text = " ".join(part.text for part in answer.content if isinstance(part, TextContent))
        return ToolResult(call, text, failed=answer.is_error)
    try:
        return decode_result(call, answer.structured_content, failed=answer.is_error)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a result: {error!r}") from error
