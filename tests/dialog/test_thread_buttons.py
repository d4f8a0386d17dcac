"""What people press below an answer about its thread: what has changed, and why."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.message import Again, Author, Diff, MessageId, Notice, Press, Reply, TurnId, Why
from bot.domain.network import Outcome
from bot.domain.turn import Memory
from tests.dialog.stage import message_of, press
from tests.dialog.thread_stage import ThreadStage, column, prose, tables, told
from tests.fakes import connection

REFUSED = [connection("ledger", "10.2.0.9:8443", outcome=Outcome.REFUSED, ago_s=n) for n in range(1, 31)]
CURL = [connection("curl", "10.2.0.9:443", ago_s=n) for n in range(1, 21)]


def staged() -> ThreadStage:
    return ThreadStage(events=[*REFUSED, *CURL])


async def pressed(stage: ThreadStage, count: int) -> list[Reply]:
    """The answers to presses below the answer to `q`, once there are so many."""
    names = [name for name in stage.outlets if name.startswith("q'")]
    while len([reply for name in names for reply in stage.outlets[name].replies]) < count:
        await asyncio.sleep(0)
        names = [name for name in stage.outlets if name.startswith("q'")]
    return [reply for name in names for reply in stage.outlets[name].replies]


async def test_what_changed_is_the_next_answer_of_the_thread_and_about_that_turn() -> None:
    stage = staged()
    async with stage.desk() as desk:
        await stage.ask(desk, "failures --process ledger --duration 300", message_id="q")
        await stage.ask(desk, "list --process curl")
        stage.later(600)
        shown = await desk.act(press(Diff(stage.first)))
        reply = await stage.reply_to("q'")
    assert shown.blocks == (Notice("info", "Its calls are made again, to see what changed."),)
    assert prose(reply).startswith("- Failed connection attempts: 1 gone")
    assert (await stage.kept(3)).message.text == "diff 1"


async def test_what_changed_is_told_once_for_a_press_that_is_delivered_twice() -> None:
    stage = staged()
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        event = press(Diff(stage.first))
        await desk.act(event)
        await desk.act(event)
        await stage.reply_to("q'")
        await stage.ask(desk, "list")
    assert [turn.message.text for turn in stage.store.turns.values()] == ["list", "diff 1", "list"]


async def test_what_changed_since_a_comparison_compares_with_the_same_turn() -> None:
    stage = staged()
    async with stage.desk() as desk:
        await stage.ask(desk, "failures --process ledger --duration 300")
        await stage.ask(desk, "diff", message_id="q")
        stage.later(600)
        await desk.act(press(Diff(stage.first)))
        reply = await stage.reply_to("q'")
    assert prose(reply).startswith("- Failed connection attempts: 1 gone")
    assert (await stage.kept(3)).results[0].call.arguments == {"turn": 1}


async def test_run_again_below_a_comparison_compares_once_more() -> None:
    stage = staged()
    async with stage.desk() as desk:
        await stage.ask(desk, "failures --process ledger --duration 300")
        await stage.ask(desk, "list --process curl")
        await stage.ask(desk, "diff 1", message_id="q")
        stage.later(600)
        await desk.act(press(Again(stage.first)))
        reply = await stage.reply_to("q'")
    assert prose(reply).startswith("- Failed connection attempts: 1 gone")


async def test_run_again_below_an_answer_to_that_asks_the_first_question_however_often() -> None:
    stage = staged()
    async with stage.desk() as desk:
        await stage.ask(desk, "list --process curl --max-events 1", message_id="q")
        newest = stage.first
        for count in range(1, 31):
            await desk.act(press(Again(newest)))
            newest = (await pressed(stage, 1))[0].turn
            stage.outlets.pop("q'")
            kept = await stage.kept(count + 1)
            assert kept.message.command is not None
            assert kept.message.command.arguments == {"turn": 1}
    assert kept.message.text == "list --process curl --max-events 1"
    assert [result.call.arguments["max_events"] for result in kept.results] == ["1"]


async def test_why_is_shown_to_who_presses_it_and_is_no_turn_of_the_thread() -> None:
    stage = staged()
    async with stage.desk() as desk:
        await stage.ask(desk, "why is ledger failing?", message_id="q")
        await stage.ask(desk, "list")
        shown = await desk.act(press(Why(stage.first)))
    assert prose(shown).startswith("**Question 1** by dana, at ")
    assert column(tables(shown)[0], "asked")[0] == "failures --process ledger --duration 300"
    assert shown.turn == stage.first
    assert len(stage.store.turns) == 2


async def test_why_of_a_turn_that_a_summary_stands_for_says_so() -> None:
    stage = staged()
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        await stage.store.remember(message_of("").key, Memory("listed", 1, told=True))
        shown = await desk.act(press(Why(stage.first)))
    assert prose(shown).endswith("The language model knows a summary of it only; `why` without a number shows that.")


async def test_who_presses_is_the_author_of_what_follows() -> None:
    stage = staged()
    eve = Author("v", "eve")
    async with stage.desk() as desk:
        await stage.ask(desk, "list", message_id="q")
        await desk.act(Press(Diff(stage.first), MessageId("pressed"), eve))
        await stage.reply_to("q'")
    assert (await stage.kept(2)).message.author == eve


@pytest.mark.parametrize("text", ["help", "hello"])
async def test_what_changed_below_an_answer_without_calls_says_that_there_were_none(text: str) -> None:
    stage = staged()
    async with stage.desk() as desk:
        await stage.ask(desk, text, message_id="q")
        await desk.act(press(Diff(stage.first)))
        said = told(await stage.reply_to("q'"))
    assert said == "diff 1: that turn called no tool. Type diff without a number for the last calls"


async def test_run_again_below_help_shows_help() -> None:
    stage = staged()
    async with stage.desk() as desk:
        first = await stage.ask(desk, "help", message_id="q")
        await desk.act(press(Again(stage.first)))
        second = await stage.reply_to("q'")
    assert replace(second, turn=first.turn) == first


async def test_what_changed_in_a_turn_that_nobody_knows_asks_nothing() -> None:
    stage = staged()
    async with stage.desk() as desk:
        shown = await desk.act(press(Diff(TurnId("?"))))
    assert "not stored here any more" in told(shown)
    assert stage.store.turns == {}
