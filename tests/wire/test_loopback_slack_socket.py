"""Socket Mode of the loopback Slack, with the SDK's own client, and what people do as it arrives there."""

import aiohttp
import pytest
from slack_sdk.socket_mode.request import SocketModeRequest

from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_socket import Reason
from tests.loopback.slack_workspace import BOT, DANA, DIRECT, LEE, PAYMENTS
from tests.wire.slack_app import acknowledge, ignore, socket_app, web_client

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


async def test_only_what_is_subscribed_in_channels_of_the_app_is_heard() -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as app:
        slack.subscribed.discard("message.channels")
        quiet = slack.space.add_channel("quiet", members=[DANA])
        slack.say(DANA, quiet, f"<@{BOT}> hello?")
        slack.say(DANA, PAYMENTS, "hello")
        slack.event("team_rename", name="other")
        slack.open_home(DANA)
        await slack.until(lambda: app.requests)
        assert [event["type"] for event in app.events] == ["app_home_opened"]


async def test_an_app_hears_its_own_messages_too() -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as app:
        await web_client(slack).chat_postMessage(channel=PAYMENTS, text="hello")
        await slack.until(lambda: app.requests)
        assert (app.events[0]["user"], app.events[0]["bot_id"]) == (BOT, "B0NETSPY")


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


async def test_a_command_that_nobody_acknowledges_times_out_and_comes_once() -> None:
    async with LoopbackSlack() as slack:
        assert (await slack.slash(DANA, PAYMENTS, "help")).error == "dispatch_failed"
        slack.delivery.ack_limit_s = 0.05
        slack.delivery.retry_delays_s = (0.0, 0.0, 0.0)
        async with socket_app(slack, ignore) as app:
            assert (await slack.slash(DANA, PAYMENTS, "help")).error == "operation_timeout"
            slack.say(DANA, PAYMENTS, "x")
            await slack.until(lambda: slack.deliveries[-1].lost)
            assert [request.type for request in app.requests] == ["slash_commands", *["events_api"] * 4]


async def test_an_event_without_acknowledgement_comes_again_three_times() -> None:
    async with LoopbackSlack() as slack:
        slack.delivery.ack_limit_s = 0.05
        slack.delivery.retry_delays_s = (0.0, 0.0, 0.0)
        async with socket_app(slack, ignore) as app:
            slack.say(DANA, PAYMENTS, "why?")
            await slack.until(lambda: slack.deliveries[0].lost)
            tries = [(request.retry_attempt, request.retry_reason) for request in app.requests]
            assert tries == [(0, ""), (1, "timeout"), (2, "timeout"), (3, "timeout")]
            assert len({request.payload["event_id"] for request in app.requests}) == 1
            assert len(slack.unacked) == 1


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


async def test_a_response_can_replace_the_message_with_the_button() -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as app, aiohttp.ClientSession() as session:
        slack.subscribed.clear()
        await web_client(slack).chat_postMessage(channel=PAYMENTS, text="because", blocks=BLOCKS)
        await slack.press(LEE, slack.messages(PAYMENTS)[0], "stop")
        url = app.requests[0].payload["response_url"]
        async with session.post(url, json={"replace_original": True, "text": "stopped", "blocks": []}) as answer:
            assert answer.status == 200
        assert [message.shown for message in slack.messages(PAYMENTS)] == ["stopped"]


async def test_payloads_go_to_connections_in_turn() -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as first, socket_app(slack) as second:
        for _ in range(6):
            slack.say(DANA, PAYMENTS, "x")
        await slack.all_acked()
        assert (len(first.requests), len(second.requests)) == (3, 3)
        slack.delivery.deliver_to = slack.connections[1].number
        for _ in range(4):
            slack.say(DANA, PAYMENTS, "x")
        await slack.all_acked()
        assert (len(first.requests), len(second.requests)) == (3, 7)


async def test_what_was_not_acknowledged_on_a_broken_connection_comes_again() -> None:
    async with LoopbackSlack() as slack, socket_app(slack, ignore) as app:
        slack.say(DANA, PAYMENTS, "why?")
        await slack.until(lambda: app.requests)
        app.answer = acknowledge
        slack.cut()
        await slack.all_acked()
        assert [request.retry_attempt for request in app.requests] == [0, 0]
        assert len({request.envelope_id for request in app.requests}) == 1


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled"])
async def test_a_farewell_makes_the_sdk_connect_again(reason: Reason) -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as app:
        slack.disconnect(reason)
        await slack.until(lambda: slack.sockets.opened > 1 and len(slack.connections) == 1)
        slack.say(DANA, PAYMENTS, "still there?")
        await slack.all_acked()
        assert app.events[-1]["text"] == "still there?"


async def test_events_wait_for_the_first_connection() -> None:
    async with LoopbackSlack() as slack:
        slack.say(DANA, PAYMENTS, "anybody?")
        async with socket_app(slack) as app:
            await slack.all_acked()
            assert [event["text"] for event in app.events] == ["anybody?"]


async def test_a_ticket_is_good_for_one_connection() -> None:
    async with LoopbackSlack() as slack, aiohttp.ClientSession() as session:
        url = (await web_client(slack).apps_connections_open(app_token=slack.app_token))["url"]
        async with session.ws_connect(url) as websocket:
            hello = await websocket.receive_json()
            assert (hello["type"], hello["num_connections"]) == ("hello", 1)
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url)


async def test_one_connection_too_many_is_told_and_closed() -> None:
    async with LoopbackSlack() as slack, socket_app(slack), aiohttp.ClientSession() as session:
        slack.sockets.limit = 1
        url = (await web_client(slack).apps_connections_open(app_token=slack.app_token))["url"]
        async with session.ws_connect(url) as websocket:
            assert (await websocket.receive_json())["reason"] == "too_many_websockets"
            assert (await websocket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert len(slack.connections) == 1


async def test_a_frame_that_acknowledges_nothing_is_a_fault() -> None:
    async with LoopbackSlack() as slack, aiohttp.ClientSession() as session:
        url = (await web_client(slack).apps_connections_open(app_token=slack.app_token))["url"]
        async with session.ws_connect(url) as websocket:
            await websocket.send_json({"envelope_id": "x"})
            await slack.until(lambda: slack.faults)
        with pytest.raises(AssertionError, match="acknowledges nothing"):
            slack.check()
        slack.faults.clear()


async def test_a_silent_connection_makes_the_sdk_connect_again() -> None:
    async with LoopbackSlack() as slack, socket_app(slack):
        slack.connections[0].silent = True
        await slack.until(lambda: slack.sockets.opened > 1)


async def test_a_burst_is_delivered_whole() -> None:
    async with LoopbackSlack() as slack, socket_app(slack) as app:
        for number in range(200):
            slack.say(DANA, PAYMENTS, f"{number}")
        await slack.all_acked()
        assert sorted(int(event["text"]) for event in app.events) == [*range(200)]
