"""JSON schemas as OpenAI's strict mode wants them, and the way back for the arguments. Pure.

In strict mode every property is required, so an optional one becomes nullable, and its null is dropped before the call.
Rules: https://platform.openai.com/docs/guides/structured-outputs (supported schemas).
"""

from collections.abc import Iterator, Mapping, Sequence

from bot.domain.json_types import Json, JsonObject

_KEPT = frozenset(
    {
        "type", "description", "enum", "const", "multipleOf", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "minItems", "maxItems",
    }
)  # fmt: skip
"""Keywords that pass as they are. Others that only narrow (pattern, format, minLength ...) are left out, since models
differ in which they accept and the tool checks its arguments anyway; so are default, title and examples."""

_SHAPES = frozenset(
    {"allOf", "patternProperties", "prefixItems", "dependentSchemas", "unevaluatedProperties", "$dynamicRef"}
)
"""Keywords that say which properties or items there are, in ways that strict mode does not know."""

MAX_LEVELS = 5
MAX_PROPERTIES = 100
MAX_VALUES = 500
"""Of all enums together. These three are the narrowest that OpenAI ever named; what exceeds them is sent as it is."""

_NULL: JsonObject = {"type": "null"}


class _NotStrictError(Exception):
    """Somewhere inside is what strict mode cannot say."""


def strict_schema(schema: JsonObject) -> dict[str, Json] | None:
    """`schema`, of a tool's arguments, for strict mode; None when strict mode would forbid arguments that it allows."""
    if schema.get("type") != "object" or "anyOf" in schema or "oneOf" in schema:
        return None
    try:
        strict = _strict({"properties": {}, **schema})
        definitions = _mapping(schema.get("$defs", {}))
        if definitions:
            strict["$defs"] = {name: _strict(_mapping(part)) for name, part in definitions.items()}
    except _NotStrictError:
        return None
    return strict if _is_within_limits(strict) else None


def without_nulls(arguments: JsonObject, schema: JsonObject) -> dict[str, Json]:
    """`arguments` without the nulls of properties that `schema` knows and does not require, at any depth."""
    definitions = schema.get("$defs")
    pruned = _pruned(arguments, schema, definitions if isinstance(definitions, Mapping) else {})
    return pruned if isinstance(pruned, dict) else dict(arguments)


def _pruned(value: Json, schema: Json, definitions: JsonObject) -> Json:
    for part in _meanings(schema, definitions):
        if isinstance(value, Mapping) and isinstance(properties := part.get("properties"), Mapping):
            required = part.get("required") or ()
            return {
                name: _pruned(inner, properties.get(name), definitions)
                for name, inner in value.items()
                if inner is not None or (isinstance(required, Sequence) and name in required)
            }
        if isinstance(value, list) and "items" in part:
            return [_pruned(inner, part["items"], definitions) for inner in value]
    return value


def _meanings(schema: Json, definitions: JsonObject) -> list[JsonObject]:
    """The schema, or what it refers to, and its variants. One step each way: a schema may refer to itself."""
    meant = _resolved(schema, definitions)
    variants = meant.get("anyOf") or meant.get("oneOf") or ()
    return [meant, *(_resolved(part, definitions) for part in (variants if isinstance(variants, list | tuple) else ()))]


def _resolved(schema: Json, definitions: JsonObject) -> JsonObject:
    if isinstance(schema, Mapping) and isinstance(name := schema.get("$ref"), str):
        schema = definitions.get(name.removeprefix("#/$defs/"))
    return schema if isinstance(schema, Mapping) else {}


def _is_within_limits(strict: JsonObject) -> bool:
    parts = [*_parts(strict, 1)]
    properties = sum(len(_mapping(part.get("properties", {}))) for part, _ in parts)
    values = sum(len(_list(part.get("enum", ()))) for part, _ in parts)
    return max(level for _, level in parts) <= MAX_LEVELS and properties <= MAX_PROPERTIES and values <= MAX_VALUES


def _parts(strict: JsonObject, level: int) -> Iterator[tuple[JsonObject, int]]:
    """A strict schema and all inside it, each with the level of objects that it lies in."""
    yield strict, level
    for name in ("properties", "$defs"):
        for part in _mapping(strict.get(name, {})).values():
            yield from _parts(_mapping(part), level + (name == "properties"))
    for part in _list(strict.get("anyOf", ())):
        yield from _parts(_mapping(part), level)
    if "items" in strict:
        yield from _parts(_mapping(strict["items"]), level)


def _strict(schema: JsonObject) -> dict[str, Json]:
    if not _SHAPES.isdisjoint(schema):
        raise _NotStrictError
    if "$ref" in schema:
        return _reference(schema["$ref"])
    if variants := schema.get("anyOf") or schema.get("oneOf"):
        return _union(schema, _list(variants))
    strict: dict[str, Json] = {key: value for key, value in schema.items() if key in _KEPT}
    types = _types(schema)
    strict["type"] = types[0] if len(types) == 1 else types
    if "object" in types:
        strict |= _object(schema)
    if "array" in types:
        strict["items"] = _strict(_mapping(schema.get("items")))
    return strict


def _union(schema: JsonObject, variants: Sequence[Json]) -> dict[str, Json]:
    if not {"type", "enum", "const", "properties", "items"}.isdisjoint(schema):
        raise _NotStrictError  # it would hold for each of the variants too
    described = {"description": schema["description"]} if "description" in schema else {}
    return {**described, "anyOf": [_strict(_mapping(variant)) for variant in variants]}


def _object(schema: JsonObject) -> dict[str, Json]:
    """A map with free keys cannot be said; an object that merely does not forbid more keys can."""
    if schema.get("additionalProperties", False) is not False:
        raise _NotStrictError
    properties = _mapping(schema.get("properties"))
    required = _list(schema.get("required", ()))
    parts: dict[str, Json] = {
        name: _strict(_mapping(part)) if name in required else _nullable(_strict(_mapping(part)))
        for name, part in properties.items()
    }
    return {"properties": parts, "required": list(parts), "additionalProperties": False}


def _nullable(schema: dict[str, Json]) -> dict[str, Json]:
    if "$ref" in schema:
        return {"anyOf": [schema, _NULL]}
    if "anyOf" in schema:
        variants = _list(schema["anyOf"])
        return schema if _NULL in variants else {**schema, "anyOf": [*variants, _NULL]}
    types = _types(schema)
    if "null" in types:
        return schema
    if "const" in schema:
        schema = {key: value for key, value in schema.items() if key != "const"} | {"enum": [schema["const"]]}
    if "enum" in schema:
        schema = {**schema, "enum": [*_list(schema["enum"]), None]}
    return {**schema, "type": [*types, "null"]}


def _types(schema: JsonObject) -> list[Json]:
    named = schema.get("type")
    if isinstance(named, str):
        return [named]
    if named:
        return list(_list(named))
    values = _list(schema.get("enum", ())) or [schema.get("const")]
    if all(isinstance(value, str) for value in values):
        return ["string"]
    raise _NotStrictError


def _reference(target: Json) -> dict[str, Json]:
    """A reference stands alone: strict mode refuses keywords beside it."""
    if not isinstance(target, str) or not target.startswith("#/$defs/"):
        raise _NotStrictError
    return {"$ref": target}


def _mapping(value: Json) -> JsonObject:
    if not isinstance(value, Mapping):
        raise _NotStrictError
    return value


def _list(value: Json) -> Sequence[Json]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _NotStrictError
    return value
