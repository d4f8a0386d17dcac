"""What models write where they call functions."""

import pytest

from bot.domain.turn import ToolCall, ToolSpec
from bot.llm.calls import UNREADABLE, tool_call

TOOL = ToolSpec("f", "", {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]})


def test_arguments_are_read_and_optional_nulls_dropped() -> None:
    assert tool_call("1", "f", '{"a": null, "b": null, "c": 0}', [TOOL]) == ToolCall("1", "f", {"a": None, "c": 0})


def test_an_unknown_tool_is_called_all_the_same() -> None:
    assert tool_call("1", "g", '{"a": null, "b": 1}', [TOOL]) == ToolCall("1", "g", {"a": None, "b": 1})


@pytest.mark.parametrize(
    ("name", "kept"),
    [("functions.find", "functions_find"), ("finde Größe", "finde_Gr__e"), ("x" * 65, "x" * 64), ("", "unnamed")],
)
def test_a_name_that_no_function_can_have_is_one_that_can_be_sent_back(name: str, kept: str) -> None:
    assert tool_call("1", name, "", [TOOL]).name == kept


@pytest.mark.parametrize("written", ["{", "[]", "true", "[" * 100_000, "{}{}"])
def test_what_is_no_object_is_given_under_a_name_that_no_tool_takes(written: str) -> None:
    assert tool_call("1", "f", written, [TOOL]).arguments == {UNREADABLE: written[:500]}


def test_half_a_surrogate_pair_is_replaced_where_it_stands() -> None:
    call = tool_call("1", "f", r'{"a": "x\ud83d", "b": ["\ud83d\ude00"]}', [TOOL])
    assert call.arguments == {"a": "x\ufffd", "b": ["\U0001f600"]}


@pytest.mark.parametrize("written", ["", "  ", "null", "{}"])
def test_no_arguments_may_be_written_as_nothing(written: str) -> None:
    assert tool_call("1", "f", written, [TOOL]).arguments == {}
