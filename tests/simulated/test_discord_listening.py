"""Whom netspy hears, and what it passes over: with and without the message-content intent."""

import pytest
import simcord
from simcord.enums import MessageType

from adapters.discord.client import CONTENT, INTENTS
from adapters.discord.command_sheet import INVESTIGATE
from tests.dialog.stage import says
from tests.simulated.stage import SimulatedDiscord, labels, open_discord, said, tools

BLIND = INTENTS & ~CONTENT


def of_netspy(stage: SimulatedDiscord) -> int:
    """How many messages netspy wrote, wherever."""
    backend = stage.env.backend
    written = [message for messages in backend.messages.values() for message in messages.values()]
    return sum(
        message.author_id == backend.bot_user.id and message.type != MessageType.THREAD_CREATED for message in written
    )


def app(stage: SimulatedDiscord) -> simcord.MemberActor:
    """Another program in the server."""
    return stage.guild.add_member(stage.env.create_user("deploys", bot=True))


async def test_another_program_is_not_answered_wherever_it_writes() -> None:
    async with open_discord() as stage:
        thread = await stage.ask("list")
        other = app(stage)
        await other.send(stage.payments, f"{stage.mention} list")
        await other.send(thread, "list")
        await other.send(thread, f"{stage.mention} list", reply_to=said(thread)[0])

        assert of_netspy(stage) == 1


async def test_a_webhook_is_not_answered() -> None:
    async with open_discord() as stage:
        webhook = stage.guild.create_webhook(stage.payments, "alerts")
        await webhook.send(f"{stage.mention} list")
        await webhook.send(f"{stage.mention} list", username="dana")

        assert of_netspy(stage) == 0


@pytest.mark.parametrize(
    "kind", ["CHANNEL_NAME_CHANGE", "NEW_MEMBER", "PREMIUM_GUILD_SUBSCRIPTION", "PINS_ADD", "POLL_RESULT", "CALL"]
)
async def test_what_discord_says_itself_is_not_answered(kind: str) -> None:
    async with open_discord() as stage:
        thread = await stage.ask("list")
        (answer,) = said(thread)
        stage.guild.create_system_message(thread, MessageType[kind], author=stage.dana, referenced_message=answer)
        await stage.env.settle()

        assert of_netspy(stage) == 1


async def test_netspy_does_not_answer_itself() -> None:
    async with open_discord(says("<@1> list")) as stage:
        thread = await stage.ask("say the word list")
        assert len(said(thread)) == 1


@pytest.mark.parametrize("text", ["list", "{lee} list", "@everyone list", "@here list", "`list`", "<#1> list"])
async def test_what_is_said_to_others_in_a_channel_is_not_answered(text: str) -> None:
    async with open_discord() as stage:
        await stage.dana.send(stage.payments, text.format(lee=stage.lee.mention))
        assert of_netspy(stage) == 0


@pytest.mark.parametrize("text", ["{lee} list", "@everyone list", "@here list"])
async def test_what_is_said_to_others_in_a_thread_is_not_answered(text: str) -> None:
    async with open_discord() as stage:
        thread = await stage.ask("list")
        await stage.dana.send(thread, text.format(lee=stage.lee.mention))
        assert len(said(thread)) == 1


@pytest.mark.parametrize("written", ["{me} list", "list {me}", "{me}list", "<@!{id}> list", "{me} {lee} list"])
async def test_a_mention_anywhere_is_answered(written: str) -> None:
    async with open_discord(says("An answer."), says("An answer.")) as stage:
        me = stage.env.backend.bot_user.id
        await stage.dana.send(stage.payments, written.format(me=stage.mention, id=me, lee=stage.lee.mention))
        assert of_netspy(stage) == 1


async def test_a_follow_up_in_a_thread_needs_no_mention() -> None:
    async with open_discord() as stage:
        thread = await stage.ask("list")
        await stage.dana.send(thread, "list")
        assert len(said(thread)) == 2


async def test_a_question_that_is_changed_is_answered_as_it_is_now() -> None:
    async with open_discord(says("Of now."), host=tools(waits=True)) as stage:
        thread, _ = await stage.begin("list")
        asked = next(message for message in stage.payments.history() if message.id == thread.id)
        await stage.start(stage.dana.edit(asked, f"{stage.mention} what is new?"))
        await stage.release()

        assert "Of now." in said(thread)[-1].content


async def test_a_question_that_is_deleted_is_not_answered() -> None:
    async with open_discord(host=tools(waits=True)) as stage:
        thread, _ = await stage.begin("list")
        asked = next(message for message in stage.payments.history() if message.id == thread.id)
        await stage.dana.delete(asked)

        assert said(thread) == []


async def test_a_file_without_words_goes_on_in_a_thread() -> None:
    async with open_discord(says("Nothing can be made of it.")) as stage:
        thread = await stage.ask("list")
        await stage.dana.send(thread, "", attachments=[("photo.png", b"x")])
        first, second = (turn.message for turn in stage.turns)

        assert second.key == first.key
        assert (second.text, [file.name for file in second.files]) == ("", ["photo.png"])


@pytest.mark.parametrize("text", ["", " ", "\n"])
async def test_a_mention_without_words_is_told_what_to_ask(text: str) -> None:
    async with open_discord() as stage:
        await stage.ask(text)
        assert "Ask me what your network does" in said(stage.payments)[0].content


async def test_a_message_that_is_passed_on_is_the_question() -> None:
    async with open_discord(says("It waits for the database.")) as stage:
        alert = await stage.lee.send(stage.payments, "checkout times out")
        thread = await stage.ask("list")
        await stage.dana.forward(alert, thread)
        asked = [turn.message.text for turn in stage.turns]

        assert asked == ["list", "checkout times out"]
        assert "It waits for the database." in said(thread)[-1].content


async def test_files_come_with_the_question() -> None:
    async with open_discord() as stage:
        await stage.dana.send(stage.payments, f"{stage.mention} list", attachments=[("trace.pcap", b"x")])
        (turn,) = stage.turns
        (file,) = turn.message.files
        assert (file.name, file.size_bytes) == ("trace.pcap", 1)
        assert file.id.endswith("/trace.pcap")


async def test_without_the_intent_a_mention_is_answered() -> None:
    async with open_discord(intents=BLIND) as stage:
        thread = await stage.ask("list")
        assert "list\\_connections" in said(thread)[0].content


async def test_without_the_intent_what_cannot_be_read_is_told_once_a_thread() -> None:
    async with open_discord(intents=BLIND) as stage:
        first, second = await stage.ask("list"), await stage.ask("list")
        for thread in (first, first, second):
            await stage.dana.send(thread, "and now?")

        assert [len(said(first)), len(said(second))] == [2, 2]
        assert said(first)[-1].content.startswith("I cannot read what you wrote")


async def test_without_the_intent_nobody_is_told_in_channels_and_foreign_threads() -> None:
    async with open_discord(intents=BLIND) as stage:
        await stage.dana.send(stage.payments, "hello")
        foreign = stage.env.backend.create_thread(stage.payments.id, "lunch", stage.lee.id)
        (thread,) = [found for found in stage.payments.threads if found.id == foreign.id]
        await stage.dana.send(thread, "hello")

        assert of_netspy(stage) == 0


async def test_without_the_intent_direct_messages_commands_and_the_menu_work() -> None:
    async with open_discord(says("An answer."), intents=BLIND) as stage:
        await stage.dana.send_dm("list")
        called = await stage.dana.slash(stage.payments, "netspy list")
        message = await stage.lee.send(stage.payments, "checkout times out")
        asked = await stage.dana.context_menu(stage.payments, INVESTIGATE, message)

        assert "list\\_connections" in stage.directly(stage.dana)[0]
        assert called.response is not None
        assert asked.response is not None
        assert "An answer." in asked.response.content


async def test_without_the_intent_buttons_work() -> None:
    async with open_discord(intents=BLIND, host=tools(rows=40)) as stage:
        (answer,) = said(await stage.ask("list"))
        assert "Next of T1" in labels(answer)
        pressed = await stage.dana.click(answer, label="Next of T1")
        assert pressed.response is not None
        assert "list_connections-15" in pressed.response.content
