"""What goes wrong with calls because a test wants it, and Discord's rate limits. Pure but for the clock it is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.loopback.planned import Planned

HTML = "<!DOCTYPE html><html><body>upstream connect error</body></html>"
VIA = "1.1 google"
"""Discord's own answers carry it; a 429 without it comes from the network in front of it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong answer: an HTTP `status` with `html`, or with Discord's `code` as JSON; 429 with `retry_after_s`; none.

    `lost`: the call is done, and the connection breaks before its answer; with `hangs` it stays open without one.
    `hangs` alone: nothing is done, and nothing answered. `everywhere`: a 429 that is for all calls of the app.
    """

    status: int = 500
    code: int | None = None
    message: str = ""
    html: str = ""
    retry_after_s: float | None = None
    everywhere: bool = False
    hangs: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many calls within so many seconds, counted from the first.

    Discord says that no app should know the numbers, only obey the headers:
    https://docs.discord.com/developers/topics/rate-limits
    """

    calls: int
    per_s: float


@dataclass(slots=True)
class Call:
    """A request of the API. `name` is the operation's, `arguments` its body. `status` is 0 until it is answered."""

    name: str
    method: str
    path: str
    agent: str
    at_s: float
    arguments: Any = None
    files: tuple[str, ...] = ()
    status: int = 0
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that broke one of Discord's rules; faults that a test asked for are none.

    `why`: where in the form, and what.
    """

    name: str
    code: int
    message: str
    why: tuple[str, ...]
    arguments: Any


Faults = Planned[Fault]


@dataclass(frozen=True, slots=True)
class Taken:
    """How a bucket stands after a call. `allowed`: the call was within its limit."""

    limit: RateLimit
    bucket: str
    left: int
    resets_after_s: float
    allowed: bool

    def headers(self, now_s: float) -> dict[str, str]:
        """`now_s` is the time of day."""
        return {
            "x-ratelimit-limit": str(self.limit.calls),
            "x-ratelimit-remaining": str(self.left),
            "x-ratelimit-reset": f"{now_s + self.resets_after_s:.3f}",
            "x-ratelimit-reset-after": f"{self.resets_after_s:.3f}",
            "x-ratelimit-bucket": self.bucket,
        }


class Buckets:
    """What is left of every limit, by bucket and by the channel or the token that it counts for."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._windows: dict[tuple[str, str], tuple[int, float]] = {}

    def take(self, bucket: str, major: str, limit: RateLimit) -> Taken:
        now = self._clock_s()
        used, began = self._windows.get((bucket, major), (0, now))
        if now - began >= limit.per_s:
            used, began = 0, now
        allowed = used < limit.calls
        used += allowed
        self._windows[bucket, major] = used, began
        return Taken(limit, bucket, limit.calls - used, limit.per_s - (now - began), allowed)
