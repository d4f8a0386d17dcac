"""What the OpenAI peer is told to do, as plain values, and the events that each API makes of it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Fault: TypeAlias = Literal["truncate", "disconnect", "hang", "corrupt", "silent"]
"""truncate: a clean end without the last event; silent: not even a status line, until the client gives up."""
Ending: TypeAlias = Literal["end", "disconnect", "hang"]


@dataclass(frozen=True, slots=True)
class Call:
    """A function call; `arguments` as text are sent as they are."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)

    @property
    def written(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """One round of the model. `fault` comes after `after` events.

    `thinks` adds an encrypted reasoning item, which the client has to send back until its turn ends (Responses only,
    and one turn at a time). `failure` is a code and a message that end the stream.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    refusal: str = ""
    finish: Literal["", "length", "content_filter"] = ""
    thinks: bool = False
    failure: tuple[str, str] | None = None
    fault: Fault | None = None
    after: int = 0
    pace_s: float = 0.0
    """A pause behind every event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """An HTTP error with OpenAI's body, or with `page` instead of it."""

    status: int
    code: str | None = None
    message: str = "no"
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    page: str = ""


@dataclass(frozen=True, slots=True)
class Stream:
    """Exact events: values become JSON, text is sent as it is."""

    events: tuple[Any, ...]
    then: Ending = "end"


Step: TypeAlias = Say | Fail | Stream


def chat_events(say: Say, number: int, *, usage: bool) -> Iterator[Any]:
    """The chunks of a chat completion, and `[DONE]`."""
    yield _chunk({"role": "assistant", "content": None if say.calls else ""})
    for word in _words(say.text):
        yield _chunk({"content": word})
    if say.refusal:
        yield _chunk({"refusal": say.refusal})
    for index, call in enumerate(say.calls):
        opened = {"index": index, "id": f"call_{number}_{index}", "type": "function"}
        yield _chunk({"tool_calls": [{**opened, "function": {"name": call.name, "arguments": ""}}]})
        for piece in _pieces(call.written):
            yield _chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    if say.failure:
        yield {"error": {"code": say.failure[0], "message": say.failure[1], "type": say.failure[0], "param": None}}
        return
    yield _chunk({}, say.finish or ("tool_calls" if say.calls else "stop"))
    if usage:
        counts = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        yield {**_chunk({}), "choices": [], "usage": counts}
    yield "[DONE]"


def responses_events(say: Say, number: int) -> Iterator[dict[str, Any]]:
    """The events of a response, numbered."""
    for sequence, event in enumerate(_responses_events(say, number)):
        yield {**event, "sequence_number": sequence}


def _responses_events(say: Say, number: int) -> Iterator[dict[str, Any]]:
    items = _items(say, number)
    yield {"type": "response.created", "response": _response("in_progress", [])}
    for index, item in enumerate(items):
        yield {"type": "response.output_item.added", "output_index": index, "item": {**item, "status": "in_progress"}}
        yield from _item_events(say, item, index)
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    if say.failure:
        error = {"code": say.failure[0], "message": say.failure[1]}
        yield {"type": "response.failed", "response": {**_response("failed", items), "error": error}}
    elif say.finish:
        reason = "max_output_tokens" if say.finish == "length" else say.finish
        incomplete = {**_response("incomplete", items), "incomplete_details": {"reason": reason}}
        yield {"type": "response.incomplete", "response": incomplete}
    else:
        yield {"type": "response.completed", "response": _response("completed", items)}


def _item_events(say: Say, item: dict[str, Any], index: int) -> Iterator[dict[str, Any]]:
    place = {"item_id": item["id"], "output_index": index}
    if item["type"] == "message":
        for word in _words(say.text):
            yield {"type": "response.output_text.delta", **place, "content_index": 0, "delta": word, "logprobs": []}
        if say.refusal:
            yield {"type": "response.refusal.delta", **place, "content_index": 0, "delta": say.refusal}
    if item["type"] == "function_call":
        for piece in _pieces(item["arguments"]):
            yield {"type": "response.function_call_arguments.delta", **place, "delta": piece}


def _items(say: Say, number: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if say.thinks:
        hidden = {"id": f"rs_{number}", "summary": [], "encrypted_content": f"hidden-{number}"}
        items.append({"type": "reasoning", "status": None, **hidden})
    parts = []
    if say.text:
        parts.append({"type": "output_text", "text": say.text, "annotations": [], "logprobs": []})
    if say.refusal:
        parts.append({"type": "refusal", "refusal": say.refusal})
    if parts:
        message = {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed"}
        items.append({**message, "content": parts})
    for place, call in enumerate(say.calls):
        ids = {"id": f"fc_{number}_{place}", "call_id": f"call_{number}_{place}", "status": "completed"}
        items.append({"type": "function_call", **ids, "name": call.name, "arguments": call.written})
    return items


def _response(status: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    counts = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "model": "peer",
        "output": items,
        "error": None,
        "incomplete_details": None,
        "usage": None if status == "in_progress" else {**counts, **details},
    }


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "peer", "choices": [choice]}


def _words(text: str) -> list[str]:
    return [word if place == 0 else f" {word}" for place, word in enumerate(text.split(" "))] if text else []


def _pieces(text: str, size: int = 7) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]
