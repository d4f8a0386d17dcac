"""Turns as the values of rows, and back. Knows columns and JSON, no SQL."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

from sqlalchemy import Row

from bot import codec
from bot.domain.audit import AuditEntry
from bot.domain.message import Channel, Message, Reply, ThreadKey, TurnId
from bot.domain.stores import Claim, Wish
from bot.domain.turn import Made, Memory, ToolCall, ToolResult, Turn, TurnState, Usage, author_of

Values: TypeAlias = dict[str, Any]


def storable(text: str) -> str:
    """`text` with a question mark for what no database takes as text: a lone surrogate, and NUL for PostgreSQL.

    Only hostile or broken peers send them; refusing them would lose the whole message.
    """
    return text.encode(errors="replace").decode().replace("\x00", "?")


def key_values(key: ThreadKey) -> dict[str, str]:
    parts = {"platform": key.platform, "workspace": key.workspace, "channel": key.channel, "thread": key.thread}
    return {column: storable(text) for column, text in parts.items()}


def place_values(key: ThreadKey) -> Values:
    """The same for updates, whose parameters must not be named like columns."""
    return {f"in_{name}": value for name, value in key_values(key).items()}


def opening_values(message: Message) -> Values:
    """What a message says about its thread. A service is nobody: the first person who asks there is the first."""
    author = "" if message.author.kind == "service" else storable(message.author.id)
    return {"opens": message.opens, "author": author}


def begin_values(turn: Turn) -> Values:
    return {
        "id": storable(turn.id),
        "message_id": storable(turn.message.id),
        "message": message_text(turn.message),
        "started_at": turn.started_at,
        "state": turn.state,
        "answer": storable(turn.answer),
        "asked_by": storable(author_of(turn.message)),
        "asked_in": channel_text(turn.message.channel),
    }


def channel_text(channel: Channel) -> str:
    return storable(f"{channel.platform}/{channel.workspace}/{channel.id}")


def end_values(turn: Turn, reply: Reply) -> Values:
    return {
        "turn_id": storable(turn.id),
        "state": turn.state,
        "answer": storable(turn.answer),
        "finished_at": datetime.now(UTC),
        "reply": reply_text(reply),
        "model": storable(turn.model),
        "input_tokens": turn.usage.input_tokens,
        "output_tokens": turn.usage.output_tokens,
        "made": made_text(turn.made),
    }


def spending_values(turn: Turn, ended_at: datetime) -> Values:
    day = ended_at.date().isoformat()
    return {"day": day, "author": storable(author_of(turn.message)), "tokens": turn.usage.total}


def memory_values(memory: Memory) -> Values:
    return {
        "new_summary": storable(memory.summary),
        "new_summarised": memory.upto,
        "new_since": memory.since,
        "new_told": memory.told,
        "new_made": made_text(memory.made),
    }


def to_memory(row: Row[Any]) -> Memory:
    return Memory(row.summary, row.summarised, row.summary_since, row.told, _to_made(row.summary_made))


def made_text(made: Made) -> str | None:
    return None if made is None else codec.compact(sorted(made))


def audit_values(entry: AuditEntry) -> Values:
    given = {each.name: getattr(entry, each.name) for each in fields(entry)}
    texts = {name: storable(value) for name, value in given.items() if isinstance(value, str)}
    return given | texts | {"arguments": storable(codec.compact(entry.arguments))}


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
        number=row.position,
        model=row.model,
        usage=Usage(row.input_tokens, row.output_tokens),
        made=_to_made(row.made),
    )


def to_claim(row: Row[Any], results: Sequence[Row[Any]] = ()) -> Claim:
    """Raises: ValueError for a row that this netspy cannot read."""
    reply = codec.decode_reply(json.loads(row.reply)) if row.reply is not None else None
    return Claim(to_turn(row, results), row.attempts, reply, to_wish(row.wish))


def to_wish(text: str | None) -> Wish | None:
    return None if text is None else codec.decode(cast("Any", Wish), text)


def _result_values(turn: TurnId, place: int, result: ToolResult) -> Values:
    made = None if result.made is None else sorted(result.made)
    data = codec.encode_result(result) | {"took_s": result.took_s, "made": made}
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
    data = json.loads(row.data)
    result = codec.decode_result(call, {"summary": row.summary, **data}, failed=row.failed)
    took_s = codec.decode(cast("Any", float | None), data.get("took_s"))
    return replace(result, took_s=took_s, made=codec.decode(cast("Any", Made), data.get("made")))


def _to_made(text: str | None) -> Made:
    return None if text is None else codec.parse(frozenset[str], text)
