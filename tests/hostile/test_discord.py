"""Hostile texts in Discord: messages, code blocks and buttons are those of a harmless text; no message may mention.

That no text mentions, links or formats stands in `golden/test_discord_render.py`, for this corpus as well.
"""

from collections.abc import Sequence

from adapters.discord.markup import QUIET, escaped
from adapters.discord.post import Post
from adapters.discord.render import shown
from bot.domain.message import Block, Footer, Notice, Page, Reply
from tests.golden.discord_reading import LOUD, PINGS, kinds
from tests.golden.test_discord_render import LOOK, TURN, blocks_of_code, buttons, check, posts
from tests.hostile.corpus import CORPUS, HARMLESS, SHORT
from tests.hostile.pieces import coverage_of, data_of, steps_of, table_of


def shape(found: Sequence[Post]) -> list[tuple[int, list[str]]]:
    return [(len(blocks_of_code(post)), [button.custom_id for button in buttons(post)]) for post in found]


def test_messages_code_and_buttons_are_those_of_a_harmless_text() -> None:
    blocks: tuple[Block, ...] = (table_of(HARMLESS), Footer(coverage_of(HARMLESS)))
    expected = shape(posts(*blocks))
    for each in SHORT:
        assert shape(posts(table_of(each.text), Footer(coverage_of(each.text)))) == expected, each


def test_a_table_keeps_its_lines_and_its_columns() -> None:
    for each in CORPUS:
        (code,) = blocks_of_code(posts(table_of(each.text))[0])
        assert [line.split()[-1] for line in code.split("\n")] == ["count", "7", "8"], each


def test_a_page_that_was_turned_to_is_taken_too() -> None:
    for each in CORPUS:
        for post in shown(Reply(TURN, (table_of(each.text),)), LOOK, page=Page(TURN, "T1", 1)):
            assert len(blocks_of_code(post)) == 1, each
            assert kinds(post.content) & LOUD == set(), each


def test_every_line_of_data_is_one_that_netspy_began() -> None:
    """A text can forge neither a footer nor a notice: it begins no line."""
    for each in SHORT:
        (post,) = posts(Footer(coverage_of(each.text[:60])))
        assert all(line.startswith(QUIET) for line in post.content.split("\n")), each
        (post,) = posts(Notice("error", f"MCP server {' '.join(each.text.split())}: it ended"))
        assert post.content.startswith("error: MCP server"), each
        assert "\n" not in post.content, each


def test_what_is_done_is_one_quiet_line() -> None:
    for each in CORPUS:
        for step in steps_of(each.text):
            line = QUIET + escaped(step.title[:300])
            assert kinds(line) <= {"small"}, each
            assert not PINGS.search(line), each


def test_everything_together_stays_within_discords_limits() -> None:
    for each in CORPUS:
        for post in posts(*data_of(each.text)):
            check(post)
