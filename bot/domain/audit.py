"""What the audit log says of one act, as a value: who did what where, what the policy decided, and what came of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from bot.domain.json_types import JsonObject

ActKind: TypeAlias = Literal["question", "command", "tool", "button", "alert"]
"""alert: a question that no person asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """`turn` is the same in all entries of one question; empty where nothing was stored, because it was refused.

    `act` is the tool's, command's or button's name; empty for a question. What a message said stands in no entry, but
    for what became an argument.
    """

    time: datetime
    """When it ended, or was refused."""
    turn: str
    platform: str
    workspace: str
    channel: str
    thread: str
    author: str
    author_name: str
    kind: ActKind
    act: str = ""
    arguments: JsonObject = field(default_factory=dict)
    decision: Literal["allowed", "refused"] = "allowed"
    rule: str = ""
    """The rule that decided."""
    reason: str = ""
    """Why it was refused."""
    rows: int | None = None
    """Of the tables that were shown, or given to a model."""
    tokens: int | None = None
    model: str = ""
    took_s: float | None = None
