"""The kernel's clock, which never steps, and the one on the wall, in which people ask."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.network import Window
from bot.ebpf.boot_clock import epoch_offset_ns, since_boot_ns

_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)
_NS = 1000


@dataclass(frozen=True, slots=True)
class Span:
    """The half-open span [since, until) in nanoseconds since boot."""

    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Clock:
    """Both at the moment of one question: `now_ns` is the time since boot, 0 where it does not matter.

    `offset_ns`: from nanoseconds since boot to those since 1970; the wall's clock steps.
    """

    offset_ns: int
    now_ns: int = 0

    @classmethod
    def now(cls) -> "Clock":
        return cls(epoch_offset_ns(), since_boot_ns())

    def moment(self, boot_ns: int) -> datetime:
        return _EPOCH + timedelta(microseconds=(boot_ns + self.offset_ns) // _NS)

    def span(self, window: Window) -> Span:
        return Span(self._boot_ns(window.since), self._boot_ns(window.until))

    def _boot_ns(self, moment: datetime) -> int:
        return (moment - _EPOCH) // _MICROSECOND * _NS - self.offset_ns
