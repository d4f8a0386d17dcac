"""A strict Slack on 127.0.0.1: Web API, Socket Mode, signed HTTP; people, and faults on demand.

`async with LoopbackSlack() as slack:` inside the test's event loop; bots get `slack.api_url` and the three secrets, and
every other URL from its answers. What people do is in `slack_people.py`. What a test may set beside the attributes
here: `delivery.ack_limit_s`, `.retry_delays_s`, `.deliver_to`; `space.stream_ttl_s`, `.response_ttl_s`,
`.triggers.ttl_s`; `sockets.limit`, and `silent` of a connection.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.loopback import slack_events as events
from tests.loopback.listening import Listening
from tests.loopback.slack_api import Api
from tests.loopback.slack_delivery import Deliveries, Delivery
from tests.loopback.slack_faults import Call, Fault, Faults, RateLimit, Refusal
from tests.loopback.slack_message import Message
from tests.loopback.slack_people import People
from tests.loopback.slack_signed import JSON, Posted, Signed, encoded
from tests.loopback.slack_socket import Connection, Reason, Sockets
from tests.loopback.slack_workspace import SCOPES, Prompts, Upload, View, Workspace
from tests.loopback.waiting import PATIENCE_S, until


class LoopbackSlack(People):
    """Leaving fails when a connected app spoke in a wrong way, or the loopback itself failed (`faults`)."""

    def __init__(self) -> None:
        self.bot_token = "xoxb-0-loopback"
        self.app_token = "xapp-1-A0NETSPY-loopback"
        self.signing_secret = "loopback-signing-secret"
        self.scopes = set(SCOPES)
        self.app_scopes = {"connections:write"}
        self.revoked: set[str] = set()
        self.rate_limit: RateLimit | None = RateLimit()
        self.latency_s = 0.0
        self.calls: list[Call] = []
        self.refused: list[Refusal] = []
        self.ignored: list[tuple[str, str]] = []
        """Methods with arguments that they do not take, which Slack ignores without a word."""
        self.plans = Faults()
        self.space = Workspace(asyncio.get_running_loop().time)
        self.delivery = Deliveries(Signed(self.signing_secret))
        self.sockets = Sockets(self.delivery)

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=2**26)
        Api(self).add_routes(application)
        self._listening = await Listening.begin(application)
        self.space.base_url = self._listening.base_url
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.delivery.close()
        await self.sockets.close()
        await self.delivery.signed.close()
        await self._listening.end()
        if error is None:
            self.check()

    def check(self) -> None:
        """Raises: AssertionError when an app spoke in a wrong way."""
        assert not self.faults, f"an app spoke in a wrong way: {self.faults}"

    @property
    def api_url(self) -> str:
        return f"{self.space.base_url}api/"

    @property
    def subscribed(self) -> set[str]:
        """Events that the app hears of."""
        return self.space.subscribed

    @property
    def faults(self) -> list[str]:
        return self.delivery.faults

    def publish(self) -> None:
        while self.space.happened:
            event = self.space.happened.popleft()
            if events.heard(self.space, event, self.subscribed):
                self.delivery.send("events_api", events.callback(self.space, event))

    # What a test sees

    def messages(self, channel: str, thread: str | None = None) -> list[Message]:
        """What everybody sees: a channel without its threads, or one thread with its root."""
        self.space.expire()
        if thread:
            return self.space.thread(channel, thread)
        everything = self.space.stored.get(channel, {}).values()
        return [one for one in everything if not one.thread and not one.ephemeral_to]

    def ephemerals(self, user: str) -> list[Message]:
        return [one for channel in self.space.stored.values() for one in channel.values() if one.ephemeral_to == user]

    def pinged(self, message: Message) -> set[str]:
        """Whom a message notifies: ids, `channel`, `here`, `everyone`."""
        return message.pinged

    def links(self, message: Message) -> set[str]:
        return message.links

    def status(self, channel: str, thread: str) -> str:
        """What the app is said to be doing there now."""
        return (self.statuses.get((channel, thread)) or [""])[-1]

    @property
    def statuses(self) -> dict[tuple[str, str], list[str]]:
        return self.space.statuses

    @property
    def sessions(self) -> dict[tuple[str, str], list[str]]:
        return self.space.sessions

    @property
    def prompts(self) -> list[Prompts]:
        return self.space.prompts

    @property
    def homes(self) -> dict[str, View]:
        return self.space.homes

    @property
    def views(self) -> list[View]:
        """Modals that were opened."""
        return [*self.space.views.values()]

    @property
    def uploads(self) -> list[Upload]:
        return self.space.uploads

    @property
    def connections(self) -> list[Connection]:
        return self.sockets.connections

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything that was delivered or is on its way, in order."""
        return self.delivery.deliveries

    @property
    def acks(self) -> dict[str, float]:
        """Envelope -> seconds from the first try to the acknowledgement."""
        return {
            one.envelopes[-1] if one.envelopes else str(place): one.acked_after_s
            for place, one in enumerate(self.deliveries)
            if one.acked_after_s is not None
        }

    @property
    def unacked(self) -> list[Delivery]:
        return [one for one in self.deliveries if not one.acked]

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    async def until(self, holds: Callable[[], object], *, timeout_s: float = PATIENCE_S) -> None:
        """Returns once it holds. Raises: AssertionError that shows what was called last."""
        await until(holds, lambda: f"calls: {self.calls[-5:]}, refused: {self.refused[-5:]}", timeout_s=timeout_s)

    async def connected(self, connections: int = 1) -> None:
        await self.until(lambda: len(self.connections) >= connections)

    async def all_acked(self) -> None:
        await self.until(lambda: not self.unacked)

    # What a test does to the app's connection with Slack

    def fail(self, method: str, fault: Fault, *, times: int = 1, skip: int = 0) -> None:
        """Let the next calls of a method (`*`: any; `response_url`: those) go wrong, but for the first `skip`."""
        self.plans.plan(method, fault, times=times, skip=skip)

    def cut(self) -> None:
        """Break all websockets without a word."""
        for connection in [*self.connections]:
            connection.cut()

    def disconnect(self, reason: Reason = "refresh_requested") -> None:
        for connection in [*self.connections]:
            connection.farewell(reason)

    @property
    def http_endpoint(self) -> str:
        return self.delivery.signed.endpoint

    @http_endpoint.setter
    def http_endpoint(self, endpoint: str) -> None:
        self.delivery.signed.endpoint = endpoint

    async def verify_url(self) -> Posted:
        """What Slack sends when somebody enters the endpoint: the answer has to hold its challenge."""
        body, _ = encoded("events_api", {"token": "verification", "challenge": "3eZbrw1aB", "type": "url_verification"})
        return await self.delivery.signed.post(body)

    async def post(self, body: bytes, *, kind: str = JSON, timestamp: str = "", signature: str = "") -> Posted:
        """Send anything to the endpoint, as signed as a test wants it."""
        return await self.delivery.signed.post(body, kind=kind, timestamp=timestamp, signature=signature)
