"""Schemas of foreign tools' arguments, as every model's server takes them. Pure.

One schema that an API refuses costs the whole request, all other tools with it. So only keywords that are known stay,
where their value is what it should be. What is left out only narrows: the foreign server checks its arguments itself.
"""

import json
import re
from collections.abc import Callable, Mapping
from math import isfinite

from bot.codec import compact
from bot.domain.json_types import Json, JsonObject
from bot.tables.untrusted import one_line

MAX_CHARACTERS = 12_000
"""Of one schema as JSON; some 4,000 tokens."""
MAX_DEPTH = 12
MAX_DESCRIPTION = 500
_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
_PROPERTY = re.compile(r"[!-~]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_DEFINITION = re.compile(r"#/(?P<where>\$defs|definitions)/(?P<name>.+)")


def usable_schema(given: JsonObject) -> JsonObject | None:
    """An object schema that allows at least what `given` does; None for one that is too large, or no object's."""
    try:
        if len(compact(given)) > MAX_CHARACTERS or given.get("type", "object") != "object":
            return None
    except RecursionError:
        return None
    root = _schema({key: value for key, value in given.items() if key not in _NOT_AT_THE_ROOT}, given, MAX_DEPTH)
    if not _NOT_AT_THE_ROOT.isdisjoint(given):
        root["additionalProperties"] = True  # what was left out may have known more arguments
    whole = {"properties": {}, **root, "type": "object", **_definitions(given)}
    usable: JsonObject = json.loads(compact(whole))  # without halves of characters, such as in an enum
    return usable


def _definitions(root: JsonObject) -> dict[str, Json]:
    kept: dict[str, Json] = {}
    for where in ("$defs", "definitions"):
        parts = {name: part for name, part in _object(root.get(where)).items() if _NAME.fullmatch(name)}
        if parts:
            kept[where] = {name: _schema(part, root, MAX_DEPTH) for name, part in parts.items()}
    return kept


def _schema(part: Json, root: JsonObject, depth: int) -> dict[str, Json]:
    """`true`, and whatever is no schema or lies too deep, allows everything."""
    if not isinstance(part, Mapping) or depth == 0:
        return {}
    kept: dict[str, Json] = {key: value for key, value in part.items() if key in _PLAIN and _PLAIN[key](value)}
    if isinstance(told := part.get("description"), str):
        kept["description"] = one_line(told, MAX_DESCRIPTION)
    if _leads_somewhere(part.get("$ref"), root):
        kept["$ref"] = part["$ref"]
    for key in ("anyOf", "oneOf", "allOf"):
        if variants := part.get(key):
            kept |= {key: [_schema(each, root, depth - 1) for each in variants]} if isinstance(variants, list) else {}
    return kept | _of_object(part, root, depth) | _of_array(part, kept, root, depth)


def _of_object(part: JsonObject, root: JsonObject, depth: int) -> dict[str, Json]:
    kept: dict[str, Json] = {}
    properties = {name: value for name, value in _object(part.get("properties")).items() if _PROPERTY.fullmatch(name)}
    if properties:
        kept["properties"] = {name: _schema(value, root, depth - 1) for name, value in properties.items()}
    required = part.get("required")
    if isinstance(required, list) and (known := [name for name in properties if name in required]):
        kept["required"] = known
    free = part.get("additionalProperties")
    if isinstance(free, bool | Mapping):
        kept["additionalProperties"] = free if isinstance(free, bool) else _schema(free, root, depth - 1)
    return kept


def _of_array(part: JsonObject, kept: JsonObject, root: JsonObject, depth: int) -> dict[str, Json]:
    """OpenAI refuses an array that does not say what its items are."""
    types = kept.get("type")
    is_array = types == "array" or (isinstance(types, list) and "array" in types)
    return {"items": _schema(part.get("items"), root, depth - 1)} if is_array else {}


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _leads_somewhere(target: Json, root: JsonObject) -> bool:
    found = _DEFINITION.fullmatch(target) if isinstance(target, str) else None
    return bool(found and _NAME.fullmatch(found["name"]) and found["name"] in _object(root.get(found["where"])))


def _is_type(value: Json) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(each, str) and each in _TYPES for each in value)
    return isinstance(value, str) and value in _TYPES


def _is_number(value: Json) -> bool:
    if isinstance(value, float):
        return isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _is_count(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_values(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_value, value))


def _is_value(value: Json) -> bool:
    return value is None or isinstance(value, bool | str) or _is_number(value)


_PLAIN: Mapping[str, Callable[[Json], bool]] = {
    "type": _is_type,
    "enum": _are_values,
    "const": _is_value,
    "default": _is_value,
    "format": lambda value: isinstance(value, str) and value.isascii() and value.isprintable(),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count),
    "multipleOf": lambda value: _is_number(value) and isinstance(value, int | float) and value > 0,
}
_NOT_AT_THE_ROOT = frozenset({"anyOf", "oneOf", "allOf", "enum", "const", "default", "$ref"})
"""OpenAI refuses these at the root of a function's parameters."""
