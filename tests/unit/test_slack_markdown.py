"""Prose for Slack: read by a parser of Markdown that knows nothing of how it was made harmless."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from adapters.slack.markdown import as_fallback, harmless
from adapters.slack.portions import split
from bot.markdown.fences import open_fence, stretches
from bot.tables.text import ZERO_WIDTH

PARSER = MarkdownIt("commonmark")
TABLE_PARSER = MarkdownIt("commonmark").enable("table")
MORE_THAN_TEXT = {"link_open", "image", "html_inline", "html_block"}
SIGNS = st.text(st.sampled_from("`[]():!<>~|-\\&#/ \na0"), max_size=60)
PIECES = st.lists(
    st.sampled_from(
        [
            *("```", "```\n", "~~~\n", "`", "``", "\\`", "\n", "\n\n", "> ", "- ", "   ", "    "),
            *("[a](http://e.example)", "[a]: http://e.example\n", "[a][b]", "![a](b)", "<http://e.example>", "<b>"),
            *("| a | b |\n", "|---|:-:|\n", "a | b\n", "- | -\n", "&lt;", "&#60;", "<!here>", "<@U0LEE>", "word", "<"),
        ]
    ),
    max_size=14,
).map("".join)


def tokens(markdown: str, parser: MarkdownIt = PARSER) -> Iterator[Token]:
    environment: dict[str, object] = {}
    for token in parser.parse(markdown, environment):
        yield token
        yield from token.children or ()
    assert not environment.get("references"), f"{markdown!r} defines links"


@settings(max_examples=400)
@given(st.one_of(SIGNS, PIECES))
@example("a ` b\n```\nx ` y\n```\n[l](http://e.example)")
@example("\\\\`a` [l](http://e.example) `b`")
@example("- `\n- [a](http://e.example)\n- `")
def test_no_parser_finds_links_images_or_html(markdown: str) -> None:
    assert {token.type for token in tokens(harmless(markdown))} & MORE_THAN_TEXT == set()


@settings(max_examples=400)
@given(st.one_of(SIGNS, PIECES))
@example("| step | rows |\n|---|---:|\n| look at `curl` | 3 |")
@example("step | rows\n---|---\n`curl` | 3")
def test_no_parser_finds_tables(markdown: str) -> None:
    """Outside of code: this parser looks for tables before it looks for fences, other than the standard has it."""
    outside = "".join(stretch.text for stretch in stretches(markdown) if not stretch.marks)
    assert "table_open" not in {token.type for token in tokens(harmless(outside), TABLE_PARSER)}


@given(st.one_of(SIGNS, PIECES))
def test_nothing_is_lost_and_only_fences_around_tables_are_added(markdown: str) -> None:
    kept = harmless(markdown).replace(ZERO_WIDTH, "")
    for fence in ("```\n", "\n```"):
        kept = kept.replace(fence, "")
        markdown = markdown.replace(fence, "")
    assert kept.replace("\n", "").replace("`", "") == markdown.replace("\n", "").replace("`", "")


@settings(max_examples=400)
@given(st.one_of(SIGNS, PIECES), st.integers(0, 80))
@example("| a | b |\n|---|---|\n| 1 | 2 |\n", 10)
@example("step | rows\n---|---\n", 3)
@example("see http://e.example", 9)
@example("a `list <x [a](b)` c", 18)
@example("`a``b", 3)
@example("```py`x", 5)
def test_what_is_there_of_a_growing_text_is_never_taken_back(markdown: str, length: int) -> None:
    assert harmless(markdown).startswith(harmless(markdown[:length], is_whole=False))


def test_growing_text_is_held_back_at_its_very_end_only() -> None:
    text = "Most of `curl` failed, as [T1] tells.\n\n```\nnetspy list\n```\n\nNext: look at 10.0.0.1:443 and"

    assert harmless(text, is_whole=False) == text


@pytest.mark.parametrize(
    ("markdown", "known"),
    [
        ("at [::1]:443 and `[::1]:443`", "at [::1]:443 and `[::1]:443`"),
        ("run `curl http://10.0.0.1:80/`", "run `curl http://10.0.0.1:80/`"),
        ("a < b, c > d & e", "a < b, c > d & e"),
        (
            "**bold**, *it*, ~~no~~\n\n# head\n\n> said\n\n1. one",
            "**bold**, *it*, ~~no~~\n\n# head\n\n> said\n\n1. one",
        ),
    ],
)
def test_what_needs_no_change_has_none(markdown: str, known: str) -> None:
    assert harmless(markdown) == known


def test_a_table_with_code_in_its_cells_stays_whole() -> None:
    table = "| step | rows |\n|---|---:|\n| look at `curl` | 3 |\n| and `nc` | 4 |"

    assert harmless(f"First:\n\n{table}\n\nThen `x`.") == f"First:\n\n```\n{table}\n```\n\nThen `x`."


def test_a_notification_has_no_marks_and_mentions_nobody() -> None:
    assert (
        as_fallback("## **No** answer of `db`\n\n- <!here> & more", 300) == "No answer of db &lt;!here&gt; &amp; more"
    )
    assert as_fallback("word " * 200, 300).endswith("…")


@pytest.mark.parametrize("begin", ["```\n", "```python\n", "~~~~\n", "`" * 5000 + "\n", "~" * 5000 + "\n", ""])
@pytest.mark.parametrize("line", ["code\n", "x" * 700 + "\n", "```python\n", "x"])
def test_prose_of_any_length_comes_in_portions_that_fit_and_close_their_code(begin: str, line: str) -> None:
    text, portions = harmless(begin + line * (40_000 // len(line))), []
    while text:
        portion, text = split(text, 12_000)
        portions.append(portion)

    assert max(map(len, portions)) <= 12_000
    assert all(open_fence(portion) == "" for portion in portions[:-1])
    assert sum(portion.count(line.strip()) for portion in portions) >= 40_000 // len(line) // 2


def test_a_portion_ends_between_paragraphs_but_not_inside_code() -> None:
    first, second = "a" * 8_000 + "\n\n```\n" + "b\n\n" * 500 + "```", "second\n\n" + "c" * 4_000

    assert split(f"{first}\n\n{second}", 12_000) == (first, second)
