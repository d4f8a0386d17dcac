"""Hostile texts in what programs read: spreadsheets run none, and everything else has them exactly."""

import csv
import json
import re
from io import StringIO
from typing import Any

from bot.codec import MODEL_ROWS, compact, decode_reply, decode_result, encode_reply, encode_result, for_model
from bot.domain.message import Notice, Prose, Reply, TurnId
from bot.domain.network import Event
from bot.domain.table import Table
from bot.domain.turn import ToolCall
from bot.tables.export import csv_name, to_csv
from bot.tools.host import open_tool_host
from tests.agent_stage import agent, asking, parts_over
from tests.fakes import NOW, FakeEbpf, connection
from tests.hostile.corpus import CORPUS
from tests.hostile.pieces import data_of, result_of, table_of
from tests.mcp_stage import Echo

ENCODABLE = tuple(each for each in CORPUS if each.text.encode(errors="replace").decode() == each.text)
"""All but those with half a surrogate pair, which no encoding has."""
_RUNS = re.compile(r"[\s\x00-\x1f\x7f-\xa0\u200b\ufeff]*[=+\-@＝＋－＠]")  # noqa: RUF001  these are meant


def cells_of(table: Table, *, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(StringIO(to_csv(table), newline=""), delimiter=delimiter))


def test_no_cell_of_a_csv_is_one_that_a_spreadsheet_runs() -> None:
    """Also where semicolons or tabs part cells, as in spreadsheets of half of the world."""
    for each in CORPUS:
        for delimiter in (",", ";", "\t"):
            texts = [cell for row in cells_of(table_of(each.text), delimiter=delimiter) for cell in row]
            assert [text for text in texts if _RUNS.match(text)] == [], each


def test_a_csv_keeps_rows_columns_and_every_other_text() -> None:
    for each in CORPUS:
        head, first, second = cells_of(table_of(each.text))
        assert [len(row) for row in (head, first, second)] == [4, 4, 4], each
        written = each.text.encode(errors="backslashreplace").decode()
        assert first[0].replace("'", "") == written.replace("'", ""), each
        assert (first[0] == written) or _RUNS.search(written) or written[:1] in "\t\r\n", each


def test_the_name_of_a_csv_is_no_path() -> None:
    for each in CORPUS:
        assert re.fullmatch(r"[\w-][\w.-]{0,60}\.csv", csv_name(each.text)), each
        assert ".." not in csv_name(each.text), each
    assert csv_name("T1") == "t1.csv"


def test_json_of_a_result_is_plain_ascii_and_exact() -> None:
    for each in CORPUS:
        result = result_of(each.text)
        written = json.dumps(encode_result(result), indent=2)
        assert all(char == "\n" or " " <= char <= "~" for char in written), each
        assert decode_result(result.call, json.loads(written)) == result, each


def test_a_line_of_json_is_one_line_and_comes_back_exactly() -> None:
    for each in ENCODABLE:
        reply = Reply(TurnId("t1"), (*data_of(each.text), Prose(each.text), Notice("info", each.text)))
        line = compact(encode_reply(reply))
        assert not {"\n", "\r", "\x00", "\x1b"} & {*line}, each
        assert decode_reply(json.loads(line)) == reply, each


def test_a_model_reads_the_text_as_a_value_and_nothing_else_changes() -> None:
    for each in CORPUS:
        read: dict[str, Any] = json.loads(for_model(result_of(each.text), max_rows=MODEL_ROWS))
        expected = each.text.encode(errors="replace").decode()
        assert read["tables"][0]["title"] == "Failures", each
        if len(each.text) < 2000:  # of longer ones there may be no room for rows
            assert [row[0] for row in read["tables"][0]["rows"]] == [expected, "plain-name"], each
            assert [row[3] for row in read["tables"][0]["rows"]] == [7, 8], each
        assert set(read) == {"summary", "tables", "coverage", "shown_to_the_person"}, each


def events() -> list[Event]:
    """One attempt of a process of each name, all to one place."""
    return [connection(each.text, pid=1000 + number) for number, each in enumerate(ENCODABLE)]


async def test_a_tool_over_mcp_brings_every_name_exactly() -> None:
    asked = ToolCall("1", "list_connections", {"max_events": len(ENCODABLE)})
    async with open_tool_host(FakeEbpf(events()), Echo()) as host:
        result = await host.call(asked, now=NOW)
    assert not result.failed
    (table, *_) = result.tables
    place = [column.name for column in table.columns].index("process")
    assert {row[place] for row in table.rows} >= {each.text for each in ENCODABLE if each.text.strip()}


async def test_a_collector_tells_every_name_exactly() -> None:
    async with agent(parts_over(FakeEbpf(events()))) as url, asking(url) as client:
        answer = await client.get("/api/v1/events", params={"limit": 1000})
    assert answer.status_code == 200, answer.text
    assert {event["process"] for event in answer.json()["events"]} == {each.text for each in ENCODABLE}
