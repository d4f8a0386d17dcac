"""Workflows as tools beside those of a `ToolHost`: one call runs all steps at once and brings one result.

A step that fails is told, and the others stand. It knows netspy's own tools only through the host.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from bot.commands import line_for
from bot.domain.errors import InvalidArguments
from bot.domain.network import Coverage, coverage_of_all
from bot.domain.ports import Check, ToolHost
from bot.domain.turn import ToolCall, ToolResult, ToolSpec
from bot.tools.arguments import json_schema
from bot.tools.workflows.workflow import Workflow, Workflows

PART = "workflows"


@dataclass(frozen=True, slots=True)
class WorkflowHost:
    """`host` has the tools that the steps call."""

    host: ToolHost
    workflows: Workflows

    async def tools(self) -> tuple[ToolSpec, ...]:
        """Those of the host, then the workflows."""
        return (*await self.host.tools(), *map(_spec, self.workflows.usable))

    async def call(self, call: ToolCall, *, now: datetime) -> ToolResult:
        workflow = self.workflows.find(call.name)
        if workflow is None:
            return await self.host.call(call, now=now)
        try:
            calls = workflow.calls(call.arguments, id_=call.id)
        except InvalidArguments as error:
            return ToolResult(call, str(error), failed=True)
        results = await asyncio.gather(*(self.host.call(each, now=now) for each in calls))
        return _together(call, workflow, results)

    async def check(self) -> tuple[Check, ...]:
        """What the host says, and how its operator's own workflows are, where there are any."""
        return (*await self.host.check(), *check_of(self.workflows))


def check_of(workflows: Workflows) -> tuple[Check, ...]:
    """Nothing where nobody has given any."""
    names = ", ".join(workflows.own)
    usable = f"{len(workflows.own)} of your own: {names}" if names else ""
    if workflows.problems:
        first = workflows.problems[0]
        more = f" (and {len(workflows.problems) - 1} more)" if len(workflows.problems) > 1 else ""
        told = f"{first.asked}: {first.got}{more}"
        return (Check(PART, "warning", f"{told}; {usable}" if usable else told, first.remedy, first.finding),)
    return (Check(PART, "ok", usable),) if usable else ()


def _spec(workflow: Workflow) -> ToolSpec:
    tool = workflow.tool
    steps = frozenset(step.tool.name for step in workflow.steps)
    return ToolSpec(tool.name, tool.description, json_schema(tool), read_only=True, uses=steps)


def _together(call: ToolCall, workflow: Workflow, results: Sequence[ToolResult]) -> ToolResult:
    return ToolResult(
        call,
        "\n".join(map(_line, results)),
        tuple(chain.from_iterable(result.tables for result in results)),
        _coverage(call, workflow, results),
        failed=all(result.failed for result in results),
        attachments=tuple(chain.from_iterable(result.attachments for result in results)),
        charts=tuple(chain.from_iterable(result.charts for result in results)),
    )


def _line(result: ToolResult) -> str:
    name = result.call.name
    return f"{name} gave no answer: {result.summary}" if result.failed else f"{result.summary} ({name})"


def _coverage(call: ToolCall, workflow: Workflow, results: Sequence[ToolResult]) -> Coverage | None:
    """The workflow's own command makes all its tables again."""
    coverage = coverage_of_all(result.coverage for result in results)
    return replace(coverage, command=line_for(workflow.tool, call.arguments)) if coverage else None
