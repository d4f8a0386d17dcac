"""What a request tells a language model, in order and in no API's terms: both APIs write it down from here. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal, TypeAlias

from bot.codec import for_model
from bot.domain.message import ThreadKey
from bot.domain.turn import Completion, ModelRequest, ToolResult, ToolSpec, Turn

MAX_ROWS = 50
"""Rows of one table that a model reads. The same for this turn and for earlier ones: a stable prefix can be cached."""


@dataclass(frozen=True, slots=True)
class Said:
    """A whole message. The assistant's end an earlier turn."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """Function calls with their results. `completion` is the round that made them; None in earlier turns."""

    results: tuple[ToolResult, ...]
    completion: Completion | None = None


Entry: TypeAlias = Said | Called


def entries(request: ModelRequest) -> Iterator[Entry]:
    """Earlier turns, the question, and the rounds that this turn has had."""
    for number, turn in enumerate(request.history):
        yield _question(turn.message.text, turn.started_at)
        if turn.results:
            yield Called(tuple(_renamed(result, number, place) for place, result in enumerate(turn.results)))
        yield Said("assistant", turn.answer or _silence(turn))
    yield _question(request.question, request.now)
    for past in request.rounds:
        yield Called(past.results, past.completion)


def _question(text: str, asked_at: datetime) -> Said:
    """With its time, which stands here and not in the instructions: what comes before a question never changes."""
    return Said("user", f"{text}\n\n(asked at {asked_at:%Y-%m-%dT%H:%M:%SZ})")


def output_of(result: ToolResult) -> str:
    return for_model(result, max_rows=MAX_ROWS)


def in_order(tools: tuple[ToolSpec, ...]) -> list[ToolSpec]:
    """By name, however discovery came to list them: a prefix that never wavers can be cached."""
    return sorted(tools, key=lambda tool: tool.name)


def as_extra(tools: Sequence[object]) -> dict[str, object] | None:
    """Tools as `extra_body`, which the SDK sends as it is; given as `tools` it walks every schema, 6 ms a request."""
    return {"tools": list(tools)} if tools else None


def cache_key(thread: ThreadKey) -> str:
    """The same for all requests of a thread, so that they meet the same cache; it does not name the thread."""
    return sha256(str(thread).encode()).hexdigest()[:32]


def made_up_id(letter: str, number: int, place: int) -> str:
    """Nine letters and digits: what the strictest servers (Mistral's) ask of a call's id."""
    return f"{letter}{number:04}{place:04}"


def _renamed(result: ToolResult, number: int, place: int) -> ToolResult:
    """Call ids are unique within their turn only, and a request holds many turns."""
    return replace(result, call=replace(result.call, id=made_up_id("h", number, place)))


def _silence(turn: Turn) -> str:
    """Chat templates want an assistant's message at the end of every turn."""
    return "(The person was shown the tables.)" if turn.results else "(There was no answer.)"
