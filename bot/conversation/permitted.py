"""The tools that a visit may call, over what it may see.

It is the one place that all calls pass: of commands and models, of `diff` and `again`, of workflows and other servers.

It refuses before anything is asked, in a sentence that does not tell whether what was asked for exists; what the tools
then see is the source's to bound.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter

from bot.commands import nearest
from bot.conversation.outside import outside
from bot.conversation.visit import Visit
from bot.domain.ports import Check, ToolHost
from bot.domain.query import Scope
from bot.domain.turn import ToolCall, ToolResult, ToolSpec
from bot.policy.permit import Verdict


@dataclass(frozen=True, slots=True)
class PermittedHost:
    """`hosts` gives all tools over a scope. `questions` are netspy's own tools that run any other one."""

    hosts: Callable[[Scope], ToolHost]
    visit: Visit
    questions: frozenset[str] = frozenset()

    async def tools(self) -> tuple[ToolSpec, ...]:
        """Those that may be called."""
        return tuple(spec for spec in await self._specs() if self.visit.permit.tool(spec).is_permitted)

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        began = perf_counter()
        verdict = await self._verdict(call)
        result: ToolResult | None = None
        try:
            result = await self._run(call, verdict, now)
        finally:
            self.visit.notes.called(call, verdict, result, took_s=perf_counter() - began)
        return result

    async def check(self) -> tuple[Check, ...]:
        return await self._all.check()

    @property
    def _all(self) -> ToolHost:
        return self.hosts(self.visit.permit.scope)

    async def _run(self, call: ToolCall, verdict: Verdict, now: datetime) -> ToolResult:
        if not verdict.is_permitted:
            return ToolResult(call, _told(call, verdict), failed=True)
        return await self.hosts(verdict.scope).call(call, now=now)

    async def _verdict(self, call: ToolCall) -> Verdict:
        specs = await self._specs()
        spec = next((spec for spec in specs if spec.name == call.name), None)
        if spec is None:
            names = [spec.name for spec in specs if self.visit.permit.tool(spec).is_permitted]
            hint = nearest(call.name, names) or f"there are {', '.join(names) or 'none'}"
            return Verdict(self.visit.permit.rule, f"there is no such tool here; {hint}")
        verdict = self.visit.permit.tool(spec)
        if verdict.is_permitted and (reason := outside(call.arguments, verdict.scope)):
            return replace(verdict, reason=reason)
        return verdict

    async def _specs(self) -> tuple[ToolSpec, ...]:
        """All tools that there are here, each with those that it runs."""
        specs = await self._all.tools()
        own = frozenset(spec.name for spec in specs if not spec.server and not spec.uses) - self.questions
        return tuple(replace(spec, uses=own) if self._is_question(spec) else spec for spec in specs)

    def _is_question(self, spec: ToolSpec) -> bool:
        return spec.name in self.questions and not spec.server and not spec.uses


def _told(call: ToolCall, verdict: Verdict) -> str:
    """What is out of scope names itself; all else is about the tool."""
    is_about_tool = verdict.reason != outside(call.arguments, verdict.scope)
    return f"{call.name[:80]}: {verdict.reason}" if is_about_tool else verdict.reason
