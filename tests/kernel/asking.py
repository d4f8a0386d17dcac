"""Questions of people, answered by the planner alone from what the collector sees of faults under way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.conversation.loop import ToolLoop
from bot.conversation.transcript import Nowhere, Transcript
from bot.domain.message import ThreadKey
from bot.domain.ports import EbpfSource
from bot.domain.table import Cell, Table
from bot.domain.turn import ModelRequest, ToolResult
from bot.llm.offline import Planner
from bot.tools.direct import DirectHost

TOP = 3
"""Rows that everybody reads."""


@dataclass(frozen=True, slots=True)
class Answer:
    prose: str
    results: Sequence[ToolResult]

    @property
    def first_table(self) -> Table:
        return next(table for result in self.results for table in result.tables)

    @property
    def top(self) -> list[dict[str, Cell]]:
        """The first rows of the first table, by column."""
        names = [column.name for column in self.first_table.columns]
        return [dict(zip(names, row, strict=True)) for row in self.first_table.rows[:TOP]]


async def asked(question: str, source: EbpfSource) -> Answer:
    transcript = Transcript(Nowhere())
    request = ModelRequest(
        thread=ThreadKey("test", "", "", "1"), instructions="", history=(), question=question, now=datetime.now(UTC)
    )
    await ToolLoop(Planner(), DirectHost(source)).run(request, transcript)
    return Answer(transcript.answer, transcript.results)
