"""Schemas of foreign tools: whatever comes in, what goes out is one that an API takes, and allows no less."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.json_types import Json, JsonObject
from bot.llm.strict_schema import strict_schema, without_nulls
from bot.tools.foreign.schemas import MAX_CHARACTERS, MAX_DEPTH, usable_schema
from tests.loopback.openai_rules import strict_faults


def of(part: Json, **more: Json) -> dict[str, Json]:
    return {"type": "object", "properties": {"a": part}, **more}


def part_of(part: Json, **more: Json) -> Any:
    schema: Any = usable_schema(of(part, **more))
    return schema["properties"]["a"]


def test_an_ordinary_schema_stays_as_it_is() -> None:
    schema = of({"type": "integer", "minimum": 1, "description": "how many"}, required=["a"])
    assert usable_schema(schema) == schema


def test_keywords_that_only_narrow_or_only_tell_are_left_out() -> None:
    assert part_of({"type": "string", "pattern": "(a+)+$", "$comment": "x", "examples": ["y"], "x-mine": 1}) == {
        "type": "string"
    }


def test_a_keyword_with_a_wrong_value_is_left_out_and_the_others_stay() -> None:
    wrong: Json = {"type": "strnig", "minimum": "1", "enum": [], "required": "a", "anyOf": 5, "maxLength": 9}
    assert part_of(wrong) == {"maxLength": 9}


def test_only_what_is_known_is_required() -> None:
    assert usable_schema(of({}, required=["a", "b", 7])) == of({}, required=["a"])
    assert usable_schema(of({"type": "string"}, required="a")) == of({"type": "string"})


def test_an_array_says_what_its_items_are() -> None:
    assert part_of({"type": "array"}) == {"type": "array", "items": {}}
    assert part_of({"type": ["array", "null"], "items": [{"type": "string"}]}) == {
        "type": ["array", "null"],
        "items": {},
    }


def test_a_reference_stays_where_it_leads_somewhere() -> None:
    known = {"$defs": {"P": {"type": "string"}}}
    assert part_of({"$ref": "#/$defs/P"}, **known) == {"$ref": "#/$defs/P"}
    assert part_of({"$ref": "#/$defs/Q"}, **known) == {}
    assert part_of({"$ref": "https://evil.example/schema"}) == {}


def test_alternatives_at_the_root_become_an_object_that_takes_anything() -> None:
    assert usable_schema({"type": "object", "oneOf": [{"required": ["a"]}], "properties": {"a": {}}}) == {
        "type": "object",
        "properties": {"a": {}},
        "additionalProperties": True,
    }


def test_what_is_no_object_or_far_too_large_is_no_schema() -> None:
    assert usable_schema({"type": "string"}) is None
    assert usable_schema(of({"description": "x" * MAX_CHARACTERS})) is None


def test_descriptions_inside_are_bounded_and_hide_nothing() -> None:
    told = part_of({"description": "a\x1b[31m\u202e\n" + "b" * 5000})["description"]
    assert told.startswith("a[31m b")
    assert len(told) == 500


def test_what_lies_too_deep_allows_everything() -> None:
    deep: JsonObject = {}
    for _ in range(3 * MAX_DEPTH):
        deep = of(deep)
    written = json.dumps(usable_schema(deep))
    assert written.count("properties") == MAX_DEPTH


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["type", "properties", "items", "anyOf", "oneOf", "required", "$ref", "$defs", "enum", "const", "a", "b",
             "additionalProperties", "description", "minimum", "default", "definitions", "allOf", "format"]
        ) | st.text(max_size=5),
        inner | st.sampled_from(["object", "array", "string", "#/$defs/a", "null"]),
        max_size=6,
    ),
    max_leaves=25,
)  # fmt: skip


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=6), JSON)
def test_whatever_a_server_calls_a_schema_becomes_one_that_can_be_sent(more: dict[str, Json], properties: Json) -> None:
    usable = usable_schema({**more, "type": "object", "properties": properties})
    assert usable is not None
    assert usable["type"] == "object"
    assert isinstance(usable["properties"], dict)
    json.loads(json.dumps(usable, allow_nan=False))
    assert without_nulls({"a": None}, usable) in ({}, {"a": None})
    strict = strict_schema(usable)
    assert strict is None or [*strict_faults(strict, root=True)] == []
