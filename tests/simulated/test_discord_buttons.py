"""What is pressed below answers: by whom, how often, and after what."""

from dataclasses import replace

import discord
import pytest
import simcord

from bot.codec import encode_action
from bot.domain.message import Again, Button, Csv, Feedback, Page, Stop, TurnId
from bot.domain.table import Column, Table
from tests.fakes import FakeHost, result
from tests.simulated.stage import SimulatedDiscord, labels, open_discord, said, tools

ROWS = 40
ABOUT_THE_TURN = {"What changed", "Why"}
"""What these bring is the conversation's to test; that it is shown is tested with any answer."""
FORGOTTEN = TurnId("f" * 32)


def shown(pressed: simcord.InteractionResult) -> simcord.ResponseMessage:
    """What a press brought, to who pressed only."""
    assert pressed.response is not None
    assert pressed.ephemeral
    return pressed.response


def posted(stage: SimulatedDiscord, custom_id: str) -> discord.Message:
    """A message of netspy's with such a button."""
    button = {"type": 2, "style": 2, "label": "Press", "custom_id": custom_id}
    backend, row = stage.env.backend, {"type": 1, "components": [button]}
    backend.create_message(stage.payments.id, backend.bot_user.id, "An answer", components=[row])
    return said(stage.payments)[-1]


@pytest.mark.parametrize("restarted", [False, True], ids=["by the process that answered", "after a restart"])
async def test_everything_below_an_answer_can_be_pressed(*, restarted: bool) -> None:
    async with open_discord(host=tools(rows=ROWS)) as stage:
        thread = await stage.ask("list")
        if restarted:
            await stage.restart()
        (answer,) = said(thread)
        pressed = [label for label in labels(answer) if label not in ABOUT_THE_TURN]
        brought = {label: shown(await stage.lee.click(answer, label=label)) for label in pressed}

        assert "list_connections-15" in brought["Next of T1"].content
        assert [file.filename for file in brought["T1 as CSV"].attachments] == ["t1.csv"]
        assert "Asked again." in brought["Run again"].content
        assert "Thank you" in brought["👍"].content
        assert "Thank you" in brought["👎"].content
        assert len(said(thread)) == 2


async def test_what_a_press_brings_is_seen_by_nobody_else() -> None:
    async with open_discord(host=tools(rows=ROWS)) as stage:
        thread = await stage.ask("list")
        page = shown(await stage.dana.click(said(thread)[0], label="Next of T1"))

        assert page.id in [message.id for message in thread.history(viewer=stage.dana)]
        assert page.id not in [message.id for message in thread.history(viewer=stage.lee)]


async def test_what_a_press_brings_in_several_messages_is_seen_by_nobody_else() -> None:
    columns = tuple(Column(f"note {number}") for number in range(13))
    table = Table("Wide", columns, tuple((f"{row} " + "word " * 5,) * 13 for row in range(ROWS)), ROWS)
    host = FakeHost({"list_connections": replace(result("list_connections"), tables=(table,))})
    async with open_discord(host=host) as stage:
        thread = await stage.ask("list")
        before = len(thread.history(viewer=stage.lee))
        pressed = await stage.dana.click(said(thread)[-1], label="Next of T1")

        assert len(pressed.followups) > 1
        assert len(thread.history(viewer=stage.lee)) == before


async def test_a_page_makes_room_for_the_next_one() -> None:
    async with open_discord(host=tools(rows=ROWS)) as stage:
        thread = await stage.ask("list")
        second = shown(await stage.dana.click(said(thread)[0], label="Next of T1"))
        await stage.dana.click(second, label="Next of T1")

        assert "list_connections-30" in second.content
        assert "list_connections-15" not in second.content
        assert labels(second) == ["Previous of T1", "T1 as CSV"]
        assert len(thread.history(viewer=stage.dana)) == 2


async def test_a_csv_has_all_rows() -> None:
    async with open_discord(host=tools(rows=ROWS)) as stage:
        (answer,) = said(await stage.ask("list"))
        (file,) = shown(await stage.dana.click(answer, label="T1 as CSV")).attachments

        assert len((await file.read()).splitlines()) == 1 + ROWS


async def test_stop_ends_a_slow_answer_whoever_presses_it() -> None:
    async with open_discord(host=tools(waits=True)) as stage:
        thread, progress = await stage.begin("list")
        assert labels(progress) == ["Stop"]
        pressed = await stage.lee.click(progress, label="Stop")
        (answer,) = said(thread)

        assert "Stopping." in shown(pressed).content
        assert "Stopped" in answer.content
        assert labels(answer) == ["Run again", "What changed", "Why", "👍", "👎"]


async def test_run_again_in_a_direct_message() -> None:
    async with open_discord() as stage:
        await stage.dana.send_dm("list")
        (answer,) = said(stage.dana.user.dm_channel)
        await stage.dana.user.click(answer, label="Run again")

        assert sum("list" in told for told in stage.directly(stage.dana)) >= 2


@pytest.mark.parametrize("custom_id", ["confirm", "x" * 100, "0123:again", f"{FORGOTTEN}:explode:", "narrow/"])
async def test_a_button_of_something_else_is_said_to_be_none_of_ours(custom_id: str) -> None:
    async with open_discord() as stage:
        pressed = await stage.dana.click(posted(stage, custom_id), custom_id=custom_id)
        assert shown(pressed).content == "This button is of another netspy."


@pytest.mark.parametrize(
    "button",
    [Again(FORGOTTEN), Csv(FORGOTTEN, "T1"), Page(FORGOTTEN, "T1", 2), Feedback(FORGOTTEN, "up"), Stop(FORGOTTEN)],
    ids=["again", "csv", "page", "feedback", "stop"],
)
async def test_a_button_of_an_answer_that_is_forgotten_says_so(button: Button) -> None:
    async with open_discord() as stage:
        pressed = await stage.dana.click(posted(stage, encode_action(button)), label="Press")
        told = shown(pressed).content
        assert "not stored here any more" in told or "nothing to stop" in told
        assert stage.turns == []


async def test_a_table_that_is_none_of_the_answers_is_said_to_be_missing() -> None:
    async with open_discord() as stage:
        await stage.ask("list")
        (turn,) = stage.turns
        pressed = await stage.dana.click(posted(stage, encode_action(Csv(turn.id, "T9"))), label="Press")
        assert "T9" in shown(pressed).content
        assert shown(pressed).attachments == []
