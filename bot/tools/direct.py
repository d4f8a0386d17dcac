"""The data tools without MCP between: for the analyst inside a tool call, which must reach no AI tool and no model."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.ports import EbpfSource
from bot.domain.turn import ToolCall, ToolResult, ToolSpec
from bot.tools.arguments import json_schema
from bot.tools.network import run_tool
from bot.tools.registry import TOOLS


@dataclass(frozen=True, slots=True)
class DirectHost:
    """A `ToolHost` over one source."""

    source: EbpfSource

    async def tools(self) -> tuple[ToolSpec, ...]:
        return tuple(
            ToolSpec(tool.name, tool.description, json_schema(tool))
            for tool in TOOLS
            if not any(argument.free_text for argument in tool.arguments)
        )

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        return await run_tool(call, source=self.source, now=now)
