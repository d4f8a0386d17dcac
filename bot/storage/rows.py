"""Turns as the values of a row, and back. Knows columns and JSON, no SQL."""

import json
from typing import Any, TypeAlias, cast

from sqlalchemy import Row

from bot import codec
from bot.domain.json_types import JsonObject
from bot.domain.message import Message, ThreadKey, TurnId
from bot.domain.turn import ToolCall, ToolResult, Turn, TurnState

Values: TypeAlias = dict[str, Any]


def storable(text: str) -> str:
    """`text` with a question mark for what no database takes as text: a lone surrogate, and NUL for PostgreSQL.

    Only hostile or broken peers send them; refusing them would lose the whole message.
    """
    return text.encode(errors="replace").decode().replace("\x00", "?")


def key_values(key: ThreadKey) -> dict[str, str]:
    parts = {"platform": key.platform, "workspace": key.workspace, "channel": key.channel, "thread": key.thread}
    return {column: storable(text) for column, text in parts.items()}


def begin_values(turn: Turn) -> Values:
    return {
        "id": storable(turn.id),
        "message_id": storable(turn.message.id),
        "message": codec.compact(codec.encode(turn.message)),
        "started_at": turn.started_at,
        **end_values(turn),
    }


def end_values(turn: Turn) -> Values:
    return {
        "state": turn.state,
        "results": codec.compact([_encode_result(result) for result in turn.results]),
        "answer": storable(turn.answer),
    }


def to_turn(row: Row[Any]) -> Turn:
    """Raises: ValueError for a row that this netspy cannot read."""
    state: TurnState = codec.decode(cast("Any", TurnState), row.state)
    return Turn(
        id=TurnId(row.id),
        message=codec.decode(Message, json.loads(row.message)),
        started_at=row.started_at,
        state=state,
        results=tuple(map(_decode_result, json.loads(row.results))),
        answer=row.answer,
    )


def _encode_result(result: ToolResult) -> JsonObject:
    return {"call": codec.encode(result.call), "failed": result.failed, **codec.encode_result(result)}


def _decode_result(data: Any) -> ToolResult:
    return codec.decode_result(codec.decode(ToolCall, data["call"]), data, failed=data["failed"])
