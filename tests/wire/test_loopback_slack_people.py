"""What people do on the loopback Slack, as it arrives at the SDK's own Socket Mode client."""

from typing import Any

import aiohttp
from slack_sdk.socket_mode.request import SocketModeRequest

from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_workspace import BOT, DANA, DIRECT, LEE, PAYMENTS
from tests.wire.slack_app import socket_app, web_client

BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Stop"}, "action_id": "stop", "value": "t1:stop:"}
FEEDBACK = {
    "type": "feedback_buttons",
    "action_id": "feedback",
    "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "t1:feedback:good"},
    "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "t1:feedback:bad"},
}
BLOCKS = [{"type": "actions", "elements": [BUTTON]}, {"type": "context_actions", "elements": [FEEDBACK]}]


def answer_commands(request: SocketModeRequest) -> dict[str, str] | None:
    return {"text": "looking"} if request.type == "slash_commands" else {}


async def test_a_mention_comes_as_two_events_with_one_ts() -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as app:
        ts = slack.say(DANA, PAYMENTS, f"<@{BOT}> why?")
        await slack.until(lambda: len(app.requests) == 2)
        assert [(event["type"], event["ts"]) for event in app.events] == [("message", ts), ("app_mention", ts)]
        assert len({request.payload["event_id"] for request in app.requests}) == 2
        assert app.events[0]["channel_type"] == "channel"
        await slack.all_acked()
        assert len(slack.acks) == 2


async def test_a_direct_message_is_no_mention() -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as app:
        slack.say(DANA, DIRECT, f"<@{BOT}> why?")
        slack.say(DANA, DIRECT, "and now?")
        await slack.until(lambda: len(app.requests) == 2)
        assert [(event["type"], event["channel_type"]) for event in app.events] == [("message", "im")] * 2


async def test_edits_and_deletions_hold_what_was_there() -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as app:
        ts = slack.say(DANA, PAYMENTS, "why?")
        slack.edit(PAYMENTS, ts, "why not?")
        slack.delete(PAYMENTS, ts)
        await slack.until(lambda: len(app.requests) == 3)
        _, edited, deleted = app.events
        assert (edited["subtype"], edited["message"]["text"], edited["message"]["ts"]) == (
            "message_changed",
            "why not?",
            ts,
        )
        assert edited["previous_message"]["text"] == "why?"
        assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", ts)
        assert deleted["previous_message"]["text"] == "why not?"
        assert len({event["ts"] for event in app.events}) == 3


async def test_a_root_with_replies_leaves_a_tombstone() -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as app:
        ts = slack.say(DANA, PAYMENTS, "why?")
        await web_client(slack).chat_postMessage(channel=PAYMENTS, thread_ts=ts, text="because")
        slack.delete(PAYMENTS, ts)
        await slack.until(lambda: len(app.requests) == 3)
        assert app.events[-1]["subtype"] == "message_changed"
        assert app.events[-1]["message"]["subtype"] == "tombstone"
        await web_client(slack).chat_postMessage(channel=PAYMENTS, thread_ts=ts, text="still here")


async def test_a_command_is_answered_to_one_person() -> None:
    async with LoopbackSlack() as slack, socket_app(slack, answer_commands) as app:
        answer = await slack.slash(DANA, PAYMENTS, "list --process curl")
        assert answer.payload == {"text": "looking"}
        assert [message.text for message in slack.ephemerals(DANA)] == ["looking"]
        payload = app.requests[0].payload
        assert (payload["command"], payload["text"], payload["user_id"]) == ("/netspy", "list --process curl", DANA)
        assert app.requests[0].accepts_response_payload


async def test_buttons_feedback_and_shortcuts_carry_their_message() -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as app:
        slack.subscribed.clear()
        root = slack.say(DANA, PAYMENTS, "why?")
        client = web_client(slack)
        await client.chat_postMessage(channel=PAYMENTS, thread_ts=root, text="because", blocks=BLOCKS)
        message = slack.messages(PAYMENTS, root)[-1]
        await slack.press(LEE, message, "t1:stop:")
        await slack.feedback(LEE, message, "negative")
        await slack.shortcut(LEE, message, "ask")
        pressed, rated, shortcut = [request.payload for request in app.requests]
        assert (pressed["actions"][0]["action_id"], pressed["actions"][0]["value"]) == ("stop", "t1:stop:")
        assert pressed["container"]["thread_ts"] == root
        assert (rated["actions"][0]["value"], rated["user"]["id"]) == ("t1:feedback:bad", LEE)
        assert (shortcut["type"], shortcut["message"]["ts"]) == ("message_action", message.ts)
        assert len({payload["trigger_id"] for payload in (pressed, rated, shortcut)}) == 3


async def test_a_response_url_works_five_times() -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as app, aiohttp.ClientSession() as session:
        await slack.slash(DANA, PAYMENTS, "help")
        url = app.requests[0].payload["response_url"]
        statuses = []
        for number in range(6):
            kind = "in_channel" if number else "ephemeral"
            async with session.post(url, json={"text": f"{number}", "response_type": kind}) as answer:
                statuses.append((answer.status, await answer.text()))
        assert statuses == [(200, "ok")] * 5 + [(404, "used_url")]
        assert [message.text for message in slack.messages(PAYMENTS)] == ["1", "2", "3", "4"]
        assert [message.text for message in slack.ephemerals(DANA)] == ["0"]


async def test_a_response_url_works_for_a_while() -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as app, aiohttp.ClientSession() as session:
        slack.space.response_ttl_s = -1
        await slack.slash(DANA, PAYMENTS, "help")
        async with session.post(app.requests[0].payload["response_url"], json={"text": "late"}) as answer:
            assert (answer.status, await answer.text()) == (404, "expired_url")


async def test_views_are_pressed_and_submitted() -> None:
    entry = {"type": "plain_text_input", "action_id": "text", "initial_value": "why?"}
    ask = {"type": "input", "block_id": "ask", "label": {"type": "plain_text", "text": "Question"}, "element": entry}
    modal: dict[str, Any] = {"type": "modal", "callback_id": "edit", "blocks": [ask, BLOCKS[0]]}
    modal |= {name: {"type": "plain_text", "text": name} for name in ("title", "submit")}
    async with LoopbackSlack() as slack, socket_app(slack) as app:
        client = web_client(slack)
        await client.views_open(trigger_id=slack.space.triggers.new(DANA), view=modal)
        await client.views_publish(user_id=LEE, view={"type": "home", "blocks": [BLOCKS[0]]})
        await slack.submit(slack.views[0], {"text": "why not?"})
        await slack.press_in_view(LEE, slack.homes[LEE], "stop")
        submitted, pressed = [request.payload for request in app.requests]
        typed = {"ask": {"text": {"type": "plain_text_input", "value": "why not?"}}}
        assert (submitted["view"]["callback_id"], submitted["view"]["state"]["values"]) == ("edit", typed)
        assert (pressed["container"]["type"], pressed["actions"][0]["value"]) == ("view", "t1:stop:")


async def test_a_response_can_replace_the_message_with_the_button() -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as app, aiohttp.ClientSession() as session:
        slack.subscribed.clear()
        await web_client(slack).chat_postMessage(channel=PAYMENTS, text="because", blocks=BLOCKS)
        await slack.press(LEE, slack.messages(PAYMENTS)[0], "stop")
        url = app.requests[0].payload["response_url"]
        async with session.post(url, json={"replace_original": True, "text": "stopped", "blocks": []}) as answer:
            assert answer.status == 200
        assert [message.shown for message in slack.messages(PAYMENTS)] == ["stopped"]
