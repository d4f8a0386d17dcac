"""What tools accept, convert and refuse."""

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.commands import Tool
from bot.domain.errors import InvalidArguments
from bot.domain.json_types import Json
from bot.tools.arguments import QuestionArguments, _fits, checked, json_schema, question_arguments, strictly_checked
from bot.tools.data_arguments import DataArguments, data_arguments
from bot.tools.registry import TOOLS, find_tool

SUMMARY = find_tool("get_network_summary")
LIST = find_tool("list_connections")
CONTEXTUAL = find_tool("contextual_analysis")
INSIGHTS = find_tool("ai_insights")


def test_nothing_given_means_the_defaults() -> None:
    assert data_arguments(SUMMARY, {}) == DataArguments(pid=None, process_name=None, duration_s=60, max_events=10)
    assert data_arguments(LIST, {}).duration_s == 3600


@pytest.mark.parametrize("nothing", [{"pid": 0}, {"process_name": ""}, {"pid": "0", "process_name": None}])
def test_pid_zero_and_an_empty_name_mean_any_process(nothing: dict[str, Json]) -> None:
    assert data_arguments(SUMMARY, nothing) == data_arguments(SUMMARY, {})


def test_null_means_the_default() -> None:
    nulls: dict[str, Json] = {argument.name: None for argument in SUMMARY.arguments}
    assert data_arguments(SUMMARY, nulls) == data_arguments(SUMMARY, {})


@pytest.mark.parametrize("value", [120, "120", 120.0, "120.0", " 120 "])
def test_numbers_convert_where_nothing_is_lost(value: Json) -> None:
    assert data_arguments(SUMMARY, {"duration": value}).duration_s == 120


@pytest.mark.parametrize("value", [True, "true", "True", 1])
def test_switches_convert_where_nothing_is_lost(value: Json) -> None:
    assert data_arguments(SUMMARY, {"include_local": value}).include_local is True


@pytest.mark.parametrize(
    "value",
    [
        60.5,
        "60.5",
        "abc",
        "",
        True,
        False,
        -5,
        0,
        604801,
        math.inf,
        math.nan,
        pytest.param(10**5000, id="huge"),
        [60],
        {"a": 1},
        "6" * 9999,
    ],
)
def test_what_is_no_duration_is_refused_in_one_line(value: Json) -> None:
    with pytest.raises(InvalidArguments) as refused:
        data_arguments(SUMMARY, {"duration": value})
    assert str(refused.value).startswith("--duration: ")
    assert str(refused.value).endswith("was given. It takes a whole number from 1 to 604800")
    assert len(str(refused.value).splitlines()) == 1
    assert len(str(refused.value)) < 200


def test_refusal_names_flag_and_argument_where_they_differ() -> None:
    with pytest.raises(InvalidArguments, match=r"^--max-events \(max_events\): 0 was given"):
        data_arguments(LIST, {"max_events": 0})


@pytest.mark.parametrize(
    "name", ["cu\x00rl", "cu\nrl", "\x1b[31mcurl", "cu\x7frl", "cu\x9brl", "x" * 256, "\ud800", 5, ["curl"]]
)
def test_what_is_no_process_name_is_refused_without_repeating_it_raw(name: Json) -> None:
    with pytest.raises(InvalidArguments, match=r"^--process \(process_name\): ") as refused:
        data_arguments(LIST, {"process_name": name})
    assert str(refused.value).isprintable()


def test_unknown_argument_names_the_nearest_and_all_others() -> None:
    with pytest.raises(
        InvalidArguments, match=r"'process': .*Did you mean process_name\?.* takes pid, process_name, uid"
    ):
        data_arguments(LIST, {"process": "curl"})


@pytest.mark.parametrize("given", [{}, {"query": None}, {"query": ""}, {"query": " \n"}, {"query": "why\x00"}])
def test_question_must_be_there(given: dict[str, Json]) -> None:
    with pytest.raises(InvalidArguments, match=r"^--query: .*It takes text of 1 to 20000 characters"):
        question_arguments(CONTEXTUAL, given)


def test_question_may_have_lines_and_tabs_and_looks_back_a_minute() -> None:
    asked = question_arguments(CONTEXTUAL, {"query": "why?\n\tsince when?", "pid": 7})
    assert asked == QuestionArguments(query="why?\n\tsince when?", process_name=None, pid=7, duration_s=60)


def test_overlong_summary_is_refused_by_its_length() -> None:
    with pytest.raises(InvalidArguments, match=r"^--summary-text \(summary_text\): .*\(100000 characters\) was given"):
        checked(INSIGHTS, {"summary_text": "x" * 100_000})


def test_schema_is_flat_and_says_what_is_allowed() -> None:
    schema: Any = json_schema(LIST)
    assert schema["additionalProperties"] is False
    assert schema["required"] == []
    assert schema["properties"]["duration"] == {
        "type": "integer",
        "description": "how far to look back, in seconds",
        "minimum": 1,
        "maximum": 604800,
        "default": 3600,
    }
    assert schema["properties"]["process_name"]["maxLength"] == 255
    assert json_schema(CONTEXTUAL)["required"] == ["query"]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_tools = st.sampled_from(TOOLS)


@given(_tools, st.data())
def test_whatever_is_given_is_taken_or_refused_in_one_printable_line(tool: Tool, data: st.DataObject) -> None:
    names = st.sampled_from(["nothing", *(argument.name for argument in tool.arguments)]) | st.text()
    given_arguments = data.draw(st.dictionaries(names, _json, max_size=4))
    try:
        values = checked(tool, given_arguments)
    except InvalidArguments as refused:
        told = str(refused)
        assert told.isprintable()
        assert len(told) < 600
    else:
        assert values.keys() == {argument.name for argument in tool.arguments}
        assert checked(tool, values) == values


@given(_tools, st.data())
def test_what_the_schema_allows_is_taken_unchanged(tool: Tool, data: st.DataObject) -> None:
    properties: Any = json_schema(tool)["properties"]
    given_arguments = {name: data.draw(_allowed_by(schema)) for name, schema in properties.items()}
    assume(all(value.strip() for name, value in given_arguments.items() if name in {"query", "summary_text"}))
    assert checked(tool, given_arguments) == given_arguments
    assert strictly_checked(tool, given_arguments) == given_arguments


@given(_tools, st.data())
def test_who_has_read_the_schema_is_refused_or_taken_at_their_word(tool: Tool, data: st.DataObject) -> None:
    properties: Any = json_schema(tool)["properties"]
    values = {name: _allowed_by(schema) | _json for name, schema in properties.items()}
    given_arguments = data.draw(st.fixed_dictionaries({}, optional=values))
    try:
        taken = strictly_checked(tool, given_arguments)
    except InvalidArguments:
        return
    assert [(type(taken[name]), taken[name]) for name in given_arguments] == [
        (type(value), value) for value in given_arguments.values()
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"duration": "60"}, "--duration: '60' was given"),
        ({"duration": 60.0}, "--duration: 60.0 was given"),
        ({"duration": True}, "--duration: True was given"),
        ({"duration": None}, "--duration: None was given"),
        ({"include_local": 0}, "--include-local (include_local): 0 was given"),
        ({"direction": "OUT"}, "--direction: 'OUT' was given. It takes one of: out, in"),
        ({"process_name": ["curl"]}, "--process (process_name): ['curl'] was given"),
        ({"process": "curl"}, "Did you mean process_name?"),
    ],
)
def test_who_has_read_the_schema_gets_no_conversion(arguments: dict[str, Json], told: str) -> None:
    with pytest.raises(InvalidArguments) as refused:
        strictly_checked(LIST, arguments)
    assert told in str(refused.value)


def _allowed_by(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    if schema["type"] == "boolean":
        return st.booleans()
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    letters = st.characters(exclude_categories=["Cc", "Cs"])
    return st.text(letters, min_size=schema.get("minLength", 0), max_size=min(schema["maxLength"], 300))


LIST_OF_TEXT: dict[str, Json] = {"type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("schema", "value", "fits"),
    [
        ({"type": "integer"}, 1, True),
        ({"type": "integer"}, True, False),
        ({"type": "number"}, 1.5, True),
        ({"type": "number"}, 1, True),
        ({"type": "number"}, False, False),
        ({"type": "number"}, "1", False),
        ({"type": "boolean"}, True, True),
        (LIST_OF_TEXT, ["a", "b"], True),
        (LIST_OF_TEXT, [], True),
        (LIST_OF_TEXT, ["a", 1], False),
        (LIST_OF_TEXT, "a", False),
    ],
)
def test_value_fits_a_schema_only_as_it_stands(schema: dict[str, Json], value: Json, *, fits: bool) -> None:
    assert _fits(schema, value) is fits
