"""Streams on the loopback Slack, through the SDK's own `chat_stream`."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_workspace import DANA, DIRECT, PAYMENTS, TEAM
from tests.wire.slack_app import DIVIDER, METADATA, error_of, web_client

TO_DANA: dict[str, Any] = {"recipient_team_id": TEAM, "recipient_user_id": DANA}
WHERE = {"type": "header", "text": {"type": "plain_text", "text": "Where"}}


def task(number: int, status: str, **more: str) -> dict[str, Any]:
    return {"type": "task_update", "id": f"{number}", "title": f"step {number}", "status": status, **more}


async def started(slack: LoopbackSlack, client: AsyncWebClient, **given: Any) -> dict[str, Any]:
    """Where a stream is that just began, as arguments."""
    root = slack.say(DANA, PAYMENTS, "why?")
    answer = await client.chat_startStream(channel=PAYMENTS, thread_ts=root, **TO_DANA, **given)
    return {"channel": PAYMENTS, "ts": answer["ts"]}


@pytest.mark.parametrize("mode", ["plan", "timeline"])
async def test_a_stream_is_read_in_the_order_in_which_it_came(mode: str) -> None:
    async with LoopbackSlack() as slack:
        root, client = slack.say(DANA, PAYMENTS, "why?"), web_client(slack)
        stream = await client.chat_stream(channel=PAYMENTS, thread_ts=root, task_display_mode=mode, **TO_DANA)
        await stream.append(chunks=[{"type": "plan_update", "title": "Looking"}] if mode == "plan" else [])
        await stream.append(chunks=[task(1, "in_progress", details="37 events")])
        await stream.append(markdown_text="It is ", chunks=[task(2, "pending")])
        message = slack.messages(PAYMENTS, root)[-1]
        assert message.streaming
        await stream.append(chunks=[task(1, "complete", output="done"), {"type": "blocks", "blocks": [WHERE]}])
        await stream.append(markdown_text="refused.")
        await stream.stop(blocks=[DIVIDER], metadata=METADATA)

        plan = "Looking\nstep 1\n37 events\ndone\nstep 2\nIt is \nWhere\nrefused."
        timeline = "step 1\n37 events\ndone\nIt is \nstep 2\nWhere\nrefused."
        assert message.shown == (plan if mode == "plan" else timeline)
        assert [(one.id, one.status) for one in message.tasks] == [("1", "complete"), ("2", "pending")]
        assert (message.streaming, message.metadata, message.blocks[-1]) == (False, METADATA, DIVIDER)
        assert message.text == "It is refused."
        assert slack.sessions[PAYMENTS, root] == ["active"]
        assert slack.refused == []
        assert slack.ignored == []


async def test_a_stream_in_a_channel_names_whom_it_is_for() -> None:
    async with LoopbackSlack() as slack:
        client, root = web_client(slack), slack.say(DANA, PAYMENTS, "why?")
        nobody = client.chat_startStream(channel=PAYMENTS, thread_ts=root)
        assert await error_of(nobody) == "missing_recipient_team_id"
        half = client.chat_startStream(channel=PAYMENTS, thread_ts=root, recipient_team_id=TEAM)
        assert await error_of(half) == "missing_recipient_user_id"
        gone = client.chat_startStream(channel=PAYMENTS, thread_ts="1.0", **TO_DANA)
        assert await error_of(gone) == "thread_not_found"
        direct = slack.say(DANA, DIRECT, "why?")
        await client.chat_startStream(channel=DIRECT, thread_ts=direct)


async def test_a_stopped_stream_takes_no_more_and_can_be_updated() -> None:
    async with LoopbackSlack() as slack:
        client = web_client(slack)
        at = await started(slack, client, markdown_text="It is")
        assert await error_of(client.chat_update(**at, text="x")) == "streaming_state_conflict"
        await client.chat_stopStream(**at)
        assert await error_of(client.chat_appendStream(**at, markdown_text="x")) == "message_not_in_streaming_state"
        assert await error_of(client.chat_stopStream(**at)) == "message_not_in_streaming_state"
        await client.chat_update(**at, text="whole", blocks=[DIVIDER])
        assert slack.space.message(**at).blocks == [DIVIDER]


async def test_a_stream_dies_a_while_after_its_start() -> None:
    async with LoopbackSlack() as slack:
        client = web_client(slack)
        slack.space.stream_ttl_s = -1
        at = await started(slack, client, markdown_text="It is")
        assert await error_of(client.chat_appendStream(**at, markdown_text="x")) == "message_not_in_streaming_state"
        await client.chat_update(**at, text="It is all here", blocks=[])
        assert slack.space.message(**at).shown == "It is all here"


@pytest.mark.parametrize(
    ("chunks", "error"),
    [
        ([task(1, "done")], "invalid_chunks"),
        ([task(1, "complete", details="x" * 257)], "invalid_chunks"),
        ([task(1, "complete", colour="red")], "invalid_chunks"),
        ([{"type": "shout"}], "invalid_chunks"),
        ([{"type": "markdown_text", "text": "x" * 12_001}], "msg_too_long"),
        ([{"type": "markdown_text", "text": "x" * 6_001}] * 2, "msg_too_long"),
        ([{"type": "blocks", "blocks": [{"type": "shout"}]}], "invalid_blocks"),
        ([{"type": "blocks", "blocks": [DIVIDER] * 26}] * 2, "invalid_blocks"),
        ([], "no_text"),
    ],
)
async def test_chunks_are_checked(chunks: list[dict[str, Any]], error: str) -> None:
    async with LoopbackSlack() as slack:
        client = web_client(slack)
        at = await started(slack, client)
        assert await error_of(client.chat_appendStream(**at, chunks=chunks)) == error
        assert slack.space.message(**at).blocks == []


async def test_a_stream_ends_with_fifty_blocks_more_than_it_had() -> None:
    async with LoopbackSlack() as slack:
        client = web_client(slack)
        at = await started(slack, client, chunks=[{"type": "blocks", "blocks": [DIVIDER] * 50}])
        assert await error_of(client.chat_stopStream(**at, blocks=[DIVIDER] * 51)) == "invalid_blocks"
        await client.chat_stopStream(**at, blocks=[DIVIDER] * 50)
        assert len(slack.space.message(**at).blocks) == 100


async def test_a_person_stops_a_session_and_its_streams() -> None:
    async with LoopbackSlack() as slack:
        client = web_client(slack)
        at = await started(slack, client, markdown_text="It is")
        root = slack.space.message(**at).thread or ""
        await client.agents_sessions_setStatus(channel_id=PAYMENTS, thread_ts=root, status="processing")
        slack.stop_session(DANA, PAYMENTS, root)
        event = slack.deliveries[-1].event
        assert (event["type"], event["streaming_message_ts"]) == ("agent_session_stopped", [at["ts"]])
        assert await error_of(client.chat_appendStream(**at, markdown_text="x")) == "message_not_in_streaming_state"
        assert slack.sessions[PAYMENTS, root] == ["processing"]


async def test_markdown_that_follows_markdown_is_one_block() -> None:
    async with LoopbackSlack() as slack:
        client = web_client(slack)
        at = await started(slack, client, markdown_text="It ")
        await client.chat_appendStream(**at, markdown_text="is.")
        assert slack.space.message(**at).blocks == [{"type": "markdown", "text": "It is."}]
