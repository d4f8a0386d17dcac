"""The one way in which domain values become JSON and come back: for MCP, storage, scripts and models.

Times are RFC 3339 in UTC. Decoding raises `ValueError` on anything that encoding would not have produced.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from bot.domain.json_types import Json, JsonObject
from bot.domain.message import Action, Stop, TurnId
from bot.domain.network import Coverage
from bot.domain.table import Cell, Table
from bot.domain.turn import ToolCall, ToolResult

Value = TypeVar("Value")


def encode(value: object) -> Any:
    """A domain dataclass as JSON values."""
    kind: Any = type(value)
    return _adapter(kind).dump_python(value, mode="json")


def decode(kind: type[Value], data: Json) -> Value:
    """The inverse of `encode`, for values that hold no tables."""
    adapter: TypeAdapter[Value] = _adapter(cast(Any, kind))
    return adapter.validate_python(data)


def encode_result(result: ToolResult) -> dict[str, Json]:
    """`{summary, tables, coverage}`: what a call brought, without the call."""
    return _encoded(result, [encode(table) for table in result.tables])


def decode_result(call: ToolCall, data: JsonObject, *, failed: bool = False) -> ToolResult:
    tables = decode(tuple[Table, ...], data["tables"])
    coverage = decode(Coverage, data["coverage"]) if data["coverage"] is not None else None
    return ToolResult(call, decode(str, data["summary"]), tuple(map(_with_times, tables)), coverage, failed)


def for_model(result: ToolResult, *, max_rows: int) -> str:
    """A result as compact JSON for a model: at most `max_rows` rows a table, and a note where rows were cut."""
    data = _encoded(result, [_cut(table, max_rows) for table in result.tables])
    if result.failed:
        data["failed"] = True
    return compact(data)


def compact(data: Json) -> str:
    """Without blanks, and always valid UTF-8: a lone surrogate from somebody's file name becomes a question mark."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(errors="replace").decode()


def encode_action(action: Action) -> str:
    """`turn:action:argument`, short enough for any platform's button."""
    match action:
        case Stop(turn):
            return f"{turn}:stop:"


def decode_action(text: str) -> Action:
    turn, _, rest = text.partition(":")
    if turn and rest == "stop:":
        return Stop(TurnId(turn))
    raise ValueError(f"not an action: {text[:80]!r}")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _encoded(result: ToolResult, tables: list[Json]) -> dict[str, Json]:
    coverage = encode(result.coverage) if result.coverage else None
    return {"summary": result.summary, "tables": tables, "coverage": coverage}


def _cut(table: Table, max_rows: int) -> dict[str, Json]:
    given: dict[str, Json] = encode(replace(table, rows=table.rows[:max_rows]))
    if len(table.rows) > max_rows:
        given["note"] = (
            f"only {max_rows} rows are given here; the call brought {len(table.rows)}, {table.total_rows} exist"
        )
    return given


def _with_times(table: Table) -> Table:
    """JSON has no times: a time column's strings become times again."""
    timed = [place for place, column in enumerate(table.columns) if column.kind == "time"]
    return replace(table, rows=tuple(_with_times_at(timed, row) for row in table.rows)) if timed else table


def _with_times_at(places: Sequence[int], row: tuple[Cell, ...]) -> tuple[Cell, ...]:
    cells = list(row)
    for place in places:
        written = row[place]
        cells[place] = datetime.fromisoformat(written) if isinstance(written, str) else written
    return tuple(cells)
