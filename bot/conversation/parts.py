"""What conversations are made with. `bot/app.py` puts it together."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.conversation.answering import Answering
from bot.conversation.auditing import Unaudited
from bot.conversation.gate import Directories
from bot.conversation.lookout import LEASE_S
from bot.conversation.manners import ThreadReplies
from bot.domain.message import Address, TurnId
from bot.domain.ports import EbpfSource, Files, Outlet
from bot.domain.query import Scope
from bot.domain.stores import Audit, Leases, ThreadStore
from bot.policy.rules import DEFAULT, Policy

TURN_DEADLINE_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`outlet` and `files` find the adapter of an address; None is one whose people attach no files.

    `sources` gives the source as a scope shows it. `directory` finds who knows the channels of a platform, by its name;
    without one, direct messages are refused.
    """

    store: ThreadStore
    leases: Leases
    sources: Callable[[Scope], EbpfSource]
    answering: Answering
    outlet: Callable[[TurnId, Address], Outlet]
    files: Callable[[Address], Files | None] = lambda _: None
    policy: Callable[[], Policy] = lambda: DEFAULT
    directory: Directories = lambda _: None
    audit: Audit = field(default_factory=Unaudited)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    thread_replies: ThreadReplies = "auto"
    turn_deadline_s: float = TURN_DEADLINE_S
    lease_s: float = LEASE_S
    retention_days: int | None = None
    """How long turns are kept; None: until somebody forgets them."""
