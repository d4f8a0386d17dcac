"""The collector as a whole: the kernel programs, the thread that reads them, the store, and what answers from these.

Whoever opens it owns it; nothing stays attached when it is closed. `preflight` says beforehand whether it can run here.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bot.checking import name_of
from bot.domain.network import EventKind
from bot.ebpf.boot_clock import since_boot_ns
from bot.ebpf.collector.btf import reason_names
from bot.ebpf.collector.loader import Programs, start
from bot.ebpf.collector.reader import Batch, Reader
from bot.ebpf.collector.symbols import Symbols
from bot.ebpf.live import Listening, LiveSource
from bot.ebpf.machine.container_files import ContainerFiles
from bot.ebpf.machine.containers import Containers
from bot.ebpf.machine.state import Machine
from bot.ebpf.recording.kernel_events import KINDS
from bot.ebpf.store.drops import KernelNames
from bot.ebpf.store.store import MAX_AGE_S, MAX_BYTES, EventStore

log = logging.getLogger("netspy.collector")


@dataclass(frozen=True, slots=True)
class Collector:
    """Listens as long as it is open. `listening` and `store` may be asked from any thread."""

    source: LiveSource
    machine: Machine
    store: EventStore
    listening: Callable[[], Listening]
    reason_codes: Mapping[str, int]
    """The kernel's numbers for reasons of drops."""


@asynccontextmanager
async def open_collector(
    *,
    node: str | None = None,
    max_bytes: int = MAX_BYTES,
    max_age_s: float = MAX_AGE_S,
    host_root: Path = Path("/"),
) -> AsyncGenerator[Collector, None]:
    """Listens from now on until it is left; all of this machine, in all its namespaces.

    `node` is what its events call this machine; `host_root` is where its root is mounted, for names of containers.
    Raises: CannotCollect when no program runs.
    """
    machine = Machine(Containers(ContainerFiles(host_root), node=node), node=node)
    with await asyncio.to_thread(start) as programs:
        reasons = await asyncio.to_thread(reason_names)
        store = EventStore(
            KernelNames(reasons.of_drop, Symbols(), machine.workload_of, reasons.of_reset),
            node=node,
            max_bytes=max_bytes,
            max_age_s=max_age_s,
        )
        since, failures = datetime.now(UTC), list[BaseException]()
        reader = Reader(programs, partial(_keep, store), failed=failures.append)
        listening = partial(_listening, programs, reader, since, failures)
        try:
            async with machine.sampled():
                yield Collector(
                    source=LiveSource(store, listening=listening, node=node, machine=machine),
                    machine=machine,
                    store=store,
                    listening=listening,
                    reason_codes={name: number for number, name in reasons.drop.items()},
                )
        finally:
            with suppress(*map(type, failures)):  # told already, with every answer
                await asyncio.to_thread(reader.close)


def _keep(store: EventStore, batch: Batch) -> None:
    try:
        store.add(batch.events, now_ns=since_boot_ns())
    except Exception:
        log.exception("collector.broke")
        raise


def _listening(programs: Programs, reader: Reader, since: datetime, failures: Sequence[BaseException]) -> Listening:
    counts = reader.counts()
    lost: dict[EventKind, int] = {kind: sum(counts[name].lost for name in names) for kind, names in KINDS.items()}
    broken = name_of(failures[0]) if failures else ""
    return Listening(since, lost, programs.attached, dict(programs.failed), broken)
