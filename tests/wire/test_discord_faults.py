"""What netspy does in Discord when its API fails, refuses, or loses answers."""

import pytest

from tests.loopback.discord_faults import Fault
from tests.wire.discord_stage import DiscordStage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def stage(in_discord: DiscordStage) -> DiscordStage:
    return in_discord


async def test_a_message_whose_answer_is_lost_on_the_way_is_not_doubled(stage: DiscordStage) -> None:
    stage.discord.fail("create_message", Fault(lost=True))
    thread = stage.ask("list")
    answers = await stage.answered(thread)

    assert len(answers) == 1


async def test_a_thread_whose_making_was_not_answered_is_used(stage: DiscordStage) -> None:
    stage.discord.fail("start_thread_from_message", Fault(lost=True))
    thread = stage.ask("who connects?")
    answers = await stage.answered(thread)

    assert len(answers) == 1


async def test_a_rate_limit_delays_and_loses_nothing(stage: DiscordStage) -> None:
    stage.discord.fail("create_message", Fault(retry_after_s=1))
    thread = stage.ask("list")
    (answer,) = await stage.answered(thread)

    assert "curl" in answer.shown
