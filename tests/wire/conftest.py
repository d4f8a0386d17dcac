"""A netspy in Slack, and one in Discord, that the tests of a module share, each in a channel of its own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.wire.discord_stage import DiscordStage, open_discord_stage
from tests.wire.slack_stage import SlackStage, open_slack_stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SlackStage]:
    """With one netspy for all tests here."""
    async with open_slack_stage(tmp_path_factory.mktemp("slack")) as opened:
        await opened.start()
        yield opened


@pytest.fixture
def stage(served: SlackStage) -> SlackStage:
    return served.anew()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served_in_discord(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DiscordStage]:
    """With one netspy for all tests here."""
    async with open_discord_stage(tmp_path_factory.mktemp("discord")) as opened:
        await opened.start()
        yield opened


@pytest.fixture
def in_discord(served_in_discord: DiscordStage) -> DiscordStage:
    return served_in_discord.anew()
