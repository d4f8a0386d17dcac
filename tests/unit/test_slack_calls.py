"""Calls of Slack's API: what its refusals mean, and how its rate limits are kept."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.calls import Busy, Calls, Gone, Refused, RefusedBlocks, StreamOver
from bot.domain.errors import PlatformError
from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_faults import HTML, Fault
from tests.loopback.slack_workspace import PAYMENTS


@pytest.fixture
async def slack() -> AsyncIterator[LoopbackSlack]:
    async with LoopbackSlack() as opened:
        yield opened


@pytest.fixture
def calls(slack: LoopbackSlack) -> Calls:
    return Calls(AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[]))


async def post(calls: Calls, channel: str = PAYMENTS, *, patience_s: float = 5.0) -> None:
    await calls.do(calls.client.chat_postMessage, patience_s=patience_s, channel=channel, text="hello")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("invalid_blocks", RefusedBlocks),
        ("invalid_attachments", RefusedBlocks),
        ("message_not_in_streaming_state", StreamOver),
        ("channel_not_found", Gone),
        ("is_archived", Gone),
        ("not_in_channel", Gone),
        ("something_new", Refused),
    ],
)
async def test_a_refusal_says_what_slack_said(
    slack: LoopbackSlack, calls: Calls, error: str, kind: type[PlatformError]
) -> None:
    slack.fail("chat.postMessage", Fault(error=error))
    with pytest.raises(kind, match=error) as caught:
        await post(calls)
    assert type(caught.value) is kind


async def test_a_missing_scope_is_named(slack: LoopbackSlack, calls: Calls) -> None:
    slack.scopes.discard("chat:write")
    with pytest.raises(Refused, match="Add the scope chat:write to the app and install it again"):
        await post(calls)


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(html=HTML), Fault(html=HTML, status=502), Fault(lost=True)])
async def test_what_is_no_answer_leaves_open_whether_it_was_done(
    slack: LoopbackSlack, calls: Calls, fault: Fault
) -> None:
    slack.fail("chat.postMessage", fault)
    with pytest.raises(PlatformError) as caught:
        await post(calls)
    assert type(caught.value) is PlatformError


async def test_nothing_listens(calls: Calls) -> None:
    calls.client.base_url = "http://127.0.0.1:9/"
    with pytest.raises(PlatformError, match="no answer"):
        await post(calls)


async def test_a_rate_limit_is_waited_for(slack: LoopbackSlack, calls: Calls) -> None:
    slack.fail("chat.postMessage", Fault(retry_after_s=1))
    await post(calls)
    first, second = slack.calls_of("chat.postMessage")
    assert second.at_s - first.at_s >= 1


async def test_who_cannot_wait_is_told(slack: LoopbackSlack, calls: Calls) -> None:
    slack.fail("chat.postMessage", Fault(retry_after_s=3600))
    with pytest.raises(Busy, match="rate limited for another"):
        await post(calls, patience_s=1.0)
    with pytest.raises(Busy):
        await post(calls, patience_s=1.0)
    assert len(slack.calls_of("chat.postMessage")) == 1


async def test_other_channels_do_not_wait(slack: LoopbackSlack, calls: Calls) -> None:
    other = slack.space.add_channel("other")
    slack.fail("chat.postMessage", Fault(retry_after_s=3600))
    with pytest.raises(Busy):
        await post(calls, patience_s=0.0)
    await post(calls, other, patience_s=0.0)


async def test_a_burst_of_posts_is_spread_so_that_slack_refuses_none(slack: LoopbackSlack, calls: Calls) -> None:
    await asyncio.gather(*(post(calls) for _ in range(5)))
    posts = slack.calls_of("chat.postMessage")
    assert [call.status for call in posts] == [200] * 5
    assert posts[-1].at_s - posts[0].at_s > 1
