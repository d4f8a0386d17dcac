"""Replies at and beyond what Slack takes: nothing breaks a limit, and nothing goes missing without a word."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack.post import Post, Upload
from adapters.slack.render import render
from adapters.slack.tables import Look
from bot.domain.json_types import JsonObject
from bot.domain.message import Attachment, Block, Chart, Notice, Prose, Reply, TurnId
from bot.domain.table import Column, Line, Series, Table
from tests.fakes import NOW
from tests.golden.replies import ZONE, connections
from tests.loopback.slack_message import Message
from tests.loopback.slack_rules import check_blocks

LOOK = Look(zone=ZONE, now=NOW)
STACKED = "a" + "\u0301" * 30_000
"""One letter that takes one cell, and more characters than a message."""


def items(*blocks: Block, final: bool = True) -> tuple[Post | Upload, ...]:
    return render(Reply(TurnId("t1"), blocks), LOOK, final=final)


def posts(*blocks: Block, final: bool = True) -> list[Post]:
    return [item for item in items(*blocks, final=final) if isinstance(item, Post)]


def read(*blocks: JsonObject) -> str:
    return Message("1", "C", "U", given=[dict(block) for block in blocks]).shown


def shown(post: Post) -> str:
    return read(*post.blocks, *post.buttons.blocks)


def lines_of(table: Table) -> str:
    """What stands below a table, and the file's name and size."""
    (post, *files) = items(table)
    assert isinstance(post, Post)
    contexts = read(*(block for block in post.blocks if block["type"] == "context"))
    named = [f"{file.name} {str(file.content).count(chr(10))}" for file in files if isinstance(file, Upload)]
    return "\n".join([contexts, *named])


def texts(rows: int, text: str, columns: int = 1) -> Table:
    return Table("t", tuple(Column(f"c{n}") for n in range(columns)), ((text,) * columns,) * rows, rows, "T1")


@pytest.mark.parametrize(
    "block",
    [
        Table(STACKED, (Column(STACKED),), ((STACKED,),), 1, "T1"),
        Table("", (Column(""),), (("",),), 1),
        Table("t", (), ((),), 1, "T1"),
        texts(200, "&" * 90),
        texts(200, "<", columns=20),
        texts(200, "`" * 400, columns=20),
        Table("t", tuple(Column("a name of many words " * 2 + str(n)) for n in range(20)), (("v",) * 20,) * 200, 200),
        Chart(Series(STACKED, (STACKED, "b"), (Line(STACKED, (1.0, 2.0)),))),
        Chart(Series("", ("", " "), (Line("", (1.0, 2.0)), Line(" ", (0.0, -2.0))))),
        Chart(Series("t", tuple(map(str, range(999))), tuple(Line("x" * n, (1.0,) * 999) for n in range(1, 30)))),
        Chart(Series("t", tuple(map(str, range(999))), (Line("x", (1e300,) * 999),)), "bar"),
        Notice("error", "\n".join(map(str, range(1_000)))),
        Notice("error", "x" * 200_000),
        Notice("info", ""),
        Prose(STACKED * 2),
        Prose("`" * 15_000 + "\ncode"),
        Prose("~" * 5_000 + "\n" + "code " * 4_000),
        Prose("<@U0LEE>" * 2_000),
        Prose("| a |\n|---|\n" + "| b |\n" * 4_000),
    ],
    ids=lambda block: type(block).__name__,
)
def test_slack_takes_the_most_extreme_block_in_both_forms(block: Block) -> None:
    for post in posts(block):
        check_blocks([*post.blocks, *post.buttons.blocks])
        check_blocks([*post.plain, *post.buttons.plain])
        assert 0 < len(post.text) <= 40_000


def test_slack_takes_many_of_a_kind() -> None:
    empty: list[Block] = [Table("t", (Column("a"),), (), 3, f"T{number}") for number in range(60)]
    said: list[Block] = [Prose("said") if number % 2 else Notice("info", "noted") for number in range(200)]
    tables: list[Block] = [
        *[Notice("info", "noted")] * 20,
        texts(200, "\\" * 90),
        *[Notice("info", "noted")] * 20,
        Prose("x" * 9_000),
    ]
    for post in (*posts(*empty), *posts(*said), *posts(*tables)):
        check_blocks([*post.blocks, *post.buttons.blocks])
        check_blocks([*post.plain, *post.buttons.plain])


def test_every_table_keeps_its_buttons() -> None:
    found: list[Any] = [
        element
        for post in posts(*(Table("t", (Column("a"),), (), 3, f"T{number}") for number in range(60)))
        for block in json.loads(json.dumps(post.buttons.blocks))
        for element in block["elements"]
    ]

    assert [element["action_id"] for element in found if element["action_id"].startswith("page:")] == [
        f"page:T{number}" for number in range(60)
    ]


@pytest.mark.parametrize("text", ["", " ", " \n\n \n", "\r\n"])
def test_prose_that_says_nothing_is_no_message(text: str) -> None:
    assert items(Prose(text)) == ()


def test_every_line_of_a_long_notice_is_shown() -> None:
    text = "\n".join(f"Line-{number}-" for number in range(1_000))
    told = "\n".join(map(shown, posts(Notice("error", text))))

    assert [number for number in range(1_000) if f"Line-{number}-" not in told] == []


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (connections(300, 300), "200 of 300 rows shown; t1.csv has all 300 rows\nt1.csv 301"),
        (connections(300, 5_000), "200 of 5,000 rows shown; t1.csv has 300 rows\nt1.csv 301"),
        (texts(2, "v", columns=25), "20 of 25 columns shown; t1.csv has all 2 rows\nt1.csv 3"),
        (
            texts(300, "v", columns=25),
            "200 of 300 rows shown, 20 of 25 columns shown; t1.csv has all 300 rows\nt1.csv 301",
        ),
        (texts(1, "x" * 501), "long cells are cut; t1.csv has all 1 rows\nt1.csv 2"),
        (texts(1, "東" * 251), "long cells are cut; t1.csv has all 1 rows\nt1.csv 2"),
        (texts(1, "\x00" * 126), "long cells are cut; t1.csv has all 1 rows\nt1.csv 2"),
        (texts(1, STACKED), "long cells are cut; t1.csv has all 1 rows\nt1.csv 2"),
        (Table("t", (Column("n" * 501),), (("v",),), 1, "T1"), "long cells are cut; t1.csv has all 1 rows\nt1.csv 2"),
        (texts(200, "\\" * 60, columns=1), ""),
    ],
)
def test_what_is_cut_is_told_and_comes_as_a_file(table: Table, told: str) -> None:
    assert lines_of(table) == told


def test_a_table_whose_code_would_fill_a_message_comes_as_a_file_too() -> None:
    names = tuple(Column(f"a column with a name of many words {n}") for n in range(20))
    post, file = items(Table("t", names, (("v",) * 20,) * 200, 200, "T1"))

    assert isinstance(post, Post)
    assert len(post.plain) == 31
    assert post.plain[-1]["elements"] == [
        {"type": "plain_text", "text": "t1.csv has all 200 rows", "emoji": False},
    ]
    assert isinstance(file, Upload)


def test_columns_of_numbers_say_their_unit_in_a_chart() -> None:
    (post,) = posts(Chart(Series("Waited", ("a",), (Line("p50", (40.0,)),), "us")))
    chart: Any = post.blocks[0]["chart"]

    assert chart["axis_config"] == {"categories": ["a"], "y_label": "microseconds"}


def test_the_newest_values_are_drawn_in_both_forms() -> None:
    series = Series("t", tuple(f"c{n}" for n in range(30)), (Line("x", tuple(map(float, range(30)))),))
    (post,) = posts(Chart(series))
    chart: Any = post.blocks[0]["chart"]

    assert chart["series"][0]["data"][0] == {"label": "c10", "value": 10.0}
    code: Any = post.plain[0]
    assert "c10" in code["text"]["text"]
    assert "c9 " not in code["text"]["text"]


def test_attachments_are_files() -> None:
    assert items(Attachment("a.csv", "x,y\r\n")) == (Upload("a.csv", "a.csv", "x,y\r\n"),)


PARAGRAPHS = st.lists(
    st.sampled_from(
        ["word " * 700, "word. " * 100, "- item\n" * 300, "```\n" + "code\n\n" * 900 + "```", "x" * 13_000]
    ),
    min_size=1,
    max_size=6,
).map("\n\n".join)
ABOVE = st.lists(st.sampled_from([connections(3, 3), Prose("above " * 1_700), Notice("info", "noted")]), max_size=4)


@settings(max_examples=80)
@given(ABOVE, PARAGRAPHS, st.lists(st.integers(0, 40_000), max_size=8))
def test_while_prose_grows_a_message_that_is_full_stays_as_it_is(
    above: list[Block], text: str, ends: list[int]
) -> None:
    before: list[Post] = []
    for end in (*sorted(ends), len(text)):
        now = posts(*above, Prose(text[:end]), final=False)
        assert [post.parts for post in before[:-1]] == [post.parts for post in now[: max(0, len(before) - 1)]]
        assert not before or len(now[len(before) - 1].parts) >= len(before[-1].parts)
        before = now
    whole = posts(*above, Prose(text))
    assert [post.parts for post in before[:-1]] == [post.parts for post in whole[: max(0, len(before) - 1)]]
