"""What a collector's HTTP side stands on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from bot.domain.ports import EbpfSource
from bot.ebpf.agent.status import Status
from bot.ebpf.machine.state import Machine
from bot.ebpf.store.clock import Clock


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`status` may wait for the store: it is asked in a worker thread.

    Without a `machine` the endpoints about it say so. `reason_codes` are the kernel's numbers for reasons of drops.
    Without a `token` only this machine may ask.
    """

    source: EbpfSource
    status: Callable[[], Status]
    version: str
    machine: Machine | None = None
    token: str | None = None
    reason_codes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    now: Callable[[], datetime] = _utc_now
    clock: Callable[[], Clock] = Clock.now
