"""Where netspy answers in Discord when it may not answer where it was asked, or the place is gone."""

from pathlib import Path

import pytest

from tests.loopback.discord_faults import Fault
from tests.loopback.discord_permissions import Permission
from tests.wire.discord_stage import MENTION, DiscordStage, labels, open_discord_stage

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


async def told_directly(stage: DiscordStage) -> str:
    (told,) = await stage.shown(stage.direct, "I could not answer where you asked")
    return told.shown


async def test_where_threads_may_not_be_written_in_it_answers_in_the_channel(stage: DiscordStage) -> None:
    stage.discord.deny(stage.channel, Permission.SEND_MESSAGES_IN_THREADS)
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(stage.channel)

    assert "The answer to who connects?" in answer.shown
    assert thread not in stage.discord.threads


async def test_where_only_threads_may_be_written_in_it_answers_in_one(stage: DiscordStage) -> None:
    stage.discord.deny(stage.channel, Permission.SEND_MESSAGES)
    thread = stage.ask("who connects?")
    await stage.answered(thread)


@pytest.mark.parametrize(
    ("denied", "named"),
    [
        (Permission.SEND_MESSAGES | Permission.SEND_MESSAGES_IN_THREADS, "Send Messages"),
        (Permission.SEND_MESSAGES | Permission.CREATE_PUBLIC_THREADS, "Send Messages"),
    ],
)
async def test_a_missing_permission_is_told_directly_by_its_name(
    stage: DiscordStage, denied: Permission, named: str
) -> None:
    stage.discord.deny(stage.channel, denied)
    stage.ask("who connects?")

    assert named in await told_directly(stage)


async def test_a_permission_that_is_taken_away_meanwhile_is_told_directly(stage: DiscordStage) -> None:
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    (unfinished,) = await stage.shown(thread, "looking at the network")
    stage.discord.deny(stage.channel, Permission.SEND_MESSAGES_IN_THREADS | Permission.VIEW_CHANNEL)
    await stage.discord.press(stage.person, unfinished, "Stop")

    assert "View Channel" in await told_directly(stage)


async def test_without_the_history_it_answers_in_a_thread(stage: DiscordStage) -> None:
    stage.discord.deny(stage.channel, Permission.READ_MESSAGE_HISTORY)
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    stage.say("and now?", channel=thread)
    answers = await stage.answered(thread, 2)

    assert "The answer to and now?" in answers[1].shown


async def test_without_the_history_nor_threads_it_answers_in_the_channel(stage: DiscordStage) -> None:
    stage.discord.deny(stage.channel, Permission.READ_MESSAGE_HISTORY | Permission.CREATE_PUBLIC_THREADS)
    stage.ask("who connects?")
    await stage.answered(stage.channel)
    stage.ask("")
    await stage.shown(stage.channel, "such as")


async def test_a_person_who_takes_no_direct_messages_is_named_in_the_log(stage: DiscordStage) -> None:
    stage.discord.space.users[stage.person].closed = True
    stage.discord.deny(stage.channel, Permission.SEND_MESSAGES | Permission.SEND_MESSAGES_IN_THREADS)
    stage.ask("who connects?")
    await stage.discord.until(lambda: f"discord.not_told user={stage.person}" in stage.bots[0].said)

    assert "takes no direct messages" in stage.bots[0].said


async def test_a_channel_that_is_deleted_meanwhile_is_told_directly(stage: DiscordStage) -> None:
    stage.model.pace_s = 0.5
    thread = stage.ask("who connects?")
    await stage.shown(thread, "looking at the network")
    stage.discord.remove_channel(stage.channel)

    assert "the channel is gone" in await told_directly(stage)


async def test_a_question_in_a_locked_thread_that_moderators_may_write_in_is_told_directly(stage: DiscordStage) -> None:
    thread = stage.ask("tools")
    await stage.answered(thread)
    stage.discord.archive(thread, locked=True)
    stage.ask("who connects?", channel=thread)

    assert "the thread is locked" in await told_directly(stage)


async def test_without_the_right_to_attach_files_the_answer_says_what_is_left_out(tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path, processes=[f"worker-{number}" for number in range(40)]) as stage:
        await stage.start()
        stage.discord.deny(stage.channel, Permission.ATTACH_FILES)
        thread = stage.ask("list --max-events 40")
        (answer,) = await stage.answered(thread)

        assert "t1.csv is left out: here I lack the permission Attach Files." in answer.shown
        assert not answer.attachments
