"""The JSON schema of what a tool returns, for clients that check it: derived from the values that are encoded. Pure."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from bot.domain.network import Coverage
from bot.domain.table import Series, Table

_CELL = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]}
"""A list of types would be checked faster, but some clients refuse a tool for it."""
_NOT_SAID = frozenset({"title", "default", "$defs"})


@cache
def output_schema() -> dict[str, Any]:
    """One for all tools: what `codec.encode_result` makes. Without references, which not every client follows."""
    table = _schema(Table)
    table["properties"]["rows"] = {
        "type": "array",
        "description": "one cell a column, in column order; times in RFC 3339, null is not known",
        "items": {"type": "array", "items": _CELL},
    }
    table["properties"]["total_rows"]["description"] = "rows that exist, of which these may be the first ones only"
    coverage = _schema(Coverage) | {"description": "what the answer rests on; none where nothing was asked"}
    return {
        "type": "object",
        "properties": {
            "summary": {"type": "string", "description": "what was found, in a sentence; or why the call failed"},
            "tables": {"type": "array", "items": table},
            "coverage": {"anyOf": [coverage, {"type": "null"}]},
            "charts": {
                "type": "array",
                "description": "what the tables look like when drawn",
                "items": _schema(Series),
            },
        },
        "required": ["summary", "tables", "coverage"],
    }


def _schema(kind: Any) -> dict[str, Any]:
    written = TypeAdapter(kind).json_schema(mode="serialization")
    inlined: dict[str, Any] = _inlined(written, written.get("$defs", {}))
    return inlined


def _inlined(schema: Any, named: Mapping[str, Any], *, of_names: bool = False) -> Any:
    """`of_names`: the keys are names of properties, not words of JSON schema."""
    if isinstance(schema, list):
        return [_inlined(each, named) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        return _inlined(named[reference.rpartition("/")[2]], named)
    kept = {key: value for key, value in schema.items() if of_names or key not in _NOT_SAID}
    return {key: _inlined(value, named, of_names=key == "properties") for key, value in kept.items()}
