"""`netspy serve` in Discord where it lacks permissions: the rules that only the loopback knows."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.loopback.discord_permissions import Permission
from tests.wire.discord_stage import BOT, DIRECT, PAYMENTS, DiscordStage, open_discord_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[DiscordStage]:
    async with open_discord_stage(tmp_path, processes=[f"worker-{number}" for number in range(40)]) as opened:
        await opened.start()
        yield opened


async def test_without_files_the_answer_comes_and_says_so(stage: DiscordStage) -> None:
    stage.discord.deny(PAYMENTS, Permission.ATTACH_FILES)
    thread = stage.ask("list --max-events 40")
    (answer,) = await stage.answered(thread)

    assert "t1.csv is left out: here I lack the permission Attach Files." in answer.shown
    assert not answer.attachments


async def test_where_nothing_may_be_read_the_answer_is_no_reply(stage: DiscordStage) -> None:
    stage.discord.deny(PAYMENTS, Permission.READ_MESSAGE_HISTORY | Permission.CREATE_PUBLIC_THREADS)
    stage.ask("list")
    (answer,) = await stage.answered(PAYMENTS)

    assert "worker-" in answer.shown
    assert not answer.reference


async def test_who_may_not_write_in_threads_leaves_none_empty(stage: DiscordStage) -> None:
    stage.discord.deny(PAYMENTS, Permission.SEND_MESSAGES_IN_THREADS)
    thread = stage.ask("list")
    (answer,) = await stage.answered(PAYMENTS)

    assert answer.author == BOT
    assert thread not in stage.discord.space.channels


async def test_where_there_is_no_place_the_person_is_told_what_is_missing(stage: DiscordStage) -> None:
    stage.discord.deny(PAYMENTS, Permission.SEND_MESSAGES | Permission.CREATE_PUBLIC_THREADS)
    stage.ask("list")
    (told,) = await stage.shown(DIRECT, "I could not answer where you asked")

    assert "There I lack the permission Send Messages." in told.shown
