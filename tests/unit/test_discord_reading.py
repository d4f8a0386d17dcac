"""Discord's messages as plain text."""

import pytest

from adapters.discord.reading import addressee, question
from bot.domain.message import Addressee

BOT = 900


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("<@900> why?", "why?"),
        ("<@!900>  why?", "why?"),
        ("hey <@900> and <@1>", "hey and @1"),
        ("see <#5> <:fire:123> <a:run:4>", "see #5 :fire: :run:"),
        ("since <t:1700000000:R>", "since 1700000000"),
        ("<@900>", ""),
        ("a < b > c", "a < b > c"),
    ],
)
def test_a_question_is_what_was_said_without_markup(said: str, asked: str) -> None:
    assert question(said, bot=BOT) == asked


@pytest.mark.parametrize(
    ("said", "mentions", "to"),
    [
        ("<@900> why?", {900}, "netspy"),
        ("<@900> <@1> why?", {900, 1}, "netspy"),
        ("why?", {900}, "netspy"),
        ("why?", set(), "thread"),
        ("<@1> why?", {1}, "others"),
        ("<@&7> why?", set(), "others"),
        ("@here why?", set(), "others"),
    ],
)
def test_who_is_spoken_to(said: str, mentions: set[int], to: Addressee) -> None:
    assert addressee(said, bot=BOT, mentions=frozenset(mentions)) == to
