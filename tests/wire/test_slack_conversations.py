"""`netspy serve` in Slack over Socket Mode: every way in, and what comes back."""

import pytest

from tests.loopback.slack_workspace import LEE
from tests.wire.slack_stage import (
    BOT,
    DANA,
    DIRECT,
    MENTION,
    SlackStage,
    actions,
    kinds,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_mention_is_answered_in_its_thread_with_table_footer_and_prose(stage: SlackStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)

    assert "curl" in answer.shown
    assert "list --duration 600 --max-events 5" in answer.shown
    assert "The answer to who connects?" in answer.shown
    assert [kind for kind in kinds(answer) if kind != "plan"] == [
        "data_table",
        "context",
        "markdown",
        "actions",
        "context_actions",
    ]
    assert not stage.slack.refused
    assert not stage.slack.ignored


async def test_a_mention_that_comes_as_two_events_is_answered_once(stage: SlackStage) -> None:
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    await stage.slack.all_acked()

    kinds_of = [delivery.payload["event"]["type"] for delivery in stage.slack.deliveries]
    assert sorted(kinds_of[:2]) == ["app_mention", "message"]
    assert len(stage.finals(thread)) == 1
    assert stage.model.questions == ["who connects?"]


async def test_a_follow_up_needs_no_mention_and_knows_the_thread(stage: SlackStage) -> None:
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    stage.say("and for nginx?", thread=thread)
    answers = await stage.answered(thread, 2)

    assert "The answer to and for nginx?" in answers[-1].shown
    assert "who connects?" in str(stage.model.requests[-1]["messages"])


async def test_a_direct_message_is_answered_without_a_mention(stage: SlackStage) -> None:
    thread = stage.slack.say(DANA, DIRECT, "who connects?")
    (answer,) = await stage.answered(thread, channel=DIRECT)

    assert "The answer to who connects?" in answer.shown


async def test_a_slash_command_fills_its_root_at_once_and_its_thread_goes_on(stage: SlackStage) -> None:
    ack = await stage.slack.slash(DANA, stage.channel, "list --process curl")
    assert (ack.error, ack.payload) == ("", {})
    (root,) = stage.slack.messages(stage.channel)
    await stage.answered(root.ts)

    (root,) = stage.slack.messages(stage.channel)
    assert root.shown.startswith("dana: /netspy list --process curl")
    assert kinds(root)[:4] == ["section", "markdown", "data_table", "context"]
    assert not stage.slack.calls_of("conversations.replies")
    assert stage.model.requests == []

    stage.say("what is that?", thread=root.ts)
    answers = await stage.answered(root.ts, 2)
    assert "The answer to what is that?" in answers[-1].shown
    assert "list_connections" in str(stage.model.requests[0]["messages"])


@pytest.mark.parametrize("typed", ["ask who connects?", "who connects?"])
async def test_a_question_by_slash_command_is_answered_in_the_thread_of_its_root(stage: SlackStage, typed: str) -> None:
    await stage.slack.slash(DANA, stage.channel, typed)
    (root,) = stage.slack.messages(stage.channel)
    (answer,) = await stage.answered(root.ts)

    assert root.shown == "dana: /netspy who connects?"
    assert "The answer to who connects?" in answer.shown


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "How to ask"),
        ("ask", "How to ask"),
        ("help", "list [--flags]: "),
        ("help list", "--process"),
        ("status", "source ok"),
        ("quiet", "Say quiet in the thread that it is for."),
    ],
)
async def test_help_and_status_are_for_the_one_who_asks(stage: SlackStage, typed: str, told: str) -> None:
    answer = await stage.slack.slash(DANA, stage.channel, typed)

    assert answer.message
    assert answer.message.ephemeral_to == DANA
    assert told in answer.message.shown
    assert stage.slack.messages(stage.channel) == []


async def test_the_shortcut_makes_a_message_the_question(stage: SlackStage) -> None:
    alert = stage.say("checkout times out", user=LEE)
    await stage.slack.all_acked()
    (message,) = stage.slack.messages(stage.channel)
    ack = await stage.slack.shortcut(DANA, message, "investigate")
    (answer,) = await stage.answered(alert)

    assert ack.error == ""
    assert "The answer to checkout times out" in answer.shown


async def test_the_home_shows_help_and_how_the_source_is(stage: SlackStage) -> None:
    stage.slack.open_home(DANA, "home")
    await stage.slack.until(lambda: DANA in stage.slack.homes)

    said = str(stage.slack.homes[DANA])
    assert "source ok" in said
    assert "list [--flags]" in said


async def test_opening_the_messages_suggests_prompts(stage: SlackStage) -> None:
    stage.slack.open_home(DANA, "messages")
    await stage.slack.until(lambda: stage.slack.prompts)

    assert len(stage.slack.prompts[0].prompts) == 4


async def test_a_message_to_nobody_is_left_alone(stage: SlackStage) -> None:
    stage.say("good morning")
    stage.say(f"<@{DANA}> look at this", user=LEE)
    await stage.slack.all_acked()
    thread = stage.ask("tools")
    await stage.answered(thread)

    assert [call.method for call in stage.slack.calls if call.method == "chat.postMessage"] == ["chat.postMessage"]


async def test_a_second_person_makes_netspy_wait_for_mentions_and_say_so(stage: SlackStage) -> None:
    thread = stage.ask("tools")
    await stage.answered(thread)
    stage.say("what about lunch?", thread=thread, user=LEE)
    await stage.answered(thread, 2)
    stage.say("good idea", thread=thread)
    await stage.slack.all_acked()
    stage.ask("tools", thread=thread)
    answers = await stage.answered(thread, 3)

    assert "only when I am mentioned" in answers[1].shown
    assert len(answers) == 3


async def test_quiet_is_kept(stage: SlackStage) -> None:
    thread = stage.ask("tools")
    await stage.answered(thread)
    stage.say("quiet", thread=thread)
    await stage.answered(thread, 2)
    stage.say("tools", thread=thread)
    await stage.slack.all_acked()
    stage.ask("status", thread=thread)
    answers = await stage.answered(thread, 3)

    assert ["Quiet" in answer.shown for answer in answers] == [False, True, False]


async def test_an_empty_mention_says_what_to_do(stage: SlackStage) -> None:
    thread = stage.say(MENTION)
    (answer,) = await stage.answered(thread)

    assert "there is nothing to answer. Ask a question, or type help" in answer.shown


async def test_a_message_of_40000_characters_says_what_to_do(stage: SlackStage) -> None:
    thread = stage.ask("x" * 39_900)
    (answer,) = await stage.answered(thread)

    assert "20,000 are the most" in answer.shown


async def test_a_message_of_nothing_but_blocks_is_read(stage: SlackStage) -> None:
    section = {
        "type": "rich_text_section",
        "elements": [{"type": "user", "user_id": BOT}, {"type": "text", "text": " who?"}],
    }
    blocks = [{"type": "rich_text", "elements": [section]}]
    thread = stage.slack.say(DANA, DIRECT, "", blocks=blocks)
    (answer,) = await stage.answered(thread, channel=DIRECT)

    assert "The answer to who?" in answer.shown


async def test_other_bots_and_its_own_messages_are_not_answered(stage: SlackStage) -> None:
    robot = stage.slack.space.add_user("robot", is_bot=True)
    stage.slack.invite(stage.channel, robot)
    stage.slack.say(robot, stage.channel, f"{MENTION} tools", bot_id="B0ROBOT")
    await stage.slack.all_acked()
    thread = stage.ask("tools")
    await stage.answered(thread)

    assert [message.user for message in stage.slack.messages(stage.channel)] == [robot, DANA]
    assert len(stage.slack.calls_of("chat.postMessage")) == 1


async def test_an_event_of_an_unknown_type_is_acknowledged(stage: SlackStage) -> None:
    stage.slack.subscribed.add("entirely_new")
    stage.slack.event("entirely_new", channel=stage.channel)
    stage.slack.event("app_context_changed", user=DANA)
    await stage.slack.all_acked()


async def test_buttons_stand_under_an_answer(stage: SlackStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)

    assert actions(answer) == ["csv:T1", "again", "diff", "why", "feedback"]


async def test_feedback_is_noted(stage: SlackStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    await stage.slack.feedback(DANA, answer, "positive")
    await stage.slack.until(stage.whispers)

    assert "Thank you; noted with the answer." in stage.whispers()[0].shown


async def test_run_again_asks_the_same_question_once_more(stage: SlackStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    await stage.slack.press(DANA, answer, "again")
    answers = await stage.answered(thread, 2)

    assert "The answer to who connects?" in answers[1].shown


async def test_run_again_under_a_command_leaves_its_root_as_it_is(stage: SlackStage) -> None:
    await stage.slack.slash(DANA, stage.channel, "list")
    (root,) = stage.slack.messages(stage.channel)
    await stage.answered(root.ts)
    (root,) = stage.slack.messages(stage.channel)
    before = root.shown
    await stage.slack.press(DANA, root, "again")
    answers = await stage.answered(root.ts, 2)

    assert stage.slack.messages(stage.channel)[0].shown == before
    assert "curl" in answers[0].shown


async def test_a_csv_comes_as_a_file_in_the_thread(stage: SlackStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    await stage.slack.press(DANA, answer, "csv:T1")
    await stage.slack.until(lambda: stage.slack.uploads)

    (upload,) = stage.slack.uploads
    assert upload.file.content
    assert upload.file.content.startswith(b"time,destination")
    assert b"curl" in upload.file.content
    await stage.slack.until(lambda: any(message.files for message in stage.slack.messages(stage.channel, thread)))
