"""Bodies of requests, read before an endpoint sees them: never more than is sensible, and not for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

MAX_BODY_BYTES = 1 << 20
"""Of what a route is given: an event of Slack has some 10 kB, a message of 40,000 characters at most 300."""
BODY_TIMEOUT_S = 10.0


class _TooLong(Exception):
    """A body of more than MAX_BODY_BYTES."""


def bounded(endpoint: Endpoint, timeout_s: float) -> Endpoint:
    """Reads the body before the endpoint does: never more than is sensible, and not for ever."""

    async def having_read(request: Request) -> Response:
        try:
            async with asyncio.timeout(timeout_s):
                body = await _body(request)
        except _TooLong:
            # The connection stays: the rest is thrown away as it comes, so that who sends it gets to read this.
            return PlainTextResponse("too long", status_code=413)
        except TimeoutError:
            return PlainTextResponse("too slow", status_code=408, headers={"Connection": "close"})
        except ClientDisconnect:
            return PlainTextResponse("incomplete", status_code=400)
        return await endpoint(Request(request.scope, _having_read(body, request.receive)))

    return having_read


async def _body(request: Request) -> bytes:
    """Raises: _TooLong, ClientDisconnect."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
        raise _TooLong
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _TooLong
    return bytes(body)


def _having_read(body: bytes, receive: Receive) -> Receive:
    """Gives the body once more, then what comes behind it."""
    again: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return again.pop() if again else await receive()

    return received
