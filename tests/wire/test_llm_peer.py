"""The scripted peer itself: it lets nothing pass that OpenAI would refuse, and forgets nothing that was scripted."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError

from bot.domain.errors import ModelRefused
from bot.llm.endpoint import Server
from bot.llm.opening import open_chat_model
from tests.loopback.openai_peer import KEY, OpenAIPeer
from tests.loopback.openai_rules import broken_rules, strict_faults
from tests.loopback.openai_script import Say
from tests.wire.llm_requests import REQUEST, after, ask, model_at

CHAT: dict[str, Any] = {
    "model": "m",
    "stream": True,
    "stream_options": {"include_usage": True},
    "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}],
}
RESPONSES: dict[str, Any] = {
    "model": "m",
    "stream": True,
    "store": False,
    "instructions": "s",
    "input": [{"type": "message", "role": "user", "content": "q"}],
}
OUTPUT = {"type": "function_call_output", "call_id": "a", "output": "{}"}
CALLED = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
ASSISTANT = {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}]}
TOOL = {"role": "tool", "tool_call_id": "a", "content": "{}"}
PNG = "data:image/png;base64,iVBORw0KGgo="


def called(call_id: str) -> dict[str, Any]:
    return {"role": "assistant", "tool_calls": [{"id": call_id, "function": {"name": "f", "arguments": "{}"}}]}


def shown(part: dict[str, Any]) -> list[dict[str, Any]]:
    """Messages for Chat Completions, the question of which holds a part."""
    return [CHAT["messages"][0], {"role": "user", "content": [{"type": "text", "text": "q"}, part]}]


def said(part: dict[str, Any]) -> list[dict[str, Any]]:
    """The same for Responses."""
    return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "q"}, part]}]


def test_right_requests_break_no_rule() -> None:
    chat = CHAT | {"messages": [*shown({"type": "image_url", "image_url": {"url": PNG}}), ASSISTANT, TOOL]}
    responses = RESPONSES | {"input": [*said({"type": "input_image", "image_url": PNG}), CALLED, OUTPUT]}
    assert broken_rules("/v1/chat/completions", chat, set()) == []
    assert broken_rules("/v1/responses", responses, set()) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model": ""}, "model"),
        ({"stream": False}, "stream"),
        ({"temperature": 0}, "temperature"),
        ({"tools": []}, "tools is empty"),
        ({"max_tokens": 5}, "max_tokens"),
        ({"stream_options": {}}, "usage"),
        ({"messages": CHAT["messages"][1:]}, "system"),
        ({"messages": [*CHAT["messages"], ASSISTANT]}, "last message"),
        ({"messages": [*CHAT["messages"], TOOL]}, "not called"),
        ({"messages": [*CHAT["messages"], ASSISTANT, CHAT["messages"][1]]}, "no result"),
        ({"messages": [*CHAT["messages"], {"role": "assistant", "content": ""}, TOOL]}, "without text"),
        ({"messages": [*CHAT["messages"], {"role": "assistant", "content": "x", "tool_calls": []}]}, "is empty"),
        ({"messages": [*CHAT["messages"], called("a" * 41), {**TOOL, "tool_call_id": "a" * 41}]}, "no call's id"),
        ({"messages": shown({"type": "input_image", "image_url": PNG})}, "part of type 'input_image'"),
        (
            {"messages": shown({"type": "image_url", "image_url": {"url": "data:image/tiff;base64,QQ=="}})},
            "no data URL",
        ),
        ({"messages": shown({"type": "image_url", "image_url": PNG[:-1]})}, "no data URL"),
        ({"messages": shown({"type": "text", "text": ""})}, "without text"),
    ],
)
def test_wrong_chat_requests_break_a_rule(change: dict[str, Any], says: str) -> None:
    assert says in str(broken_rules("/v1/chat/completions", CHAT | change, set()))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"store": True}, "store"),
        ({"previous_response_id": "x"}, "previous_response_id"),
        ({"instructions": ""}, "instructions"),
        ({"input": [OUTPUT]}, "not called"),
        ({"input": [CALLED]}, "without a result"),
        ({"input": [CALLED, OUTPUT, OUTPUT]}, "has one"),
        ({"input": [CALLED, OUTPUT, CALLED, OUTPUT]}, "twice"),
        ({"input": [{"type": "reasoning", "encrypted_content": "else"}]}, "came back"),
        ({"input": [{"type": "message", "role": "user", "content": "q", "status": None}]}, "a null"),
        ({"input": [{"type": "poem"}]}, "poem"),
        ({"input": [{**CALLED, "call_id": ""}, {**OUTPUT, "call_id": ""}]}, "no call's id"),
        ({"input": said({"type": "image_url", "image_url": {"url": PNG}})}, "part of type 'image_url'"),
        ({"input": said({"type": "input_image", "image_url": {"url": PNG}})}, "no data URL"),
        ({"input": said({"type": "input_text", "text": ""})}, "without text"),
    ],
)
def test_wrong_responses_requests_break_a_rule(change: dict[str, Any], says: str) -> None:
    assert says in str(broken_rules("/v1/responses", RESPONSES | change, set()))


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"type": "string"}, "root"),
        ({"type": "object", "properties": {}}, "additionalProperties"),
        ({"type": "object", "properties": {"a": {"type": "null"}}, "additionalProperties": False}, "required"),
        ({"type": "object", "title": "T"}, "title"),
        ({"type": "object", "properties": {"a": {}}}, "without a type"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/A", "description": "d"}}}, "beside"),
        ({"type": "object", "properties": {"a": {"type": "array"}}}, "items"),
    ],
)
def test_schemas_that_are_not_strict_are_found(schema: dict[str, Any], says: str) -> None:
    assert says in str([*strict_faults(schema, root=True)])


async def test_script_that_nobody_asked_for_fails() -> None:
    with pytest.raises(AssertionError, match="1 steps"):
        async with OpenAIPeer([Say(text="never")]):
            pass


async def test_a_round_beyond_the_script_fails() -> None:
    peer = OpenAIPeer([])
    async with peer, model_at(peer, "chat") as model:
        with pytest.raises(ModelRefused):
            await ask(model)
        assert "one more than scripted" in peer.faults.pop()


async def test_a_request_against_the_rules_fails() -> None:
    peer = OpenAIPeer(lambda _: Say(text="x"))
    async with peer, AsyncOpenAI(api_key=KEY, base_url=peer.base_url, max_retries=0) as client:
        with pytest.raises(BadRequestError):
            await client.responses.create(model="m", input="q")
        assert "store is not false" in peer.faults
        peer.faults.clear()


async def test_leaving_tells_of_every_fault() -> None:
    peer = OpenAIPeer([])
    await peer.__aenter__()
    peer.faults.append("something odd")
    with pytest.raises(AssertionError, match="something odd"):
        await peer.__aexit__(None, None, None)


@asynccontextmanager
async def peer_process() -> AsyncGenerator[str]:
    """The peer as a process; its base URL."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.loopback.openai_peer"]
    process = await asyncio.create_subprocess_exec(*command, cwd=root, stdout=asyncio.subprocess.PIPE, env=os.environ)
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    try:
        yield line.split("OPENAI_BASE_URL=")[1].split(" ")[0]
    finally:
        process.terminate()
        await process.wait()


async def test_as_a_process_it_plays_two_rounds_for_ever() -> None:
    async with peer_process() as url:
        for api in ("responses", "chat", "responses"):
            async with open_chat_model("gpt-6-luna", api=api, server=Server(api_key=KEY, base_url=url)) as model:
                first = (await ask(model)).completion
                second = (await ask(model, after(REQUEST, first))).completion
            assert [call.name for call in first.calls] == ["find_failures", "get_network_summary"]
            assert "[T1]" in second.text
