"""What one result says, before it becomes prose: the value between the readers of results and the composer."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import IntEnum

from bot.llm.offline.plan import Focus, Scope
from bot.llm.offline.prose import code, span
from bot.tables.text import plain
from bot.tables.units import human_time


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
    attempts: Mapping[str, int] = field(default_factory=dict)
    """Attempts by process, where they were counted over the same time."""
    failed: Mapping[str, int] = field(default_factory=dict)
    """Failed attempts by process, where those of all processes in scope were counted; else empty."""

    @property
    def within(self) -> str:
        """` in the last 5 minutes`, or nothing where the calls have no time in common."""
        return f" in the {span(self.duration_s)}" if self.duration_s else ""

    def at(self, time: datetime | None) -> str:
        """` at 14:07:00`, or nothing."""
        return f" at {human_time(time, zone=self.zone, now=self.now)}" if time else ""

    def command(self, words: str, process: str | None) -> str:
        """One of our commands over the same time, as a code span."""
        by = f" --process {shlex.quote(plain(process))}" if process else ""
        window = f" --duration {round(self.duration_s)}" if self.duration_s else ""
        return code(f"{words}{by}{window}")
