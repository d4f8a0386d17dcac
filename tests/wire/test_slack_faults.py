"""What netspy does in Slack when something breaks: connections, tokens, processes, messages that change or vanish."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest

from tests.loopback.openai_script import Call
from tests.loopback.slack_faults import HTML, Fault
from tests.loopback.slack_socket import Reason
from tests.wire.slack_stage import BOT, DANA, LIST, MENTION, PAYMENTS, SlackStage, open_slack_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[SlackStage]:
    async with open_slack_stage(tmp_path) as opened:
        yield opened


async def showing(stage: SlackStage, thread: str, text: str) -> None:
    await stage.slack.until(lambda: any(text in message.shown for message in stage.answers(thread)))


async def test_a_follow_up_in_an_old_thread_is_answered_with_its_history_after_a_restart(stage: SlackStage) -> None:
    first = await stage.start()
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    assert await first.end() == 0
    await stage.slack.until(lambda: not stage.slack.connections)
    await stage.start()
    stage.slack.say(DANA, PAYMENTS, "and now?", thread=thread)
    answers = await stage.answered(thread, 2)

    assert "The answer to and now?" in answers[1].shown
    assert "who connects?" in str(stage.model.requests[-1]["messages"])


async def test_an_answer_that_a_kill_cut_off_is_completed_in_its_message(stage: SlackStage) -> None:
    first = await stage.start()
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await showing(stage, thread, "Here it is")
    await first.kill()
    stage.model.hanging.clear()
    await stage.start()
    (answer,) = await stage.answered(thread)

    assert answer.shown.count("The answer to who connects?") == 1
    assert not answer.streaming


async def test_what_was_sent_before_a_kill_is_not_sent_again(stage: SlackStage) -> None:
    first = await stage.start()
    stage.slack.fail("chat.postMessage", Fault(lost=True))
    thread = stage.ask("list")
    await stage.slack.until(lambda: stage.answers(thread))
    await first.kill()
    await stage.start()
    await stage.slack.until(lambda: stage.slack.calls_of("conversations.replies"))
    follow = stage.slack.say(DANA, PAYMENTS, "tools", thread=thread)
    answers = await stage.answered(thread, 2)

    assert follow
    assert len(answers) == 2


async def test_three_replicas_answer_each_message_once(postgres_url: str, tmp_path: Path) -> None:
    async with open_slack_stage(tmp_path, database=postgres_url) as stage:
        for _ in range(3):
            await stage.start()
        stage.slack.rate_limit = None
        threads = [stage.ask(f"question {number}") for number in range(12)]
        for thread in threads:
            await stage.answered(thread)
        for thread in threads:
            stage.slack.say(DANA, PAYMENTS, "and then?", thread=thread)
        for thread in threads:
            await stage.answered(thread, 2)
        await stage.slack.all_acked()

        assert [len(stage.finals(thread)) for thread in threads] == [2] * 12


@pytest.mark.parametrize("reason", get_args(Reason))
async def test_it_comes_back_after_a_disconnect(stage: SlackStage, reason: Reason) -> None:
    await stage.start()
    (old,) = stage.slack.connections
    stage.slack.disconnect(reason)
    await stage.slack.until(lambda: stage.slack.connections and old not in stage.slack.connections)
    thread = stage.ask("tools")
    await stage.answered(thread)


async def test_a_websocket_that_is_cut_in_the_middle_of_an_answer_costs_nothing(stage: SlackStage) -> None:
    await stage.start()
    stage.model.pace_s = 0.3
    thread = stage.ask("who connects?")
    await showing(stage, thread, "Here it is")
    stage.slack.cut()
    (answer,) = await stage.answered(thread)
    await stage.slack.connected()
    again = stage.ask("tools")
    await stage.answered(again)

    assert answer.shown.count("The answer to who connects?") == 1


async def test_a_ticket_that_fails_is_replaced(stage: SlackStage) -> None:
    """The SDK's client would use the same one for ever."""
    bot = await stage.start()
    stage.slack.fail("apps.connections.open", Fault(status=500), times=3)
    stage.slack.cut()
    await stage.slack.until(lambda: stage.slack.connections)
    thread = stage.ask("tools")
    await stage.answered(thread)

    assert "Traceback" not in bot.said


async def test_slack_answering_html_for_a_while_delays_an_answer(stage: SlackStage) -> None:
    await stage.start()
    warm = stage.ask("tools")
    await stage.answered(warm)
    stage.slack.fail("*", Fault(html=HTML, status=503), times=8)
    thread = stage.ask("list")
    (answer,) = await stage.answered(thread)

    assert "curl" in answer.shown
    assert len(stage.finals(thread)) == 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("invalid_auth", "check SLACK_BOT_TOKEN"),
        ("token_revoked", "install the app again"),
        ("account_inactive", "removed"),
    ],
)
async def test_a_token_that_slack_refuses_is_told_to_the_operator_and_tried_again(
    stage: SlackStage, error: str, told: str
) -> None:
    stage.slack.fail("auth.test", Fault(error=error), times=1)
    bot = await stage.begin(SLACK_APP_TOKEN=stage.slack.app_token)
    await bot.logged("adapter.failed")
    await stage.slack.connected()
    thread = stage.ask("tools")
    await stage.answered(thread)

    assert told.lower() in bot.said.lower()
    assert error in bot.said


async def test_a_question_that_is_edited_while_it_is_answered_is_answered_as_it_is_now(stage: SlackStage) -> None:
    await stage.start()
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await showing(stage, thread, "Here it is")
    stage.slack.edit(PAYMENTS, thread, f"{MENTION} who listens?")
    (answer,) = await stage.answered(thread)

    assert "The answer to who listens?" in answer.shown
    assert "who connects?" not in answer.shown


async def test_an_edit_after_the_answer_is_told_to_its_author(stage: SlackStage) -> None:
    await stage.start()
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    stage.slack.edit(PAYMENTS, thread, f"{MENTION} who listens?")
    await stage.slack.until(lambda: stage.slack.ephemerals(DANA))

    assert "answered already" in stage.slack.ephemerals(DANA)[0].shown


async def test_a_mention_that_is_added_by_an_edit_is_heard(stage: SlackStage) -> None:
    await stage.start()
    thread = stage.slack.say(DANA, PAYMENTS, "who connects?")
    stage.slack.edit(PAYMENTS, thread, f"{MENTION} who connects?")
    (answer,) = await stage.answered(thread)

    assert "The answer to who connects?" in answer.shown


async def test_a_deleted_question_stops_its_answer(stage: SlackStage) -> None:
    await stage.start()
    thread = stage.ask("tools")
    await stage.answered(thread)
    stage.model.hanging.add("who connects?")
    question = stage.slack.say(DANA, PAYMENTS, "who connects?", thread=thread)
    await showing(stage, thread, "Here it is")
    stage.slack.delete(PAYMENTS, question)
    answers = await stage.answered(thread, 2)

    assert "Stopped, because the question was deleted." in answers[1].shown


async def test_an_archived_channel_is_told_to_the_person_directly(stage: SlackStage) -> None:
    await stage.start()
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await showing(stage, thread, "Here it is")
    stage.slack.archive(PAYMENTS)
    stage.slack.stop_session(DANA, PAYMENTS, thread)
    direct = stage.slack.space.direct(DANA).id
    await stage.slack.until(lambda: stage.slack.messages(direct))

    assert "that channel is archived" in stage.slack.messages(direct)[0].shown


async def test_a_command_where_netspy_is_not_says_how_to_invite_it(stage: SlackStage) -> None:
    await stage.start()
    elsewhere = stage.slack.space.add_channel("elsewhere", members=(DANA,))
    answer = await stage.slack.slash(DANA, elsewhere, "list")

    assert answer.message
    assert "/invite @netspy" in answer.message.shown


async def test_a_root_that_was_deleted_is_told_to_the_person_directly(stage: SlackStage) -> None:
    await stage.start()
    stage.model.hanging.add("who connects?")
    await stage.slack.slash(DANA, PAYMENTS, "who connects?")
    (root,) = stage.slack.messages(PAYMENTS)
    await showing(stage, root.ts, "Here it is")
    for message in (*stage.answers(root.ts), root):
        stage.slack.delete(PAYMENTS, message.ts)
    stage.slack.stop_session(DANA, PAYMENTS, root.ts)
    direct = stage.slack.space.direct(DANA).id
    await stage.slack.until(lambda: stage.slack.messages(direct))

    assert "gone" in stage.slack.messages(direct)[0].shown


async def test_without_a_history_scope_mentions_are_answered(stage: SlackStage) -> None:
    stage.slack.scopes -= {scope for scope in stage.slack.scopes if scope.endswith(":history")}
    stage.slack.subscribed.difference_update({"message.channels", "message.groups", "message.im", "message.mpim"})
    await stage.start()
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    stage.ask("and now?", thread=thread)
    answers = await stage.answered(thread, 2)

    assert "The answer to and now?" in answers[1].shown


async def test_questions_of_one_thread_are_answered_in_their_order(stage: SlackStage) -> None:
    await stage.start()
    thread = stage.ask("question 0")
    for number in range(1, 5):
        stage.slack.say(DANA, PAYMENTS, f"question {number}", thread=thread)
    answers = await stage.answered(thread, 5)
    await stage.slack.until(lambda: not any(m.reactions for m in stage.slack.messages(PAYMENTS, thread)))

    assert stage.slack.calls_of("reactions.add")
    said = [answer.shown for answer in answers]
    assert [f"The answer to question {number}" in text for number, text in enumerate(said)] == [True] * 5


async def test_a_message_that_is_delivered_again_is_answered_once(stage: SlackStage) -> None:
    bot = await stage.start()
    stage.slack.delivery.retry_delays_s = (0.05, 0.05, 0.05)
    stage.slack.fail("users.info", Fault(status=500), times=2)
    thread = stage.ask("who connects?")
    answers = await stage.answered(thread)
    await stage.slack.all_acked()
    await asyncio.sleep(0.2)

    assert [answer.user for answer in answers] == [BOT]
    assert len(stage.finals(thread)) == 1
    assert "slack.unacknowledged" in bot.said
    assert "Traceback" not in bot.said


async def test_without_a_status_line_the_message_itself_says_that_it_comes(stage: SlackStage) -> None:
    stage.slack.scopes.discard("assistant:write")
    stage.model.pace_s = 0.6
    stage.model.calls = ()
    await stage.start()
    stage.slack.fail("assistant.threads.setStatus", Fault(error="missing_scope"), times=9)
    warm = stage.ask("tools")
    await stage.answered(warm)
    thread = stage.ask("who connects?")
    await stage.slack.until(lambda: stage.answers(thread))
    (unfinished,) = stage.answers(thread)
    assert "The answer" not in unfinished.shown
    (answer,) = await stage.answered(thread)

    assert "The answer to who connects?" in answer.shown


async def test_a_websocket_that_is_refused_costs_the_ticket_but_not_the_connection(stage: SlackStage) -> None:
    """The SDK's client would try the same ticket for ever."""
    await stage.start()
    stage.slack.sockets.refusing = True
    stage.slack.cut()
    await stage.slack.until(lambda: stage.slack.sockets.refused)
    stage.slack.sockets.refusing = False
    await stage.slack.until(lambda: stage.slack.connections)
    thread = stage.ask("tools")
    await stage.answered(thread)


async def test_a_question_that_is_dropped_leaves_no_status_behind(stage: SlackStage) -> None:
    await stage.start()
    stage.model.calls = ()
    stage.model.says = lambda _: ""
    stage.model.hanging.add("who connects?")
    thread = stage.ask("tools")
    await stage.answered(thread)
    question = stage.slack.say(DANA, PAYMENTS, "who connects?", thread=thread)
    await stage.slack.until(lambda: stage.slack.status(PAYMENTS, thread))
    stage.slack.delete(PAYMENTS, question)
    await stage.slack.until(lambda: not stage.slack.status(PAYMENTS, thread))

    assert len(stage.answers(thread)) == 1


async def test_a_deleted_root_stops_the_answer_below_it(stage: SlackStage) -> None:
    """Slack keeps a gravestone for a message with replies, and tells of it as of an edit."""
    await stage.start()
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await showing(stage, thread, "Here it is")
    stage.slack.delete(PAYMENTS, thread)
    await showing(stage, thread, "Stopped, because the question was deleted.")


async def test_messages_that_the_new_answer_does_not_need_are_taken_away(stage: SlackStage) -> None:
    await stage.start()
    stage.model.calls = (LIST, Call("get_network_summary", {"duration": 600}))
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await stage.slack.until(lambda: len(stage.answers(thread)) == 2)
    stage.model.calls = (LIST,)
    stage.slack.edit(PAYMENTS, thread, f"{MENTION} who listens?")
    answers = await stage.answered(thread)
    await stage.slack.until(lambda: len(stage.answers(thread)) == 1)

    assert "The answer to who listens?" in answers[0].shown
