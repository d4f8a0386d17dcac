"""The data tools without MCP between: for the analyst inside a tool call, which must reach no AI tool and no model."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.ports import Check, EbpfSource
from bot.domain.turn import ToolCall, ToolResult, ToolSpec
from bot.tools.arguments import json_schema
from bot.tools.network import DATA_TOOLS, run_tool


@dataclass(frozen=True, slots=True)
class DirectHost:
    """A `ToolHost` over one source."""

    source: EbpfSource

    async def tools(self) -> tuple[ToolSpec, ...]:
        return tuple(ToolSpec(tool.name, tool.description, json_schema(tool), read_only=True) for tool in DATA_TOOLS)

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        return await run_tool(call, source=self.source, now=now)

    async def check(self) -> tuple[Check, ...]:
        return ()
