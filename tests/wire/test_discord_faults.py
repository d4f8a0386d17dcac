"""What netspy does in Discord when its API fails, refuses, or loses answers."""

import pytest

from tests.loopback.discord_faults import Fault, RateLimit
from tests.loopback.discord_operations import USUAL_LIMITS
from tests.loopback.discord_refusals import THREAD_EXISTS
from tests.wire.discord_stage import DiscordStage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def stage(in_discord: DiscordStage) -> DiscordStage:
    return in_discord


async def test_a_message_whose_answer_is_lost_on_the_way_is_not_doubled(stage: DiscordStage) -> None:
    stage.discord.fail("create_message", Fault(lost=True))
    thread = stage.ask("list")
    await stage.discord.until(lambda: [call.status for call in stage.discord.calls_of("create_message")] == [0, 200])
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


async def test_a_bucket_that_is_used_up_holds_up_its_own_thread_only(stage: DiscordStage) -> None:
    stage.discord.fail("create_message", Fault(retry_after_s=2.5))
    first = stage.ask("list")
    await stage.discord.until(lambda: [call for call in stage.discord.calls if call.status == 429])
    second = stage.ask("list")
    await stage.answered(second)
    assert stage.answers(first) == []
    await stage.answered(first)

    assert [len(stage.answers(thread)) for thread in (first, second)] == [1, 1]


async def test_a_global_rate_limit_delays_all_and_loses_nothing(stage: DiscordStage) -> None:
    stage.discord.fail("create_message", Fault(retry_after_s=1, everywhere=True))
    threads = [stage.ask("list") for _ in range(5)]
    for thread in threads:
        await stage.answered(thread)

    assert [len(stage.answers(thread)) for thread in threads] == [1] * 5
    again = {refusal.code for refusal in stage.discord.refused}
    assert again <= {THREAD_EXISTS}, "on a busy machine a thread may be asked for twice"


async def test_limits_that_discord_tells_are_obeyed(stage: DiscordStage) -> None:
    stage.discord.limits = {name: RateLimit(2, 0.3) for name in USUAL_LIMITS}
    stage.discord.global_limit = None  # no header tells it
    threads = [stage.ask("list") for _ in range(4)]
    for thread in threads:
        await stage.answered(thread)
        for number in range(4):
            stage.say(f"question {number}", channel=thread)
    for thread in threads:
        await stage.answered(thread, 5)
    for _ in range(4):
        await stage.slash("netspy list")
    await stage.answered(stage.channel, 4)

    assert [call for call in stage.discord.calls if call.status == 429] == []


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize("operation", ["create_message", "start_thread_from_message", "trigger_typing"])
async def test_an_error_of_discord_is_tried_again_and_nothing_is_doubled(
    stage: DiscordStage, operation: str, status: int
) -> None:
    stage.discord.fail(operation, Fault(status=status))
    thread = stage.ask("list")
    answers = await stage.answered(thread)

    assert len(answers) == 1


async def test_progress_whose_posting_was_not_answered_becomes_the_answer(stage: DiscordStage) -> None:
    stage.model.hanging.add("who connects?")
    stage.discord.fail("create_message", Fault(lost=True))
    thread = stage.ask("who connects?")
    (unfinished,) = await stage.shown(thread, "looking at the network")
    await stage.discord.press(stage.person, unfinished, "Stop")
    (answer,) = await stage.answered(thread)

    assert "Here it is" in answer.shown
    assert "looking at the network" not in answer.shown


async def test_an_edit_that_was_not_answered_is_made_again(stage: DiscordStage) -> None:
    stage.discord.fail("edit_message", Fault(lost=True))
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    (unfinished,) = await stage.shown(thread, "looking at the network")
    await stage.discord.press(stage.person, unfinished, "Stop")
    (answer,) = await stage.answered(thread)

    assert "Here it is" in answer.shown


@pytest.mark.parametrize(("status", "code"), [(404, 10062), (400, 40060)])
async def test_an_interaction_that_somebody_answered_or_that_is_too_old_is_dropped(
    stage: DiscordStage, status: int, code: int
) -> None:
    thread = stage.ask("list")
    (answer,) = await stage.answered(thread)
    said = len(stage.bots[0].said)
    stage.discord.space.ack_limit_s = 0.2
    stage.discord.fail("respond", Fault(status=status, code=code), times=3)
    await stage.slash("netspy list")
    await stage.discord.press(stage.person, answer, "Run again")
    await stage.discord.complete(stage.person, stage.channel, "netspy list", option="process", typed="cu")
    stage.say("tools", channel=thread)
    await stage.answered(thread, 2)

    assert len(stage.discord.calls_of("respond")) == 3
    assert len(stage.answers(thread)) == 2
    assert not stage.answers(stage.channel)
    assert " error " not in stage.bots[0].said[said:]


async def test_a_command_whose_first_words_were_not_answered_is_answered(stage: DiscordStage) -> None:
    stage.discord.fail("edit_response", Fault(status=500))
    stage.discord.fail("get_response", Fault(status=503))
    await stage.slash("netspy list")
    (answer,) = await stage.answered(stage.channel)

    assert "curl" in answer.shown
