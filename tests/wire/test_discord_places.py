"""Where netspy answers in Discord when it may not answer where it was asked, or the place is gone."""

import pytest

from tests.loopback.discord_faults import Fault
from tests.loopback.discord_permissions import Permission
from tests.wire.discord_stage import MENTION, DiscordStage, labels

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def stage(in_discord: DiscordStage) -> DiscordStage:
    return in_discord


async def test_without_the_right_to_make_threads_it_answers_in_the_channel(stage: DiscordStage) -> None:
    stage.discord.deny(stage.channel, Permission.CREATE_PUBLIC_THREADS)
    stage.ask("who connects?")
    (answer,) = await stage.answered(stage.channel)
    stage.discord.reply(stage.person, answer, f"{MENTION} and now?")
    answers = await stage.answered(stage.channel, 2)

    assert "The answer to and now?" in answers[1].shown
    assert "who connects?" in str(stage.model.requests[-1]["messages"])


async def test_where_no_more_threads_fit_it_answers_in_the_channel(stage: DiscordStage) -> None:
    stage.discord.fail("start_thread_from_message", Fault(status=400, code=160006, message="Too many threads"))
    stage.ask("who connects?")
    (answer,) = await stage.answered(stage.channel)

    assert "The answer to who connects?" in answer.shown


async def test_a_thread_that_is_archived_is_answered_in(stage: DiscordStage) -> None:
    thread = stage.ask("tools")
    await stage.answered(thread)
    stage.discord.archive(thread)
    stage.say("tools", channel=thread)
    await stage.answered(thread, 2)


async def test_a_thread_that_is_gone_is_told_to_the_person_directly(stage: DiscordStage) -> None:
    stage.model.pace_s = 0.5
    thread = stage.ask("who connects?")
    await stage.shown(thread, "looking at the network")
    stage.discord.remove_channel(thread)
    (told,) = await stage.shown(stage.direct, "I could not answer where you asked")

    assert "the channel is gone" in told.shown


async def test_a_locked_thread_is_told_to_the_person_directly(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    stage.discord.lock(thread)
    await stage.discord.press(stage.person, answer, "Run again")
    (told,) = await stage.shown(stage.direct, "I could not answer where you asked")

    assert "the thread is locked" in told.shown


async def test_a_command_where_netspy_sees_nothing_is_answered_there(stage: DiscordStage) -> None:
    stage.discord.deny(stage.channel, Permission.VIEW_CHANNEL)
    stage.model.pace_s = 0.01
    stage.model.says = lambda _: "The answer. " * 180
    await stage.discord.slash(stage.person, stage.channel, "ask", {"question": "who connects?"})
    await stage.discord.until(lambda: stage.finals(stage.channel))

    assert len(stage.answers(stage.channel)) > 1
    assert all("Stop" not in labels(answer) for answer in stage.answers(stage.channel))
    assert not stage.answers(stage.direct)


async def test_a_deleted_question_stops_its_answer(stage: DiscordStage) -> None:
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await stage.shown(thread, "looking at the network")
    stage.discord.delete(stage.channel, thread)
    await stage.shown(thread, "Stopped, because the question was deleted.")
