"""JSON schemas in OpenAI's strict mode, and the way back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.json_types import Json
from bot.llm.strict_schema import MAX_LEVELS, MAX_PROPERTIES, MAX_VALUES, strict_schema, without_nulls
from tests.loopback.openai_rules import strict_faults


def of(part: Json, *, required: bool = False) -> dict[str, Json]:
    """An object with one property, `a`."""
    return {"type": "object", "properties": {"a": part}, "required": ["a"] if required else []}


def strict_part(part: Json, *, required: bool = False, defs: Json = None) -> Any:
    """What becomes of the property `a`; the whole schema has to follow the rules."""
    strict: Any = strict_schema(of(part, required=required) | ({"$defs": defs} if defs else {}))
    assert strict is not None
    assert [*strict_faults(strict, root=True)] == []
    return strict["properties"]["a"]


@pytest.mark.parametrize(
    ("part", "strict"),
    [
        ({"type": "integer", "minimum": 1, "default": 5, "title": "A"}, {"type": ["integer", "null"], "minimum": 1}),
        ({"type": "string", "maxLength": 9, "pattern": "(?=a)", "format": "uri"}, {"type": ["string", "null"]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"type": "string", "enum": ["x", "y"]}, {"type": ["string", "null"], "enum": ["x", "y", None]}),
        ({"enum": ["x"]}, {"type": ["string", "null"], "enum": ["x", None]}),
        ({"const": "x"}, {"type": ["string", "null"], "enum": ["x", None]}),
        (
            {"anyOf": [{"type": "integer", "title": "B"}, {"type": "null"}], "default": None},
            {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        ),
        ({"oneOf": [{"type": "integer"}]}, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        ({"type": "array", "items": {"type": "string"}}, {"type": ["array", "null"], "items": {"type": "string"}}),
    ],
)
def test_an_optional_argument_becomes_nullable(part: Json, strict: Json) -> None:
    assert strict_part(part) == strict


def test_a_required_argument_stays_as_it_is() -> None:
    assert strict_part({"type": "string", "description": "d"}, required=True) == {"type": "string", "description": "d"}


def test_objects_inside_are_strict_too() -> None:
    inner = strict_part(of({"type": "boolean"}), required=True)
    assert inner["required"] == ["a"]
    assert inner["additionalProperties"] is False


def test_definitions_are_kept_and_referred_to() -> None:
    part = strict_part({"$ref": "#/$defs/A", "description": "gone"}, defs={"A": of({"type": "null"})})
    assert part == {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}


def test_a_tool_without_arguments_is_strict() -> None:
    assert strict_schema({"type": "object"}) == {
        "type": "object",
        "properties": {},
        "required": [],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "object", "anyOf": []},
        {"type": "object", "additionalProperties": True},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "patternProperties": {"x": {"type": "string"}}},
        of({}),
        of("anything"),
        of({"enum": ["x", 7]}),
        of({"type": "object"} | {"additionalProperties": {"type": "integer"}}),
        of({"type": "array"}),
        of({"type": "array", "prefixItems": [{"type": "string"}]}),
        of({"allOf": [{"type": "string"}]}),
        of({"$ref": "#/properties/b"}),
        of({"anyOf": "x"}),
        of({"anyOf": [{"type": "object", "properties": {}}], "type": "object"}),
        of({"anyOf": [{"type": "object", "properties": {}}], "properties": {"b": {"type": "null"}}}),
        of({"type": "string"}, required=True) | {"required": "a"},
    ],
)
def test_what_strict_mode_cannot_say_is_not_strict(schema: dict[str, Json]) -> None:
    assert strict_schema(schema) is None


def test_nulls_of_optional_arguments_go_at_every_depth() -> None:
    schema = of(of({"type": "string"}))
    assert without_nulls({"a": {"a": None}}, schema) == {"a": {}}
    assert without_nulls({"a": None, "unknown": None}, schema) == {}


INNER = of({"type": "integer"})
NESTED = {
    "list": {"type": "array", "items": INNER},
    "variant": {"anyOf": [{"type": "null"}, INNER]},
    "reference": {"$ref": "#/$defs/Inner"},
    "optional reference": {"anyOf": [{"$ref": "#/$defs/Inner"}, {"type": "null"}]},
}


@pytest.mark.parametrize("part", NESTED.values(), ids=NESTED)
def test_what_becomes_nullable_inside_loses_its_null_inside(part: Json) -> None:
    schema = of(part, required=True) | {"$defs": {"Inner": INNER}}
    assert strict_schema(schema) is not None
    inner: Json = [{"a": None}] if isinstance(part, dict) and "items" in part else {"a": None}
    assert without_nulls({"a": inner}, schema) == {"a": [{}] if isinstance(inner, list) else {}}


def test_a_schema_that_is_its_own_variant_ends() -> None:
    itself: Json = {"anyOf": [{"$ref": "#/$defs/A"}]}
    schema = of({"$ref": "#/$defs/A"}) | {"$defs": {"A": itself}}
    assert without_nulls({"a": {"b": None}}, schema) == {"a": {"b": None}}


def test_nulls_under_names_that_the_schema_leaves_free_stay() -> None:
    free: dict[str, Json] = {"type": "object", "additionalProperties": True}
    assert without_nulls({"a": None}, free) == {"a": None}
    assert without_nulls({"a": {"b": None}}, of(free)) == {"a": {"b": None}}


def test_nulls_that_mean_something_stay() -> None:
    assert without_nulls({"a": None}, of({"type": ["string", "null"]}, required=True)) == {"a": None}
    assert without_nulls({"a": [None, 0, False, ""]}, of({"type": "array"})) == {"a": [None, 0, False, ""]}


PARTS = st.recursive(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["string", "integer", "boolean", "null"])}, optional={"title": st.text()}
    ),
    lambda part: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": part}),
        st.fixed_dictionaries({"anyOf": st.lists(part, min_size=1, max_size=2)}),
        st.builds(
            lambda properties, required: {"type": "object", "properties": properties, "required": [*required]},
            st.dictionaries(st.sampled_from("abc"), part),
            st.sets(st.sampled_from("abc")),
        ),
    ),
    max_leaves=8,
)


@given(PARTS)
def test_every_plain_schema_becomes_one_that_follows_the_rules(part: dict[str, Json]) -> None:
    strict_part(part)


def nested(levels: int) -> dict[str, Json]:
    schema: dict[str, Json] = {"type": "string"}
    for _ in range(levels - 1):
        schema = of(schema)
    return schema


@pytest.mark.parametrize(
    ("most", "too_much"),
    [
        (nested(MAX_LEVELS), nested(MAX_LEVELS + 1)),
        (
            {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(MAX_PROPERTIES)}},
            {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(MAX_PROPERTIES + 1)}},
        ),
        (
            of({"enum": [f"v{n}" for n in range(MAX_VALUES)]}, required=True),
            of({"enum": [f"v{n}" for n in range(MAX_VALUES + 1)]}, required=True),
        ),
    ],
    ids=["levels", "properties", "values"],
)
def test_what_is_larger_than_strict_mode_takes_is_not_strict(most: dict[str, Json], too_much: dict[str, Json]) -> None:
    assert strict_schema(most) is not None
    assert strict_schema(too_much) is None
