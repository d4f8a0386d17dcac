"""What is asked about a thread in Discord: by its buttons, in words, and as commands."""

import pytest

from bot.domain.message import Message
from tests.simulated.stage import SimulatedDiscord, labels, open_discord, said


def asked(stage: SimulatedDiscord) -> list[Message]:
    return [turn.message for turn in stage.turns]


async def test_why_is_shown_to_who_presses_it_and_is_no_answer_of_the_thread() -> None:
    async with open_discord() as stage:
        thread = await stage.ask("list")
        (answer,) = said(thread)
        pressed = await stage.lee.click(answer, label="Why")

        assert pressed.response is not None
        assert pressed.ephemeral
        assert "**Question 1** by dana, at " in pressed.response.content
        assert "1 tool call; no language model took part." in pressed.response.content
        assert pressed.response.id not in [message.id for message in thread.history(viewer=stage.dana)]
        assert len(stage.turns) == 1


async def test_what_changed_is_the_next_answer_of_the_thread_whoever_presses_it() -> None:
    async with open_discord() as stage:
        thread = await stage.ask("list")
        pressed = await stage.lee.click(said(thread)[0], label="What changed")
        _, changed = said(thread)

        assert pressed.response is not None
        assert pressed.ephemeral
        assert "Its calls are made again, to see what changed." in pressed.response.content
        assert ": nothing changed, 1 as before" in changed.content
        assert labels(changed)[-5:] == ["Run again", "What changed", "Why", "👍", "👎"]
        assert [(message.author.name, message.text) for message in asked(stage)] == [
            ("dana", "list"),
            ("lee", "diff 1"),
        ]


async def test_what_changed_in_what_changed_compares_with_the_first_answer() -> None:
    async with open_discord() as stage:
        thread = await stage.ask("list")
        await stage.dana.click(said(thread)[0], label="What changed")
        await stage.dana.click(said(thread)[1], label="What changed")

        assert [turn.results[0].call.arguments for turn in stage.turns[1:]] == [{"turn": 1}] * 2
        assert said(thread)[2].content == said(thread)[1].content


@pytest.mark.parametrize(
    ("line", "options", "text"),
    [
        ("why", {}, "why"),
        ("why", {"turn": "1"}, "why 1"),
        ("diff", {"turn": "1"}, "diff 1"),
        ("again", {}, "again"),
        ("forget", {}, "forget"),
    ],
)
async def test_commands_about_a_thread_work_in_it(line: str, options: dict[str, str], text: str) -> None:
    async with open_discord() as stage:
        thread = await stage.ask("list")
        (first,) = asked(stage)
        called = await stage.dana.slash(thread, f"netspy thread {line}", **options)

        assert (asked(stage)[-1].text, asked(stage)[-1].key) == (text, first.key)
        assert called.response is not None
        assert not called.ephemeral


async def test_buttons_of_what_is_forgotten_say_so_to_who_presses_them() -> None:
    async with open_discord() as stage:
        thread = await stage.ask("list")
        (answer,) = said(thread)
        await stage.dana.send(thread, "forget")
        for label in ("Why", "What changed", "Run again"):
            pressed = await stage.dana.click(answer, label=label)
            assert pressed.response is not None
            assert pressed.ephemeral
            assert "That answer is not stored here any more." in pressed.response.content

        assert [message.text for message in asked(stage)] == ["forget"]
