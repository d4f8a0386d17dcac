"""Files, groups of commands, and what is pressed below answers, over a loopback Discord: to the desk, and back."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC

import pytest
from yarl import URL

from adapters.discord.client import DiscordAdapter
from adapters.discord.command_sheet import INVESTIGATE
from adapters.discord.credentials import DiscordCredentials
from adapters.discord.files import HOSTS
from adapters.downloads import Hosts
from bot.codec import encode_action
from bot.conversation.builtin import COMMANDS
from bot.domain.command_help import THREAD_COMMANDS, WORKFLOW_COMMANDS, CommandHelp, FlagHelp
from bot.domain.errors import FileTooLarge, UnusableFile
from bot.domain.message import Diff, FileRef, Notice, Prose, TurnId, Why
from bot.domain.table import Column, Table
from tests.fakes import NotingDesk
from tests.golden.replies import footer
from tests.loopback import discord_writing as writing
from tests.loopback.discord import LoopbackDiscord
from tests.loopback.discord_ids import BOT, DANA, PAYMENTS
from tests.loopback.discord_message import File, Message
from tests.loopback.discord_writing import Draft
from tests.loopback.http_peer import Answer, HttpPeer
from tests.wire.discord_app import point_at
from tests.wire.discord_stage import MENTION

MAX_BYTES = 1000
TURN = FlagHelp("--turn WHICH", "the number of an answer", "turn", free=True)
WHY = CommandHelp("why", "why [WHICH]", "what an answer rests on", (TURN,), group=THREAD_COMMANDS)
DATABASE = CommandHelp("db", "db", "Is the database there?", tool="run_db", group=WORKFLOW_COMMANDS)


@dataclass(frozen=True)
class Stage:
    discord: LoopbackDiscord
    adapter: DiscordAdapter
    desk: NotingDesk

    def say(self, text: str, *names: str, channel: str = PAYMENTS) -> str:
        return self.discord.say(DANA, channel, text, files=[File(name, b"a,b") for name in names])

    async def said(self, count: int = 1) -> tuple[FileRef, ...]:
        """The files of the last of so many messages."""
        await self.discord.until(lambda: len(self.desk.messages) >= count)
        return self.desk.messages[-1].files

    async def asked(self) -> str:
        """A thread that netspy was asked in."""
        message = self.say(f"{MENTION} who connects?")
        await self.said()
        return self.discord.start_thread(DANA, self.discord.space.message(PAYMENTS, message))


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Stage, None]:
    async with LoopbackDiscord() as discord:
        point_at(discord, monkeypatch)
        async with listening(discord, NotingDesk(known=(*COMMANDS, WHY, DATABASE))) as stage:
            yield stage


@asynccontextmanager
async def listening(discord: LoopbackDiscord, desk: NotingDesk) -> AsyncGenerator[Stage, None]:
    adapter = DiscordAdapter(DiscordCredentials(token=discord.token, api_url=discord.api_url), zone=UTC)
    running = asyncio.create_task(adapter.run(desk))
    try:
        await discord.connected()
        yield Stage(discord, adapter, desk)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_file_comes_with_the_message_and_is_read_without_the_token(stage: Stage) -> None:
    stage.say(f"{MENTION} what is this?", "capture.csv")
    (ref,) = await stage.said()

    assert (ref.name, ref.size_bytes, ref.media_type) == ("capture.csv", 3, "text/csv")
    assert stage.desk.messages[0].text == "what is this?"
    assert await stage.adapter.read(ref, max_bytes=MAX_BYTES) == b"a,b"


async def test_a_token_is_sent_to_nobody() -> None:
    with HttpPeer(lambda _: Answer(b"a,b")) as peer:
        adapter = DiscordAdapter(DiscordCredentials(token="hush", api_url=f"{peer.url}/api/v10"), zone=UTC)
        assert await adapter.read(FileRef(f"{peer.url}/a", "a.csv"), max_bytes=3) == b"a,b"
    assert "hush" not in str(peer.requests)


async def test_a_message_of_nothing_but_a_file_is_a_message(stage: Stage) -> None:
    stage.say("", "a.csv", channel=stage.discord.space.direct(DANA).id)

    assert [file.name for file in await stage.said()] == ["a.csv"]
    assert stage.desk.messages[0].text == ""


async def test_a_file_in_a_channel_that_speaks_to_nobody_is_nobodys(stage: Stage) -> None:
    stage.say("", "a.csv")
    stage.say(MENTION, "b.csv")

    assert [file.name for file in await stage.said()] == ["b.csv"]
    assert len(stage.desk.messages) == 1


async def test_the_menu_takes_the_files_of_a_message(stage: Stage) -> None:
    message = stage.say("", "a.csv", "b.csv")
    await stage.discord.context_menu(DANA, stage.discord.space.message(PAYMENTS, message), INVESTIGATE)

    assert [file.name for file in await stage.said()] == ["a.csv", "b.csv"]


async def test_files_beyond_ten_are_named(stage: Stage) -> None:
    stage.say(f"{MENTION} look", *(f"{number}.csv" for number in range(12)))

    assert len(await stage.said()) == 10
    await stage.discord.until(lambda: "leave out: 10.csv, 11.csv" in stage.discord.messages(PAYMENTS)[-1].content)


async def test_a_file_beyond_the_limit_is_not_read(stage: Stage) -> None:
    stage.say(f"{MENTION} look", "capture.csv")
    (ref,) = await stage.said()
    with pytest.raises(FileTooLarge, match=r"the file capture\.csv: it holds more than 2 B"):
        await stage.adapter.read(ref, max_bytes=2)


async def test_a_file_that_was_deleted_is_said_to_be(stage: Stage) -> None:
    message = stage.say(f"{MENTION} look", "capture.csv")
    (ref,) = await stage.said()
    stage.discord.delete(PAYMENTS, message)
    with pytest.raises(UnusableFile, match=r"it was deleted, or its link is too old\. Attach it again"):
        await stage.adapter.read(ref, max_bytes=MAX_BYTES)


async def test_a_file_that_is_not_discords_is_not_asked_for(stage: Stage) -> None:
    with HttpPeer(lambda _: Answer(b"a,b")) as other, pytest.raises(UnusableFile, match="it is kept elsewhere"):
        await stage.adapter.read(FileRef(f"{other.url}/a", "a.csv"), max_bytes=MAX_BYTES)
    assert other.requests == []


@pytest.mark.parametrize(
    ("url", "held"),
    [
        ("https://cdn.discordapp.com/attachments/1/2/a.csv?ex=1", True),
        ("https://media.discordapp.net/attachments/1/2/a.csv", True),
        ("http://cdn.discordapp.com/a", False),
        ("https://evil.cdn.discordapp.com/a", False),
        ("https://cdn.discordapp.com.evil.example/a", False),
    ],
)
def test_discord_keeps_files_where_it_says(url: str, *, held: bool) -> None:
    assert Hosts(HOSTS).hold(URL(url)) is held


async def test_a_command_about_a_thread_is_for_the_thread(stage: Stage) -> None:
    thread = await stage.asked()
    await stage.discord.slash(DANA, thread, "netspy thread why", {"turn": "12"})
    await stage.said(2)
    asked, why = stage.desk.messages

    assert (why.text, why.command, why.key) == ("why 12", None, asked.key)


async def test_a_command_about_a_thread_is_sent_to_the_thread(stage: Stage) -> None:
    called = await stage.discord.slash(DANA, PAYMENTS, "netspy thread why")

    assert called.acked
    assert ["Use this command in the thread" in told.content for told in stage.discord.ephemerals(DANA)] == [True]
    assert stage.desk.messages == []


async def test_a_workflow_is_called_in_its_group(stage: Stage) -> None:
    await stage.discord.slash(DANA, PAYMENTS, "netspy workflow db")
    await stage.said()
    (message,) = stage.desk.messages

    assert message.text == "db"
    assert message.command
    assert message.command.tool == "run_db"


async def test_more_workflows_than_discord_takes_are_left_out_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = tuple(CommandHelp(f"w{number}", "", "s", group=WORKFLOW_COMMANDS) for number in range(30))
    async with LoopbackDiscord() as discord:
        point_at(discord, monkeypatch)
        with caplog.at_level(logging.WARNING, "netspy.discord"):
            async with listening(discord, NotingDesk(known=(*COMMANDS, *made))):
                held = discord.commands["netspy"]["options"]

    assert [len(entry["options"]) for entry in held if entry["name"] == "workflow"] == [25]
    (warned,) = [each for each in caplog.records if each.getMessage() == "discord.commands_left_out"]
    assert warned.__dict__["left_out"] == ", ".join(f"workflow w{number}" for number in range(25, 30))


async def test_what_why_brings_is_shown_to_who_pressed_only(stage: Stage) -> None:
    table = Table("Calls", (Column("tool"), Column("rows", "integer")), (("list_connections", 37),), 1)
    stage.desk.blocks = (Prose("It asked **one** tool."), table, footer())
    await stage.discord.press(DANA, posted(stage, encode_action(Why(TurnId("t1")))), "Press")
    await stage.discord.until(lambda: "list_connections" in told(stage))

    assert all(word in told(stage) for word in ("one", "37", "node-a"))
    assert [each.action for each in stage.desk.presses] == [Why(TurnId("t1"))]
    assert len(stage.discord.messages(PAYMENTS)) == 1


async def test_what_changed_is_confirmed_to_who_pressed(stage: Stage) -> None:
    stage.desk.blocks = (Notice("info", "Asked what changed."),)
    await stage.discord.press(DANA, posted(stage, encode_action(Diff(TurnId("t1")))), "Press")
    await stage.discord.until(lambda: "Asked what changed." in told(stage))

    assert [each.action for each in stage.desk.presses] == [Diff(TurnId("t1"))]


def told(stage: Stage) -> str:
    return "\n".join(message.shown for message in stage.discord.ephemerals(DANA))


def posted(stage: Stage, custom_id: str) -> Message:
    """A message of netspy's with such a button."""
    button = {"type": 2, "style": 2, "label": "Press", "custom_id": custom_id}
    row = {"type": 1, "components": [button]}
    space = stage.discord.space
    message = Message(space.ids.new(), PAYMENTS, BOT)
    writing.fill(space, message, Draft({"content": "An answer", "components": [row]}))
    return writing.post(space, message)
