"""What replies are in Discord: text in the files, within Discord's limits, nothing lost and nothing that mentions."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from wcwidth import wcswidth

from adapters.discord.buttons import read_button, stop_buttons
from adapters.discord.limits import CODE_WIDTH, NARROW_WIDTH
from adapters.discord.post import ButtonSpec, Post
from adapters.discord.render import render, shown, word_of_netspy
from adapters.discord.tables import Look
from bot.codec import decode_action
from bot.domain.message import (
    Again,
    Attachment,
    Block,
    Chart,
    Csv,
    Diff,
    Feedback,
    Notice,
    Page,
    Prose,
    Reply,
    Stop,
    TurnId,
    Why,
)
from bot.domain.table import Column, Line, Series, Table
from bot.tables.paging import page
from bot.tables.text import ZERO_WIDTH
from tests.fakes import NOW
from tests.golden.any_reply import BLOCKS, numbered
from tests.golden.discord_reading import LOUD, PINGS, kinds, read
from tests.golden.discord_reading import shown as visible
from tests.golden.replies import REPLIES, ZONE, attempt, connections, footer
from tests.hostile.corpus import CORPUS, HARMLESS

LOOK = Look(zone=ZONE, now=NOW)
TURN = TurnId("0123456789abcdef0123456789abcdef")
OF_AN_ANSWER = ["Run again", "What changed", "Why", "👍", "👎"]
QUIET_KINDS = {"bold", "code block", "small"}
"""What is around data: the label, the table and what it rests on."""


class TextFile(SingleFileSnapshotExtension):
    file_extension = "md"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def golden(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(TextFile)


def posts(*blocks: Block, look: Look = LOOK, final: bool = True) -> tuple[Post, ...]:
    return render(Reply(TURN, blocks), look, final=final)


def written(post: Post) -> str:
    files = [f"[file {file.name}: {len(file.content.splitlines())} lines]\n" for file in post.files]
    rows = [" ".join(f"({button.label})" for button in row) + "\n" for row in post.buttons]
    return f"{post.content.replace(ZERO_WIDTH, '◌')}\n{''.join(files)}{''.join(rows)}"


def labels(post: Post) -> list[list[str]]:
    return [[button.label for button in row] for row in post.buttons]


def buttons(post: Post) -> list[ButtonSpec]:
    return [button for row in post.buttons for button in row]


def said(found: Sequence[Post]) -> str:
    """Everything that reaches a reader."""
    pieces = [visible(post.content) + "".join(str(file.content) for file in post.files) for post in found]
    return "\n".join(pieces).replace(ZERO_WIDTH, "")


def blocks_of_code(post: Post) -> list[str]:
    return [seen.text.strip("\n") for seen in read(post.content) if seen.kind == "code block"]


def check(post: Post) -> None:
    """Discord's limits, by numbers of their own."""
    assert post.content or post.files
    assert len(post.content.encode("utf-16-le")) // 2 <= 2000
    assert post.content.count("```") % 2 == 0
    assert len(post.files) <= 10
    assert len(post.buttons) <= 5
    assert all(1 <= len(row) <= 5 for row in post.buttons)
    assert all(1 <= len(button.label) <= 80 and 1 <= len(button.custom_id) <= 100 for button in buttons(post))
    assert len({button.custom_id for button in buttons(post)}) == len(buttons(post))
    assert all(read_button(button.custom_id) for button in buttons(post))


@pytest.mark.parametrize("name", REPLIES)
def test_reply(name: str, golden: SnapshotAssertion) -> None:
    assert "=====\n".join(map(written, posts(*REPLIES[name]))) == golden


@pytest.mark.parametrize("name", REPLIES)
def test_reply_on_a_narrow_screen(name: str, golden: SnapshotAssertion) -> None:
    found = posts(*REPLIES[name], look=replace(LOOK, width=NARROW_WIDTH))

    assert "=====\n".join(map(written, found)) == golden


@pytest.mark.parametrize("width", [20, NARROW_WIDTH, CODE_WIDTH])
@pytest.mark.parametrize("name", REPLIES)
def test_discord_takes_every_reply(name: str, width: int) -> None:
    for post in posts(*REPLIES[name], look=replace(LOOK, width=width)):
        check(post)
        assert kinds(post.content) & LOUD == set()


@pytest.mark.parametrize("width", [20, NARROW_WIDTH, CODE_WIDTH])
@pytest.mark.parametrize("name", sorted(REPLIES.keys() - {"analysis"}))
def test_no_line_of_code_is_wider_than_asked(name: str, width: int) -> None:
    for post in posts(*REPLIES[name], look=replace(LOOK, width=width)):
        lines = [line for code in blocks_of_code(post) for line in code.split("\n")]
        assert [line for line in lines if not 0 <= wcswidth(line) <= width] == []


def test_a_reply_without_blocks_is_nothing() -> None:
    assert posts() == ()


def test_a_page_has_15_rows_and_the_file_has_all() -> None:
    (post,) = posts(connections(40, 40))
    assert sum("ms" in line for line in blocks_of_code(post)[0].split("\n")) == 15
    assert "(15 of 40 rows)" in post.content
    assert "t1.csv has all 40 rows" in post.content
    assert [len(list(csv.reader(StringIO(str(file.content))))) for file in post.files] == [41]


def test_15_rows_need_no_file() -> None:
    (post,) = posts(connections(15, 15))
    assert post.files == ()
    assert labels(post) == [["T1 as CSV"], OF_AN_ANSWER]


def test_up_to_100_rows_can_be_paged_and_more_are_in_the_file() -> None:
    (some,), (many,) = posts(connections(100, 100)), posts(connections(101, 101))
    assert labels(some)[0] == ["Next of T1", "T1 as CSV"]
    assert labels(many)[0] == ["T1 as CSV"]
    assert decode_action(some.buttons[0][0].custom_id) == Page(TURN, "T1", 2, 15)
    assert decode_action(many.buttons[0][0].custom_id) == Csv(TURN, "T1")


def turned(number: int) -> Post:
    """The page with that number of 40 rows, as a press of its button brings it."""
    asked = Page(TURN, "T1", number, 15)
    chosen = page(connections(40, 40), size=15, number=number)
    told = Notice("info", f"Page {chosen.number} of {chosen.count}.")
    (post,) = shown(Reply(TURN, (chosen.table, footer(), told)), LOOK, page=asked)
    return post


def test_pages_lead_to_their_neighbours() -> None:
    assert [labels(turned(number)) for number in (1, 2, 3)] == [
        [["Next of T1", "T1 as CSV"]],
        [["Previous of T1", "Next of T1", "T1 as CSV"]],
        [["Previous of T1", "T1 as CSV"]],
    ]
    assert [decode_action(button.custom_id) for button in buttons(turned(2))[:2]] == [
        Page(TURN, "T1", 1, 15),
        Page(TURN, "T1", 3, 15),
    ]
    check(turned(2))


def wide(rows: int) -> Table:
    """As wide as a block of code, every row another."""
    columns = (Column("process"), Column("destination"), Column("outcome"))
    return Table(
        "t", columns, tuple((f"worker-{n}", f"10.2.0.{n}:443", f"refused {n}") for n in range(rows)), rows, "T1"
    )


def test_a_table_that_a_phone_wraps_can_be_had_narrow() -> None:
    (first,), (third,) = posts(wide(40)), shown(Reply(TURN, (wide(40),)), LOOK, page=Page(TURN, "T1", 3, 15))
    button = first.buttons[0][-1]
    assert (button.label, read_button(button.custom_id)) == ("T1 for a phone", (Page(TURN, "T1", 1, 5), True))
    assert read_button(third.buttons[0][-1].custom_id) == (Page(TURN, "T1", 7, 5), True)


def test_narrow_pages_lead_to_narrow_pages() -> None:
    chosen = page(wide(40), size=5, number=2)
    (post,) = shown(Reply(TURN, (chosen.table,)), LOOK.for_phones, page=Page(TURN, "T1", 2, 5))
    assert [read_button(button.custom_id) for button in buttons(post)] == [
        (Page(TURN, "T1", 1, 5), True),
        (Page(TURN, "T1", 3, 5), True),
        (Csv(TURN, "T1"), False),
    ]
    assert max(wcswidth(line) for code in blocks_of_code(post) for line in code.split("\n")) <= NARROW_WIDTH
    check(post)


def test_what_another_button_brought_has_none_and_its_file() -> None:
    (post,) = shown(Reply(TURN, (Attachment("t1.csv", "a\r\n"), footer())), LOOK)
    assert post.buttons == ()
    assert [(file.name, file.content) for file in post.files] == [("t1.csv", "a\r\n")]


def test_only_the_last_message_asks_what_people_think() -> None:
    first, second = posts(Prose("word " * 400), connections(15, 15), footer())
    assert labels(first) == []
    assert [decode_action(button.custom_id) for button in second.buttons[-1]] == [
        Again(TURN),
        Diff(TURN),
        Why(TURN),
        Feedback(TURN, "up"),
        Feedback(TURN, "down"),
    ]


def test_no_message_has_more_buttons_than_discord_takes() -> None:
    sent = posts(*(replace(connections(40, 40), label=f"T{number}") for number in range(1, 10)))
    rows = [labels(post) for post in sent]
    assert [len(row) for message in rows for row in message if len(row) > 5] == []
    assert all(len(message) <= 5 for message in rows)
    assert rows[-1][-1] == OF_AN_ANSWER
    assert sum(f"T{number} as CSV" in row for number in range(1, 10) for message in rows for row in message) == 9


def test_a_table_is_not_cut_where_a_message_can_hold_it() -> None:
    first, second = posts(Prose("word " * 300), connections(15, 15))
    assert "T1" not in first.content
    assert len(blocks_of_code(second)) == 1


def test_what_all_rows_have_alike_is_told_once_where_columns_do_not_fit() -> None:
    (post,) = posts(connections(3, 3))
    assert "-# In all rows: process curl, destination 172.217.164.78:443, protocol TCP" in post.content
    assert blocks_of_code(post)[0].split("\n")[0].split() == ["time", "pid", "waited"]


def test_rows_that_do_not_fit_side_by_side_stay_whole() -> None:
    columns = (Column("begin"), *(Column(f"note {n}") for n in range(12)))
    rows = tuple(tuple(f"{n} of {row}, " + "word " * 3 for n in range(13)) for row in range(15))
    found = posts(Table("wide", columns, rows, 15, "T1"))
    codes = [code for post in found for code in blocks_of_code(post)]
    assert len(found) > 1
    assert all(code.startswith("begin: 0 of ") for code in codes)
    assert sum(code.count("begin: 0 of ") for code in codes) == 15
    assert all("note 11: 12 of" in code.split("\n\n")[-1] for code in codes)


def test_a_fifth_table_begins_a_message() -> None:
    tables = [replace(connections(1, 1), label=f"T{n}") for n in range(5)]
    found = posts(*tables)
    assert [len(blocks_of_code(post)) for post in found] == [4, 1]
    for post in found:
        check(post)


def test_a_file_beyond_discords_limit_is_told() -> None:
    (post,) = posts(Attachment("t1.csv", "x" * (10 * 1024 * 1024 + 1)))
    assert post.files == ()
    assert post.content == "t1.csv is larger than Discord takes."


def test_an_eleventh_file_begins_a_message() -> None:
    assert [len(post.files) for post in posts(*(Attachment(f"{n}.csv", "a") for n in range(11)))] == [10, 1]


def test_ids_that_discord_would_refuse_are_left_out() -> None:
    (post,) = posts(replace(connections(20, 20), label="T" * 90))
    assert labels(post) == [OF_AN_ANSWER]


def test_a_table_that_stands_there_twice_has_its_buttons_once() -> None:
    (post,) = posts(connections(1, 1), connections(1, 1))
    assert labels(post) == [["T1 as CSV", "T1 for a phone"], OF_AN_ANSWER]


def test_a_table_without_buttons_brings_its_file_where_cells_are_cut() -> None:
    table = Table("t", (Column("process"),), (("x" * 300,),), 1)
    (unlabelled,), (labelled,) = posts(table), posts(replace(table, label="T1"))
    assert [file.name for file in unlabelled.files] == ["table.csv"]
    assert "x" * 300 in unlabelled.files[0].content
    assert labelled.files == ()


def test_a_long_value_is_not_told_above_its_table() -> None:
    (post,) = posts(Table("t", (*connections(1, 1).columns, Column("note")), ((*attempt(0), "x" * 150),) * 2, 2, "T1"))
    assert "-# In all rows: time 15:07:00, process curl" in post.content
    assert "x" * 60 not in post.content


def test_the_end_of_a_reply_that_is_not_final_may_be_held_back() -> None:
    (growing,) = posts(Prose("a **b"), final=False)
    (whole,) = posts(Prose("a **b"), Notice("info", "c"), final=False)
    assert growing.content == "a "
    assert whole.content == "a \\*\\*b\n-# note: C"


def test_the_stop_button_stops() -> None:
    (row,) = stop_buttons(TURN)
    assert [decode_action(button.custom_id) for button in row] == [Stop(TURN)]


def of_data(text: str) -> tuple[Block, ...]:
    table = Table(text, (Column(text[:50]), Column("n", "integer")), ((text, 1), (text, None)), 9, "T1")
    coverage = footer(source=text, kind="server", notes=(text,), command=f"list --process {text}")
    chart = Chart(Series(text, (text, "b"), (Line(text, (1.0, 2.0)),)))
    return (table, chart, coverage, Notice("error", text or "x"))


def test_hostile_data_changes_nothing() -> None:
    for each in CORPUS:
        found = posts(*of_data(each.text))
        for post in (*found, word_of_netspy(each.text.strip() or HARMLESS)):
            check(post)
            assert kinds(post.content) <= QUIET_KINDS, each
            assert not PINGS.search(post.content), each
        assert sum(len(blocks_of_code(post)) for post in found) == 2, each


def test_hostile_prose_neither_mentions_nor_links_nor_breaks_a_table() -> None:
    for each, said in ((text, said) for text in CORPUS for said in in_prose(text.text)):
        found = posts(Prose(said), replace(connections(2, 2), title=each.text))
        for post in found:
            check(post)
            assert kinds(post.content) & LOUD == set(), each
            assert not PINGS.search(post.content), each
        codes = [code for post in found for code in blocks_of_code(post)]
        assert codes[-1].startswith("time        pid  waited\n"), each


def in_prose(text: str) -> tuple[str, ...]:
    return (f"The process {text} failed.\n\n{text}\n\n- {text}", f"`{text}`\n\n```\n{text}\n```", f"**{text}")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<@80351110224678912>", "person"),
        ("<@&165511591545143296>", "role"),
        ("a @here", "everyone"),
        ("<#103735883630395392>", "channel"),
        ("</airhorn now:816437322781949972>", "command"),
        ("<t:1618953630:R>", "time"),
        ("<a:b1nzy:392938283556143104>", "emoji"),
        ("2001:db8:100::1", "emoji"),
        ("[a](http://evil.example)", "masked link"),
        ("a http://evil.example", "link"),
        ("<http://evil.example>", "link"),
        ("||a||", "spoiler"),
        ("a\n>>> b\nc", "long quote"),
        ("**a ```\nb** c\n```", "bold"),
        ("```` a ````", "code block"),
        ("\\`a` http://b", "link"),
    ],
)
def test_the_reading_can_find_it(text: str, kind: str) -> None:
    assert kind in kinds(text)
    assert kind not in kinds(posts(Prose(text))[0].content) or kind == "code block"


@settings(max_examples=60, deadline=None)
@given(BLOCKS)
def test_any_reply_is_taken_and_says_everything(blocks: list[Block]) -> None:
    found = posts(*numbered(blocks))
    for post in found:
        check(post)
        assert not PINGS.search(post.content)
    told = said(found)
    for block in numbered(blocks):
        if isinstance(block, Table):
            assert all(str(row[2]) in told for row in block.rows)


@settings(max_examples=60, deadline=None)
@given(BLOCKS, st.integers(0, 8))
def test_what_is_rendered_of_the_beginning_is_the_beginning_of_all(blocks: list[Block], kept: int) -> None:
    every = numbered(blocks)
    some, full = posts(*every[:kept]), posts(*every)
    assert [post.content for post in some[:-1]] == [post.content for post in full[: max(0, len(some) - 1)]]
    if some:
        assert full[len(some) - 1].content.startswith(some[-1].content)
