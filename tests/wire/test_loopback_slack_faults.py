"""What goes wrong with calls on the loopback Slack when a test wants it, and its rate limit."""

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackRequestError

from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_faults import Fault, RateLimit
from tests.loopback.slack_workspace import DIRECT, PAYMENTS
from tests.wire.slack_app import error_of, web_client


async def test_more_than_a_message_a_second_and_a_burst_is_too_much() -> None:
    async with LoopbackSlack() as slack:
        slack.rate_limit = RateLimit(per_s=0.5, burst=2)
        client = web_client(slack)
        for _ in range(2):
            await client.chat_postMessage(channel=PAYMENTS, text="x")
        with pytest.raises(SlackApiError) as raised:
            await client.chat_postMessage(channel=PAYMENTS, text="x")
        assert (raised.value.response.status_code, raised.value.response["error"]) == (429, "ratelimited")
        assert raised.value.response.headers["retry-after"] == "2"
        await client.chat_postMessage(channel=DIRECT, text="another channel")
        slack.rate_limit = None
        await client.chat_postMessage(channel=PAYMENTS, text="x")


async def test_a_call_can_be_made_to_fail() -> None:
    async with LoopbackSlack() as slack:
        client = web_client(slack)
        slack.fail("chat.postMessage", Fault(error="fatal_error"))
        slack.fail("chat.postMessage", Fault(status=503))
        slack.fail("chat.postMessage", Fault(retry_after_s=7))
        assert await error_of(client.chat_postMessage(channel=PAYMENTS, text="x")) == "fatal_error"
        for status in (503, 429):
            with pytest.raises(SlackApiError) as raised:
                await client.chat_postMessage(channel=PAYMENTS, text="x")
            assert raised.value.response.status_code == status
        await client.chat_postMessage(channel=PAYMENTS, text="x")
        assert [call.status for call in slack.calls] == [200, 503, 429, 200]
        assert slack.refused == []


async def test_a_lost_answer_was_done_all_the_same() -> None:
    async with LoopbackSlack() as slack:
        client = web_client(slack)
        client.retry_handlers.clear()
        slack.fail("chat.postMessage", Fault(lost=True))
        with pytest.raises(aiohttp.ClientError):
            await client.chat_postMessage(channel=PAYMENTS, text="x")
        assert [message.text for message in slack.messages(PAYMENTS)] == ["x"]


async def test_a_hanging_call_answers_nothing() -> None:
    async with LoopbackSlack() as slack:
        slack.fail("auth.test", Fault(hangs=True))
        asking = asyncio.create_task(web_client(slack).auth_test())
        await slack.until(lambda: slack.calls)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert slack.calls[0].status == 0


async def test_the_sdk_refuses_an_upload_that_slack_refused() -> None:
    async with LoopbackSlack() as slack:
        slack.fail("files.completeUploadExternal", Fault(error="internal_error"))
        with pytest.raises((SlackApiError, SlackRequestError)):
            await web_client(slack).files_upload_v2(channel=PAYMENTS, content="a", filename="t.csv")
        assert slack.uploads == []


async def test_a_late_answer_was_done_all_the_same() -> None:
    async with LoopbackSlack() as slack:
        slack.latency_s = 60
        posting = asyncio.create_task(web_client(slack).chat_postMessage(channel=PAYMENTS, text="x"))
        await slack.until(lambda: slack.messages(PAYMENTS))
        posting.cancel()
        await asyncio.gather(posting, return_exceptions=True)
        assert slack.calls[0].status == 0
