"""What OpenAI's API demands of a request and netspy promises to send: each broken rule as a sentence. Pure."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,(?P<content>.+)", re.DOTALL)
_KEYWORDS = {
    "type", "description", "enum", "const", "anyOf", "$ref", "$defs", "properties", "required", "additionalProperties",
    "items", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems",
}  # fmt: skip


def broken_rules(path: str, body: dict[str, Any], hidden: set[str]) -> list[str]:
    """`hidden` holds the encrypted reasoning that the peer gave out."""
    shared = [*_shared(body)]
    if path.endswith("/chat/completions"):
        return [*shared, *_chat(body)]
    return [*shared, *_responses(body, hidden)]


def _shared(body: dict[str, Any]) -> Iterator[str]:
    if not isinstance(body.get("model"), str) or not body["model"]:
        yield "model is missing"
    if body.get("stream") is not True:
        yield "stream is not true"
    if "temperature" in body:
        yield "temperature is set"
    if len(body.get("prompt_cache_key", "")) > 64:
        yield "prompt_cache_key is longer than 64"
    if body.get("tools") == []:
        yield "tools is empty: leave it out"
    tools = [tool.get("function", tool) for tool in body.get("tools", ())]
    names = [tool["name"] for tool in tools]
    if names != sorted(set(names)):
        yield f"tools are not in a stable order, or there are twins: {names}"
    for tool in tools:
        yield from _tool(tool)


def _tool(tool: dict[str, Any]) -> Iterator[str]:
    if not _NAME.fullmatch(tool["name"]):
        yield f"{tool['name']!r} is not a function's name"
    if tool.get("strict"):
        yield from (f"{tool['name']}: {fault}" for fault in strict_faults(tool["parameters"], root=True))


def strict_faults(schema: dict[str, Any], *, root: bool = False) -> Iterator[str]:
    """Why OpenAI would refuse `schema` in strict mode."""
    if root and (schema.get("type") != "object" or "anyOf" in schema):
        yield "the root is not an object"
    if unknown := set(schema) - _KEYWORDS:
        yield f"keywords that strict mode does not know: {sorted(unknown)}"
    if "$ref" in schema and set(schema) != {"$ref"}:
        yield "a $ref with keywords beside it"
    if not {"type", "anyOf", "$ref"} & set(schema):
        yield "a part without a type"
    types = schema.get("type", [])
    if "object" in types:
        if schema.get("additionalProperties") is not False:
            yield "additionalProperties is not false"
        if sorted(schema.get("required", ())) != sorted(schema.get("properties", {})):
            yield "not every property is required"
    if "array" in types and "items" not in schema:
        yield "an array without items"
    named = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    for part in [*named, *schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())]:
        yield from strict_faults(part)


def _chat(body: dict[str, Any]) -> Iterator[str]:
    if body.get("stream_options") != {"include_usage": True}:
        yield "stream_options does not ask for usage"
    if "max_tokens" in body:
        yield "max_tokens is deprecated: max_completion_tokens"
    messages = body.get("messages") or [{"role": "nobody"}]
    if messages[0]["role"] != "system" or [m["role"] for m in messages].count("system") != 1:
        yield "there is not one system message, at the start"
    for message in messages:
        if message["role"] == "assistant":
            yield from _assistant(message)
        if message["role"] == "user":
            yield from _content(message["content"], {"text": "text", "image": "image_url"})
    yield from _answered(messages)


def _answered(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Results stand right behind their calls, and somebody waits for an answer."""
    waiting: list[str] = []
    for message in messages:
        if message["role"] != "tool" and waiting:
            yield f"calls {waiting} have no result before the next {message['role']} message"
        match message["role"]:
            case "tool" if message["tool_call_id"] in waiting:
                waiting.remove(message["tool_call_id"])
            case "tool":
                yield f"a result for {message['tool_call_id']!r}, which was not called just before"
            case "assistant":
                waiting = [call["id"] for call in message.get("tool_calls", ())]
    if messages[-1]["role"] not in {"user", "tool"} or waiting:
        yield "the last message is neither a question nor a call's result"


def _assistant(message: dict[str, Any]) -> Iterator[str]:
    calls = message.get("tool_calls", ())
    if not calls and not message.get("content"):
        yield "an assistant's message without text or calls"
    if calls == []:
        yield "tool_calls is empty: leave it out"
    if len({call["id"] for call in calls}) != len(calls):
        yield "two calls of one message share an id"
    for call in calls:
        if not 0 < len(call["id"]) <= 40:
            yield f"{call['id']!r} is no call's id: it is empty, or longer than 40"
        if not _NAME.fullmatch(call["function"]["name"]):
            yield f"{call['function']['name']!r} is not a function's name"
        if not isinstance(_json(call["function"]["arguments"]), dict):
            yield f"arguments are no JSON object: {call['function']['arguments']!r}"


def _responses(body: dict[str, Any], hidden: set[str]) -> Iterator[str]:
    if body.get("store") is not False:
        yield "store is not false"
    if "previous_response_id" in body:
        yield "previous_response_id is set"
    if not body.get("instructions"):
        yield "there are no instructions"
    items = body.get("input")
    if not isinstance(items, list):
        yield "input is not a list of items"
        return
    for item in items:
        yield from _item(item)
    replayed = {item.get("encrypted_content") for item in items if item.get("type") == "reasoning"}
    if replayed != hidden:
        yield f"reasoning was given out as {sorted(hidden)}, and came back as {sorted(map(str, replayed))}"
    yield from _pairs([item for item in items if "call_id" in item])


def _pairs(items: list[dict[str, Any]]) -> Iterator[str]:
    """Every call has one result, behind it."""
    waiting: set[str] = set()
    seen: set[str] = set()
    for item in items:
        call_id = item["call_id"]
        if not 0 < len(call_id) <= 64:
            yield f"{call_id!r} is no call's id: it is empty, or longer than 64"
        if item["type"] == "function_call_output" and call_id not in waiting:
            yield f"a result for {call_id!r}, which was not called before, or has one"
        if item["type"] == "function_call" and call_id in seen:
            yield f"{call_id!r} is called twice"
        seen.add(call_id)
        waiting ^= {call_id}
    if waiting:
        yield f"calls without a result: {sorted(waiting)}"


def _item(item: dict[str, Any]) -> Iterator[str]:
    kind = item.get("type")
    if kind not in {"message", "function_call", "function_call_output", "reasoning"}:
        yield f"an item of type {kind!r}"
    if kind == "message":
        yield from _message(item)
    if None in item.values():
        yield f"a null in an item: {item}"


def _message(item: dict[str, Any]) -> Iterator[str]:
    if item["role"] not in {"user", "assistant"} or not item["content"]:
        yield f"an empty message, or one of role {item['role']!r}"
    elif item["role"] == "user":
        yield from _content(item["content"], {"text": "input_text", "image": "input_image"})


def _content(content: Any, types: dict[str, str]) -> Iterator[str]:
    """A user's message: text, or parts of the types that an API has for them."""
    for part in [] if isinstance(content, str) else content:
        if part.get("type") == types["text"]:
            if not part.get("text"):
                yield "a part without text"
        elif part.get("type") == types["image"]:
            given = part.get("image_url")
            yield from _image(given.get("url") if types["image"] == "image_url" and isinstance(given, dict) else given)
        else:
            yield f"a part of type {part.get('type')!r}"


def _image(url: Any) -> Iterator[str]:
    match = _IMAGE.fullmatch(url) if isinstance(url, str) else None
    try:
        content = base64.b64decode(match["content"], validate=True) if match else b""
    except ValueError:
        content = b""
    if not content:
        yield f"an image that is no data URL of a known kind of image: {str(url)[:60]!r}"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
