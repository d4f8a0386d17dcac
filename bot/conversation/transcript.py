"""What one turn has brought so far: it grows while the outlet is told, and is the reply however the turn ends."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from bot.codec import compact
from bot.conversation.grounding.citations import cited
from bot.domain.errors import PlatformError
from bot.domain.message import Block, Chart, Footer, Notice, Prose, Reply, Step, TurnId, add_prose
from bot.domain.network import Coverage
from bot.domain.ports import Outlet
from bot.domain.table import Table
from bot.domain.turn import Made, ToolCall, ToolResult, Usage

log = logging.getLogger("netspy.conversation")

Keep: TypeAlias = Callable[[Sequence[ToolResult], int], Awaitable[bool]]
"""Stores results, the first of which has this place; False when they could not be stored."""

ROWS_OF_AN_ANSWER = 20
"""A model may read more rows than a person wants above an answer; the footer's command shows them all."""


async def keep_nothing(results: Sequence[ToolResult], first: int) -> bool:  # noqa: ARG001 (a `Keep`)
    """For turns that nobody takes up again."""
    return False


class Nowhere:
    """An outlet that nobody reads: for callers that want the transcript alone."""

    async def step(self, step: Step) -> None: ...

    async def prose(self, delta: str) -> None: ...

    async def show(self, block: Block) -> None: ...

    async def reply(self, reply: Reply) -> None: ...

    async def delivered(self) -> bool:
        return False


class Transcript:
    """Blocks and results of one turn, in the order in which they came to be.

    What the platform cannot show just now is logged and stands in the reply all the same.
    """

    def __init__(self, outlet: Outlet, *, keep: Keep = keep_nothing, made: Made = None) -> None:
        self._outlet = outlet
        self.made = made
        """What everything rests on that comes from now on."""
        self._keep = keep
        self._blocks: list[Block] = []
        self._results: list[ToolResult] = []
        self._kept = 0
        self._tables = 0
        self._delay: Step | None = None
        self._groups: list[range] = []
        self.model = ""
        """Who has answered last."""
        self.usage = Usage()
        self._titles: dict[str, str] = {}

    @property
    def results(self) -> tuple[ToolResult, ...]:
        return tuple(self._results)

    @property
    def kept(self) -> int:
        """How many of the results are stored."""
        return self._kept

    @property
    def answer(self) -> str:
        return "\n\n".join(block.markdown.strip("\n") for block in self._blocks if isinstance(block, Prose))

    @property
    def notices(self) -> tuple[Notice, ...]:
        return tuple(block for block in self._blocks if isinstance(block, Notice))

    def reply(self, turn: TurnId) -> Reply:
        """All blocks in the order in which they came; but results whose tables the answer cites before the others."""
        order = cited(self.answer)
        groups = [[self._blocks[place] for place in group] for group in self._groups]
        ordered = iter(sorted(groups, key=lambda group: not any(_label_of(block) in order for block in group)))
        begins = {group.start: group for group in self._groups}
        blocks: list[Block] = []
        place = 0
        while place < len(self._blocks):
            if group := begins.get(place):
                blocks += next(ordered)
                place = group.stop
            else:
                blocks.append(self._blocks[place])
                place += 1
        return Reply(turn, tuple(blocks))

    def used(self, model: str, usage: Usage) -> None:
        """A round of this model has cost so much."""
        self.model = model
        self.usage += usage

    async def prose(self, delta: str) -> None:
        add_prose(self._blocks, delta)
        await self._resumed()
        await self._tell(self._outlet.prose(delta))

    async def paragraph(self) -> None:
        """What is said next begins a paragraph of its own."""
        last = self._blocks[-1] if self._blocks else None
        if isinstance(last, Prose) and not last.markdown.endswith("\n\n"):
            await self.prose("\n\n")

    async def notice(self, notice: Notice) -> None:
        await self._show(notice)

    async def result(self, result: ToolResult, *, max_rows: int = ROWS_OF_AN_ANSWER) -> ToolResult:
        """Show a result's tables, at most `max_rows` rows of each, and what they rest on.

        Returns the whole result as the model may cite it: with labels.
        """
        tables = tuple(replace(table, label=self._next_label()) for table in result.tables)
        labelled = replace(result, tables=tables, made=self.made)
        self._results.append(labelled)
        begin = len(self._blocks)
        shown = [replace(table, rows=table.rows[:max_rows]) for table in labelled.tables]
        blocks: tuple[Block, ...] = (*shown, *map(Chart, labelled.charts), *labelled.attachments)
        for block in blocks:
            await self._show(block)
        if labelled.coverage:
            await self._show_coverage(labelled.coverage, shown, has_files=bool(labelled.attachments))
        if len(self._blocks) > begin:
            self._groups.append(range(begin, len(self._blocks)))
        return labelled

    def hold(self, result: ToolResult) -> None:
        """Keep a result that the person has already, such as a file of theirs."""
        self._results.append(replace(result, made=self.made))

    async def block(self, block: Block) -> None:
        """Show something that no call brought."""
        await self._show(block)

    async def step(self, step: Step) -> None:
        """Tell of work that is no call."""
        await self._step(step)

    async def running(self, call: ToolCall, title: str = "") -> None:
        """`title` is what people call the tool, where that is not its name."""
        self._titles[call.id] = title_of(call, title)
        await self._resumed()
        await self._step(Step(call.id, self._titles[call.id], "running"))

    async def ended(self, result: ToolResult) -> None:
        title, detail = self._titles.pop(result.call.id, title_of(result.call)), first_line(result.summary)
        await self._step(Step(result.call.id, title, "failed" if result.failed else "done", detail))

    async def delay(self, reason: str) -> None:
        """Say why nothing comes for a while."""
        await self._resumed()
        self._delay = Step("model", reason, "running")
        await self._step(self._delay)

    async def keep(self) -> None:
        """Store the results that came since the last time."""
        fresh = self._results[self._kept :]
        if fresh and await self._keep(fresh, self._kept):
            self._kept += len(fresh)

    async def _show_coverage(self, coverage: Coverage, tables: Sequence[Table], *, has_files: bool) -> None:
        """What was cut from another server's words has no table to stand under, and is told all the same."""
        if tables or has_files:
            await self._show(Footer(replace(coverage, shown=sum(len(table.rows) for table in tables))))
        elif coverage.kind == "foreign" and coverage.notes:
            await self._show(Notice("info", f"MCP server {coverage.source}: {'; '.join(coverage.notes)}"))

    async def _resumed(self) -> None:
        if self._delay:
            ended, self._delay = replace(self._delay, state="done"), None
            await self._step(ended)

    async def _show(self, block: Block) -> None:
        self._blocks.append(block)
        await self._resumed()
        await self._tell(self._outlet.show(block))

    async def _step(self, step: Step) -> None:
        await self._tell(self._outlet.step(step))

    async def _tell(self, telling: Awaitable[None]) -> None:
        try:
            await telling
        except PlatformError as error:
            log.warning("outlet.failed", extra={"cause": str(error)})

    def _next_label(self) -> str:
        self._tables += 1
        return f"T{self._tables}"


def _label_of(block: Block) -> str:
    return block.label if isinstance(block, Table) else ""


def title_of(call: ToolCall, title: str = "") -> str:
    """The call as people read it: `find_failures process_name=curl duration=600`."""
    arguments = ((name, value) for name, value in call.arguments.items() if value is not None)
    given = (f"{name}={value if isinstance(value, str) else compact(value)}" for name, value in arguments)
    return " ".join((title or call.name, *given))


def first_line(text: str) -> str:
    return text.split("\n", 1)[0]
