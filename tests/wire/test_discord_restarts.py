"""What becomes of answers in Discord when processes end, by a signal or killed, and others begin."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.loopback.discord_permissions import Permission
from tests.wire.discord_stage import BOT, DiscordStage, open_discord_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[DiscordStage]:
    """With one netspy of its own."""
    async with open_discord_stage(tmp_path) as opened:
        await opened.start()
        yield opened


async def test_a_follow_up_after_a_restart_is_answered_with_its_history(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    assert await stage.bots[0].end() == 0
    await stage.start()
    stage.say("and now?", channel=thread)
    answers = await stage.answered(thread, 2)

    assert "The answer to and now?" in answers[-1].shown
    assert "who connects?" in str(stage.model.requests[-1]["messages"])


async def test_commands_are_set_once(stage: DiscordStage) -> None:
    assert await stage.bots[0].end() == 0
    await stage.start()

    assert len([call for call in stage.discord.calls if call.method == "PUT" and "commands" in call.path]) == 1
    options = {option["name"] for option in stage.discord.commands["netspy"]["options"]}
    assert {"list", "failures", "summary", "status", "help"} <= options


async def test_a_button_works_after_a_restart(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    assert await stage.bots[0].end() == 0
    await stage.start()
    await stage.discord.press(stage.person, answer, "T1 as CSV")
    await stage.discord.until(lambda: any(each.attachments for each in stage.discord.ephemerals(stage.person)))


async def test_an_answer_that_a_kill_cut_off_is_given_once(stage: DiscordStage) -> None:
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await stage.shown(thread, "looking at the network")
    await stage.bots[0].kill()
    stage.model.hanging.clear()
    await stage.start()
    (answer,) = await stage.answered(thread)

    assert answer.shown.count("The answer to who connects?") == 1


async def test_three_replicas_answer_each_message_once(postgres_url: str, tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path, database=postgres_url) as stage:
        for _ in range(3):
            await stage.start()
        threads = [stage.ask(f"question {number}") for number in range(6)]
        for thread in threads:
            await stage.answered(thread)
        await stage.slash("netspy list")
        await stage.answered(stage.channel)
        stage.ask("", channel=threads[0])
        await stage.shown(threads[0], "such as")
        stage.ask("tools", channel=threads[0])
        told = await stage.answered(threads[0], 2)

        assert sum("such as" in message.shown for message in told) == 1
        assert [len(stage.answers(thread)) for thread in threads[1:]] == [1] * 5
        assert BOT in {message.author for message in stage.discord.messages(stage.channel)}


async def test_an_answer_that_a_signal_cut_off_is_finished_by_the_next_process(stage: DiscordStage) -> None:
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await stage.shown(thread, "looking at the network")
    assert await stage.bots[0].end() == 0
    assert "Traceback" not in stage.bots[0].said
    stage.model.hanging.clear()
    await stage.start()
    (answer,) = await stage.answered(thread)

    assert answer.shown.count("The answer to who connects?") == 1


async def test_an_answer_that_a_signal_cut_off_is_finished_by_a_process_that_runs(
    postgres_url: str, tmp_path: Path
) -> None:
    async with open_discord_stage(tmp_path, database=postgres_url) as stage:
        await stage.start()
        stage.model.hanging.add("who connects?")
        thread = stage.ask("who connects?")
        await stage.shown(thread, "looking at the network")
        await stage.start()
        stage.model.hanging.clear()
        assert await stage.bots[0].end() == 0
        (answer,) = await stage.answered(thread)

        assert answer.shown.count("The answer to who connects?") == 1


async def cut_off_command(stage: DiscordStage) -> None:
    """A command whose netspy ends in the middle of its answer; another one begins."""
    stage.model.hanging.add("who connects?")
    await stage.slash("ask", question="who connects?")
    await stage.shown(stage.channel, "looking at the network")
    assert await stage.bots[0].end() == 0
    stage.model.hanging.clear()
    await stage.start()


async def test_a_commands_answer_that_was_cut_off_fills_its_response(stage: DiscordStage) -> None:
    await cut_off_command(stage)
    (answer,) = await stage.answered(stage.channel)

    assert "The answer to who connects?" in answer.shown


async def test_a_command_that_was_cut_off_where_netspy_may_not_write_fills_its_response(stage: DiscordStage) -> None:
    """What it has posted it may change."""
    stage.discord.deny(stage.channel, Permission.SEND_MESSAGES)
    await cut_off_command(stage)
    (answer,) = await stage.answered(stage.channel)

    assert "The answer to who connects?" in answer.shown


async def test_a_command_that_was_cut_off_where_netspy_sees_nothing_is_told_to_the_person(stage: DiscordStage) -> None:
    """Only the process that ended knew how to answer it."""
    stage.discord.deny(stage.channel, Permission.VIEW_CHANNEL)
    await cut_off_command(stage)
    (told,) = await stage.shown(stage.direct, "I could not answer where you asked")

    assert "View Channel" in told.shown
