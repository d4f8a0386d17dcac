"""Chat Completions as other servers speak it, byte for byte."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.turn import Completion, Usage
from bot.llm.chat import ChatCompletionsModel
from bot.llm.endpoint import Server, open_endpoint
from tests.loopback.openai_peer import KEY, OpenAIPeer
from tests.loopback.openai_rules import strict_faults
from tests.loopback.openai_script import Call, Say, Stream
from tests.wire.llm_requests import REQUEST, after, ask, model_at

PID = '{"pid": 7}'


def chunk(*pieces: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {"tool_calls": list(pieces)} if pieces else {}
    return {"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def piece(name: str | None = None, arguments: Any = None, **more: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}, **more}


END = chunk(finish="tool_calls")
WHOLE = piece("find_failures", PID)
SHAPES = {
    "whole calls without index and id": [chunk(WHOLE, WHOLE), END],
    "whole calls without index and id in chunks of their own": [chunk(WHOLE), chunk(WHOLE), END],
    "whole calls under one index with ids": [chunk(WHOLE | {"index": 0, "id": x}) for x in "ab"] + [END],
    "the id and the name in every piece": [
        *[chunk(piece("find_failures", part, index=x, id=f"id{x}")) for x in (0, 1) for part in ('{"pid"', ": 7}")],
        END,
    ],
    "empty ids and names in later pieces": [
        *[chunk(piece("find_failures", "", index=x, id=f"id{x}")) for x in (0, 1)],
        *[chunk(piece("", part, index=x, id="")) for part in ('{"pid"', ": 7}") for x in (0, 1)],
        END,
    ],
    "pieces without index": [
        chunk(piece("find_failures", '{"pid"')),
        chunk(piece(None, ": 7}")),
        chunk(piece("find_failures", '{"pid"', id="b")),
        chunk(piece(None, ": 7}", id="b")),
        END,
    ],
    "arguments as an object": [chunk(piece("find_failures", {"pid": 7}), piece("find_failures", {"pid": 7})), END],
    "an end that says stop": [chunk(WHOLE, WHOLE), chunk(finish="stop")],
    "an end with the last call": [chunk(WHOLE, WHOLE, finish="tool_calls")],
    "empty chunks around it": [{"choices": []}, {"id": "x"}, {"choices": [{"delta": None}]}, chunk(WHOLE, WHOLE), END],
}


@pytest.mark.parametrize("events", SHAPES.values(), ids=SHAPES)
async def test_calls_of_any_server_are_merged(events: list[Any]) -> None:
    async with OpenAIPeer([Stream((*events, "[DONE]"))]) as peer, model_at(peer, "chat") as model:
        calls = (await ask(model)).completion.calls
    assert [(call.name, call.arguments) for call in calls] == [("find_failures", {"pid": 7})] * 2
    assert len({call.id for call in calls}) == 2
    assert all(call.id for call in calls)


async def test_an_answer_may_end_without_done_and_without_usage() -> None:
    said = {"choices": [{"delta": {"content": "Hi", "role": None}, "finish_reason": "eos"}], "usage": None}
    async with OpenAIPeer([Stream((said,))]) as peer, model_at(peer, "chat") as model:
        assert (await ask(model)).completion == Completion("Hi", (), "gpt-6-luna")


async def test_usage_may_come_with_the_last_words() -> None:
    said = chunk(WHOLE, finish="stop", usage={"prompt_tokens": 3, "completion_tokens": None})
    async with OpenAIPeer([Stream((said,))]) as peer, model_at(peer, "chat") as model:
        assert (await ask(model)).completion.usage == Usage(3, 0)


async def test_an_id_that_comes_again_in_a_later_round_is_replaced() -> None:
    said = Stream((chunk(WHOLE | {"id": "call_0"}), END))
    async with OpenAIPeer([said, said, Say(text="So.")]) as peer, model_at(peer, "chat") as model:
        first = (await ask(model)).completion
        request = after(REQUEST, first)
        second = (await ask(model, request)).completion
        await ask(model, after(request, second))
    assert first.calls[0].id == "call_0"
    assert second.calls[0].id not in {"call_0", ""}


async def test_a_call_without_a_name_can_be_refused_by_the_tools() -> None:
    async with OpenAIPeer([Stream((chunk(piece(None, "{}")), END))]) as peer, model_at(peer, "chat") as model:
        assert (await ask(model)).completion.calls[0].name == "unnamed"


async def test_only_openai_gets_strict_schemas_limits_and_cache_keys() -> None:
    said = Say(calls=(Call("find_failures", {"pid": None, "process_name": None, "duration": None}),))
    async with (
        OpenAIPeer([said]) as peer,
        open_endpoint("m", server=Server(api_key=KEY, base_url=peer.base_url)) as endpoint,
    ):
        heard = await ask(ChatCompletionsModel(replace(endpoint, is_openai=True)))
    body = peer.requests[0].body
    functions = [tool["function"] for tool in body["tools"]]
    assert [function["strict"] for function in functions] == [True, True]
    assert [*strict_faults(functions[1]["parameters"], root=True)] == []
    assert body["max_completion_tokens"] == 16_384
    assert len(body["prompt_cache_key"]) == 32
    assert heard.completion.calls[0].arguments == {}
