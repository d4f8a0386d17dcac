"""What is written to netspy in Discord, and data that it shows there, whatever they hold."""

from pathlib import Path

import pytest

from tests.loopback.discord_ids import LEE
from tests.loopback.discord_message import File
from tests.wire.discord_stage import MENTION, DiscordStage, open_discord_stage

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


async def test_files_are_said_to_be_unread(stage: DiscordStage) -> None:
    file = File("capture.csv", b"a,b")
    stage.discord.say(stage.person, stage.channel, f"{MENTION} tools", files=[file])
    await stage.shown(stage.channel, "I cannot read files yet (capture.csv)")
