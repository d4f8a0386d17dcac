"""`netspy serve` in Discord: every way in, what comes back, and what happens when something breaks."""

from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path

import pytest

from adapters.discord.client import DiscordAdapter
from adapters.discord.credentials import DiscordCredentials
from tests.loopback.discord_faults import Fault
from tests.loopback.discord_ids import LEE
from tests.loopback.discord_intents import Intent
from tests.loopback.discord_message import File
from tests.loopback.discord_permissions import Permission
from tests.wire.discord_stage import BOT, DANA, DIRECT, MENTION, PAYMENTS, DiscordStage, labels, open_discord_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[DiscordStage]:
    """With one netspy that hears what happens."""
    async with open_discord_stage(tmp_path) as opened:
        await opened.start()
        yield opened


async def test_a_mention_makes_a_thread_named_after_the_question_with_the_answer_in_it(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)

    assert stage.discord.space.channels[thread].name == "who connects?"
    assert "curl" in answer.shown
    assert "The answer to who connects?" in answer.shown
    assert "list --duration 600 --max-events 5" in answer.shown
    assert labels(answer) == ["T1 as CSV", "Run again", "👍", "👎"]
    assert stage.discord.typed(thread)
    assert not stage.discord.refused


async def test_a_follow_up_in_the_thread_needs_no_mention_and_knows_it(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    stage.discord.say(DANA, thread, "and for nginx?")
    answers = await stage.answered(thread, 2)

    assert "The answer to and for nginx?" in answers[-1].shown
    assert "who connects?" in str(stage.model.requests[-1]["messages"])


async def test_a_follow_up_after_a_restart_is_answered_with_its_history(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    assert await stage.bots[0].end() == 0
    await stage.start()
    stage.discord.say(DANA, thread, "and now?")
    answers = await stage.answered(thread, 2)

    assert "The answer to and now?" in answers[-1].shown
    assert "who connects?" in str(stage.model.requests[-1]["messages"])


async def test_a_direct_message_is_answered(stage: DiscordStage) -> None:
    stage.discord.say(DANA, DIRECT, "who connects?")
    (answer,) = await stage.answered(DIRECT)

    assert "The answer to who connects?" in answer.shown


async def test_a_slash_command_fills_its_response(stage: DiscordStage) -> None:
    await stage.discord.slash(DANA, PAYMENTS, "netspy list", {"process": "curl", "max_events": 5})
    (answer,) = await stage.answered(PAYMENTS)

    assert "curl" in answer.shown
    assert "list --process curl" in answer.shown
    assert stage.model.requests == []


async def test_ask_takes_a_question(stage: DiscordStage) -> None:
    await stage.discord.slash(DANA, PAYMENTS, "ask", {"question": "who connects?"})
    (answer,) = await stage.answered(PAYMENTS)

    assert "The answer to who connects?" in answer.shown


async def test_a_reply_to_a_commands_answer_goes_on_with_it(stage: DiscordStage) -> None:
    await stage.discord.slash(DANA, PAYMENTS, "ask", {"question": "who connects?"})
    (answer,) = await stage.answered(PAYMENTS)
    stage.discord.reply(DANA, answer, f"{MENTION} and now?")
    answers = await stage.answered(PAYMENTS, 2)

    assert "The answer to and now?" in answers[-1].shown
    assert "who connects?" in str(stage.model.requests[-1]["messages"])


async def test_process_names_that_were_seen_are_offered(stage: DiscordStage) -> None:
    found = await stage.discord.complete(DANA, PAYMENTS, "netspy list", option="process", typed="cu")

    assert [choice["value"] for choice in found] == ["curl"]


async def test_the_menu_makes_a_message_the_question(stage: DiscordStage) -> None:
    stage.discord.say(LEE, PAYMENTS, "checkout times out")
    (message,) = stage.discord.messages(PAYMENTS)
    await stage.discord.context_menu(DANA, message, "Investigate with netspy")
    (answer,) = await stage.answered(PAYMENTS)

    assert "The answer to checkout times out" in answer.shown


async def test_commands_are_set_once(stage: DiscordStage) -> None:
    assert await stage.bots[0].end() == 0
    await stage.start()

    assert len([call for call in stage.discord.calls if call.method == "PUT" and "commands" in call.path]) == 1
    options = {option["name"] for option in stage.discord.commands["netspy"]["options"]}
    assert {"list", "failures", "summary", "status", "help"} <= options


async def test_run_again_and_feedback(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    await stage.discord.press(DANA, answer, "👍")
    await stage.discord.press(DANA, answer, "Run again")
    answers = await stage.answered(thread, 2)

    assert "The answer to who connects?" in answers[1].shown
    await stage.discord.until(lambda: any("Thank you" in each.shown for each in stage.discord.ephemerals(DANA)))


async def test_a_button_works_after_a_restart(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    assert await stage.bots[0].end() == 0
    await stage.start()
    await stage.discord.press(DANA, answer, "T1 as CSV")
    await stage.discord.until(lambda: any(each.attachments for each in stage.discord.ephemerals(DANA)))


async def test_a_slow_answer_shows_its_step_and_can_be_stopped(stage: DiscordStage) -> None:
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    (unfinished,) = await stage.shown(thread, "looking at the network")
    await stage.discord.press(DANA, unfinished, "Stop")
    (answer,) = await stage.answered(thread)

    assert "Stopped" in answer.shown
    assert "curl" in answer.shown


async def test_a_second_person_makes_netspy_wait_for_mentions(stage: DiscordStage) -> None:
    thread = stage.ask("tools")
    await stage.answered(thread)
    stage.discord.say(LEE, thread, "what about lunch?")
    await stage.answered(thread, 2)
    stage.discord.say(DANA, thread, "good idea")
    stage.discord.say(DANA, thread, f"{MENTION} tools")
    answers = await stage.answered(thread, 3)

    assert "only when I am mentioned" in answers[1].shown
    assert len(answers) == 3


async def test_without_the_right_to_make_threads_it_answers_in_the_channel(stage: DiscordStage) -> None:
    stage.discord.deny(PAYMENTS, Permission.CREATE_PUBLIC_THREADS)
    stage.ask("who connects?")
    (answer,) = await stage.answered(PAYMENTS)
    stage.discord.reply(DANA, answer, f"{MENTION} and now?")
    answers = await stage.answered(PAYMENTS, 2)

    assert "The answer to and now?" in answers[1].shown
    assert "who connects?" in str(stage.model.requests[-1]["messages"])


async def test_an_edited_question_is_answered_as_it_is_now(stage: DiscordStage) -> None:
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await stage.shown(thread, "looking at the network")
    stage.discord.edit(PAYMENTS, thread, f"{MENTION} who listens?")
    answers = await stage.answered(thread)

    assert "The answer to who listens?" in answers[-1].shown


async def test_an_answer_that_a_kill_cut_off_is_given_once(stage: DiscordStage) -> None:
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await stage.shown(thread, "looking at the network")
    await stage.bots[0].kill()
    stage.model.hanging.clear()
    await stage.start()
    (answer,) = await stage.answered(thread)

    assert answer.shown.count("The answer to who connects?") == 1


async def test_a_dropped_gateway_costs_no_message(stage: DiscordStage) -> None:
    for connection in [*stage.discord.connections]:
        connection.cut()
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)

    assert "The answer to who connects?" in answer.shown


async def test_a_message_whose_answer_is_lost_on_the_way_is_not_doubled(stage: DiscordStage) -> None:
    stage.discord.fail("create_message", Fault(lost=True))
    thread = stage.ask("list")
    answers = await stage.answered(thread)

    assert len(answers) == 1


async def test_text_from_the_network_pings_nobody(tmp_path: Path) -> None:
    hostile = ["@everyone", "@here", f"<@{LEE}>", "```", "<#1>", "[a](http://e.f)", "**b**"]
    async with open_discord_stage(tmp_path, processes=hostile) as stage:
        await stage.start()
        stage.model.says = lambda _: "Look at " + ", ".join(hostile)
        thread = stage.ask("who connects?")
        answers = await stage.answered(thread)

    assert all(not answer.pinged for answer in answers)
    assert all("```" in answer.shown for answer in answers)


async def test_a_token_that_is_refused_is_told_to_the_operator(tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path) as stage:
        bot = await stage.begin(DISCORD_TOKEN="wrong")
        await bot.logged("adapter.failed")

    assert "does not know the token. Set DISCORD_TOKEN anew" in bot.said


async def test_without_the_message_content_intent_it_answers_who_mentions_it(tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path) as stage:
        stage.discord.space.privileged = Intent(0)
        bot = await stage.start()
        thread = stage.ask("who connects?")
        await stage.answered(thread)
        stage.discord.say(DANA, thread, "and for nginx?")
        stage.discord.say(DANA, thread, "hello?")
        await stage.shown(thread, "I cannot read what you wrote")
        stage.discord.say(DANA, thread, f"{MENTION} and now?")
        answers = await stage.answered(thread, 2)

    assert "Message Content Intent" in bot.said
    assert "The answer to and now?" in answers[-1].shown
    assert sum("I cannot read what you wrote" in answer.shown for answer in answers) == 1


async def test_an_event_that_is_malformed_costs_nothing_else(stage: DiscordStage) -> None:
    stage.discord.event("MESSAGE_CREATE", {"id": "1"})
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    assert len(stage.discord.sessions) == 1
    assert "discord.event_unread" in stage.bots[0].said


async def test_a_thread_whose_making_was_not_answered_is_used(stage: DiscordStage) -> None:
    stage.discord.fail("start_thread_from_message", Fault(lost=True))
    thread = stage.ask("who connects?")
    answers = await stage.answered(thread)

    assert len(answers) == 1


async def test_where_no_more_threads_fit_it_answers_in_the_channel(stage: DiscordStage) -> None:
    stage.discord.fail("start_thread_from_message", Fault(status=400, code=160006, message="Too many threads"))
    stage.ask("who connects?")
    (answer,) = await stage.answered(PAYMENTS)

    assert "The answer to who connects?" in answer.shown


async def test_a_session_that_ended_costs_one_reconnection(stage: DiscordStage) -> None:
    stage.discord.invalidate(resumable=True)
    await stage.discord.until(lambda: stage.discord.gateway.opened > 1)
    thread = stage.ask("who connects?")
    answers = await stage.answered(thread)

    assert len(answers) == 1


async def test_three_replicas_answer_each_message_once(postgres_url: str, tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path, database=postgres_url) as stage:
        for _ in range(3):
            await stage.start()
        threads = [stage.ask(f"question {number}") for number in range(6)]
        for thread in threads:
            await stage.answered(thread)
        await stage.discord.slash(DANA, PAYMENTS, "netspy list")
        await stage.answered(PAYMENTS)
        stage.discord.say(DANA, threads[0], f"{MENTION} tools", files=[File("capture.csv", b"a,b")])
        await stage.answered(threads[0], 2)
        told = await stage.shown(threads[0], "I cannot read files yet (capture.csv)")

        assert sum("I cannot read files" in message.shown for message in told) == 1
        assert [len(stage.answers(thread)) for thread in threads[1:]] == [1] * 5
        assert BOT in {message.author for message in stage.discord.messages(PAYMENTS)}


async def test_the_doctor_finds_token_intent_and_commands(stage: DiscordStage) -> None:
    discord = stage.discord
    known = DiscordCredentials(token=discord.token, api_url=discord.api_url, gateway_url=discord.gateway_url)
    found = await DiscordAdapter(known, zone=UTC).check()
    assert [(check.part, check.state) for check in found] == [
        ("discord", "ok"),
        ("discord intent", "ok"),
        ("discord commands", "ok"),
    ]
    discord.space.privileged = Intent(0)
    intent = (await DiscordAdapter(known, zone=UTC).check())[1]
    wrong = await DiscordAdapter(DiscordCredentials(token="wrong", api_url=discord.api_url), zone=UTC).check()
    assert (intent.state, "Message Content Intent" in intent.remedy) == ("warning", True)
    assert [(check.state, "DISCORD_TOKEN" in check.remedy) for check in wrong] == [("fault", True)]


async def test_a_thread_that_is_archived_is_answered_in(stage: DiscordStage) -> None:
    thread = stage.ask("tools")
    await stage.answered(thread)
    stage.discord.archive(thread)
    stage.discord.say(DANA, thread, "tools")
    await stage.answered(thread, 2)


async def test_a_rate_limit_delays_and_loses_nothing(stage: DiscordStage) -> None:
    stage.discord.fail("create_message", Fault(retry_after_s=1))
    thread = stage.ask("list")
    (answer,) = await stage.answered(thread)

    assert "curl" in answer.shown


async def test_a_thread_that_is_gone_is_told_to_the_person_directly(stage: DiscordStage) -> None:
    stage.model.pace_s = 0.5
    thread = stage.ask("who connects?")
    await stage.shown(thread, "looking at the network")
    stage.discord.remove_channel(thread)
    (told,) = await stage.shown(DIRECT, "I could not answer where you asked")

    assert "the channel is gone" in told.shown


async def test_files_are_said_to_be_unread(stage: DiscordStage) -> None:
    file = File("capture.csv", b"a,b")
    stage.discord.say(DANA, PAYMENTS, f"{MENTION} tools", files=[file])
    await stage.shown(PAYMENTS, "I cannot read files yet (capture.csv)")


async def test_a_mention_in_a_forum_is_answered_in_its_post(stage: DiscordStage) -> None:
    forum = stage.discord.space.add_channel("incidents", "forum")
    post = stage.discord.open_post(DANA, forum, "checkout is slow", f"{MENTION} who connects?")
    await stage.answered(post)
    stage.discord.say(DANA, post, "and now?")
    answers = await stage.answered(post, 2)

    assert "The answer to and now?" in answers[-1].shown


async def test_a_locked_thread_is_told_to_the_person_directly(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    stage.discord.lock(thread)
    await stage.discord.press(DANA, answer, "Run again")
    (told,) = await stage.shown(DIRECT, "I could not answer where you asked")

    assert "the thread is locked" in told.shown


async def test_a_deleted_question_stops_its_answer(stage: DiscordStage) -> None:
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await stage.shown(thread, "looking at the network")
    stage.discord.delete(PAYMENTS, thread)
    await stage.shown(thread, "Stopped, because the question was deleted.")


async def test_a_command_where_netspy_sees_nothing_is_answered_there(stage: DiscordStage) -> None:
    stage.discord.deny(PAYMENTS, Permission.VIEW_CHANNEL)
    stage.model.pace_s = 0.01
    stage.model.says = lambda _: "The answer. " * 300
    await stage.discord.slash(DANA, PAYMENTS, "ask", {"question": "who connects?"})
    await stage.discord.until(lambda: stage.finals(PAYMENTS))

    assert len(stage.answers(PAYMENTS)) > 1
    assert all("Stop" not in labels(answer) for answer in stage.answers(PAYMENTS))
    assert not stage.answers(DIRECT)


async def test_pages_make_room_for_one_another(tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path, processes=[f"worker-{number}" for number in range(40)]) as stage:
        await stage.start()
        await stage.discord.slash(DANA, PAYMENTS, "netspy list", {"max_events": 40})
        (answer,) = await stage.answered(PAYMENTS)
        await stage.discord.press(DANA, answer, "Next of T1")
        await stage.discord.until(lambda: stage.discord.ephemerals(DANA) and stage.discord.ephemerals(DANA)[0].shown)
        (second,) = stage.discord.ephemerals(DANA)
        before = second.shown
        await stage.discord.press(DANA, second, "Next of T1")
        await stage.discord.until(lambda: second.shown != before)

        assert [page.shown for page in stage.discord.ephemerals(DANA)] == [second.shown]
        assert "worker-20" in before
        assert "worker-35" in second.shown
