"""Requests to a language model, and ways to ask one over loopback. For the tests of `bot/llm`."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from bot.domain.message import Address, Author, Message, MessageId, ThreadKey, TurnId
from bot.domain.ports import ChatModel
from bot.domain.table import Column, Table
from bot.domain.turn import (
    Completion,
    Delay,
    ModelEvent,
    ModelRequest,
    Round,
    TextDelta,
    ToolCall,
    ToolResult,
    ToolSpec,
    Turn,
)
from bot.llm.endpoint import PATIENCE, Patience, Server
from bot.llm.opening import open_chat_model
from tests.loopback.openai_peer import KEY, OpenAIPeer

Api: TypeAlias = Literal["responses", "chat"]

MODEL = "gpt-6-luna"
NOW = datetime(2026, 11, 23, 14, 7, tzinfo=UTC)
THREAD = ThreadKey("terminal", "local", "tty1", "1")
SHORT = Patience(connect_s=2, first_s=0.2, silence_s=0.2)

FIND_FAILURES = ToolSpec(
    "find_failures",
    "Finds connection attempts that did not connect.",
    {
        "type": "object",
        "title": "FindFailures",
        "properties": {
            "pid": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}], "default": None, "title": "Pid"},
            "process_name": {"type": "string", "maxLength": 255, "default": ""},
            "duration": {"type": "integer", "minimum": 1, "default": 3600},
        },
    },
)
AI_INSIGHTS = ToolSpec(
    "ai_insights",
    "Explains a text.",
    {"type": "object", "properties": {"summary_text": {"type": "string"}}, "required": ["summary_text"]},
)
REQUEST = ModelRequest(
    thread=THREAD,
    instructions="You are netspy.",
    history=(),
    question="why is curl failing?",
    now=NOW,
    tools=(FIND_FAILURES, AI_INSIGHTS),
)


@dataclass(frozen=True, slots=True)
class Heard:
    deltas: list[str]
    completion: Completion
    delays: list[str]


async def ask(model: ChatModel, request: ModelRequest = REQUEST) -> Heard:
    """One round; fails unless it is text, with delays, and then one completion that repeats the text."""
    heard = await collect(model.answer(request))
    delays = [event.reason for event in heard if isinstance(event, Delay)]
    events = [event for event in heard if not isinstance(event, Delay)]
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    ends = [event for event in events if isinstance(event, Completion)]
    assert ends == events[len(deltas) :]
    assert len(ends) == 1
    assert "".join(deltas) == ends[0].text
    return Heard(deltas, ends[0], delays)


async def collect(events: AsyncGenerator[ModelEvent, None]) -> list[ModelEvent]:
    return [event async for event in events]


@asynccontextmanager
async def model_at(
    peer: OpenAIPeer, api: Api, patience: Patience = PATIENCE, name: str = MODEL
) -> AsyncGenerator[ChatModel]:
    opened = open_chat_model(name, api=api, server=Server(api_key=KEY, base_url=peer.base_url), patience=patience)
    async with opened as model:
        yield model


def result_of(call: ToolCall, *, failed: bool = False) -> ToolResult:
    table = Table("Failures", (Column("process"), Column("count", "integer")), (("curl", 37),), 1, "T1")
    return ToolResult(call, "37 attempts failed", () if failed else (table,), failed=failed)


def after(request: ModelRequest, completion: Completion) -> ModelRequest:
    """The request of the next round, in which every call has a result."""
    results = tuple(result_of(call) for call in completion.calls)
    return replace(request, rounds=(*request.rounds, Round(completion, results)))


def turn(number: int, text: str, *, calls: tuple[ToolCall, ...] = (), answer: str = "") -> Turn:
    author, address = Author("u", "dana"), Address("terminal", "tty1")
    message = Message(THREAD, MessageId(f"m{number}"), author, text, NOW, address)
    results = tuple(map(result_of, calls))
    return Turn(TurnId(f"t{number}"), message, NOW, "answered", results, answer)


def written_arguments(body: Mapping[str, Any]) -> list[str]:
    """The arguments of every function call in a request of either API, in order."""
    if "input" in body:
        return [item["arguments"] for item in body["input"] if item["type"] == "function_call"]
    calls = [call for message in body["messages"] for call in message.get("tool_calls", ())]
    return [call["function"]["arguments"] for call in calls]


def outputs(body: Mapping[str, Any]) -> list[str]:
    """The results of function calls in a request of either API, in order."""
    if "input" in body:
        return [item["output"] for item in body["input"] if item["type"] == "function_call_output"]
    return [message["content"] for message in body["messages"] if message["role"] == "tool"]
