import json
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from bot.codec import (
    MAX_CHARACTERS,
    compact,
    decode,
    decode_action,
    decode_reply,
    decode_result,
    encode,
    encode_action,
    encode_reply,
    encode_result,
    for_model,
)
from bot.domain.message import (
    Address,
    Attachment,
    Author,
    Block,
    Chart,
    Command,
    Message,
    MessageId,
    Reply,
    Stop,
    ThreadKey,
    TurnId,
)
from bot.domain.table import Column, Line, Series, Table
from bot.domain.turn import ToolCall
from tests.fakes import NOW, result

TIMES = Table(
    "times",
    (Column("time", "time"), Column("waited", "decimal", "us"), Column("name")),
    ((datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), 1.5, "2026-01-01T00:00:00Z"), (None, None, "@everyone \ud800")),
    total_rows=7,
    label="T3",
)


def test_a_result_survives_json_with_times_as_times_and_text_as_text() -> None:
    original = replace(result("list"), tables=(TIMES,), call=ToolCall("1", "list", {"pid": 3}))
    data = json.loads(json.dumps(encode_result(original)))
    assert decode_result(original.call, data) == original
    assert data["tables"][0]["rows"][0][0] == "2026-01-02T03:04:05.678901Z"
    waited = {"name": "waited", "kind": "decimal", "unit": "us", "spare": False, "remark": False}
    assert data["tables"][0]["columns"][1] == waited


PICTURE = Attachment("a.png", "iVBORw==", "base64")


def test_a_result_with_files_survives_json_and_a_model_is_only_told_their_names() -> None:
    original = replace(result("draw"), attachments=(PICTURE, Attachment("a.txt", "text")))
    assert decode_result(original.call, json.loads(json.dumps(encode_result(original)))) == original
    assert PICTURE.body == b"\x89PNG"
    assert "iVBORw" not in for_model(original, max_rows=5)
    assert json.loads(for_model(original, max_rows=5))["shown_to_the_person"] == ["a.png", "a.txt"]


def test_a_result_without_files_says_nothing_of_files() -> None:
    assert set(encode_result(result("list"))) == {"summary", "tables", "coverage"}
    assert "shown_to_the_person" not in for_model(result("list"), max_rows=5)


def test_a_message_survives_json() -> None:
    command = Command("list_connections", {"pid": 1, "nested": [{"a": None}]})
    key = ThreadKey("slack", "T1", "C1", "1.2")
    message = Message(key, MessageId("9"), Author("U1", "dana"), "hi", NOW, Address("slack", "{}"), command)
    assert decode(Message, json.loads(json.dumps(encode(message)))) == message


def test_a_chart_survives_json() -> None:
    series = Series("Waited", ("10:00", "10:01"), (Line("p50", (0.5, 2.0)), Line("p95", (1.0, 9.0))), "us")
    reply = Reply(TurnId("t1"), (Chart(series, "bar"), TIMES))
    assert decode_reply(json.loads(json.dumps(encode_reply(reply)))) == reply


@pytest.mark.parametrize("kind", get_args(Block))
def test_no_block_has_a_field_that_its_kind_would_hide(kind: type[Block]) -> None:
    assert "kind" not in {field.name for field in fields(kind)}


def test_a_chart_of_something_else_than_numbers_is_refused() -> None:
    data = json.loads(
        json.dumps(encode_reply(Reply(TurnId("t1"), (Chart(Series("t", ("a",), (Line("x", (1.0,)),))),))))
    )
    data["blocks"][0]["series"]["lines"][0]["values"] = [1.0, 2.0]
    with pytest.raises(ValueError, match="2 values for 1 categories"):
        decode_reply(data)


@pytest.mark.parametrize(
    "data",
    [
        {"summary": "s", "tables": [{"title": "t"}], "coverage": None},
        {"summary": 3, "tables": [], "coverage": None},
        {"summary": "s", "tables": [], "coverage": {"source": "x"}},
    ],
)
def test_what_encoding_would_not_have_produced_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        decode_result(ToolCall("1", "list"), data)  # type: ignore[arg-type]  # that is the point


def test_a_model_is_told_that_rows_were_cut() -> None:
    given = json.loads(for_model(result("list", rows=5), max_rows=2))
    assert given["tables"][0]["rows"] == [["list-0", 0], ["list-1", 1]]
    assert given["tables"][0]["note"] == "only 2 rows are given here; the call brought 5, 5 exist"
    assert "failed" not in given


def test_a_model_gets_fewer_rows_of_a_result_that_is_large_as_a_whole() -> None:
    wide = Table("wide", (Column("path"),), (("x" * 1000,),) * 50, total_rows=50)
    large = replace(result("list"), tables=(wide, wide, wide))
    text = for_model(large, max_rows=50)
    given = json.loads(text)["tables"]
    assert len(text) <= MAX_CHARACTERS
    assert [len(table["rows"]) for table in given] == [6, 6, 6]
    assert {table["note"] for table in given} == {"only 6 rows are given here; the call brought 50, 50 exist"}


def test_a_row_that_is_too_large_by_itself_is_not_given() -> None:
    huge = Table("huge", (Column("path"),), (("x" * MAX_CHARACTERS,),), total_rows=1)
    given = json.loads(for_model(replace(result("list"), tables=(huge,)), max_rows=50))["tables"][0]
    assert given["rows"] == []
    assert given["note"] == "only 0 rows are given here; the call brought 1, 1 exist"


def test_a_model_is_told_that_a_call_failed() -> None:
    assert json.loads(for_model(result("list", failed=True), max_rows=2))["failed"] is True


def test_compact_json_has_no_blanks_and_keeps_unicode() -> None:
    assert compact({"a": [1, "ü"]}) == '{"a":[1,"ü"]}'


def test_compact_json_is_valid_utf8_whatever_a_process_is_called() -> None:
    assert compact({"a": "x\ud800"}).encode() == b'{"a":"x?"}'


def test_an_action_survives_its_button() -> None:
    assert encode_action(Stop(TurnId("ab12"))) == "ab12:stop:"
    assert decode_action("ab12:stop:") == Stop(TurnId("ab12"))


@pytest.mark.parametrize("text", ["", "stop", ":stop:", "ab12:stop", "ab12:format_disk:"])
def test_what_is_not_an_action_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an action"):
        decode_action(text)
