"""The loopback Slack's Web API and Slack's own SDK agree, and the loopback is strict."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_rules import TEXT
from tests.loopback.slack_workspace import DANA, DIRECT, LEE, PAYMENTS, TEAM
from tests.wire.slack_app import DIVIDER, METADATA, error_of, web_client


async def test_the_sdk_posts_updates_and_deletes() -> None:
    async with LoopbackSlack() as slack:
        client = web_client(slack)
        posted = await client.chat_postMessage(channel=PAYMENTS, text="one", blocks=[DIVIDER], metadata=METADATA)
        await client.chat_update(channel=PAYMENTS, ts=posted["ts"], text="two")
        (message,) = slack.messages(PAYMENTS)
        assert (message.text, message.blocks, message.metadata) == ("two", [DIVIDER], METADATA)
        assert message.edited

        await client.chat_delete(channel=PAYMENTS, ts=posted["ts"])
        assert slack.messages(PAYMENTS) == []
        assert slack.refused == []
        assert slack.ignored == []


async def test_who_the_app_is_and_what_it_may_do_is_told() -> None:
    async with LoopbackSlack() as slack:
        answer = await web_client(slack).auth_test()
        assert (answer["team_id"], answer["user"]) == (TEAM, "netspy")
        assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


async def test_arguments_come_in_query_form_and_json() -> None:
    async with LoopbackSlack() as slack, aiohttp.ClientSession() as session:
        url, blocks = f"{slack.api_url}chat.postMessage", '[{"type":"divider"}]'
        form = {"token": slack.bot_token, "blocks": blocks}
        async with session.post(url, params={"channel": PAYMENTS}, data=form) as answer:
            assert (await answer.json())["ok"]
        headers = {"authorization": f"Bearer {slack.bot_token}"}
        async with session.post(url, json={"channel": PAYMENTS, "blocks": blocks}, headers=headers) as answer:
            assert (await answer.json())["ok"]
        assert [message.blocks for message in slack.messages(PAYMENTS)] == [[DIVIDER], [DIVIDER]]


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("", "not_authed"),
        ("xoxb-other", "invalid_auth"),
        ("app", "not_allowed_token_type"),
        ("revoked", "token_revoked"),
    ],
)
async def test_a_token_of_the_wrong_kind_is_refused(token: str, error: str) -> None:
    async with LoopbackSlack() as slack:
        slack.revoked = {slack.bot_token} if token == "revoked" else set()
        given = {"app": slack.app_token, "revoked": slack.bot_token}.get(token, token)
        assert await error_of(web_client(slack, given).chat_postMessage(channel=PAYMENTS, text="x")) == error
        assert [refusal.error for refusal in slack.refused] == [error]


async def test_a_bot_token_opens_no_connection() -> None:
    async with LoopbackSlack() as slack:
        opening = web_client(slack).apps_connections_open(app_token=slack.bot_token)
        assert await error_of(opening) == "not_allowed_token_type"


async def test_a_missing_scope_is_named() -> None:
    async with LoopbackSlack() as slack:
        slack.scopes = {"chat:write"}
        with pytest.raises(SlackApiError) as raised:
            await web_client(slack).conversations_history(channel=DIRECT)
        answer = raised.value.response
        assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "im:history", "chat:write")


async def test_an_unknown_method_is_refused() -> None:
    async with LoopbackSlack() as slack:
        assert await error_of(web_client(slack).api_call("chat.shout")) == "unknown_method"


async def test_an_argument_that_a_method_does_not_take_is_noted_and_ignored() -> None:
    async with LoopbackSlack() as slack:
        await web_client(slack).chat_postMessage(channel=PAYMENTS, text="x", thread="1")
        assert slack.ignored == [("chat.postMessage", "thread")]


async def test_channels_threads_and_messages_have_to_be_there() -> None:
    async with LoopbackSlack() as slack:
        client = web_client(slack)
        quiet = slack.space.add_channel("quiet", members=[DANA])
        secret = slack.space.add_channel("secret", kind="group", members=[DANA])
        ts = slack.say(DANA, PAYMENTS, "hello")
        assert await error_of(client.chat_postMessage(channel="C0NOWHERE", text="x")) == "channel_not_found"
        assert await error_of(client.chat_postMessage(channel=quiet, text="x")) == "not_in_channel"
        assert await error_of(client.chat_postMessage(channel=secret, text="x")) == "channel_not_found"
        assert (
            await error_of(client.chat_postMessage(channel=PAYMENTS, text="x", thread_ts="1.0")) == "thread_not_found"
        )
        reply = slack.say(LEE, PAYMENTS, "hi", thread=ts)
        assert (
            await error_of(client.chat_postMessage(channel=PAYMENTS, text="x", thread_ts=reply)) == "thread_not_found"
        )
        assert await error_of(client.chat_update(channel=PAYMENTS, ts="1.0", text="x")) == "message_not_found"
        assert await error_of(client.chat_update(channel=PAYMENTS, ts=ts, text="x")) == "cant_update_message"
        assert await error_of(client.chat_delete(channel=PAYMENTS, ts=ts)) == "cant_delete_message"
        assert await error_of(client.users_info(user="U0NOBODY")) == "user_not_found"
        slack.archive(PAYMENTS)
        assert await error_of(client.chat_postMessage(channel=PAYMENTS, text="x")) == "is_archived"


async def test_a_message_needs_something_to_say_and_not_too_much() -> None:
    async with LoopbackSlack() as slack:
        client = web_client(slack)
        nothing = {"channel": PAYMENTS, "text": "", "blocks": []}
        assert await error_of(client.api_call("chat.postMessage", json=nothing)) == "no_text"
        assert await error_of(client.api_call("chat.postMessage", json={**nothing, "text": " \n"})) == "no_text"
        assert await error_of(client.chat_postMessage(channel=PAYMENTS, text="x" * (TEXT + 1))) == "msg_too_long"
        await client.chat_postMessage(channel=PAYMENTS, text="x" * TEXT)
        both = client.chat_postMessage(channel=PAYMENTS, text="x", markdown_text="y")
        assert await error_of(both) == "markdown_text_conflict"


async def test_blocks_are_checked_and_the_answer_says_why() -> None:
    async with LoopbackSlack() as slack:
        blocks: list[dict[str, Any]] = [DIVIDER, {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]
        with pytest.raises(SlackApiError) as raised:
            await web_client(slack).chat_postMessage(channel=PAYMENTS, text="x", blocks=blocks)
        assert raised.value.response["error"] == "invalid_blocks"
        why = "[ERROR] must be less than 151 characters [json-pointer:/blocks/1/text/text]"
        assert raised.value.response["response_metadata"]["messages"] == [why]
        assert slack.messages(PAYMENTS) == []


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"event_type": "x"}, "invalid_metadata_format"),
        ({"event_type": "x", "event_payload": ["y"]}, "invalid_metadata_schema"),
    ],
)
async def test_metadata_has_a_shape(metadata: dict[str, Any], error: str) -> None:
    async with LoopbackSlack() as slack:
        posting = web_client(slack).chat_postMessage(channel=PAYMENTS, text="x", metadata=metadata)
        assert await error_of(posting) == error


async def test_every_ts_is_larger_than_the_one_before() -> None:
    async with LoopbackSlack() as slack:
        times = [slack.say(DANA, PAYMENTS, "x") for _ in range(2000)]
        assert times == sorted(times, key=float)
        assert len(set(times)) == len(times)


async def test_an_ephemeral_message_is_seen_by_one_person() -> None:
    async with LoopbackSlack() as slack:
        client = web_client(slack)
        await client.chat_postEphemeral(channel=PAYMENTS, user=LEE, text="only you")
        assert [message.text for message in slack.ephemerals(LEE)] == ["only you"]
        assert slack.messages(PAYMENTS) == slack.ephemerals(DANA) == []
        ts = slack.ephemerals(LEE)[0].ts
        assert await error_of(client.chat_update(channel=PAYMENTS, ts=ts, text="x")) == "message_not_found"
        stranger = slack.space.add_user("guest")
        posting = client.chat_postEphemeral(channel=PAYMENTS, user=stranger, text="x")
        assert await error_of(posting) == "user_not_in_channel"


async def test_a_file_goes_up_in_three_steps() -> None:
    async with LoopbackSlack() as slack:
        ts = slack.say(DANA, PAYMENTS, "a table, please")
        client = web_client(slack)
        await client.files_upload_v2(channel=PAYMENTS, thread_ts=ts, content="a,b", filename="t.csv", title="All rows")
        (upload,) = slack.uploads
        assert (upload.file.content, upload.file.title, upload.thread) == (b"a,b", "All rows", ts)
        assert slack.messages(PAYMENTS, ts)[-1].shown == "\nAll rows"
        assert slack.ignored == []


async def test_a_file_that_never_arrived_cannot_be_completed() -> None:
    async with LoopbackSlack() as slack:
        client = web_client(slack)
        asked = await client.files_getUploadURLExternal(filename="t.csv", length=3)
        completing = client.files_completeUploadExternal(files=[{"id": asked["file_id"], "title": "t"}])
        assert await error_of(completing) == "file_not_found"
        async with aiohttp.ClientSession() as session, session.post(asked["upload_url"], data=b"too long") as answer:
            assert answer.status == 400


async def test_a_trigger_opens_one_view_for_a_while() -> None:
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Edit"}, "blocks": [DIVIDER]}
    async with LoopbackSlack() as slack:
        client, triggers = web_client(slack), slack.space.triggers
        trigger = triggers.new(DANA)
        opened = await client.views_open(trigger_id=trigger, view=view)
        assert slack.space.views[opened["view"]["id"]].user == DANA
        assert await error_of(client.views_open(trigger_id=trigger, view=view)) == "exchanged_trigger_id"
        triggers.ttl_s = -1
        assert await error_of(client.views_open(trigger_id=triggers.new(DANA), view=view)) == "expired_trigger_id"
        assert await error_of(client.views_open(trigger_id="1.2.3", view=view)) == "invalid_trigger_id"


async def test_statuses_titles_prompts_and_homes_are_kept() -> None:
    async with LoopbackSlack() as slack:
        client, ts = web_client(slack), slack.say(DANA, DIRECT, "hi")
        await client.assistant_threads_setStatus(channel_id=DIRECT, thread_ts=ts, status="is looking...")
        assert slack.status(DIRECT, ts) == "is looking..."
        await client.chat_postMessage(channel=DIRECT, thread_ts=ts, text="done")
        assert slack.status(DIRECT, ts) == ""
        await client.assistant_threads_setTitle(channel_id=DIRECT, thread_ts=ts, title="Drops")
        prompts = [{"title": "Drops", "message": "drops?"}]
        await client.assistant_threads_setSuggestedPrompts(channel_id=DIRECT, prompts=prompts)
        await client.views_publish(user_id=DANA, view={"type": "home", "blocks": [DIVIDER]})
        assert slack.space.titles == {(DIRECT, ts): "Drops"}
        assert [one.prompts for one in slack.prompts] == [(("Drops", "drops?"),)]
        assert slack.homes[DANA].view["blocks"] == [DIVIDER]
        too_many = client.assistant_threads_setSuggestedPrompts(channel_id=DIRECT, prompts=prompts * 5)
        assert await error_of(too_many) == "invalid_arguments"


async def test_a_session_that_cannot_be_stopped_is_warned_of() -> None:
    async with LoopbackSlack() as slack:
        client, ts = web_client(slack), slack.say(DANA, PAYMENTS, "why?")
        at = {"channel_id": PAYMENTS, "thread_ts": ts}
        assert "warning" not in (await client.agents_sessions_setStatus(**at, status="processing")).data
        slack.subscribed.discard("agent_session_stopped")
        warned = await client.agents_sessions_setStatus(**at, status="active")
        assert warned["warning"] == "missing_agent_session_stopped_event_subscription"
        assert slack.sessions[PAYMENTS, ts] == ["processing", "active"]
