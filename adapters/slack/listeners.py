"""bolt's app with one listener for each kind of payload, and what it answers to requests by HTTP.

It knows bolt. What payloads mean is for those whom it hands them to.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response

from adapters.slack.inbox import Event, Inbox
from adapters.slack.interactions import Interactions
from adapters.slack.place import NAME
from adapters.slack.slash import Slash
from bot.domain.errors import NetspyError, PlatformError

log = logging.getLogger("netspy.slack")

ANYTHING = re.compile(".*", re.DOTALL)
INVESTIGATE = "investigate"
"""The callback id of the message shortcut in `deploy/slack-manifest.yaml`."""
STARTING = "netspy is just starting; try again."


@dataclass(frozen=True, slots=True)
class Receivers:
    """Who takes what. A method that raises leaves its payload unacknowledged."""

    inbox: Inbox
    interactions: Interactions
    slash: Slash


def bolt_app(client: AsyncWebClient, *, signing_secret: str, receivers: Callable[[], Receivers | None]) -> AsyncApp:
    """Every payload is given on before it is acknowledged. `receivers` is None while the adapter does not run."""
    logger = logging.getLogger("netspy.slack.bolt")
    logger.setLevel(logging.ERROR)

    async def authorize() -> AuthorizeResult:
        """Whose token it is was asked before: bolt acknowledges and drops an event when it has to ask and fails."""
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=client.token)

    async def event(event: Event) -> None:
        await _now(receivers()).inbox.event(event)

    async def action(body: Event, ack: AsyncAck) -> None:
        await _now(receivers()).interactions.press(body)
        await ack()

    async def shortcut(body: Event, ack: AsyncAck) -> None:
        await _now(receivers()).interactions.investigate(body)
        await ack()

    async def command(body: Event, ack: AsyncAck) -> None:
        takes = receivers()
        await ack(**(await takes.slash.run(body) if takes else {"text": STARTING}))

    app = AsyncApp(
        name=NAME,
        logger=logger,
        client=client,
        signing_secret=signing_secret,
        authorize=authorize,
        process_before_response=True,
        ignoring_self_events_enabled=False,
    )
    app.event(ANYTHING)(event)
    app.action(ANYTHING)(action)
    app.shortcut(INVESTIGATE)(shortcut)
    app.command(ANYTHING)(command)
    app.error(_unacknowledged)
    return app


async def respond(app: AsyncApp, request: Request) -> Response:
    """Slack's payloads by HTTP. What is signed badly, or is too old, gets 401 from bolt."""
    if not request.headers.get("x-slack-request-timestamp", "0").isdecimal():
        return Response("no time", status_code=401)  # bolt would take it for a fault of its own
    try:
        asked = to_async_bolt_request(request, await request.body())
    except UnicodeDecodeError:
        return Response("not UTF-8", status_code=400)
    return to_starlette_response(acknowledged(await app.async_dispatch(asked)))


def acknowledged(response: BoltResponse) -> BoltResponse:
    """What no listener was there for is acknowledged too: Slack would only send it again."""
    if response.status != 404:
        return response
    log.info("slack.unknown_payload")
    return BoltResponse(status=200, body="")


async def _unacknowledged(error: Exception) -> None:
    """One line for what is known to happen, such as a database that is away: Slack delivers all of it again."""
    if isinstance(error, NetspyError):
        log.warning("slack.unacknowledged", extra={"cause": str(error)})
    else:
        log.error("slack.failed", exc_info=error)


def _now(receivers: Receivers | None) -> Receivers:
    if receivers is None:
        raise PlatformError("a payload of Slack's", "the adapter does not run just now")
    return receivers
