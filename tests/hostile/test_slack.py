"""Hostile texts in Slack: blocks, cells, buttons and steps are those of a harmless text, and nobody is called.

That no text mentions or links stands in `golden/test_slack_render.py`, for this corpus as well.
"""

from collections.abc import Sequence
from typing import Any

from adapters.slack.chunks import chunks
from adapters.slack.home import status
from adapters.slack.post import Post, Upload
from adapters.slack.progress import lines, task
from adapters.slack.render import render, shown
from bot.domain.json_types import JsonObject
from bot.domain.message import Block, Notice, Prose, Reply
from bot.domain.ports import Check
from tests.golden.test_slack_render import LOOK, TURN, plain, whole
from tests.hostile.corpus import CORPUS, HARMLESS, SHORT
from tests.hostile.pieces import data_of, prose_of, steps_of, table_of
from tests.loopback.slack_message import Message, Stream
from tests.loopback.slack_rules import check_blocks, check_chunks, check_view

COLUMNS, ROWS = 4, 3


def posts(*blocks: Block, final: bool = True) -> list[Post]:
    return [item for item in render(Reply(TURN, blocks), LOOK, final=final) if isinstance(item, Post)]


def shape(found: Sequence[Post]) -> list[list[tuple[str, ...]]]:
    """Of each message its blocks, with what can be pressed below them."""
    return [[(block["type"], *_pressed(block)) for block in whole(post)] for post in found]


def _pressed(block: dict[str, Any]) -> tuple[str, ...]:
    elements = block.get("elements", ())
    return tuple(f"{each['action_id']} {each.get('value')}" for each in elements if "action_id" in each)


def fences(post: Post) -> list[int]:
    texts = [block["text"]["text"] for block in plain(post) if block["type"] == "section"]
    return [text.count("```") for text in texts if text.startswith("```")]


def test_messages_blocks_and_buttons_are_those_of_a_harmless_text() -> None:
    expected = shape(posts(*data_of(HARMLESS)))
    for each in SHORT:
        assert shape(posts(*data_of(each.text))) == expected, each


def test_a_table_keeps_its_rows_and_its_columns_in_both_forms() -> None:
    for each in CORPUS:
        for post in posts(table_of(each.text)):
            (table,) = (block for block in whole(post) if block["type"] == "data_table")
            assert [len(row) for row in table["rows"]] == [COLUMNS] * ROWS, each
            assert [row[-1] for row in table["rows"][1:]] == [number(7), number(8)], each
            (code,) = (block["text"]["text"] for block in plain(post) if block["type"] == "section")
            assert [line.split()[-1] for line in code.split("\n")[2:-1]] == ["count", "7", "8"], each


def number(value: int) -> JsonObject:
    return {"type": "raw_number", "value": value, "text": str(value)}


def test_code_begins_and_ends_where_netspy_begins_and_ends_it() -> None:
    for each in CORPUS:
        for post in posts(*data_of(each.text)):
            assert set(fences(post)) <= {2}, each


def test_what_a_button_brought_is_the_same_with_nothing_to_press() -> None:
    for each in CORPUS:
        blocks = (table_of(each.text), Notice("info", each.text))
        (post,) = (item for item in shown(Reply(TURN, blocks), LOOK) if not isinstance(item, Upload))
        check_blocks(whole(post))
        assert not any(_pressed(block) for block in whole(post)), each


def test_a_stream_grows_by_pieces_that_slack_takes_and_calls_nobody() -> None:
    for each in CORPUS:
        for said in prose_of(each.text):
            in_code = said.startswith("`")
            stream = Stream(plan=True)
            for post in posts(table_of(each.text), Prose(said), final=False):
                given = [*chunks(post.parts), *(task(step, id_prefix="t") for step in steps_of(each.text))]
                check_chunks(given)
                for chunk in given:
                    stream.take(dict(chunk))
            message = Message("1", "C", "U", stream=stream)
            assert message.pinged | (set() if in_code else message.links) == set(), each
            assert [step.status for step in message.tasks] == ["in_progress", "error"], each


def test_steps_of_a_message_that_is_edited_stay_in_one_block() -> None:
    for each in CORPUS:
        found: list[dict[str, Any]] = [dict(block) for block in lines(steps_of(each.text))]
        check_blocks(found)
        assert [len(block["elements"]) for block in found] == [2], each
        assert Message("1", "C", "U", given=found).pinged == set(), each


def test_the_home_tab_takes_whatever_a_part_says_of_itself() -> None:
    for each in CORPUS:
        found: list[dict[str, Any]] = [*map(dict, status([Check(f"mcp {each.text}", "warning", each.text, each.text)]))]
        check_view({"type": "home", "blocks": found})
        assert [block["type"] for block in found] == ["header", "context"], each
        assert Message("1", "C", "U", given=found).pinged == set(), each
