"""A whole bolt app on the loopback Slack: what a bot is made of, end to end."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_workspace import BOT, DANA, PAYMENTS
from tests.wire.slack_app import web_client

FEEDBACK = {
    "type": "feedback_buttons",
    "action_id": "feedback",
    "positive_button": {"text": {"type": "plain_text", "text": "Good"}, "value": "good"},
    "negative_button": {"text": {"type": "plain_text", "text": "Bad"}, "value": "bad"},
}


@asynccontextmanager
async def bolt(slack: LoopbackSlack) -> AsyncGenerator[AsyncApp, None]:
    app = AsyncApp(client=web_client(slack), signing_secret=slack.signing_secret)
    handler = AsyncSocketModeHandler(app, slack.app_token, web_client=AsyncWebClient(base_url=slack.api_url))
    _listen(app)
    try:
        await handler.connect_async()  # type: ignore[no-untyped-call] # of bolt
        await slack.connected()
        yield app
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call] # of bolt


def _listen(app: AsyncApp) -> None:
    async def mention(event: dict[str, Any], say_stream: Any, set_status: Any) -> None:
        await set_status("is looking...")
        stream = await say_stream()
        await stream.append(chunks=[{"type": "task_update", "id": "1", "title": "look", "status": "complete"}])
        await stream.append(markdown_text="It is refused.")
        await stream.stop(blocks=[{"type": "context_actions", "elements": [FEEDBACK]}])

    async def command(ack: Any, command: dict[str, Any], respond: Any) -> None:
        await ack("looking")
        await respond(text=f"you said {command['text']}", response_type="in_channel")

    async def rate(ack: Any, action: dict[str, Any], respond: Any) -> None:
        await ack()
        await respond(text=f"thanks: {action['value']}", replace_original=False)

    async def other() -> None:
        pass

    app.event("app_mention")(mention)
    app.command("/netspy")(command)
    app.action("feedback")(rate)
    app.event("message")(other)


async def test_bolt_streams_its_answer_to_a_mention_and_is_rated() -> None:
    async with LoopbackSlack() as slack, bolt(slack):
        ts = slack.say(DANA, PAYMENTS, f"<@{BOT}> why?")
        await slack.until(
            lambda: len(slack.messages(PAYMENTS, ts)) == 2 and not slack.messages(PAYMENTS, ts)[1].streaming
        )
        answer = slack.messages(PAYMENTS, ts)[1]
        assert answer.shown == "look\nIt is refused.\nGood\nBad"
        assert slack.statuses[PAYMENTS, ts] == ["is looking...", ""]
        assert not (await slack.feedback(DANA, answer, "negative")).error
        await slack.until(lambda: slack.ephemerals(DANA))
        assert [message.text for message in slack.ephemerals(DANA)] == ["thanks: bad"]
        assert slack.refused == []


async def test_bolt_answers_a_command_twice() -> None:
    async with LoopbackSlack() as slack, bolt(slack):
        answer = await slack.slash(DANA, PAYMENTS, "help")
        assert answer.message
        assert answer.message.text == "looking"
        await slack.until(lambda: slack.messages(PAYMENTS))
        assert [message.text for message in slack.messages(PAYMENTS)] == ["you said help"]


async def test_bolt_acknowledges_nothing_that_nobody_listens_for() -> None:
    async with LoopbackSlack() as slack, bolt(slack):
        slack.open_home(DANA)
        slack.say(DANA, PAYMENTS, "hello")
        await slack.until(lambda: slack.deliveries[1].acked)
        assert not slack.deliveries[0].acked
