"""What goes wrong with calls because a test wants it, and Slack's rate limit. Pure but for the clock it is given."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.loopback.planned import Planned

HTML = "<!DOCTYPE html><html><body>Server Error</body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong answer: Slack's `error`, an HTTP `status`, `html`, 429 with `retry_after_s`, none at all.

    `lost`: the call is done, and the connection breaks before its answer; with `hangs` it stays open without one.
    `hangs` alone: nothing is done, and nothing answered.
    """

    error: str = ""
    status: int = 200
    html: str = ""
    retry_after_s: int | None = None
    hangs: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class RateLimit:
    """https://docs.slack.dev/apis/web-api/rate-limits/#posting: about one message per second and channel.

    Slack does not say how much of a burst it lets pass.
    """

    per_s: float = 1.0
    burst: int = 5


@dataclass(slots=True)
class Call:
    """A request of the Web API, as it came. `status` is 0 until it is answered."""

    method: str
    arguments: dict[str, Any]
    agent: str
    at_s: float
    status: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that broke one of Slack's rules; faults that a test asked for are none."""

    method: str
    error: str
    messages: tuple[str, ...]
    arguments: dict[str, Any]


Faults = Planned[Fault]


class Buckets:
    """How much each channel may still be told."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._left: dict[str, tuple[float, float]] = {}

    def wait_s(self, channel: str, limit: RateLimit) -> int:
        """Take one message; or the whole seconds to wait before there is one to take."""
        now = self._clock_s()
        left, at = self._left.get(channel, (float(limit.burst), now))
        left = min(float(limit.burst), left + (now - at) * limit.per_s)
        if left < 1:
            self._left[channel] = left, now
            return math.ceil((1 - left) / limit.per_s)
        self._left[channel] = left - 1, now
        return 0
