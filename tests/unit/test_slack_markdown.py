"""Prose for Slack: split where it may be, harmless, and steady while it grows."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.chunks import rest_of
from adapters.slack.markdown import ZERO_WIDTH, as_fallback, harmless, settled, split
from adapters.slack.render import Blocks, Markdown


def all_of(text: str, room: int = 12_000) -> list[str]:
    pieces = []
    while text:
        piece, text = split(text, room)
        pieces.append(piece)
    return pieces


def test_what_fits_is_left_whole() -> None:
    assert split("short\n\ntext") == ("short\n\ntext", "")


def test_long_prose_is_cut_behind_the_first_paragraph_that_ends_late_enough() -> None:
    text = "\n\n".join(["x" * 5000, "y" * 5000, "z" * 5000])
    assert all_of(text) == ["x" * 5000 + "\n\n" + "y" * 5000, "z" * 5000]


def test_what_was_shown_stays_where_it_is_while_the_text_grows() -> None:
    text = "\n\n".join(f"{n}. " + "word " * 300 for n in range(20))
    first = [split(text[:end])[0] for end in range(1000, len(text), 1000)]
    assert all(later.startswith(earlier.rstrip("\n ")) for earlier, later in pairwise(first))


@pytest.mark.parametrize(
    "text",
    ["line\n" * 4000, "A sentence. " * 2000, "word " * 5000, "x" * 30_000],
    ids=["lines", "sentences", "words", "none"],
)
def test_without_paragraphs_it_is_cut_at_the_best_place(text: str) -> None:
    pieces = all_of(text)
    assert all(0 < len(piece) <= 12_000 for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_fence_that_is_cut_is_closed_and_opened_again() -> None:
    pieces = all_of("before\n\n```\n" + "code line\n" * 3000 + "```\n\nafter")
    assert all(piece.count("```") % 2 == 0 for piece in pieces)
    assert "".join(pieces).count("code line") == 3000


def test_paragraphs_inside_of_code_are_no_borders() -> None:
    text = "x" * 8990 + "\n\n```\n" + "a\n\n" * 100 + "```\n\nend"
    first, rest = split(text)
    assert first.endswith("```")
    assert rest == "end"


@given(st.text("ab `\n~#", max_size=400), st.integers(40, 200))
def test_nothing_is_lost_by_a_cut(text: str, room: int) -> None:
    said = "".join(all_of(text.strip("\n"), room)).replace("`", "").replace("~", "")
    assert "".join(said.split()) == "".join(text.replace("`", "").replace("~", "").split())


@pytest.mark.parametrize(
    "text",
    [
        "**bold** and *it*",
        "- a\n- b",
        "1. a\n2. b",
        "# head",
        "> quote",
        "`code`",
        "```\ncode\n```",
        "a_b_c",
        "x < 5 > 3",
        "[T1]",
    ],
)
def test_markdown_keeps_its_form(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@U1>", "<\u200b@U1>"),
        ("`<!here>`", "`<\u200b!here>`"),
        ("[a](http://b)", "[a]\u200b(http:\u200b//b)"),
        ("`http://b`", "`http://b`"),
        ("```\nhttp://b\n```", "```\nhttp://b\n```"),
        ("a | b\n--|--\n1 | 2", "```\na | b\n--|--\n1 | 2\n```"),
        ("\x1b[31m", "\\x1b[31m"),
    ],
)
def test_what_slack_would_take_for_more_becomes_mere_text(text: str, read: str) -> None:
    assert harmless(text) == read


@pytest.mark.parametrize(
    ("growing", "kept"),
    [
        ("It was `cur", "It was "),
        ("It was `curl` and `ng", "It was `curl` and "),
        ("see [T1]", "see [T1"),
        ("a <", "a "),
        ("`open\n\nbut over", "`open\n\nbut over"),
        ("```\ncode `x", "```\ncode `x"),
        ("all said.", "all said."),
    ],
)
def test_what_may_still_become_something_else_waits(growing: str, kept: str) -> None:
    assert settled(growing) == kept


def test_a_notification_is_one_harmless_line() -> None:
    assert as_fallback("**a**\n<!here> & http://x", 300) == "**a** &lt;!here&gt; &amp; http:\u200b//x"
    assert len(as_fallback("x" * 1000, 300)) == 300


ONE, TWO = Blocks(({"type": "divider"},), ()), Blocks(({"type": "header"},), ())


def test_a_stream_gets_what_is_new() -> None:
    assert rest_of([], [ONE, Markdown("a")]) == [
        {"type": "blocks", "blocks": [{"type": "divider"}]},
        {"type": "markdown_text", "text": "a"},
    ]
    assert rest_of([ONE, Markdown("a")], [ONE, Markdown("abc"), TWO]) == [
        {"type": "markdown_text", "text": "bc"},
        {"type": "blocks", "blocks": [{"type": "header"}]},
    ]
    assert rest_of([ONE], [ONE]) == []


@pytest.mark.parametrize(
    ("sent", "parts"),
    [([Markdown("a")], [Markdown("b")]), ([ONE, TWO], [ONE]), ([ONE, Markdown("a")], [TWO, Markdown("ab")])],
)
def test_what_only_an_edit_can_mend_is_no_rest(sent: list[Blocks | Markdown], parts: list[Blocks | Markdown]) -> None:
    assert rest_of(sent, parts) is None


def test_the_zero_width_space_is_what_it_says() -> None:
    assert ZERO_WIDTH.isprintable() is False
