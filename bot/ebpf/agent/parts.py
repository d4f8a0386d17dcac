"""What a collector's HTTP side stands on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from bot.domain.ports import EbpfSource
from bot.ebpf.store.clock import Clock


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`reason_codes` are the kernel's numbers for reasons of drops. Without a `token` only this machine may ask."""

    source: EbpfSource
    version: str
    token: str | None = None
    reason_codes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    now: Callable[[], datetime] = _utc_now
    clock: Callable[[], Clock] = Clock.now
