"""What netspy does in Discord when its connection breaks, or what comes over it is broken."""

import pytest

from tests.wire.discord_stage import BOT, DiscordStage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def stage(in_discord: DiscordStage) -> DiscordStage:
    return in_discord


async def go_away(stage: DiscordStage) -> None:
    """The connection breaks, and a new one is not greeted."""
    stage.discord.gateway.greets.clear()
    stage.discord.cut()
    await stage.discord.until(lambda: not stage.discord.gateway.live)


async def come_back(stage: DiscordStage) -> None:
    """With the same session."""
    (session,) = stage.discord.sessions
    resumed = session.resumed
    stage.discord.gateway.greets.set()
    await stage.discord.until(lambda: session.resumed > resumed)


async def test_a_gateway_that_is_cut_in_the_middle_of_an_answer_costs_nothing(stage: DiscordStage) -> None:
    stage.model.hanging.add("who connects?")
    thread = stage.ask("who connects?")
    (unfinished,) = await stage.shown(thread, "looking at the network")
    await go_away(stage)
    await come_back(stage)
    await stage.discord.press(stage.person, unfinished, "Stop")
    (answer,) = await stage.answered(thread)

    assert answer.shown.count("Here it is") == 1


async def test_what_is_said_while_the_connection_is_away_is_answered_once(stage: DiscordStage) -> None:
    before = stage.ask("tools")
    await stage.answered(before)
    await go_away(stage)
    threads = [stage.ask(f"question {number}") for number in range(4)]
    stage.say("and then?", channel=before)
    stage.say("question 4", channel=stage.direct)
    await come_back(stage)
    for place in (*threads, stage.direct):
        await stage.answered(place)
    await stage.answered(before, 2)

    assert [len(stage.answers(place)) for place in (*threads, stage.direct, before)] == [1] * 5 + [2]
    assert stage.model.questions.count("question 0") == 1


async def test_a_gateway_that_refuses_connections_for_a_while_costs_nothing(stage: DiscordStage) -> None:
    (session,) = stage.discord.sessions
    resumed, said = session.resumed, len(stage.bots[0].said)
    stage.discord.gateway.is_open = False
    stage.discord.cut()
    await stage.discord.until(lambda: "Attempting a reconnect" in stage.bots[0].said[said:])
    thread = stage.ask("who connects?")
    stage.discord.gateway.is_open = True
    answers = await stage.answered(thread)

    assert session.resumed == resumed + 1
    assert len(answers) == 1
    assert "Traceback" not in stage.bots[0].said[said:]


async def test_what_discord_tells_again_is_answered_once(stage: DiscordStage) -> None:
    thread = stage.ask("tools")
    await stage.answered(thread)
    stage.ask("tools", channel=thread)
    stage.ask("", channel=thread)
    await stage.shown(thread, "such as")
    await stage.answered(thread, 2)
    await stage.slash("netspy list")
    await stage.answered(stage.channel)
    said = len(stage.bots[0].said)
    stage.discord.gateway.repeats = 100
    await go_away(stage)
    await come_back(stage)
    last = stage.ask("who connects?")
    await stage.answered(last)

    assert len(stage.answers(thread)) == 3
    assert len(stage.answers(stage.channel)) == 1
    assert " error " not in stage.bots[0].said[said:]


async def test_a_session_that_is_lost_costs_what_was_said_meanwhile_and_no_more(stage: DiscordStage) -> None:
    stage.discord.gateway.greets.clear()
    stage.discord.invalidate()
    await stage.discord.until(lambda: not stage.discord.gateway.live)
    lost = stage.ask("who connects?")
    stage.discord.gateway.greets.set()
    await stage.discord.connected()
    thread = stage.ask("who listens?")
    (answer,) = await stage.answered(thread)

    assert "The answer to who listens?" in answer.shown
    assert stage.answers(lost) == []


async def test_a_session_that_ended_costs_one_reconnection(stage: DiscordStage) -> None:
    opened = stage.discord.gateway.opened
    stage.discord.invalidate(resumable=True)
    await stage.discord.until(lambda: stage.discord.gateway.opened > opened)
    thread = stage.ask("who connects?")
    answers = await stage.answered(thread)

    assert len(answers) == 1


@pytest.mark.parametrize(
    ("code", "cause"),
    [(4000, "Discord failed"), (4008, "netspy sent too much at once"), (4009, "the session timed out")],
)
async def test_a_connection_that_discord_closes_is_resumed_and_its_cause_told(
    stage: DiscordStage, code: int, cause: str
) -> None:
    said, opened = len(stage.bots[0].said), stage.discord.gateway.opened
    sessions = [*stage.discord.gateway.sessions]
    stage.discord.close(code)
    await stage.discord.until(lambda: stage.discord.gateway.opened > opened)
    thread = stage.ask("who connects?")
    await stage.answered(thread)

    assert [*stage.discord.gateway.sessions] == sessions
    assert f"discord.disconnected code={code} cause={cause}" in stage.bots[0].said[said:]


async def test_a_reconnection_that_discord_asks_for_costs_nothing(stage: DiscordStage) -> None:
    stage.discord.reconnect()
    thread = stage.ask("who connects?")
    answers = await stage.answered(thread)

    assert len(answers) == 1


@pytest.mark.parametrize(
    ("name", "data"),
    [("MESSAGE_CREATE", {"id": "1"}), ("INTERACTION_CREATE", {"id": "1"}), ("THREAD_CREATE", {}), ("NEW_IN_2030", {})],
)
async def test_an_event_that_is_malformed_or_unknown_costs_nothing_else(
    stage: DiscordStage, name: str, data: dict[str, str]
) -> None:
    said, sessions = len(stage.bots[0].said), [*stage.discord.gateway.sessions]
    stage.discord.event(name, data)
    thread = stage.ask("who connects?")
    await stage.answered(thread)

    assert [*stage.discord.gateway.sessions] == sessions
    assert ("discord.event_unread" in stage.bots[0].said[said:]) == (name != "NEW_IN_2030")


async def test_a_malformed_event_among_those_that_were_missed_costs_nothing_else(stage: DiscordStage) -> None:
    await go_away(stage)
    before = stage.ask("who connects?")
    stage.discord.event("MESSAGE_CREATE", {"id": "1"})
    after = stage.ask("who listens?")
    await come_back(stage)
    await stage.answered(before)
    await stage.answered(after)

    assert [len(stage.answers(thread)) for thread in (before, after)] == [1, 1]


async def test_a_frame_that_is_no_json_costs_a_new_session(stage: DiscordStage) -> None:
    sessions = [*stage.discord.gateway.sessions]
    stage.discord.send_raw("<html>")
    await stage.discord.until(lambda: [*stage.discord.gateway.sessions] != sessions and stage.discord.gateway.live)
    thread = stage.ask("who connects?")
    await stage.answered(thread)

    assert {message.author for message in stage.answers(thread)} == {BOT}


async def test_a_slow_gateway_and_a_slow_api_only_take_their_time(stage: DiscordStage) -> None:
    stage.discord.gateway.latency_s = stage.discord.latency_s = 0.2
    await go_away(stage)
    thread = stage.ask("who connects?")
    await come_back(stage)
    await stage.answered(thread)
    await stage.slash("netspy list")
    await stage.answered(stage.channel)

    assert [len(stage.answers(place)) for place in (thread, stage.channel)] == [1, 1]
