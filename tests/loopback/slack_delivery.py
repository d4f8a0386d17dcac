"""Delivery of events, commands and interactions to an app: what is on its way, retries, acknowledgements.

Knows both ways to an app (`slack_socket.py`, `slack_signed.py`) and nothing of what is delivered.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from uuid import uuid4

from tests.loopback.slack_signed import Signed
from tests.loopback.slack_socket import Connection

Kind: TypeAlias = Literal["events_api", "slash_commands", "interactive"]
ACK_LIMIT_S = 3.0
"""https://docs.slack.dev/apis/events-api/#responding and https://docs.slack.dev/interactivity/implementing-slash-commands/"""
RETRY_DELAYS_S = (0.0, 60.0, 300.0)
"""https://docs.slack.dev/apis/events-api/#retries: nearly at once, after a minute, after five."""


@dataclass(slots=True, eq=False)
class Delivery:
    """One thing on its way. `acked_after_s` counts from the first try; `lost`: no try is left."""

    kind: Kind
    payload: dict[str, Any]
    began_s: float
    envelopes: list[str] = field(default_factory=list)
    attempt: int = 0
    reason: str = ""
    acked_after_s: float | None = None
    ack: dict[str, Any] = field(default_factory=dict)
    lost: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    timer: asyncio.TimerHandle | None = None

    @property
    def acked(self) -> bool:
        return self.acked_after_s is not None

    @property
    def event(self) -> dict[str, Any]:
        """The inner event, of an event."""
        return dict(self.payload.get("event", {}))

    def frame(self) -> dict[str, Any]:
        frame = {"envelope_id": self.envelopes[-1], "payload": self.payload, "type": self.kind}
        if self.kind != "events_api":
            return frame | {"accepts_response_payload": True}
        return frame | {
            "accepts_response_payload": False,
            "retry_attempt": self.attempt,
            "retry_reason": self.reason,
        }


class Deliveries:
    """Sends everything to one connection in turn, to `deliver_to` when a test wants that, or to the HTTP endpoint.

    An event that no connection takes waits for the next one. An event that was sent and not acknowledged on a
    connection that breaks goes to another one at once; commands and interactions never go twice.
    """

    def __init__(self, signed: Signed) -> None:
        self.ack_limit_s = ACK_LIMIT_S
        self.retry_delays_s: tuple[float, ...] = RETRY_DELAYS_S
        self.deliver_to: int | None = None
        self.deliveries: list[Delivery] = []
        self.connections: list[Connection] = []
        self.faults: list[str] = []
        self.signed = signed
        self._clock_s = asyncio.get_running_loop().time
        self._turn = 0
        self._by_envelope: dict[str, Delivery] = {}
        self._unanswered: Counter[str] = Counter()
        """Of each envelope how often it was sent, but for its acknowledgements: one goes out again when its connection
        breaks, and the app may have taken both."""
        self._waiting: list[Delivery] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, kind: Kind, payload: dict[str, Any]) -> Delivery:
        delivery = Delivery(kind, payload, self._clock_s())
        self.deliveries.append(delivery)
        self._try(delivery)
        return delivery

    def joined(self, connection: Connection) -> None:
        """It may be given payloads from now on."""
        self.connections.append(connection)
        waiting, self._waiting = self._waiting, []
        for delivery in waiting:
            self._try(delivery)

    def left(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.remove(connection)
        for delivery in self._of(connection):
            if delivery.kind == "events_api" and not delivery.acked and not delivery.lost:
                self._stop_timer(delivery)
                self._try(delivery)

    def acknowledged(self, frame: Any, connection: Connection) -> None:
        """A frame that an app sent. Anything but the acknowledgement of something open is a fault of the app."""
        envelope = frame.get("envelope_id") if isinstance(frame, dict) else None
        delivery = self._by_envelope.get(str(envelope))
        if delivery is None or envelope not in connection.sent:
            self.faults.append(f"a frame that acknowledges nothing: {frame}")
            return
        if "payload" in frame and delivery.kind == "events_api":
            self.faults.append(f"an event is acknowledged without a payload: {frame}")
        if self._unanswered[str(envelope)] <= 0:
            self.faults.append(f"acknowledged twice: {envelope}")
        self._unanswered[str(envelope)] -= 1
        if not delivery.acked:
            self._settle(delivery, frame.get("payload") or {})

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something on the side until it is done or everything ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def close(self) -> None:
        for delivery in self.deliveries:
            self._stop_timer(delivery)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.faults.append(f"the loopback failed: {error!r}")

    def _try(self, delivery: Delivery) -> None:
        if self.signed.endpoint:
            self.run(self._post(delivery))
            return
        connection = self._next_connection()
        if connection is None:
            if delivery.kind == "events_api":
                self._waiting.append(delivery)
            return
        if not delivery.envelopes or delivery.reason:
            delivery.envelopes.append(str(uuid4()))
            self._by_envelope[delivery.envelopes[-1]] = delivery
        connection.send(delivery.frame())
        connection.sent.add(delivery.envelopes[-1])
        self._unanswered[delivery.envelopes[-1]] += 1
        if delivery.kind == "events_api":
            delivery.timer = asyncio.get_running_loop().call_later(
                self.ack_limit_s, self._not_acknowledged, delivery, "timeout"
            )

    def _next_connection(self) -> Connection | None:
        open_ones = [one for one in self.connections if self.deliver_to in {None, one.number}]
        if not open_ones:
            return None
        self._turn += 1
        return open_ones[self._turn % len(open_ones)]

    def _not_acknowledged(self, delivery: Delivery, reason: str) -> None:
        self._stop_timer(delivery)
        if delivery.acked:
            return
        if delivery.attempt >= len(self.retry_delays_s):
            delivery.lost = True
            delivery.settled.set()
            return
        delay_s = self.retry_delays_s[delivery.attempt]
        delivery.attempt += 1
        delivery.reason = reason
        delivery.timer = asyncio.get_running_loop().call_later(delay_s, self._try, delivery)

    async def _post(self, delivery: Delivery) -> None:
        result = await self.signed.deliver(delivery.kind, delivery.payload, self._retry(delivery), self.ack_limit_s)
        if isinstance(result, dict):
            self._settle(delivery, result)
        elif delivery.kind == "events_api" and result != "no_retry":
            self._not_acknowledged(delivery, result)
        else:
            delivery.lost = True
            delivery.settled.set()

    def _retry(self, delivery: Delivery) -> dict[str, str]:
        if not delivery.attempt:
            return {}
        return {"x-slack-retry-num": str(delivery.attempt), "x-slack-retry-reason": delivery.reason}

    def _settle(self, delivery: Delivery, ack: dict[str, Any]) -> None:
        self._stop_timer(delivery)
        delivery.acked_after_s = self._clock_s() - delivery.began_s
        delivery.ack = ack
        delivery.lost = False
        delivery.settled.set()

    def _stop_timer(self, delivery: Delivery) -> None:
        if delivery.timer:
            delivery.timer.cancel()
            delivery.timer = None

    def _of(self, connection: Connection) -> list[Delivery]:
        return [self._by_envelope[one] for one in connection.sent if self._by_envelope[one].envelopes[-1] == one]
