"""Slack's signed POSTs to an app's HTTP endpoint. Knows nothing of what they carry.

https://docs.slack.dev/authentication/verifying-requests-from-slack/
"""

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Posted:
    """What an endpoint answered; `retry` is False when it asked for no other try."""

    status: int
    body: str
    retry: bool = True

    @property
    def json(self) -> Any:
        """Empty when the body is; text that is no JSON is what the person is shown."""
        try:
            return json.loads(self.body or "{}")
        except ValueError:
            return {"text": self.body}


class Signed:
    """`endpoint` is set by a test; while it is empty the app is on Socket Mode."""

    def __init__(self, secret: str) -> None:
        self.endpoint = ""
        self._secret = secret
        self._session: aiohttp.ClientSession | None = None

    def signature(self, body: bytes, timestamp: str) -> str:
        signed = b"v0:" + timestamp.encode() + b":" + body
        return "v0=" + hmac.new(self._secret.encode(), signed, hashlib.sha256).hexdigest()

    async def post(
        self, body: bytes, *, kind: str = JSON, timestamp: str = "", signature: str = "", headers: Any = None
    ) -> Posted:
        """Signed now and truly, unless a test says otherwise. Raises: aiohttp.ClientError."""
        timestamp = timestamp or str(int(time.time()))
        own = {
            "content-type": kind,
            "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": signature or self.signature(body, timestamp),
        }
        self._session = self._session or aiohttp.ClientSession()
        async with self._session.post(self.endpoint, data=body, headers={**own, **(headers or {})}) as answer:
            return Posted(answer.status, await answer.text(), answer.headers.get("x-slack-no-retry") != "1")

    async def deliver(
        self, kind: str, payload: dict[str, Any], headers: dict[str, str], limit_s: float
    ) -> dict[str, Any] | str:
        """What the app acknowledged with, or why it did not, in the words of `x-slack-retry-reason`."""
        body, content_type = encoded(kind, payload)
        try:
            async with asyncio.timeout(limit_s):
                posted = await self.post(body, kind=content_type, headers=headers)
        except TimeoutError:
            return "http_timeout"
        except aiohttp.ClientError:
            return "connection_failed"
        if 200 <= posted.status < 300:
            return posted.json if isinstance(posted.json, dict) else {}
        return "http_error" if posted.retry else "no_retry"

    async def close(self) -> None:
        if self._session:
            await self._session.close()


def encoded(kind: str, payload: dict[str, Any]) -> tuple[bytes, str]:
    """Events are JSON; a command is a form; an interaction is JSON in a form's `payload`."""
    match kind:
        case "events_api":
            return json.dumps(payload).encode(), JSON
        case "slash_commands":
            return urlencode(payload).encode(), FORM
        case _:
            return urlencode({"payload": json.dumps(payload)}).encode(), FORM
