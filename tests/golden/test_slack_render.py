"""What replies are in Slack: JSON in the files, within Slack's limits, with nothing lost and nothing that mentions."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block as SdkBlock
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from adapters.slack.buttons import stop_button
from adapters.slack.markdown import harmless
from adapters.slack.post import Post, Upload
from adapters.slack.render import render, shown, word_of_netspy
from adapters.slack.tables import Look
from bot.domain.message import Block, Chart, Notice, Prose, Reply, TurnId
from bot.domain.table import Column, Line, Series, Table
from bot.tables.text import ZERO_WIDTH
from tests.fakes import NOW
from tests.golden.any_reply import BLOCKS, numbered
from tests.golden.replies import REPLIES, ZONE, connections, footer
from tests.hostile.corpus import CORPUS, HARMLESS
from tests.loopback.slack_message import Message
from tests.loopback.slack_rules import Refused, check_blocks

LOOK = Look(zone=ZONE, now=NOW)
TURN = TurnId("0123456789abcdef0123456789abcdef")


class JsonFile(SingleFileSnapshotExtension):
    file_extension = "json"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def golden(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JsonFile)


def items(*blocks: Block) -> tuple[Post | Upload, ...]:
    return render(Reply(TURN, blocks), LOOK)


def posts(*blocks: Block) -> list[Post]:
    return [item for item in items(*blocks) if isinstance(item, Post)]


def whole(post: Post) -> list[dict[str, Any]]:
    """All blocks of a message, as JSON has them."""
    return list(json.loads(json.dumps([*post.blocks, *post.buttons.blocks])))


def plain(post: Post) -> list[dict[str, Any]]:
    return list(json.loads(json.dumps([*post.plain, *post.buttons.plain])))


def written(item: Post | Upload) -> dict[str, Any]:
    if isinstance(item, Upload):
        return {"file": item.name, "title": item.title, "lines": str(item.content).count("\r\n")}
    return {"text": item.text, "blocks": [*item.blocks, *item.buttons.blocks], "plain": [*item.plain]}


def read(blocks: list[dict[str, Any]]) -> str:
    return Message("1", "C", "U", given=blocks).shown


def said(found: tuple[Post | Upload, ...]) -> str:
    """Everything that reaches a reader."""
    return "\n".join(str(item.content) if isinstance(item, Upload) else read(whole(item)) for item in found)


def loud(post: Post) -> frozenset[str]:
    """Whom it notifies and where it links to, in both forms and in the notification."""
    forms = [Message("1", "C", "U", said=post.text, given=blocks) for blocks in (whole(post), plain(post))]
    return frozenset().union(*(form.pinged | form.links for form in forms))


@pytest.mark.parametrize("name", REPLIES)
def test_reply(name: str, golden: SnapshotAssertion) -> None:
    found = [written(item) for item in items(*REPLIES[name])]

    assert json.dumps(found, indent=1, ensure_ascii=False) == golden


@pytest.mark.parametrize("name", REPLIES)
def test_slack_takes_every_reply_in_both_forms(name: str) -> None:
    for post in posts(*REPLIES[name]):
        check_blocks(whole(post))
        check_blocks(plain(post))
        assert 0 < len(post.text) <= 40_000


@pytest.mark.parametrize("name", REPLIES)
def test_the_plain_form_needs_nothing_newer_than_sections(name: str) -> None:
    kinds = {block["type"] for post in posts(*REPLIES[name]) for block in plain(post)}

    assert kinds <= {"section", "context", "actions"}


@pytest.mark.parametrize("name", REPLIES)
def test_the_sdks_models_find_nothing_wrong(name: str) -> None:
    """They know neither `data_table` nor `data_visualization`."""
    known = [b for post in posts(*REPLIES[name]) for b in whole(post) if not b["type"].startswith("data_")]
    for block in known:
        model = SdkBlock.parse(block)
        assert model is not None, block
        model.validate_json()


def test_a_reply_without_blocks_is_nothing() -> None:
    assert items() == ()


def test_a_second_table_begins_a_message() -> None:
    found = posts(connections(3, 3), footer(), Prose("first"), connections(2, 2), footer(), Prose("second"))

    kinds = [[block["type"] for block in post.blocks] for post in found]
    assert kinds == [["data_table", "context", "markdown"]] * 2


def test_numbers_are_typed_and_written_for_people() -> None:
    (post,) = posts(connections(1, 1))
    table = whole(post)[0]
    assert table["rows"][1][-1] == {"type": "raw_number", "value": 311.5, "text": "0.3 ms"}
    assert table["rows"][1][2] == {"type": "raw_text", "text": "20000"}
    assert (table["page_size"], table["caption"]) == (10, "T1  Newest connection attempts")


def test_what_is_not_known_is_a_dash() -> None:
    (post,) = posts(Table("t", (Column("a"), Column("n", "integer")), ((None, None), ("", 1)), 2, "T1"))
    assert [[cell["text"] for cell in row] for row in whole(post)[0]["rows"]] == [["a", "n"], ["-", "-"], ["-", "1"]]


def test_rows_beyond_200_come_as_a_file() -> None:
    post, file = items(connections(300, 300))
    assert isinstance(post, Post)
    assert isinstance(file, Upload)
    assert len(whole(post)[0]["rows"]) == 201
    assert "200 of 300 rows shown; t1.csv has all 300 rows" in read(whole(post))
    assert str(file.content).count("\r\n") == 301


def test_columns_beyond_20_come_as_a_file() -> None:
    table = Table("wide", tuple(Column(f"c{n}") for n in range(25)), (tuple(f"v{n}" for n in range(25)),), 1, "T1")
    post, file = items(table)
    assert isinstance(post, Post)
    assert "20 of 25 columns shown; t1.csv has all 1 rows" in read(whole(post))
    assert isinstance(file, Upload)
    assert "v24" in file.content


def test_a_table_never_exceeds_20000_characters() -> None:
    table = Table("long", (Column("text"),), tuple((f"{n:03} " + "x" * 400,) for n in range(100)), 100, "T1")
    post, file = items(table)
    assert isinstance(post, Post)
    assert isinstance(file, Upload)
    cells = [cell["text"] for row in whole(post)[0]["rows"] for cell in row]
    assert 19_000 < sum(map(len, cells)) <= 20_000
    assert all(f"{n:03} " in file.content for n in range(100))


def test_more_is_offered_only_where_there_is_more() -> None:
    def buttons(table: Table) -> list[str]:
        (post,) = posts(table)
        (actions, _) = whole(post)[-2:]
        return [element["action_id"] for element in actions["elements"]]

    assert buttons(connections(20, 345)) == ["page:T1", "csv:T1", "again", "diff", "why"]
    assert buttons(connections(20, 20)) == ["csv:T1", "again", "diff", "why"]


def test_only_the_last_message_asks_what_people_think() -> None:
    first, second = posts(connections(1, 1), connections(2, 2))
    assert [block["type"] for block in first.buttons.blocks] == ["actions"]
    assert [block["type"] for block in second.buttons.blocks] == ["actions", "context_actions"]


def test_what_a_button_brought_has_none() -> None:
    assert all(
        not item.buttons.blocks for item in shown(Reply(TURN, (connections(1, 1),)), LOOK) if isinstance(item, Post)
    )


def test_a_chart_of_many_buckets_shows_the_newest_and_says_so() -> None:
    minutes = tuple(f"{n:03}" for n in range(60))
    chart = Chart(Series("Drops", minutes, (Line("a", tuple(map(float, range(60)))),)))
    (post,) = posts(chart)
    check_blocks(whole(post))
    assert "The chart shows the last 20 of 60 buckets; the table has all" in read(whole(post))


def test_a_third_chart_begins_a_message() -> None:
    chart = Chart(Series("Drops", ("a",), (Line("x", (1.0,)),)))
    assert len(posts(chart, chart, chart)) == 2


def test_lines_of_a_chart_with_one_beginning_keep_their_names() -> None:
    lines = tuple(Line("TCP_INVALID_SEQUENCE_" + tail, (1.0,)) for tail in "abc")
    (post,) = posts(Chart(Series("Drops", ("a",), lines)))
    check_blocks(whole(post))


def test_hostile_text_changes_nothing() -> None:
    for each in CORPUS:
        for post in (*posts(*full_of(each.text)), word_of_netspy(each.text.strip() or HARMLESS)):
            check_blocks(whole(post))
            check_blocks(plain(post))
            assert loud(post) == frozenset(), each
        for post in posts(Prose(f"The process `{each.text}` failed, and\n\n```\n{each.text}\n```")):
            assert Message("1", "C", "U", said=post.text, given=whole(post)).pinged == frozenset(), each


def full_of(text: str) -> tuple[Block, ...]:
    table = Table(text, (Column(text[:50]), Column("n", "integer")), ((text, 1), (text, None)), 9, "T1")
    coverage = footer(source=text, kind="server", notes=(text,), command=f"list --process {text}")
    named = Prose(f"The process {text} failed.\n\n{text}\n\n- {text}")
    chart = Chart(Series(text, (text, "b"), (Line(text, (1.0, 2.0)),)))
    return (table, chart, coverage, Notice("error", text or "x"), named)


def test_the_stop_button_is_a_block_that_slack_takes() -> None:
    check_blocks(list(stop_button(TURN).blocks))


def test_the_loopbacks_rules_can_fail() -> None:
    with pytest.raises(Refused):
        check_blocks([{"type": "data_table", "rows": [], "caption": ""}])


@settings(max_examples=60)
@given(BLOCKS)
def test_any_reply_is_taken_and_says_everything(blocks: list[Block]) -> None:
    found = items(*numbered(blocks))
    for item in found:
        if isinstance(item, Post):
            check_blocks(whole(item))
            check_blocks(plain(item))
    told = said(found).replace(ZERO_WIDTH, "")
    for block in numbered(blocks):
        if isinstance(block, Prose):
            words = harmless(block.markdown).replace(ZERO_WIDTH, "").split()
            assert [word for word in words if word[:2000] not in told] == []
        if isinstance(block, Table):
            assert all(str(row[2]) in told for row in block.rows)


@settings(max_examples=60)
@given(BLOCKS, st.integers(0, 8))
def test_what_is_rendered_of_the_beginning_is_the_beginning_of_all(blocks: list[Block], kept: int) -> None:
    every = numbered(blocks)
    some, full = posts(*every[:kept]), posts(*every)
    assert [post.parts for post in some[:-1]] == [post.parts for post in full[: max(0, len(some) - 1)]]
    if some:
        assert full[len(some) - 1].parts[: len(some[-1].parts)] == some[-1].parts


@given(st.text("<>@!#[]()|: \nabhtp/*-", max_size=80))
def test_harmless_prose_neither_mentions_nor_links(text: str) -> None:
    message = Message("1", "C", "U", given=[{"type": "markdown", "text": harmless(text) or "-"}])
    assert message.pinged | message.links == frozenset()


@given(st.text("<>@!#`UC0 \nabe/*-", max_size=80))
def test_nor_does_code_mention(text: str) -> None:
    message = Message("1", "C", "U", given=[{"type": "markdown", "text": harmless(text) or "-"}])
    assert message.pinged == frozenset()


def _sections(blocks: list[dict[str, Any]]) -> Iterator[str]:
    return (block["text"]["text"] for block in blocks if block["type"] == "section")


def test_code_sections_are_whole_fences_cut_between_rows() -> None:
    (post,) = posts(connections(100, 100))
    sections = list(_sections(plain(post)))
    assert len(sections) > 1
    assert all(section.startswith("```\n") and section.endswith("\n```") for section in sections)
    assert all(len(section) <= 3000 for section in sections)
    assert sum(section.count("172.217.164.78:443") for section in sections) == 100
