"""Events over Socket Mode: one connection that is opened again whenever it breaks.

The SDK's client reconnects by itself, but keeps a one-time ticket that failed, and then never comes back: one that is
not connected for a while is thrown away whole, and the adapter begins anew.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import time

from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from adapters.slack.calls import Calls
from adapters.slack.listeners import acknowledged
from bot.domain.errors import PlatformError

log = logging.getLogger("netspy.slack")

DOWN_S = 15.0
"""The SDK itself needs up to 10 s to notice and to mend."""
LOOK_S = 0.5


async def listen(app: AsyncApp, calls: Calls, app_token: str, connected: Callable[[], Awaitable[None]]) -> None:
    """Take events until cancelled. Calls `connected` once. Raises: PlatformError when it cannot connect (any more)."""
    opened = await calls.do(calls.client.apps_connections_open, app_token=app_token)
    client = SocketModeClient(app_token, web_client=calls.client, logger=_quiet())
    client.wss_uri = str(opened["url"])

    async def take(sdk: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        began = time()
        await send_async_response(sdk, request, acknowledged(await run_async_bolt_app(app, request)), began)

    client.socket_mode_request_listeners.append(take)
    try:
        async with asyncio.timeout(DOWN_S):
            await client.connect()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
        await connected()
        await _watch(client)
    except TimeoutError:
        raise PlatformError("connecting to Slack", f"no websocket within {DOWN_S:g} s") from None
    finally:
        await client.close()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped


async def _watch(client: SocketModeClient) -> None:
    now = asyncio.get_running_loop().time
    alive, was_connected = now(), True
    while True:
        is_connected = await client.is_connected() and not client.message_processor.done()
        if is_connected != was_connected:
            log.info("slack.connected" if is_connected else "slack.disconnected")
        if is_connected:
            alive = now()
        elif now() - alive > DOWN_S:
            raise PlatformError("Slack's websocket", f"not connected for {DOWN_S:g} s")
        was_connected = is_connected
        await asyncio.sleep(LOOK_S)


def _quiet() -> logging.Logger:
    """The SDK logs every failed try with its traceback; what matters of it is logged here."""
    logger = logging.getLogger("netspy.slack.socket")
    logger.setLevel(logging.CRITICAL)
    return logger
