"""What one result says, before it becomes prose: the value between the readers of results and the composer."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import IntEnum

from bot.llm.offline.plan import Focus
from bot.llm.offline.prose import code, span, told
from bot.llm.offline.rows import Row
from bot.llm.offline.scope import Scope
from bot.tables.text import plain
from bot.tables.units import human_time

_IN_SECONDS = re.compile(r" (?:over|in) the last [\d,]+ seconds")


class Weight(IntEnum):
    """What decides which finding answers first."""

    UNTOLD = 0
    """It could not be found out."""
    NOTHING = 1
    FACT = 2
    FAULT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`answer` is one or two sentences, `more` whole sentences behind it, `steps` clauses that begin in lower case."""

    answer: str
    weight: Weight
    more: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    unless_proven: str = ""
    """What can't be told, unless another result proves it."""
    explains: bool = False
    """It says why something is wrong at a destination, not only that something is."""
    brief: str = ""
    """The answer for an overall picture, where that has to be shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the question is about, and what the other results of the turn say."""

    focus: Focus
    scope: Scope
    """What all calls have in common."""
    duration_s: float | None
    now: datetime
    zone: tzinfo
    span: tuple[datetime, datetime] | None = None
    """Both ends of the window, where it does not end now."""
    attempts: Mapping[str, int] = field(default_factory=dict)
    """Attempts by process, where they were counted over the same time."""
    failed: Mapping[str, int] = field(default_factory=dict)
    """Failed attempts by process, where those of all processes in scope were counted; else empty."""

    stalled: tuple[Row, ...] = ()
    """Groups of failures that waited long."""

    def told(self, summary: str) -> str:
        """A tool's own sentence, with the window spelled as everywhere in the answer."""
        return told(_IN_SECONDS.sub(lambda match: self.within or match.group(), summary))

    @property
    def within(self) -> str:
        """` in the last 5 minutes`, or nothing where the calls have no time in common."""
        if self.span:
            since, until = (human_time(end, zone=self.zone, now=self.now) for end in self.span)
            return f" from {since} to {until}"
        return f" in the {span(self.duration_s)}" if self.duration_s else ""

    def at(self, time: datetime | None) -> str:
        """` at 14:07:00`, or nothing."""
        return f" at {human_time(time, zone=self.zone, now=self.now)}" if time else ""

    def command(self, words: str, process: str | None, *, anywhere: bool = False) -> str:
        """One of our commands over the same time, as a code span."""
        by = f" --process {shlex.quote(plain(process))}" if process else ""
        if self.scope.pid is not None:
            by = f" --pid {self.scope.pid}"
        where = f" --destination {shlex.quote(self.scope.destination)}" if self.scope.destination else ""
        where += f" --port {self.scope.port}" if self.scope.port else ""
        takes_local = words.split(maxsplit=1)[0] in {"failures", "summary", "list", "analyze", "compare"}
        local = " --include-local" if self.scope.include_local and takes_local else ""
        window = f" --duration {round(self.duration_s)}" if self.duration_s else ""
        if self.scope.since and self.scope.until:
            window = f" --since {self.scope.since} --until {self.scope.until}"
        return code(f"{words}{by}{where if not anywhere else ''}{window}{local}")
