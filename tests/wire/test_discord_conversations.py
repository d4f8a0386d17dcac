"""`netspy serve` in Discord: every way in, and what comes back."""

from datetime import UTC
from pathlib import Path

import pytest

from adapters.discord.client import DiscordAdapter
from adapters.discord.credentials import DiscordCredentials
from tests.loopback.discord_ids import BOT_ROLE, LEE
from tests.loopback.discord_intents import Intent
from tests.wire.discord_stage import MENTION, DiscordStage, labels, open_discord_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def stage(in_discord: DiscordStage) -> DiscordStage:
    return in_discord


async def test_a_mention_makes_a_thread_named_after_the_question_with_the_answer_in_it(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)

    assert stage.discord.space.channels[thread].name == "who connects?"
    assert "curl" in answer.shown
    assert "The answer to who connects?" in answer.shown
    assert "list --duration 600 --max-events 5" in answer.shown
    assert labels(answer) == ["T1 as CSV", "T1 for a phone", "Run again", "What changed", "Why", "👍", "👎"]
    assert stage.discord.typed(thread)
    assert not stage.discord.refused


async def test_a_follow_up_in_the_thread_needs_no_mention_and_knows_it(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    await stage.answered(thread)
    stage.say("and for nginx?", channel=thread)
    answers = await stage.answered(thread, 2)

    assert "The answer to and for nginx?" in answers[-1].shown
    assert "who connects?" in str(stage.model.requests[-1]["messages"])


async def test_a_direct_message_is_answered(stage: DiscordStage) -> None:
    stage.say("who connects?", channel=stage.direct)
    (answer,) = await stage.answered(stage.direct)

    assert "The answer to who connects?" in answer.shown


async def test_a_slash_command_fills_its_response(stage: DiscordStage) -> None:
    await stage.discord.slash(stage.person, stage.channel, "netspy list", {"process": "curl", "max_events": 5})
    (answer,) = await stage.answered(stage.channel)

    assert "curl" in answer.shown
    assert "list --process curl" in answer.shown
    assert stage.model.requests == []


async def test_ask_takes_a_question(stage: DiscordStage) -> None:
    await stage.discord.slash(stage.person, stage.channel, "ask", {"question": "who connects?"})
    (answer,) = await stage.answered(stage.channel)

    assert "The answer to who connects?" in answer.shown


async def test_a_reply_to_a_commands_answer_goes_on_with_it(stage: DiscordStage) -> None:
    await stage.discord.slash(stage.person, stage.channel, "ask", {"question": "who connects?"})
    (answer,) = await stage.answered(stage.channel)
    stage.discord.reply(stage.person, answer, f"{MENTION} and now?")
    answers = await stage.answered(stage.channel, 2)

    assert "The answer to and now?" in answers[-1].shown
    assert "who connects?" in str(stage.model.requests[-1]["messages"])


async def test_process_names_that_were_seen_are_offered(stage: DiscordStage) -> None:
    found = await stage.discord.complete(stage.person, stage.channel, "netspy list", option="process", typed="cu")

    assert [choice["value"] for choice in found] == ["curl"]


async def test_the_menu_makes_a_message_the_question(stage: DiscordStage) -> None:
    stage.say("checkout times out", user=LEE)
    (message,) = stage.discord.messages(stage.channel)
    await stage.discord.context_menu(stage.person, message, "Investigate with netspy")
    (answer,) = await stage.answered(stage.channel)

    assert "The answer to checkout times out" in answer.shown


async def test_run_again_and_feedback(stage: DiscordStage) -> None:
    thread = stage.ask("who connects?")
    (answer,) = await stage.answered(thread)
    await stage.discord.press(stage.person, answer, "👍")
    await stage.discord.press(stage.person, answer, "Run again")
    answers = await stage.answered(thread, 2)

    assert "The answer to who connects?" in answers[1].shown
    await stage.discord.until(lambda: any("Thank you" in each.shown for each in stage.discord.ephemerals(stage.person)))


async def test_a_slow_answer_shows_its_step_and_can_be_stopped(stage: DiscordStage) -> None:
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    (unfinished,) = await stage.shown(thread, "looking at the network")
    await stage.discord.press(stage.person, unfinished, "Stop")
    (answer,) = await stage.answered(thread)

    assert "Stopped" in answer.shown
    assert "curl" in answer.shown


async def test_a_second_person_makes_netspy_wait_for_mentions(stage: DiscordStage) -> None:
    thread = stage.ask("tools")
    await stage.answered(thread)
    stage.say("what about lunch?", channel=thread, user=LEE)
    await stage.answered(thread, 2)
    stage.say("good idea", channel=thread)
    stage.say(f"{MENTION} tools", channel=thread)
    answers = await stage.answered(thread, 3)

    assert "only when I am mentioned" in answers[1].shown
    assert len(answers) == 3


async def test_the_role_that_has_netspys_name_means_netspy(stage: DiscordStage) -> None:
    thread = stage.say(f"<@&{BOT_ROLE}> who connects?")
    (answer,) = await stage.answered(thread)

    assert stage.discord.space.channels[thread].name == "who connects?"
    assert "The answer to who connects?" in answer.shown


async def test_an_edited_question_is_answered_as_it_is_now(stage: DiscordStage) -> None:
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    await stage.shown(thread, "looking at the network")
    stage.discord.edit(stage.channel, thread, f"{MENTION} who listens?")
    answers = await stage.answered(thread)

    assert "The answer to who listens?" in answers[-1].shown


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


async def test_a_mention_in_a_forum_is_answered_in_its_post(stage: DiscordStage) -> None:
    forum = stage.discord.space.add_channel("incidents", "forum")
    post = stage.discord.open_post(stage.person, forum, "checkout is slow", f"{MENTION} who connects?")
    await stage.answered(post)
    stage.say("and now?", channel=post)
    answers = await stage.answered(post, 2)

    assert "The answer to and now?" in answers[-1].shown


async def test_pages_make_room_for_one_another(tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path, processes=[f"worker-{number}" for number in range(40)]) as stage:
        await stage.start()
        await stage.discord.slash(stage.person, stage.channel, "netspy list", {"max_events": 40})
        (answer,) = await stage.answered(stage.channel)
        await stage.discord.press(stage.person, answer, "Next of T1")
        await stage.discord.until(
            lambda: stage.discord.ephemerals(stage.person) and stage.discord.ephemerals(stage.person)[0].shown
        )
        (second,) = stage.discord.ephemerals(stage.person)
        before = second.shown
        await stage.discord.press(stage.person, second, "Next of T1")
        await stage.discord.until(lambda: second.shown != before)

        assert [page.shown for page in stage.discord.ephemerals(stage.person)] == [second.shown]
        assert "worker-20" in before
        assert "worker-35" in second.shown


async def test_a_phone_gets_a_narrow_form_whose_pages_stay_narrow(tmp_path: Path) -> None:
    async with open_discord_stage(tmp_path, processes=[f"worker-{number}" for number in range(12)]) as stage:
        await stage.start()
        await stage.discord.slash(stage.person, stage.channel, "netspy list", {"max_events": 12})
        (answer,) = await stage.answered(stage.channel)
        await stage.discord.press(stage.person, answer, "T1 for a phone")
        await stage.discord.until(lambda: any(each.shown for each in stage.discord.ephemerals(stage.person)))
        (narrow,) = stage.discord.ephemerals(stage.person)
        first = narrow.shown
        await stage.discord.press(stage.person, narrow, "Next of T1")
        await stage.discord.until(lambda: narrow.shown != first)

        assert "worker-0" in first
        assert "worker-5" in narrow.shown
        codes = [text.split("```")[1].split("\n") for text in (first, narrow.shown)]
        assert max(len(line) for lines in codes for line in lines) <= 34
