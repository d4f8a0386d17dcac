"""The `Status` of this machine's own collector."""

from bot.domain.network import EVENT_TYPES, EventKind
from bot.ebpf.agent.status import KindStatus, Status
from bot.ebpf.live import Listening
from bot.ebpf.store.clock import Clock
from bot.ebpf.store.store import EventStore


def live_status(store: EventStore, listening: Listening, clock: Clock) -> Status:
    """It waits while the store answers a question: for a worker thread."""
    kinds = {kind: _of_kind(store, kind, listening.lost.get(kind, 0), clock) for kind in EVENT_TYPES}
    return Status(since=listening.since, programs=listening.programs, missing=listening.missing, kinds=kinds)


def _of_kind(store: EventStore, kind: EventKind, lost: int, clock: Clock) -> KindStatus:
    kept = store.kept(kind, clock)
    return KindStatus(
        seen=kept.stored + kept.evicted,
        lost=lost,
        stored=kept.stored,
        evicted=kept.evicted,
        size_bytes=kept.size_bytes,
        complete_since=kept.complete_since,
    )
