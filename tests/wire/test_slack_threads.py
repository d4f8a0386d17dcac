"""`netspy serve` in Slack: what is asked about a thread, in words and by its buttons."""

import pytest

from tests.loopback.slack_workspace import LEE
from tests.wire.slack_stage import DANA, SlackStage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_why_is_shown_to_who_presses_it_and_to_nobody_else(stage: SlackStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    await stage.slack.press(DANA, answer, "why")
    await stage.slack.until(stage.whispers)
    (told,) = stage.whispers()

    assert "**Question 1** by dana, at " in told.shown
    assert "1 tool call; answered by `gpt" in told.shown
    assert "list --duration 600 --max-events 5" in told.shown
    assert stage.whispers(LEE) == []
    assert len(stage.answers(thread)) == 1


async def test_what_changed_is_the_next_answer_in_the_thread(stage: SlackStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    questions = len(stage.model.requests)
    await stage.slack.press(LEE, answer, "diff")
    *_, changed = await stage.answered(thread, 2)
    await stage.slack.until(lambda: stage.whispers(LEE))

    assert "Newest connection attempts: nothing changed, 1 as before" in changed.shown
    assert "Its calls are made again, to see what changed." in stage.whispers(LEE)[0].shown
    assert len(stage.model.requests) == questions


async def test_commands_about_a_thread_are_said_in_it(stage: SlackStage) -> None:
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    for count, text in enumerate(("why", "DIFF T1", "again", "forget", "why"), start=2):
        stage.say(text, thread=thread)
        await stage.answered(thread, count)
    _, why, diff, again, forget, nothing = [answer.shown for answer in stage.finals(thread)]

    assert "**Question 1** by dana, at " in why
    assert "nothing changed, 1 as before" in diff
    assert "The answer to who connects?" in again
    assert "Forgotten: 4 questions of this thread" in forget
    assert "nothing was asked in this thread before" in nothing


async def test_buttons_of_what_is_forgotten_say_so_to_who_presses_them(stage: SlackStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    stage.say("forget", thread=thread)
    await stage.answered(thread, 2)
    for count, button in enumerate(("why", "diff", "again"), start=1):
        await stage.slack.press(DANA, answer, button)
        await stage.slack.until(lambda count=count: len(stage.whispers()) >= count)  # type: ignore[misc] # bound now

    assert all("That answer is not stored here any more." in told.shown for told in stage.whispers())
    assert len(stage.finals(thread)) == 2


@pytest.mark.parametrize("text", ["diff", "diff t1", "diff 12 t2", "again 3", "forget"])
async def test_a_slash_command_about_a_thread_is_sent_to_the_thread(stage: SlackStage, text: str) -> None:
    answer = await stage.slack.slash(DANA, stage.channel, text)

    assert answer.message
    assert f"Say {text} in the thread that it is for." in answer.message.shown
    assert stage.slack.messages(stage.channel) == []
