"""What is written to netspy in Discord, and data that it shows there, whatever they hold."""

from pathlib import Path

import pytest

from tests.loopback import discord_shapes as shapes
from tests.loopback.discord_ids import LEE
from tests.wire.discord_stage import DiscordStage, open_discord_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def stage(in_discord: DiscordStage) -> DiscordStage:
    return in_discord


async def test_text_from_the_network_pings_nobody(tmp_path: Path) -> None:
    hostile = ["@everyone", "@here", f"<@{LEE}>", "```", "<#1>", "[a](http://e.f)", "**b**"]
    async with open_discord_stage(tmp_path, processes=hostile) as stage:
        await stage.start()
        stage.model.says = lambda _: "Look at " + ", ".join(hostile)
        thread = stage.ask("who connects?")
        answers = await stage.answered(thread)

    assert all(not answer.pinged for answer in answers)
    assert all("```" in answer.shown for answer in answers)
    assert all(answer.content.count("```") % 2 == 0 for answer in answers)


async def test_a_question_of_4000_characters_is_answered(stage: DiscordStage) -> None:
    question = "who connects? " + "x" * 3900
    thread = stage.ask(question)
    await stage.answered(thread)

    assert len(stage.discord.space.channels[thread].name) == 100
    assert stage.model.questions == [question]


async def test_a_mention_alone_gets_a_hint_and_no_thread(stage: DiscordStage) -> None:
    stage.ask("")
    (hint,) = await stage.shown(stage.channel, "such as")

    assert "which connections failed" in hint.shown
    assert stage.model.requests == []
    assert hint.id not in stage.discord.threads


async def test_a_sticker_gets_a_hint_in_a_direct_message_and_silence_in_a_thread(stage: DiscordStage) -> None:
    thread = stage.ask("tools")
    await stage.answered(thread)
    stage.discord.stick(stage.person, thread, "thanks")
    stage.discord.stick(stage.person, stage.direct, "wave")
    await stage.shown(stage.direct, "such as")
    stage.say("tools", channel=thread)
    answers = await stage.answered(thread, 2)

    assert len(answers) == 2


async def test_other_bots_and_webhooks_are_not_answered(stage: DiscordStage) -> None:
    bot = stage.discord.space.add_user("deploys", bot=True)
    stage.ask("who connects?", user=bot)
    (said,) = stage.discord.messages(stage.channel)
    person = shapes.message(stage.discord.space, said)
    person["author"] = person["author"] | {"id": "1", "bot": False}
    stage.discord.event("MESSAGE_CREATE", person | {"id": "2", "webhook_id": "1"})
    thread = stage.ask("who listens?")
    await stage.answered(thread)

    assert stage.model.questions == ["who listens?"]
    assert stage.discord.threads[-1] == thread
