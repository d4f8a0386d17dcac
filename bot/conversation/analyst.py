"""The analyst behind the two AI tools: the same loop as the bot's, run inside one tool call.

Given the planner and the data tools it is deterministic, and cannot recurse: that is what a model inside a loop gets.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from bot.conversation.loop import ToolLoop
from bot.conversation.prompt import INSTRUCTIONS
from bot.conversation.transcript import Nowhere, Transcript
from bot.domain.errors import NetspyError
from bot.domain.message import ThreadKey
from bot.domain.network import coverage_of_all
from bot.domain.turn import ModelRequest, ToolCall, ToolResult

_CITATION = re.compile(r"\s*\[T\d+\]")
"""Labels belong to a turn: whoever shows these tables gives them labels of its own."""


@dataclass(frozen=True, slots=True)
class LoopAnalyst:
    """An `Analyst` over any model and tools."""

    loop: ToolLoop

    async def analyze(self, call: ToolCall, question: str, *, now: datetime) -> ToolResult:
        transcript = Transcript(Nowhere())
        request = ModelRequest(
            thread=ThreadKey("tool", "", call.name, call.id),
            instructions=INSTRUCTIONS,
            history=(),
            question=question,
            now=now,
        )
        try:
            await self.loop.run(request, transcript)
        except NetspyError as error:
            return ToolResult(call, str(error), failed=True)
        return _as_result(call, transcript)


def _as_result(call: ToolCall, transcript: Transcript) -> ToolResult:
    results = transcript.results
    tables = tuple(replace(table, label="") for result in results for table in result.tables)
    failed = bool(results) and all(result.failed for result in results)
    said = (_CITATION.sub("", transcript.answer), *(f"({notice.text})" for notice in transcript.notices))
    coverage = coverage_of_all(result.coverage for result in results)
    return ToolResult(call, "\n\n".join(said).strip(), tables, coverage, failed)
