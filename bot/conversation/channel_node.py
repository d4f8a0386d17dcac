"""The node that a channel is about: a `ToolHost` that asks that one where a call names none."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.ports import Check, ToolHost
from bot.domain.turn import ToolCall, ToolResult, ToolSpec

_ARGUMENT = "node"


@dataclass(frozen=True, slots=True)
class NodeHost:
    """`host`'s tools; netspy's own that take a node are given `node` unless the call says another, or `*` for all."""

    host: ToolHost
    node: str

    async def tools(self) -> tuple[ToolSpec, ...]:
        return await self.host.tools()

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        if call.arguments.get(_ARGUMENT) is None and any(_takes_node(spec, call) for spec in await self.tools()):
            call = replace(call, arguments={**call.arguments, _ARGUMENT: self.node})
        return await self.host.call(call, now=now)

    async def check(self) -> tuple[Check, ...]:
        return await self.host.check()


def _takes_node(spec: ToolSpec, call: ToolCall) -> bool:
    properties = spec.parameters.get("properties")
    return spec.name == call.name and not spec.server and isinstance(properties, Mapping) and _ARGUMENT in properties
