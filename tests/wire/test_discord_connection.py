"""What netspy does in Discord when its connection breaks, or what comes over it is broken."""

from pathlib import Path

import pytest

from tests.loopback.discord_intents import Intent
from tests.wire.discord_stage import MENTION, DiscordStage, open_discord_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def stage(in_discord: DiscordStage) -> DiscordStage:
    return in_discord


async def test_a_dropped_gateway_costs_no_message(stage: DiscordStage) -> None:
    stage.discord.cut()
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)

    assert "The answer to who connects?" in answer.shown


async def test_a_token_that_is_refused_is_told_to_the_operator(tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path) as stage:
        bot = await stage.begin(DISCORD_TOKEN="wrong")
        await bot.logged("adapter.failed")

    assert "does not know the token. Set DISCORD_TOKEN anew" in bot.said


async def test_without_the_message_content_intent_it_answers_who_mentions_it(tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path) as stage:
        stage.discord.space.privileged = Intent(0)
        bot = await stage.start()
        thread = stage.ask("who connects?")
        await stage.answered(thread)
        stage.say("and for nginx?", channel=thread)
        stage.say("hello?", channel=thread)
        await stage.shown(thread, "I cannot read what you wrote")
        stage.say(f"{MENTION} and now?", channel=thread)
        answers = await stage.answered(thread, 2)

    assert "Message Content Intent" in bot.said
    assert "The answer to and now?" in answers[-1].shown
    assert sum("I cannot read what you wrote" in answer.shown for answer in answers) == 1


async def test_an_event_that_is_malformed_costs_nothing_else(stage: DiscordStage) -> None:
    sessions = [*stage.discord.gateway.sessions]
    stage.discord.event("MESSAGE_CREATE", {"id": "1"})
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    assert [*stage.discord.gateway.sessions] == sessions
    assert "discord.event_unread" in stage.bots[0].said


async def test_a_session_that_ended_costs_one_reconnection(stage: DiscordStage) -> None:
    opened = stage.discord.gateway.opened
    stage.discord.invalidate(resumable=True)
    await stage.discord.until(lambda: stage.discord.gateway.opened > opened)
    thread = stage.ask("who connects?")
    answers = await stage.answered(thread)

    assert len(answers) == 1
