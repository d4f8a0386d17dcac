"""What a data tool's body is given, and what it brings: the values between `network.py` and the bodies."""

from dataclasses import dataclass, replace

from bot.commands import Tool, line_for
from bot.domain.network import Coverage, EventKind, Outcome, Window
from bot.domain.query import Aggregate, EventQuery, Filter, GroupField, Measure
from bot.domain.table import Table
from bot.tools.arguments import DataArguments


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of a data tool, checked."""

    tool: Tool
    arguments: DataArguments
    window: Window

    @property
    def filter(self) -> Filter:
        return Filter(
            pid=self.arguments.pid,
            process=self.arguments.process_name,
            failed_local_lookups=self.arguments.include_local,
        )

    @property
    def command(self) -> str:
        """The command that asks the same again: the window written out, other defaults left out."""
        return self.command_with(self.arguments)

    def command_with(self, arguments: DataArguments) -> str:
        values = {
            "pid": arguments.pid,
            "process_name": arguments.process_name,
            "max_events": arguments.max_events,
            "include_local": arguments.include_local,
        }
        defaults = {argument.name: argument.default for argument in self.tool.arguments}
        chosen = {name: value for name, value in values.items() if value != defaults.get(name)}
        return line_for(self.tool, {**chosen, "duration": arguments.duration_s})

    def query(self, kind: EventKind, *, limit: int) -> EventQuery:
        return EventQuery(kind=kind, window=self.window, filter=self.filter, limit=limit)

    def aggregate(
        self,
        kind: EventKind,
        *group_by: GroupField,
        outcomes: frozenset[Outcome] | None = None,
        measures: tuple[Measure, ...] = (),
        top: int | None = None,
    ) -> Aggregate:
        wanted = replace(self.filter, outcomes=outcomes)
        return Aggregate(kind=kind, window=self.window, filter=wanted, group_by=group_by, measures=measures, top=top)


@dataclass(frozen=True, slots=True)
class Found:
    """What a body brings; `network.run_tool` makes the result of it."""

    summary: str
    tables: tuple[Table, ...]
    coverage: Coverage


def noted(coverage: Coverage, note: str) -> Coverage:
    return replace(coverage, notes=(*coverage.notes, note))
