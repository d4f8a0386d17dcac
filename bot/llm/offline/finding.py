"""What one result says, before it becomes prose: the value between the readers of results and the composer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import IntEnum

from bot.llm.offline.plan import Focus, Scope


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

    heading: str
    answer: str
    weight: Weight
    more: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


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
