"""An app made of Slack's own SDK, to hold the loopback Slack against: a web client, and Socket Mode."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from tests.loopback.slack import LoopbackSlack

METADATA: dict[str, Any] = {"event_type": "netspy_turn", "event_payload": {"turn": "t1"}}
DIVIDER: dict[str, Any] = {"type": "divider"}
Acknowledge = Callable[[SocketModeRequest], dict[str, Any] | None]
"""What to answer with: `{}` acknowledges without a payload, None does not acknowledge."""


def web_client(slack: LoopbackSlack, token: str | None = None) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token if token is None else token, base_url=slack.api_url)


def acknowledge(request: SocketModeRequest) -> dict[str, Any] | None:
    return {}


def ignore(request: SocketModeRequest) -> dict[str, Any] | None:
    return None


@dataclass(slots=True)
class App:
    client: SocketModeClient
    answer: Acknowledge
    requests: list[SocketModeRequest] = field(default_factory=list)

    async def take(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.requests.append(request)
        answer = self.answer(request)
        if answer is not None:
            await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload=answer or None))

    @property
    def events(self) -> list[dict[str, Any]]:
        return [request.payload["event"] for request in self.requests if request.type == "events_api"]


@asynccontextmanager
async def socket_app(slack: LoopbackSlack, answer: Acknowledge = acknowledge) -> AsyncGenerator[App, None]:
    before = len(slack.connections)
    client = SocketModeClient(slack.app_token, web_client=AsyncWebClient(base_url=slack.api_url), ping_interval=0.5)
    app = App(client, answer)
    client.socket_mode_request_listeners.append(app.take)
    try:
        await client.connect()  # type: ignore[no-untyped-call] # of the SDK
        await slack.connected(before + 1)
        yield app
    finally:
        await client.close()  # type: ignore[no-untyped-call] # of the SDK


async def error_of(call: Awaitable[Any]) -> str:
    """The name of Slack's refusal."""
    with pytest.raises(SlackApiError) as raised:
        await call
    return str(raised.value.response["error"])
