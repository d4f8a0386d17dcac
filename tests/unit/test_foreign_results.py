"""What a foreign tool answers, as a result: tables, text, pictures; bounded, and never an exception."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.codec import MAX_CHARACTERS, decode_result, encode_result, for_model
from bot.domain.json_types import Json
from bot.domain.table import Column
from bot.domain.turn import ToolCall, ToolResult
from bot.tables.layout import lay_out
from bot.tables.objects import MAX_CELL, MAX_COLUMNS, MAX_ROWS
from bot.tables.untrusted import cleaned
from bot.tools.foreign.results import MAX_PICTURE_BYTES, MAX_PICTURES, MAX_TEXT, Answer, Picture, to_result
from bot.tools.foreign.servers import ForeignServer, Program
from tests.fakes import NOW

SERVER = ForeignServer(name="weather", place=Program("x"), prefix="weather", secrets={"TOKEN": "hush-hush"})
CALL = ToolCall("c1", "weather__list")
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def result(answer: Answer) -> ToolResult:
    return to_result(CALL, answer, server=SERVER, tool="list", at=NOW)


def of(structured: Json, *texts: str) -> ToolResult:
    return result(Answer(texts, structured))


def picture(data: bytes, media_type: str = "image/png") -> Picture:
    return Picture(media_type, b64encode(data).decode())


# tables


def test_an_array_of_flat_objects_is_a_table_with_kinds_guessed_from_its_values() -> None:
    rows: Json = [
        {"city": "Oslo", "pid": 7, "count": 12, "share": 0.5, "at": "2026-11-23T15:07:00+01:00", "ip": "10.0.0.1"},
        {"city": None, "pid": 8, "count": None, "share": 1, "at": "2026-11-23T14:08:00Z", "ip": "::1", "ok": True},
    ]
    found = of(rows)
    (table,) = found.tables
    assert (table.title, table.total_rows, found.summary) == ("list", 2, "2 rows")
    assert table.columns == (
        Column("city"),
        Column("pid", "id"),
        Column("count", "integer"),
        Column("share", "decimal"),
        Column("at", "time"),
        Column("ip", "address"),
        Column("ok"),
    )
    assert table.rows[0] == ("Oslo", 7, 12, 0.5, datetime(2026, 11, 23, 14, 7, tzinfo=UTC), "10.0.0.1", None)
    assert table.rows[1][-1] == "true"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(2**63, str(2**63)), (10**5000, "(a number of thousands of digits)"), (float("nan"), "nan")],
    ids=["64-bits", "thousands-of-digits", "nan"],
)
def test_a_number_that_nobody_else_could_store_is_text(value: float, shown: str) -> None:
    (table,) = of([{"n": value}]).tables
    assert (table.columns[0].kind, table.rows) == ("text", ((shown,),))


def test_an_object_with_one_such_array_is_a_table_and_the_rest_is_said() -> None:
    found = of({"result": [{"a": 1}], "next": "page 2"}, '{"result": [{"a": 1}]}')
    assert found.tables[0].rows == ((1,),)
    assert found.summary == '{"next":"page 2"}'


@pytest.mark.parametrize(
    "content", [[{"a": {"b": 1}}], [{"a": 1}, 2], {"x": [{"a": 1}], "y": [{"a": 1}]}, [], [{}], {"n": 5}, "word", 7]
)
def test_other_structured_content_is_text(content: Json) -> None:
    found = of(content)
    assert found.tables == ()
    assert found.summary == (json.dumps(content, separators=(",", ":")) if content else "it answered with nothing")


def test_the_footer_names_the_server_and_when_it_answered() -> None:
    coverage = of([{"a": 1}, {"a": 2}]).coverage
    assert coverage is not None
    assert (coverage.source, coverage.kind, coverage.window.until, coverage.matched) == ("weather", "foreign", NOW, 2)


def test_a_large_table_is_cut_with_a_note_to_the_model_and_to_the_person() -> None:
    found = of([{f"c{n}": n for n in range(40)}] * 700)
    assert found.coverage is not None
    assert found.coverage.notes == (
        f"of 700 rows the first {MAX_ROWS} are kept",
        f"of 40 columns the first {MAX_COLUMNS} are kept",
    )
    assert all(note in for_model(found, max_rows=5) for note in found.coverage.notes)
    assert (len(found.tables[0].rows), found.tables[0].total_rows, len(found.tables[0].columns)) == (500, 700, 24)


def test_hostile_cells_and_headings_are_harmless_and_short() -> None:
    found = of([{"a\x1b[31m\nb": "x" * 5000, "\u202e": "evil\u202e\x07 hush-hush", "": True}])
    (table,) = found.tables
    assert [column.name for column in table.columns] == ["a[31m b", "column 2", "column 3"]
    assert len(str(table.rows[0][0])) == MAX_CELL
    assert table.rows[0][1:] == ("evil ${TOKEN}", "true")


# text


def test_text_is_kept_as_text_without_what_hides_in_it() -> None:
    assert (
        result(Answer(("one\ttwo\x00\x1b[2J\nthree\u200b\U000e0041", "four"))).summary == "one\ttwo[2J\nthree\n\nfour"
    )


def test_five_megabytes_of_text_are_cut_with_a_note_to_the_model_and_to_the_person() -> None:
    found = result(Answer(("x" * 5_000_000,)))
    note = "of 5,000,000 characters of text the first 12,000 are kept"
    assert found.coverage is not None
    assert found.coverage.notes == (note,)
    assert found.summary == f"{'x' * MAX_TEXT}\n\n({note})"
    assert len(for_model(found, max_rows=5)) < MAX_CHARACTERS


def test_a_secret_that_a_server_repeats_is_not_passed_on() -> None:
    padding = "x" * (MAX_TEXT - 4)
    for answer in (
        Answer(("it is hush-hush",)),
        Answer(structured={"env": "hush-hush"}),
        Answer((f"{padding}hush-hush",)),
    ):
        assert "hush" not in json.dumps(encode_result(result(answer)))
        assert "hush" not in result(replace(answer, failed=True, texts=(*answer.texts, "hush-hush"))).summary


def test_a_failure_is_labelled_with_server_and_tool() -> None:
    found = result(Answer(("no such city\x1b[0m\nat all",), failed=True))
    assert (found.failed, found.summary) == (True, "weather: list: no such city[0m at all")
    assert found.coverage is not None
    assert (found.coverage.source, found.coverage.kind) == ("weather", "foreign")
    assert result(Answer(failed=True)).summary == "weather: list: it failed, and does not say why"


# pictures


def test_pictures_become_files() -> None:
    found = result(Answer((), None, (picture(PNG), picture(b"\xff\xd8\xff\xe0", "image/jpeg"))))
    assert [(file.name, file.body) for file in found.attachments] == [
        ("list-1.png", PNG),
        ("list-2.jpg", b"\xff\xd8\xff\xe0"),
    ]
    assert found.summary == "2 files"


@pytest.mark.parametrize(
    "refused",
    [
        picture(b"<script>alert(1)</script>"),
        picture(PNG, "image/svg+xml"),
        picture(PNG + b"\0" * MAX_PICTURE_BYTES),
        Picture("image/png", "not base64!"),
        Picture("image/png", "é"),
    ],
    ids=["no-png", "svg", "too-large", "no-base64", "no-ascii"],
)
def test_what_is_no_picture_is_left_out_with_a_note(refused: Picture) -> None:
    found = result(Answer((), None, (refused,)))
    assert found.attachments == ()
    assert found.summary.startswith("(left out: 1 of its images")


def test_too_many_pictures_and_other_parts_are_left_out_with_a_note() -> None:
    found = result(Answer(("see",), None, (picture(PNG),) * 6, ("audio", "audio", "blob")))
    assert len(found.attachments) == MAX_PICTURES
    assert found.coverage is not None
    assert [note[:28] for note in found.coverage.notes] == ["left out: 2 of its images (a", "left out: audio, blob"]


# anything


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.builds(lambda: 10**5000)
    | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=30,
)
FLAT = st.lists(st.dictionaries(st.sampled_from(["a", "id", "t"]), st.none() | st.integers() | st.floats() | st.text()))


@given(st.lists(st.text(), max_size=3), JSON | FLAT | st.builds(lambda rows: {"rows": rows}, FLAT), st.booleans())
def test_foreign_json_of_any_shape_is_a_result_that_can_be_stored_shown_and_sent(
    texts: list[str],
    structured: Json,
    failed: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    found = result(Answer(tuple(texts), structured, (), ("audio",), failed))
    stored = json.dumps(encode_result(found), allow_nan=False)
    assert decode_result(CALL, json.loads(stored), failed=failed) == found
    json.loads(for_model(found, max_rows=5), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    for table in found.tables:
        lay_out(table, width=80, zone=UTC, now=NOW)


@given(st.text())
def test_cleaning_leaves_nothing_that_hides(text: str) -> None:
    assert all(char.isprintable() or char in "\n\t" or char.isspace() for char in cleaned(text, 1000))
