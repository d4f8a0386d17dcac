"""The collector as a whole: the kernel programs, the thread that reads them, the store, and the source over it.

Whoever opens it owns it; nothing stays attached when it is closed. `preflight` says beforehand whether it can run here.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from bot.domain.network import EventKind
from bot.ebpf.collector.btf import ReasonNames, reason_names
from bot.ebpf.collector.loader import Programs, start
from bot.ebpf.collector.reader import Batch, Reader
from bot.ebpf.collector.symbols import Symbols
from bot.ebpf.kernel_events import KINDS
from bot.ebpf.live import Listening, LiveSource
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.store import MAX_AGE_S, MAX_BYTES, EventStore

log = logging.getLogger("netspy.collector")


@asynccontextmanager
async def open_collector(
    *, node: str | None = None, max_bytes: int = MAX_BYTES, max_age_s: float = MAX_AGE_S
) -> AsyncGenerator[LiveSource, None]:
    """Listens from now on until it is left. Raises: CannotCollect when no program runs."""
    programs = await asyncio.to_thread(start)
    store = EventStore(_names(reason_names()), node=node, max_bytes=max_bytes, max_age_s=max_age_s)
    since = datetime.now(UTC)
    reader = Reader(programs, partial(_keep, store))
    try:
        yield LiveSource(store, listening=partial(_listening, programs, reader, since))
    finally:
        await asyncio.to_thread(reader.close)


def _keep(store: EventStore, batch: Batch) -> None:
    store.add(batch.events, now_ns=time.clock_gettime_ns(time.CLOCK_BOOTTIME))


def _names(reasons: ReasonNames) -> KernelNames:
    def reason_of(number: int) -> str | None:
        return reasons.drop.get(number, str(number)) if number >= 0 else None

    return KernelNames(reason_of, Symbols())


def _listening(programs: Programs, reader: Reader, since: datetime) -> Listening:
    counts = reader.counts()
    lost: dict[EventKind, int] = {kind: sum(counts[name].lost for name in names) for kind, names in KINDS.items()}
    return Listening(since, lost, programs.attached, dict(programs.failed))
