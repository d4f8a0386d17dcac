"""Files, and what is pressed below answers, over a loopback Slack: from the event to the desk, and back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC

import pytest

from adapters.slack.app import SlackAdapter
from adapters.slack.credentials import SlackCredentials
from adapters.slack.listeners import INVESTIGATE
from bot.codec import encode_action
from bot.conversation.builtin import COMMANDS
from bot.domain.command_help import THREAD_COMMANDS, CommandHelp
from bot.domain.errors import FileTooLarge, PlatformError, UnusableFile
from bot.domain.message import Diff, FileRef, Notice, Prose, TurnId, Why
from bot.domain.table import Column, Table
from tests.fakes import NotingDesk
from tests.golden.replies import footer
from tests.loopback.http_peer import Answer, HttpPeer
from tests.loopback.slack import LoopbackSlack
from tests.loopback.slack_message import File
from tests.loopback.slack_workspace import BOT, DANA, DIRECT, PAYMENTS
from tests.wire.slack_app import web_client

MENTION = f"<@{BOT}>"
MAX_BYTES = 1000
WHY = CommandHelp("why", "why [WHICH]", "what an answer rests on", group=THREAD_COMMANDS)


@dataclass(frozen=True)
class Stage:
    slack: LoopbackSlack
    adapter: SlackAdapter
    desk: NotingDesk

    async def said(self, count: int = 1) -> tuple[FileRef, ...]:
        """The files of the last of so many messages."""
        await self.slack.until(lambda: len(self.desk.messages) >= count)
        return self.desk.messages[-1].files

    async def read(self, file: File, *, max_bytes: int = MAX_BYTES) -> bytes:
        """Say something with it, and read it as the desk does."""
        self.slack.say(DANA, DIRECT, "look", files=[file])
        (ref,) = await self.said()
        return await self.adapter.read(ref, max_bytes=max_bytes)

    async def whispered(self) -> str:
        await self.slack.until(lambda: self.slack.ephemerals(DANA))
        return "\n".join(message.shown for message in self.slack.ephemerals(DANA))


@pytest.fixture
async def stage() -> AsyncGenerator[Stage, None]:
    async with LoopbackSlack() as slack, listening(slack) as stage:
        yield stage


@asynccontextmanager
async def listening(slack: LoopbackSlack) -> AsyncGenerator[Stage, None]:
    credentials = SlackCredentials(bot_token=slack.bot_token, app_token=slack.app_token, api_url=slack.api_url)
    desk, adapter = NotingDesk(known=(*COMMANDS, WHY)), SlackAdapter(credentials, zone=UTC)
    running = asyncio.create_task(adapter.run(desk))
    try:
        await slack.connected()
        yield Stage(slack, adapter, desk)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_file_comes_with_the_message_and_is_read_with_the_token(stage: Stage) -> None:
    file = stage.slack.attach("capture.csv", b"a,b")
    stage.slack.say(DANA, PAYMENTS, f"{MENTION} what is this?", files=[file])
    (ref,) = await stage.said()

    assert ref == FileRef(file.url, "capture.csv", 3, "text/csv")
    assert stage.desk.messages[0].text == "what is this?"
    assert await stage.adapter.read(ref, max_bytes=MAX_BYTES) == b"a,b"


@pytest.mark.parametrize("channel", [DIRECT, PAYMENTS])
async def test_a_message_of_nothing_but_a_file_is_a_message(stage: Stage, channel: str) -> None:
    stage.slack.say(DANA, channel, "" if channel == DIRECT else MENTION, files=[stage.slack.attach("a.csv", b"a")])

    assert [file.name for file in await stage.said()] == ["a.csv"]
    assert stage.desk.messages[0].text == ""


async def test_a_file_in_a_follow_up_without_a_mention_comes_along(stage: Stage) -> None:
    root = stage.slack.say(DANA, PAYMENTS, f"{MENTION} who connects?")
    stage.slack.say(DANA, PAYMENTS, "", thread=root, files=[stage.slack.attach("a.csv", b"a")])

    assert [file.name for file in await stage.said(2)] == ["a.csv"]
    assert stage.desk.messages[-1].addressee == "thread"


async def test_the_shortcut_takes_the_files_of_a_message(stage: Stage) -> None:
    ts = stage.slack.say(DANA, PAYMENTS, "", files=[stage.slack.attach("a.csv", b"a")])
    await stage.slack.shortcut(DANA, stage.slack.space.message(PAYMENTS, ts), INVESTIGATE)

    assert [file.name for file in await stage.said()] == ["a.csv"]


async def test_the_shortcut_on_a_message_of_nothing_says_so(stage: Stage) -> None:
    ts = stage.slack.say(DANA, PAYMENTS, "")
    await stage.slack.shortcut(DANA, stage.slack.space.message(PAYMENTS, ts), INVESTIGATE)

    assert "neither text nor files" in await stage.whispered()
    assert stage.desk.messages == []


async def test_files_beyond_ten_are_named(stage: Stage) -> None:
    files = [stage.slack.attach(f"{number}.csv", b"a") for number in range(12)]
    stage.slack.say(DANA, PAYMENTS, f"{MENTION} look", files=files)

    assert len(await stage.said()) == 10
    assert "leave out: 10.csv, 11.csv" in await stage.whispered()


async def test_a_file_larger_than_it_says_is_not_read(stage: Stage) -> None:
    file = stage.slack.attach("a.csv", b"x" * (MAX_BYTES + 1), size=1)
    with pytest.raises(FileTooLarge, match="it holds more than 1000 B"):
        await stage.read(file)


async def test_without_the_scope_it_is_named(stage: Stage) -> None:
    stage.slack.scopes.discard("files:read")
    with pytest.raises(UnusableFile, match=r"Slack answers with its sign-in page instead\. Whoever runs.*files:read"):
        await stage.read(stage.slack.attach("a.csv", b"a"))


async def test_a_file_that_was_deleted_is_said_to_be(stage: Stage) -> None:
    file = stage.slack.attach("a.csv", b"a")
    stage.slack.say(DANA, DIRECT, "look", files=[file])
    (ref,) = await stage.said()
    stage.slack.take_away(file)
    with pytest.raises(UnusableFile, match="it was deleted"):
        await stage.adapter.read(ref, max_bytes=MAX_BYTES)


async def test_a_file_that_another_service_keeps_is_not_asked_for(stage: Stage) -> None:
    with HttpPeer(lambda _: Answer(b"a,b")) as other:
        for told in ({"is_external": True}, {}):
            file = stage.slack.attach("a.csv", b"", url_private=f"{other.url}/a", url_private_download=None, **told)
            stage.slack.say(DANA, DIRECT, "look", files=[file])
        await stage.said(2)
        for message in stage.desk.messages:
            with pytest.raises(UnusableFile, match=r"another service keeps it|it is kept elsewhere"):
                await stage.adapter.read(message.files[0], max_bytes=MAX_BYTES)
    assert other.requests == []


async def test_a_token_does_not_follow_a_file_to_another_host() -> None:
    with HttpPeer(lambda _: Answer(b"a,b")) as other, HttpPeer(lambda _: forwarded(other)) as slack:
        credentials = SlackCredentials(bot_token="xoxb-1", app_token="xapp-1", api_url=f"{slack.url}/api/")
        with pytest.raises(PlatformError, match="it is forwarded to another place"):
            await SlackAdapter(credentials, zone=UTC).read(FileRef(f"{slack.url}/a", "a.csv"), max_bytes=MAX_BYTES)
    assert [request.headers["authorization"] for request in slack.requests] == ["Bearer xoxb-1"]
    assert other.requests == []


def forwarded(to: HttpPeer) -> Answer:
    return Answer(status=302, headers={"Location": f"{to.url}/a"})


async def test_what_why_brings_is_shown_to_who_pressed_only(stage: Stage) -> None:
    table = Table("Calls", (Column("tool"), Column("rows", "integer")), (("list_connections", 37),), 1)
    stage.desk.blocks = (Prose("It asked **one** tool."), table, footer())
    await press(stage, encode_action(Why(TurnId("t1"))))
    told = await stage.whispered()

    assert [each.action for each in stage.desk.presses] == [Why(TurnId("t1"))]
    assert all(word in told for word in ("tool", "list_connections", "37", "node-a"))
    assert [message.user for message in stage.slack.messages(PAYMENTS)] == [BOT]


async def test_what_changed_is_confirmed_to_who_pressed(stage: Stage) -> None:
    stage.desk.blocks = (Notice("info", "Asked what changed."),)
    await press(stage, encode_action(Diff(TurnId("t1"))))

    assert "Asked what changed." in await stage.whispered()
    assert [each.action for each in stage.desk.presses] == [Diff(TurnId("t1"))]


async def press(stage: Stage, value: str) -> None:
    """A button of netspy's with this value."""
    button = {"type": "button", "text": {"type": "plain_text", "text": "b"}, "value": value, "action_id": "b"}
    posted = await web_client(stage.slack).chat_postMessage(
        channel=PAYMENTS, text="an answer", blocks=[{"type": "actions", "elements": [button]}]
    )
    message = stage.slack.space.message(PAYMENTS, str(posted["ts"]))
    assert not (await stage.slack.press(DANA, message, "b")).error


@pytest.mark.parametrize("text", ["why", "why 12", "WHY #3", "quiet"])
async def test_a_command_about_a_thread_is_sent_to_the_thread(stage: Stage, text: str) -> None:
    answer = await stage.slack.slash(DANA, PAYMENTS, text)

    assert answer.message
    assert f"Say {text.lower()} in the thread that it is for." in answer.message.shown
    assert stage.desk.messages == []


@pytest.mark.parametrize("text", ["why is checkout failing?", "why not?", "listen to checkout"])
async def test_a_question_may_begin_like_a_command_about_a_thread(stage: Stage, text: str) -> None:
    await stage.slack.slash(DANA, PAYMENTS, text)
    await stage.said()

    (message,) = stage.desk.messages
    assert message.text == text
    assert '"root": ""' in message.reply_to.target


async def test_a_command_about_a_thread_is_said_in_it(stage: Stage) -> None:
    root = stage.slack.say(DANA, PAYMENTS, f"{MENTION} who connects?")
    stage.slack.say(DANA, PAYMENTS, "why 1", thread=root)
    await stage.said(2)

    assert [message.text for message in stage.desk.messages] == ["who connects?", "why 1"]
    assert len({message.key for message in stage.desk.messages}) == 1
