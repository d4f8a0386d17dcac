"""What of an answer is in Slack already, by whichever process. It reads threads and writes nothing."""

import json
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from adapters.slack.calls import Calls
from adapters.slack.place import Place
from bot.domain.json_types import JsonObject
from bot.domain.message import TurnId

EVENT_TYPE = "netspy_answer"
"""Of the metadata on every message of an answer (https://docs.slack.dev/messaging/message-metadata)."""
PAGE_OF_REPLIES = 200
MAX_PAGES = 5
"""The messages of an answer stand soon behind its question."""
_IN_BLOCKS = re.compile(r'"(?:value|task_id|id)": "([0-9a-f]{32}):')
"""A streamed message has no metadata yet: its tasks and its stop button name the turn."""


@dataclass(frozen=True, slots=True)
class Found:
    """`part` is None while the message is unfinished; `files` are names."""

    ts: str
    turn: TurnId | None
    part: int | None
    is_last: bool
    files: tuple[str, ...]


def metadata(turn: TurnId, **payload: Any) -> JsonObject:
    return {"event_type": EVENT_TYPE, "event_payload": {"turn": turn, **payload}}


async def posted(calls: Calls, place: Place, *, bot: str) -> AsyncGenerator[Found, None]:
    """Netspy's own messages in a thread since the question, oldest first."""
    cursor = ""
    for _ in range(MAX_PAGES):
        page = await calls.do(
            calls.client.conversations_replies,
            channel=place.channel,
            ts=place.thread,
            oldest=place.message,
            inclusive=True,
            limit=PAGE_OF_REPLIES,
            include_all_metadata=True,
            cursor=cursor or None,
        )
        for message in page.get("messages", ()):
            if message.get("user") == bot:
                yield found_in(message)
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return


def found_in(message: dict[str, Any]) -> Found:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    in_blocks = _IN_BLOCKS.search(json.dumps(message.get("blocks") or []))
    turn = payload.get("turn") or (in_blocks[1] if in_blocks else None)
    part = payload.get("part")
    return Found(
        ts=str(message["ts"]),
        turn=TurnId(str(turn)) if turn else None,
        part=int(part) if part is not None else None,
        is_last=bool(payload.get("is_last")),
        files=tuple(str(file.get("name")) for file in message.get("files") or ()),
    )
