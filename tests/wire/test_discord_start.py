"""What `netspy serve` does when Discord is away as it begins, goes away for long, or sends it away."""

import asyncio
import socket
from datetime import UTC
from functools import partial
from pathlib import Path

import httpx
import pytest

from adapters.discord.client import DiscordAdapter
from adapters.discord.credentials import DiscordCredentials
from bot.domain.errors import PlatformError
from tests.fakes import IdleDesk
from tests.loopback.discord import LoopbackDiscord
from tests.loopback.discord_intents import Intent
from tests.loopback.slack import LoopbackSlack
from tests.loopback.waiting import PATIENCE_S
from tests.wire.discord_app import point_at
from tests.wire.discord_stage import MENTION, DiscordStage, open_discord_stage
from tests.wire.serving import Serving, open_stage


class Adopting(IdleDesk):
    async def adopt(self, platform: str) -> None:
        """There is nothing to take up."""


async def answering(bot: Serving, status: int) -> list[str]:
    """Returns once `/readyz` answers so, with the parts that are faulty."""
    url = f"{await bot.listening()}/readyz"
    async with asyncio.timeout(PATIENCE_S), httpx.AsyncClient(trust_env=False) as client:
        while (answer := await client.get(url)).status_code != status:
            await asyncio.sleep(0.02)
    return [part["part"] for part in answer.json()["parts"] if part["state"] == "fault"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


async def test_netspy_may_begin_before_anything_listens_where_discord_is(tmp_path: Path) -> None:
    make = partial(DiscordStage, discord=LoopbackDiscord(free_port()))
    async with open_stage(make, tmp_path) as stage:
        bot = await stage.begin()
        assert await answering(bot, 503) == ["discord"]
        async with stage.discord:
            await stage.discord.connected()
            thread = stage.ask("who connects?")
            await stage.answered(thread)

            assert await answering(bot, 200) == []
            assert "See whether this machine reaches Discord" in bot.said


async def test_a_gateway_that_is_away_at_the_start_is_tried_until_it_is_there(tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path) as stage:
        stage.discord.gateway.is_open = False
        bot = await stage.begin()
        assert await answering(bot, 503) == ["discord"]
        stage.discord.gateway.is_open = True
        await stage.discord.connected()
        thread = stage.ask("who connects?")
        await stage.answered(thread)

        assert await answering(bot, 200) == []
        assert "WSServerHandshakeError: 503" in bot.said
        assert "Traceback" not in bot.said


async def test_a_gateway_that_stays_away_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py alone would wait longer and longer without a word."""
    async with LoopbackDiscord() as discord:
        point_at(discord, monkeypatch)
        adapter = DiscordAdapter(DiscordCredentials(token=discord.token), zone=UTC, away_s=0.5)
        running = asyncio.create_task(adapter.run(Adopting()))
        await discord.connected()
        discord.gateway.is_open = False
        discord.cut()
        with pytest.raises(PlatformError, match=r"not connected for 0\.5 s"):
            await asyncio.wait_for(running, PATIENCE_S)


async def test_a_token_that_is_refused_is_told_to_the_operator_and_other_platforms_go_on(tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path) as stage, LoopbackSlack() as slack:
        credentials = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_API_URL": slack.api_url}
        bot = await stage.begin(DISCORD_TOKEN="wrong", SLACK_APP_TOKEN=slack.app_token, **credentials)
        await bot.logged("adapter.failed")
        await slack.connected()

        assert await answering(bot, 503) == ["discord"]
        assert "does not know the token. Set DISCORD_TOKEN anew" in bot.said


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (4004, "it does not know the token (4004). Set DISCORD_TOKEN anew"),
        (4011, "it needs shards, which it has not (4011)"),
        (4013, "netspy asked for intents that are none (4013). Update netspy"),
    ],
)
async def test_a_connection_that_discord_ends_for_good_is_told_in_words_and_begun_again(
    tmp_path: Path, code: int, told: str
) -> None:
    async with open_discord_stage(tmp_path) as stage:
        bot = await stage.start()
        stage.discord.close(code)
        await bot.logged("adapter.failed")
        await stage.discord.connected()
        thread = stage.ask("who connects?")
        await stage.answered(thread)

        assert told in bot.said
        assert "Traceback" not in bot.said


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
