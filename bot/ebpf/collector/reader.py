"""Reads what the eBPF programs write: one thread that comes by every 50 ms, keeps raw bytes and decodes nothing.

Decoding at once costs ten times as much as keeping, and most events are never asked for.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from bot.ebpf.boot_clock import epoch_offset_ns
from bot.ebpf.collector.loader import Programs

INTERVAL_S: Final = 0.05
BATCH_SIZE: Final = 16384
_LAST_EVENTS_S = 1.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Raw events in their order. `epoch_ns`: what the wall clock is ahead of the clock that stamped them, just now."""

    events: Sequence[bytes]
    epoch_ns: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Events of one kind since the start: those `seen` were delivered or will be, but for those `lost`.

    In an interrupt within one of our programs the kernel starts no other: what happens in there is not even seen.
    """

    seen: int
    lost: int


class Reader:
    """Owns running programs from now on, and the thread that reads them.

    `deliver` and `failed` are called in that thread. What `deliver` raises ends the reading, detaches the programs, is
    given to `failed`, and is raised by `close`.
    """

    def __init__(
        self,
        programs: Programs,
        deliver: Callable[[Batch], None],
        *,
        failed: Callable[[BaseException], None] | None = None,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._programs = programs
        self._deliver = deliver
        self._failed = failed
        self._interval_s = interval_s
        self._received = 0
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._final: dict[str, Counts] | None = None
        self._thread = threading.Thread(target=self._run, name="netspy-collector", daemon=True)
        try:
            self._ring = programs.ring(batch_size=BATCH_SIZE)
            self._thread.start()
        except BaseException:
            programs.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def counts(self) -> dict[str, Counts]:
        """By kind, kinds without events too. After `close` they stay what they were."""
        return self._final or self._count()

    def close(self) -> None:
        """Detach the programs, deliver what they still wrote, free everything. Raises: what `deliver` raised."""
        self._stop.set()
        self._thread.join()
        if self._final is None:
            self._final = self._count()
            self._ring.close()
            self._programs.close()
        if self._error:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                if self._take() < BATCH_SIZE:
                    self._stop.wait(self._interval_s)
            self._programs.detach()
            self._take_the_last()
        except BaseException as error:  # noqa: BLE001 - its owner gets it
            self._programs.detach()
            self._error = error
            if self._failed:
                self._failed(error)

    def _take(self) -> int:
        events = self._ring.take()
        if events:
            self._received += len(events)
            self._deliver(Batch(events, epoch_offset_ns()))
        return len(events)

    def _take_the_last(self) -> None:
        """A program that ran as it was detached may yet write its event."""
        deadline = time.monotonic() + _LAST_EVENTS_S
        while self._take() or (self._is_missing_events() and time.monotonic() < deadline):
            pass

    def _is_missing_events(self) -> bool:
        return sum(each.seen - each.lost for each in self._count().values()) > self._received

    def _count(self) -> dict[str, Counts]:
        seen, lost = self._programs.counts()
        return {kind: Counts(seen[kind], lost[kind]) for kind in seen}
