"""The one way in which domain values become JSON and come back: for MCP, storage, scripts and models.

Times are RFC 3339 in UTC. Decoding raises `ValueError` on anything that encoding would not have produced.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from bot.domain.json_types import Json, JsonObject
from bot.domain.message import (
    Again,
    Attachment,
    Block,
    Button,
    Chart,
    Csv,
    Diff,
    Feedback,
    Footer,
    Notice,
    Page,
    Prose,
    Reply,
    Stop,
    TurnId,
    Why,
)
from bot.domain.network import Coverage
from bot.domain.table import Cell, Column, Series, Table
from bot.domain.turn import ToolCall, ToolResult

MODEL_ROWS = 50
"""Rows of one table that a model reads. The same for this turn and for earlier ones: a stable prefix can be cached."""
MAX_CHARACTERS = 24_000
"""Of one result, for a model: some 8,000 tokens."""

Value = TypeVar("Value")

_KINDS = {
    "prose": Prose,
    "table": Table,
    "chart": Chart,
    "footer": Footer,
    "notice": Notice,
    "attachment": Attachment,
}
_NAMES: dict[Any, str] = {kind: name for name, kind in _KINDS.items()}
_BARE: dict[str, type[Stop | Again | Diff | Why]] = {"stop": Stop, "again": Again, "diff": Diff, "why": Why}
"""Buttons that say nothing but a turn."""
_BARE_NAMES: dict[Any, str] = {kind: name for name, kind in _BARE.items()}
_ACTION = re.compile(r"(?P<turn>[^:]+):(?P<action>[a-z]+):(?P<argument>.*)")
_PAGE = re.compile(r"(?P<table>\w+)\.(?P<number>[1-9][0-9]{0,5})\.(?P<size>[1-9][0-9]{0,3})", re.ASCII)


def encode(value: object) -> Any:
    """A domain dataclass as JSON values."""
    kind: Any = type(value)
    return _adapter(kind).dump_python(value, mode="json")


def decode(kind: type[Value], data: Json) -> Value:
    """The inverse of `encode`, for values that hold no tables."""
    adapter: TypeAdapter[Value] = _adapter(cast(Any, kind))
    return adapter.validate_python(data)


def parse(kind: type[Value], text: str) -> Value:
    """The same for JSON that is still text, faster."""
    adapter: TypeAdapter[Value] = _adapter(cast(Any, kind))
    return adapter.validate_json(text)


def to_json(value: object) -> bytes:
    """The same as text, faster."""
    kind: Any = type(value)
    return _adapter(kind).dump_json(value)


def encode_result(result: ToolResult) -> dict[str, Json]:
    """`{summary, tables, coverage}`, with `charts` and `attachments` where there are any: a result without its call."""
    beside = {"attachments": result.attachments, "charts": result.charts}
    data = _encoded(result, [encode(table) for table in result.tables])
    return data | {name: list(map(encode, values)) for name, values in beside.items() if values}


def decode_result(call: ToolCall, data: JsonObject, *, failed: bool = False) -> ToolResult:
    tables = decode(tuple[Table, ...], data["tables"])
    coverage = decode(Coverage, data["coverage"]) if data["coverage"] is not None else None
    attachments = decode(tuple[Attachment, ...], data.get("attachments", ()))
    charts = decode(tuple[Series, ...], data.get("charts", ()))
    summary = decode(str, data["summary"])
    return ToolResult(call, summary, tuple(map(_with_times, tables)), coverage, failed, attachments, charts)


def for_model(result: ToolResult, *, max_rows: int) -> str:
    """A result as compact JSON for a model: at most `max_rows` rows a table, and a note where rows were cut.

    Fewer rows where the whole would exceed `MAX_CHARACTERS`, in every table alike.
    """
    text = _for_model(result, max_rows)
    while len(text) > MAX_CHARACTERS and max_rows > 0:
        max_rows //= 2
        text = _for_model(result, max_rows)
    return text


def compact(data: Json) -> str:
    """Without blanks, and always valid UTF-8: a lone surrogate from somebody's file name becomes a question mark."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(errors="replace").decode()


def identity_of(call: ToolCall) -> tuple[str, str]:
    """What makes two calls the same, whatever the order of their arguments."""
    return call.name, compact(dict(sorted(call.arguments.items())))


def encode_reply(reply: Reply) -> dict[str, Json]:
    return {"turn": reply.turn, "blocks": [{"kind": _NAMES[type(block)], **encode(block)} for block in reply.blocks]}


def decode_reply(data: JsonObject) -> Reply:
    blocks = decode(list[dict[str, Any]], data["blocks"])
    return Reply(TurnId(decode(str, data["turn"])), tuple(map(_decode_block, blocks)))


def encode_action(action: Button) -> str:
    """`turn:action:argument`, short enough for any platform's button."""
    match action:
        case Stop(turn) | Again(turn) | Diff(turn) | Why(turn):
            return f"{turn}:{_BARE_NAMES[type(action)]}:"
        case Page(turn, table, number, size):
            return f"{turn}:page:{table}.{number}.{size}"
        case Csv(turn, table):
            return f"{turn}:csv:{table}"
        case Feedback(turn, verdict):
            return f"{turn}:feedback:{verdict}"


def decode_action(text: str) -> Button:
    """Raises: ValueError for what is no button of netspy's."""
    if found := _ACTION.fullmatch(text):
        turn = TurnId(found["turn"])
        match found["action"], found["argument"]:
            case name, "" if name in _BARE:
                return _BARE[name](turn)
            case "page", argument if page := _PAGE.fullmatch(argument):
                return Page(turn, page["table"], int(page["number"]), int(page["size"]))
            case "csv", table if table:
                return Csv(turn, table)
            case "feedback", ("up" | "down") as verdict:
                return Feedback(turn, verdict)
    raise ValueError(f"not an action: {text[:80]!r}")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _decode_block(data: dict[str, Any]) -> Block:
    kind = _KINDS.get(data["kind"])
    if kind is None:
        raise ValueError(f"not a block: {str(data['kind'])[:80]!r}")
    block: Block = decode(cast(Any, kind), data)
    return _with_times(block) if isinstance(block, Table) else block


def _encoded(result: ToolResult, tables: list[Json]) -> dict[str, Json]:
    coverage = encode(result.coverage) if result.coverage else None
    return {"summary": result.summary, "tables": tables, "coverage": coverage}


def _for_model(result: ToolResult, max_rows: int) -> str:
    data = _encoded(result, [_cut(table, max_rows) for table in result.tables])
    beside = [*(file.name for file in result.attachments), *(f"chart: {chart.title}" for chart in result.charts)]
    if beside:
        data["shown_to_the_person"] = [*beside]
    if result.failed:
        data["failed"] = True
    return compact(data)


def _cut(table: Table, max_rows: int) -> dict[str, Json]:
    given: dict[str, Json] = encode(replace(table, rows=table.rows[:max_rows]))
    given["columns"] = [_for_reading(column) for column in table.columns]
    if len(table.rows) > max_rows:
        given["note"] = (
            f"only {max_rows} rows are given here; the call brought {len(table.rows)}, {table.total_rows} exist"
        )
    return given


def _for_reading(column: Column) -> dict[str, Json]:
    """What a column means; how it is laid out is nothing that a model needs to know."""
    told: dict[str, Json] = {"name": column.name, "kind": column.kind}
    return told | {"unit": column.unit} if column.unit else told


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
