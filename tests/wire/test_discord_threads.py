"""`netspy serve` in Discord: what is asked about a thread, in words and by its buttons."""

import pytest

from tests.loopback.discord_ids import LEE
from tests.wire.discord_stage import DiscordStage, labels

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def stage(in_discord: DiscordStage) -> DiscordStage:
    return in_discord


async def test_why_is_shown_to_who_presses_it_and_to_nobody_else(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    await stage.discord.press(stage.person, answer, "Why")

    def told() -> str:
        return "\n".join(message.shown for message in stage.discord.ephemerals(stage.person))

    await stage.discord.until(told)

    assert "**Question 1** by " in told()
    assert "1 tool call; answered by `gpt" in told()
    assert "list --duration 600 " in told()
    assert stage.discord.ephemerals(LEE) == []
    assert len(stage.answers(thread)) == 1


async def test_what_changed_is_the_next_answer_in_the_thread_and_asks_no_model(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    questions = len(stage.model.requests)
    await stage.discord.press(stage.person, answer, "What changed")
    *_, changed = await stage.answered(thread, 2)

    assert "Newest connection attempts: nothing changed, 1 as before" in changed.shown
    assert "What changed" in labels(changed)
    assert len(stage.model.requests) == questions


async def test_commands_about_a_thread_are_said_in_it(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    for count, text in enumerate(("why 1", "DIFF T1", "again", "forget", "why"), start=2):
        stage.say(text, channel=thread)
        await stage.answered(thread, count)
    _, why, diff, again, forget, nothing = [answer.shown for answer in stage.finals(thread)]

    assert "**Question 1** by " in why
    assert "The answer to who connects?" in why
    assert "nothing changed, 1 as before" in diff
    assert "The answer to who connects?" in again
    assert "Forgotten: 4 questions of this thread" in forget
    assert "nothing was asked in this thread before" in nothing
