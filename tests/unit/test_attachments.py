"""Attached files as a turn can use them: rows and text. What else there is, `test_attachments_refused.py` has."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.codec import MAX_CHARACTERS, MODEL_ROWS, decode_result, encode_result, for_model
from bot.conversation.attachments import MAX_TEXT
from bot.domain.turn import ATTACHED_FILE
from tests.unit.attached_files import read, read_named, result_of, table_of, values


@pytest.mark.parametrize(
    "content",
    [
        "host,ms,pid\ndb,12.5,7\nweb,0.3,8\n",
        "\ufeffhost;ms;pid\ndb;12,5;7\nweb;0,3;8\n",
        "host\tms\tpid\r\ndb\t12.5\t7\r\nweb\t0.3\t8\r\n",
        "host,ms,pid\ndb,12.5,7\nweb,0.3,8\n".encode("utf-16"),
        '"host","ms","pid"\n"db","12.5","7"\n"web","0.3","8"',
    ],
    ids=["commas", "semicolons, decimal commas and a BOM", "tabs", "UTF-16", "quotes"],
)
async def test_a_csv_becomes_rows_with_numbers(content: bytes | str) -> None:
    found = await result_of("times.csv", content)
    (table,) = found.tables
    assert table.title == "times.csv"
    assert [(column.name, column.kind) for column in table.columns] == [
        ("host", "text"),
        ("ms", "decimal"),
        ("pid", "id"),
    ]
    assert values(table) == [("db", 12.5, 7), ("web", 0.3, 8)]
    assert found.call.name == ATTACHED_FILE
    assert found.call.arguments == {"name": "times.csv"}
    assert found.summary == "attached by the person: 2 rows"
    assert found.coverage is not None
    assert (found.coverage.source, found.coverage.kind, found.coverage.matched) == ("times.csv", "foreign", 2)


async def test_what_a_platform_says_of_a_file_without_an_ending_counts() -> None:
    found = await result_of("export", "a,b\n1,2\n", media_type="text/csv")
    assert values(found.tables[0]) == [(1, 2)]


async def test_ragged_rows_lose_nothing() -> None:
    table = await table_of("a.csv", "a,b\n1\n2,3,4\n")
    assert [column.name for column in table.columns] == ["a", "b", "column 3"]
    assert values(table) == [(1, None, None), (2, 3, 4)]


async def test_of_100_000_rows_the_first_are_kept_and_that_is_told() -> None:
    attached = await read(big__csv="a,b\n" + "1,2\n" * 100_000)
    ((found,), (notice,)) = (attached.results, attached.notices)
    assert len(found.tables[0].rows) == MODEL_ROWS
    assert found.tables[0].total_rows == 100_000
    assert found.summary == f"attached by the person: 100,000 rows; of 100,000 rows the first {MODEL_ROWS} are kept"
    assert notice.text == f"the file big.csv: of 100,000 rows the first {MODEL_ROWS} are kept."
    assert found.coverage
    assert found.coverage.matched == 100_000


async def test_of_wide_rows_only_as_many_are_kept_as_a_model_is_given() -> None:
    attached = await read(wide__csv="a,b\n" + f"{'x' * 290},{'y' * 290}\n" * 200)
    (found,) = attached.results
    kept = len(found.tables[0].rows)
    assert 1 < kept < MODEL_ROWS
    assert f"of 200 rows the first {kept} are kept" in attached.notices[0].text
    given = json.loads(for_model(found, max_rows=MODEL_ROWS))
    assert len(given["tables"][0]["rows"]) == kept


@pytest.mark.parametrize("content", ["one column\nand more\n", "nothing but a line"])
async def test_a_csv_of_one_column_is_read_as_text_and_that_is_told(content: str) -> None:
    attached = await read(list__csv=content)
    (found,) = attached.results
    assert found.tables == ()
    assert found.summary.endswith(content)
    assert (
        attached.notices[0].text == "the file list.csv: it is no valid CSV (it has one column), so it is read as text."
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", '[{"host": "db", "ms": 12.5}, {"host": "web"}]'),
        ("a.json", '{"rows": [{"host": "db", "ms": 12.5}, {"host": "web"}]}'),
        ("a.ndjson", '{"host": "db\u2028", "ms": 12.5}\n\n{"host": "web"}\n'),
        ("a.jsonl", '{"host": "db", "ms": 12.5}\r\n{"host": "web"}'),
    ],
    ids=["an array of objects", "an object with one table", "a value a line", "JSONL"],
)
async def test_json_with_rows_becomes_rows(name: str, content: str) -> None:
    assert values(await table_of(name, content)) == [("db", 12.5), ("web", None)]


@pytest.mark.parametrize(
    "content", ['{"rows": [{"a": 1}], "made": "today"}', '{"a": {"b": 1}}', "[1, 2]", "[]", '[{"a": {"b": 1}}]']
)
async def test_json_that_is_more_or_less_than_rows_is_read_whole_as_text(content: str) -> None:
    found = await result_of("a.json", content)
    assert (found.tables, found.summary) == ((), f"attached by the person:\n{content}")


@pytest.mark.parametrize(
    "content",
    ["[" * 50_000 + "]" * 50_000, '{"a": 1,}', f'[{{"a": {"9" * 5_000}}}]', '{"a": 1}\n{"a": \n'],
    ids=["nested too deep", "a comma too many", "a number of thousands of digits", "a line that is cut"],
)
async def test_json_that_cannot_be_read_is_read_as_text_and_that_is_told(content: str) -> None:
    attached = await read(a__json=content)
    ((found,), (notice,)) = (attached.results, attached.notices)
    assert found.tables == ()
    assert found.summary.split("\n", 1)[1] == content[:MAX_TEXT]
    assert "it is no valid JSON (" in notice.text
    assert "so it is read as text" in notice.text


async def test_numbers_that_are_none_or_too_large_are_words() -> None:
    table = await table_of("a.json", '[{"a": NaN, "b": 1e999, "c": 12345678901234567890123}]')
    assert [column.kind for column in table.columns] == ["text"] * 3
    assert values(table) == [("nan", "inf", "12345678901234567890123")]


async def test_what_hides_in_cells_and_headings_is_removed() -> None:
    table = await table_of("a.json", json.dumps([{"h\u202eost\n": "d\u202eb\x1b[31m\nx", "b": "\ud800y"}]))
    assert [column.name for column in table.columns] == ["host", "b"]
    assert values(table) == [("db[31m x", "y")]


async def test_text_is_read_as_it_is_and_as_data_of_its_file() -> None:
    found = await result_of("dmesg.txt", "[1.2] eth0: link down\n\tup\n")
    assert found.summary == "attached by the person:\n[1.2] eth0: link down\n\tup\n"
    assert found.coverage
    assert found.coverage.source == "dmesg.txt"


async def test_a_long_text_is_cut_and_that_is_told() -> None:
    attached = await read(a__log="é" * (MAX_TEXT + 1))
    ((found,), (notice,)) = (attached.results, attached.notices)
    assert found.summary.count("é") == MAX_TEXT
    assert "only its first 12,000 characters of 12,001" in found.summary
    assert notice.text == "the file a.log: only its first 12,000 characters of 12,001."


async def test_what_hides_in_a_text_is_removed() -> None:
    found = await result_of("a.txt", "a\x1b[31mb\u202ec\u200bd\U000e0041e\x07\r\nf")
    assert found.summary == "attached by the person:\na[31mbcde\nf"


NAMES = st.sampled_from(["a.csv", "a.json", "a.ndjson", "a.txt", "a.png", "a.zip", "", "a.tsv"])
BYTES = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=300).map(lambda text: text.encode(errors="replace")),
    st.text(alphabet='{}[]",:;\t\n0123456789.eE-ab', max_size=300).map(str.encode),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode()),
)


@given(NAMES, BYTES)
async def test_any_bytes_are_a_result_a_picture_or_a_sentence(name: str, content: bytes) -> None:
    attached = await read_named({name: content})
    assert len(attached.results) + len(attached.images) <= 1
    assert attached.results or attached.images or attached.notices
    for found in attached.results:
        assert len(for_model(found, max_rows=MODEL_ROWS)) <= MAX_CHARACTERS
        stored = json.loads(json.dumps(encode_result(found), allow_nan=False))
        assert decode_result(found.call, stored) == found
