"""Socket Mode of the loopback Slack, with the SDK's own client."""

import aiohttp
import pytest

from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_socket import Reason
from tests.loopback.slack_workspace import BOT, DANA, PAYMENTS
from tests.wire.slack_app import acknowledge, ignore, socket_app, web_client


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


async def test_an_event_is_acknowledged_once_and_without_a_payload() -> None:
    async with LoopbackSlack() as slack, aiohttp.ClientSession() as session:
        url = (await web_client(slack).apps_connections_open(app_token=slack.app_token))["url"]
        async with session.ws_connect(url) as websocket:
            await websocket.receive_json()
            slack.say(DANA, PAYMENTS, "x")
            envelope = (await websocket.receive_json())["envelope_id"]
            for _ in range(2):
                await websocket.send_json({"envelope_id": envelope, "payload": {"text": "y"}})
            await slack.until(lambda: len(slack.faults) == 3)
        assert [fault.partition(":")[0] for fault in slack.faults] == [
            "an event is acknowledged without a payload",
            "an event is acknowledged without a payload",
            "acknowledged twice",
        ]
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
