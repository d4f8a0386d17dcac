"""What a data tool's body is given, and what it brings: the values between `network.py` and the bodies."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.commands import Tool, line_for
from bot.domain.json_types import Json
from bot.domain.network import Coverage, EventKind, Window
from bot.domain.query import Aggregate, EventQuery, Filter, GroupField, Measure
from bot.domain.table import Series, Table
from bot.moments import written
from bot.tools.data_arguments import DataArguments

EVERY_NODE = "*"
"""As a node's name, where a channel would ask one alone."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of a data tool, checked. `given` holds every argument, None and defaults too."""

    tool: Tool
    given: Mapping[str, Json]
    arguments: DataArguments
    window: Window

    @property
    def filter(self) -> Filter:
        asked = self.arguments
        return Filter(
            pid=asked.pid,
            process=None if asked.is_pattern else asked.process_name,
            process_pattern=asked.process_name if asked.is_pattern else None,
            uid=asked.uid,
            target=asked.target,
            protocol=asked.protocol,
            node=None if asked.node == EVERY_NODE else asked.node,
            namespace=asked.namespace,
            pod=asked.pod,
            container=asked.container,
            failed_local_lookups=asked.include_local,
        )

    @property
    def command(self) -> str:
        """The command that asks the same again: the window written out, other defaults left out."""
        return self.command_with({})

    def command_with(self, changes: Mapping[str, Json]) -> str:
        """The same with other arguments; None takes one away."""
        defaults = {argument.name: argument.default for argument in self.tool.arguments}
        any_pid = {"pid": self.arguments.pid} if "pid" in defaults else {}
        values = {**self.given, **any_pid, **self._ends(), **changes}
        return line_for(
            self.tool,
            {name: value for name, value in values.items() if name == "duration" or value != defaults.get(name)},
        )

    def query(self, kind: EventKind, *, limit: int, wanted: Filter | None = None) -> EventQuery:
        return EventQuery(kind=kind, window=self.window, filter=wanted or self.filter, limit=limit)

    def aggregate(
        self,
        kind: EventKind,
        *group_by: GroupField,
        wanted: Filter | None = None,
        measures: tuple[Measure, ...] = (),
        top: int | None = None,
    ) -> Aggregate:
        return Aggregate(
            kind=kind, window=self.window, filter=wanted or self.filter, group_by=group_by, measures=measures, top=top
        )

    def _ends(self) -> dict[str, Json]:
        """The window: how far back where it ends now, else both ends."""
        takes = {argument.name for argument in self.tool.arguments}
        if "duration" not in takes:
            return {}
        if self.arguments.since is None and self.arguments.until is None:
            return {"duration": self.arguments.duration_s}
        return {"since": written(self.window.since), "until": written(self.window.until), "duration": None}


@dataclass(frozen=True, slots=True)
class Found:
    """What a body brings; `network.run_tool` makes the result of it."""

    summary: str
    tables: tuple[Table, ...]
    coverage: Coverage | None
    charts: tuple[Series, ...] = ()


def noted(coverage: Coverage, *notes: str) -> Coverage:
    return replace(coverage, notes=(*coverage.notes, *notes))
