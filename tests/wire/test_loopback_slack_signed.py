"""The loopback Slack's signed HTTP against bolt's own check of signatures."""

import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_workspace import DANA, PAYMENTS


@dataclass(slots=True)
class Endpoint:
    """Answers 401 to what the SDK's verifier rejects; otherwise the next of `statuses`, then 200 with `body`."""

    verifier: SignatureVerifier
    statuses: list[int] = field(default_factory=list)
    body: Callable[[dict[str, Any]], str] = lambda _payload: ""
    requests: list[web.Request] = field(default_factory=list)
    payloads: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    async def take(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode()
        if not self.verifier.is_valid_request(body, dict(request.headers)):
            return web.Response(status=401)
        self.requests.append(request)
        self.payloads.append(_payload(request.content_type, body))
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, text=self.body(self.payloads[-1]), headers=self.headers)


def _payload(kind: str, body: str) -> dict[str, Any]:
    if kind == "application/json":
        return dict(json.loads(body))
    form = {name: values[0] for name, values in parse_qs(body).items()}
    return dict(json.loads(form["payload"])) if "payload" in form else dict(form)


@asynccontextmanager
async def endpoint(slack: LoopbackSlack) -> AsyncGenerator[Endpoint, None]:
    taking = Endpoint(SignatureVerifier(slack.signing_secret))
    application = web.Application()
    application.router.add_post("/slack/events", taking.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.http_endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield taking
    finally:
        await runner.cleanup()


async def test_events_commands_and_interactions_are_signed() -> None:
    async with LoopbackSlack() as slack, endpoint(slack) as app:
        app.body = lambda payload: "looking" if "command" in payload else ""
        ts = slack.say(DANA, PAYMENTS, "why?")
        await slack.all_acked()
        assert (await slack.slash(DANA, PAYMENTS, "help")).payload == {"text": "looking"}
        assert not (await slack.shortcut(DANA, slack.space.message(PAYMENTS, ts), "ask")).error
        event, command, shortcut = app.payloads
        assert (event["event"]["text"], command["text"], shortcut["callback_id"]) == ("why?", "help", "ask")
        assert [message.text for message in slack.ephemerals(DANA)] == ["looking"]


async def test_an_event_that_failed_comes_again_and_says_so() -> None:
    async with LoopbackSlack() as slack, endpoint(slack) as app:
        slack.delivery.retry_delays_s = (0.0, 0.0, 0.0)
        app.statuses = [500, 503]
        slack.say(DANA, PAYMENTS, "why?")
        await slack.all_acked()
        retries = [request.headers.get("x-slack-retry-num") for request in app.requests]
        reasons = [request.headers.get("x-slack-retry-reason") for request in app.requests]
        assert (retries, reasons) == ([None, "1", "2"], [None, "http_error", "http_error"])
        assert len({payload["event_id"] for payload in app.payloads}) == 1


async def test_an_app_can_ask_for_no_other_try() -> None:
    async with LoopbackSlack() as slack, endpoint(slack) as app:
        slack.delivery.retry_delays_s = (0.0, 0.0, 0.0)
        app.statuses, app.headers = [500], {"x-slack-no-retry": "1"}
        slack.say(DANA, PAYMENTS, "why?")
        await slack.until(lambda: slack.deliveries[0].lost)
        assert len(app.requests) == 1


async def test_an_endpoint_that_is_not_there_is_tried_three_times_more() -> None:
    async with LoopbackSlack() as slack:
        async with endpoint(slack):
            pass
        slack.delivery.retry_delays_s = (0.0, 0.0, 0.0)
        slack.say(DANA, PAYMENTS, "why?")
        await slack.until(lambda: slack.deliveries[0].lost)
        assert (slack.deliveries[0].attempt, slack.deliveries[0].reason) == (3, "connection_failed")
        assert (await slack.slash(DANA, PAYMENTS, "help")).error == "dispatch_failed"


async def test_a_bad_signature_and_an_old_one_can_be_sent() -> None:
    async with LoopbackSlack() as slack, endpoint(slack):
        old = str(int(time.time()) - 301)
        assert (await slack.post(b"{}", signature="v0=00")).status == 401
        assert (await slack.post(b"{}", timestamp=old)).status == 401
        assert (await slack.post(b"{}")).status == 200


async def test_an_endpoint_is_verified_by_its_answer() -> None:
    async with LoopbackSlack() as slack, endpoint(slack) as app:
        app.body = lambda payload: str(payload["challenge"])
        assert (await slack.verify_url()).body == app.payloads[0]["challenge"]


async def test_files_of_people_are_read_only_with_the_scope() -> None:
    async with LoopbackSlack() as slack, aiohttp.ClientSession() as session:
        file = slack.attach("trace.txt", b"bytes")
        slack.say(DANA, PAYMENTS, "look", files=[file])
        assert slack.deliveries[0].event["subtype"] == "file_share"
        headers = {"authorization": f"Bearer {slack.bot_token}"}
        slack.scopes.discard("files:read")
        async with session.get(file.url, headers=headers) as answer:
            assert b"Sign in" in await answer.read()
        slack.scopes.add("files:read")
        async with session.get(file.url, headers=headers) as answer:
            assert await answer.read() == b"bytes"
