"""What a person's deed lets an app do for a while: open one view, answer to a response URL."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from tests.loopback.slack_rules import Refused

TRIGGER_TTL_S = 3.0
"""https://docs.slack.dev/interactivity/handling-user-interaction/#modal_responses"""
RESPONSE_TTL_S = 30 * 60.0
RESPONSE_USES = 5
"""https://docs.slack.dev/interactivity/handling-user-interaction/#message_responses: five times within 30 minutes."""


class Triggers:
    """`ttl_s` may be set by a test."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self.ttl_s = TRIGGER_TTL_S
        self._clock_s = clock_s
        self._open: dict[str, tuple[str, float]] = {}
        self._used: set[str] = set()
        self._numbers = count(1)

    def new(self, person: str) -> str:
        trigger = f"{next(self._numbers)}.0NETSPY.{person.lower()}"
        self._open[trigger] = person, self._clock_s() + self.ttl_s
        return trigger

    def use(self, trigger: str) -> str:
        """The person whose deed it was. Raises: Refused."""
        if trigger in self._used:
            raise Refused("exchanged_trigger_id")
        if trigger not in self._open:
            raise Refused("invalid_trigger_id")
        person, until_s = self._open[trigger]
        if self._clock_s() > until_s:
            raise Refused("expired_trigger_id")
        self._used.add(trigger)
        return person


@dataclass(slots=True)
class Response:
    """Where an app may answer a deed. `message` is the ts of the one that had the button, if any."""

    id: str
    person: str
    channel: str
    until_s: float
    thread: str | None = None
    message: str | None = None
    uses: int = 0
