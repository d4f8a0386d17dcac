"""Slack's messages as plain text."""

from typing import Any

import pytest

from adapters.slack.reading import addressee, mentions, plain, question, text_of
from bot.domain.message import Addressee

BOT = "U0NETSPY"


@pytest.mark.parametrize(
    ("markup", "read"),
    [
        ("why?", "why?"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("<http://10.0.0.5:8080>", "http://10.0.0.5:8080"),
        ("<http://checkout.example.com|checkout.example.com>", "checkout.example.com"),
        ("<https://example.org/a|the page>", "the page (https://example.org/a)"),
        ("<mailto:dana@example.org|dana@example.org>", "dana@example.org"),
        ("<#C1|general> and <#C2>", "#general and #C2"),
        ("<@U1|dana> and <@U2>", "@dana and @U2"),
        ("<!here> <!subteam^S1|@ops> <!date^1^x|noon>", "@here @ops noon"),
        ("<!channel>", "@channel"),
        ("&lt;@U1&gt;", "<@U1>"),
        ("1 < 2", "1 < 2"),
    ],
)
def test_markup_is_read_as_people_see_it(markup: str, read: str) -> None:
    assert plain(markup) == read


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("<@U0NETSPY> why?", "why?"),
        ("hey <@U0NETSPY|netspy> why?", "hey why?"),
        ("<@U0NETSPY>", ""),
        ("<@U0NETSPY> list  --process\u00a0curl", "list --process\u00a0curl"),
        ("line one\n<@U0NETSPY> line two", "line one\n line two"),
        ("<@U1> and <@U0NETSPY>", "@U1 and"),
    ],
)
def test_a_question_is_what_was_said_without_the_mention(said: str, asked: str) -> None:
    assert question(said, bot=BOT) == asked


@pytest.mark.parametrize(
    ("said", "to"),
    [
        ("<@U0NETSPY> why?", "netspy"),
        ("<@U1> <@U0NETSPY|netspy> why?", "netspy"),
        ("why?", "thread"),
        ("<@U1> why?", "others"),
        ("<!here> why?", "others"),
        ("<!subteam^S1> why?", "others"),
        ("see <#C1> and <http://a.b>", "thread"),
        ("&lt;@U0NETSPY&gt;", "thread"),
    ],
)
def test_who_is_spoken_to(said: str, to: Addressee) -> None:
    assert addressee(said, bot=BOT) == to


def test_mentions_are_ids() -> None:
    assert mentions("<@U1> <@W2|x> <#C3> <!here>") == {"U1", "W2"}


ALERT: dict[str, Any] = {
    "bot_id": "B1",
    "text": "Firing",
    "attachments": [
        {"title": "HighErrorRate", "text": "checkout: 37 errors", "fields": [{"title": "node", "value": "node-a"}]},
        {"fallback": "see the dashboard"},
        {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "in blocks"}}]},
    ],
}


def test_an_alert_of_another_program_is_read_with_its_attachments() -> None:
    assert text_of(ALERT).split("\n") == [
        "Firing", "HighErrorRate", "checkout: 37 errors", "node: node-a", "see the dashboard", "in blocks",
    ]  # fmt: skip


def test_what_a_person_links_to_is_not_what_they_say() -> None:
    unfurled = {"text": "look", "attachments": [{"text": "a preview of the page"}]}
    assert text_of(unfurled) == "look"


def test_a_message_of_blocks_alone_is_read_in_order() -> None:
    section = {
        "type": "rich_text_section",
        "elements": [
            {"type": "user", "user_id": BOT},
            {"type": "text", "text": " why is "},
            {"type": "link", "url": "http://x", "text": "checkout"},
            {"type": "emoji", "name": "fire"},
        ],
    }
    items = {
        "type": "rich_text_list",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "slow"}]}],
    }
    message = {"text": "", "blocks": [{"type": "rich_text", "elements": [section, items]}, {"type": "divider"}]}
    assert text_of(message).split() == ["<@U0NETSPY>", "why", "is", "checkout:fire:", "slow"]


@pytest.mark.parametrize("broken", [{}, {"blocks": None}, {"blocks": [3]}, {"attachments": "x"}, {"text": None}])
def test_a_message_of_nothing_says_nothing(broken: dict[str, Any]) -> None:
    assert text_of(broken) == ""
