"""Turns as the values of rows, and back. Knows columns and JSON, no SQL."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, cast

from sqlalchemy import Row

from bot import codec
from bot.domain.message import Message, Reply, ThreadKey, TurnId
from bot.domain.ports import Claim, Wish
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


def opening_values(message: Message) -> Values:
    """What a message says about its thread."""
    return {"opens": message.opens, "author": storable(message.author.id)}


def begin_values(turn: Turn) -> Values:
    return {
        "id": storable(turn.id),
        "message_id": storable(turn.message.id),
        "message": message_text(turn.message),
        "started_at": turn.started_at,
        "state": turn.state,
        "answer": storable(turn.answer),
    }


def message_text(message: Message) -> str:
    return codec.compact(codec.encode(message))


def reply_text(reply: Reply) -> str:
    return codec.compact(codec.encode_reply(reply))


def result_values(turn: TurnId, results: Iterable[ToolResult], *, first: int) -> list[Values]:
    """A row a result."""
    return [_result_values(turn, place, result) for place, result in enumerate(results, start=first)]


def to_turn(row: Row[Any], results: Sequence[Row[Any]] = ()) -> Turn:
    """`results` are the rows of this turn, in order. Raises: ValueError for a row that this netspy cannot read."""
    state: TurnState = codec.decode(cast("Any", TurnState), row.state)
    return Turn(
        id=TurnId(row.id),
        message=codec.parse(Message, row.message),
        started_at=row.started_at,
        state=state,
        results=tuple(map(_to_result, results)),
        answer=row.answer,
    )


def to_claim(row: Row[Any], results: Sequence[Row[Any]] = ()) -> Claim:
    """Raises: ValueError for a row that this netspy cannot read."""
    reply = codec.decode_reply(json.loads(row.reply)) if row.reply is not None else None
    return Claim(to_turn(row, results), row.attempts, reply, to_wish(row.wish))


def to_wish(text: str | None) -> Wish | None:
    return None if text is None else codec.decode(cast("Any", Wish), text)


def _result_values(turn: TurnId, place: int, result: ToolResult) -> Values:
    data = codec.encode_result(result)
    return {
        "turn_id": storable(turn),
        "place": place,
        "call": codec.compact(codec.encode(result.call)),
        "summary": storable(result.summary),
        "failed": result.failed,
        "data": codec.compact({name: part for name, part in data.items() if name != "summary"}),
    }


def _to_result(row: Row[Any]) -> ToolResult:
    """Without tables and coverage where they were not read."""
    call = codec.parse(ToolCall, row.call)
    if row.data is None:
        return ToolResult(call, row.summary, failed=row.failed)
    return codec.decode_result(call, {"summary": row.summary, **json.loads(row.data)}, failed=row.failed)
