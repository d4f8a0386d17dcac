"""What conversations are made with. `bot/app.py` puts it together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.conversation.answering import Answering
from bot.conversation.lookout import LEASE_S
from bot.conversation.manners import ThreadReplies
from bot.domain.message import Address, TurnId
from bot.domain.ports import EbpfSource, Files, Leases, Outlet, ThreadStore
from bot.domain.query import Scope

TURN_DEADLINE_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`sources` has the source as it may be seen within a scope.

    `outlet` and `files` find the adapter of an address; None is one whose people attach no files.
    """

    store: ThreadStore
    leases: Leases
    source: EbpfSource
    sources: Callable[[Scope], EbpfSource]
    answering: Answering
    outlet: Callable[[TurnId, Address], Outlet]
    files: Callable[[Address], Files | None] = lambda _: None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    thread_replies: ThreadReplies = "auto"
    turn_deadline_s: float = TURN_DEADLINE_S
    lease_s: float = LEASE_S
    retention_days: int | None = None
    """How long turns are kept; None: until somebody forgets them."""
