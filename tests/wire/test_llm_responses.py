"""What only the Responses API does."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.errors import ModelRefused, ModelTruncated
from bot.domain.turn import Completion, TextDelta, ToolSpec
from bot.llm.endpoint import Server, open_endpoint
from bot.llm.responses import ResponsesModel
from tests.loopback.openai_peer import KEY, OpenAIPeer, Request
from tests.loopback.openai_script import Call, Fail, Say, Step, Stream
from tests.wire.llm_requests import FIND_FAILURES, REQUEST, after, ask, collect, model_at

CALL = Call("find_failures", {"pid": 7, "process_name": None, "duration": None})
NO_ENCRYPTION = Fail(status=400, message="Encrypted content is not supported with this model.", param="include")
DONE = {"type": "response.completed", "response": {"output": []}}


async def test_reasoning_travels_unread_through_every_round_of_a_turn() -> None:
    script = [Say(text="Hm.", calls=(CALL,), thinks=True), Say(calls=(CALL,), thinks=True), Say(text="37.")]
    async with OpenAIPeer(script) as peer, model_at(peer, "responses") as model:
        request = after(REQUEST, (await ask(model)).completion)
        request = after(request, (await ask(model, request)).completion)
        await ask(model, request)
    kinds = [item["type"] for item in peer.requests[2].body["input"]]
    first = ["reasoning", "message", "function_call", "function_call_output"]
    assert kinds == ["message", *first, "reasoning", "function_call", "function_call_output"]


async def test_items_of_another_model_are_not_replayed() -> None:
    async with OpenAIPeer([Say(text="Hm.", calls=(CALL,), thinks=True)]) as peer, model_at(peer, "responses") as model:
        completion = (await ask(model)).completion
    assert completion.carry
    async with OpenAIPeer([Say(text="37.")]) as peer, model_at(peer, "responses") as model:
        await ask(model, after(REQUEST, replace(completion, model="gpt-4o-mini")))
    kinds = [item["type"] for item in peer.requests[0].body["input"]]
    assert kinds == ["message", "message", "function_call", "function_call_output"]


async def test_a_model_that_does_not_reason_is_asked_for_its_reasoning_once() -> None:
    script: list[Step] = [NO_ENCRYPTION, Say(text="One."), Say(text="Two.")]
    async with OpenAIPeer(script) as peer, model_at(peer, "responses") as model:
        assert [(await ask(model)).completion.text for _ in range(2)] == ["One.", "Two."]
    asked = [request.body.get("include") for request in peer.requests]
    assert asked == [["reasoning.encrypted_content"], None, None]


async def test_turns_that_find_out_at_the_same_time_are_all_answered() -> None:
    def answer_without_reasoning(request: Request) -> Step:
        return NO_ENCRYPTION if "include" in request.body else Say(text="So.")

    async with OpenAIPeer(answer_without_reasoning) as peer, model_at(peer, "responses") as model:
        heard = await asyncio.gather(ask(model), ask(model), ask(model))
    assert [each.completion.text for each in heard] == ["So."] * 3
    assert len(peer.requests) == 6


async def test_a_request_that_is_refused_twice_is_not_sent_a_third_time() -> None:
    async with OpenAIPeer([NO_ENCRYPTION, NO_ENCRYPTION]) as peer, model_at(peer, "responses") as model:
        with pytest.raises(ModelRefused, match="not supported"):
            await ask(model)


async def test_requests_of_a_thread_share_a_cache_key_and_a_tool_order() -> None:
    async with OpenAIPeer([Say(text="One."), Say(text="Two.")]) as peer, model_at(peer, "responses") as model:
        await ask(model)
        await ask(model, replace(REQUEST, tools=REQUEST.tools[::-1], question="and now?"))
    first, second = (request.body for request in peer.requests)
    assert first["tools"] == second["tools"]
    assert first["prompt_cache_key"] == second["prompt_cache_key"]


async def test_openai_gets_strict_schemas_where_they_can_be_strict() -> None:
    free = ToolSpec("labels", "Sets labels.", {"type": "object", "additionalProperties": {"type": "string"}})
    async with (
        OpenAIPeer([Say(calls=(CALL,))]) as peer,
        open_endpoint("m", server=Server(api_key=KEY, base_url=peer.base_url)) as endpoint,
    ):
        heard = await ask(
            ResponsesModel(replace(endpoint, is_openai=True)), replace(REQUEST, tools=(FIND_FAILURES, free))
        )
    assert [tool["strict"] for tool in peer.requests[0].body["tools"]] == [True, False]
    assert heard.completion.calls[0].arguments == {"pid": 7}


async def test_messages_of_one_answer_are_paragraphs() -> None:
    deltas = [{"type": "response.output_text.delta", "output_index": x, "delta": f"part {x}"} for x in (0, 2)]
    async with OpenAIPeer([Stream((*deltas, DONE))]) as peer, model_at(peer, "responses") as model:
        assert (await ask(model)).completion.text == "part 0\n\npart 2"


async def test_finished_items_count_though_the_last_list_lacks_them() -> None:
    item = {"type": "function_call", "id": "fc", "call_id": "a", "name": "find_failures", "arguments": "{}"}
    done = {"type": "response.output_item.done", "output_index": 0, "item": item}
    async with OpenAIPeer([Stream((done, DONE))]) as peer, model_at(peer, "responses") as model:
        completion = (await ask(model)).completion
    assert [call.id for call in completion.calls] == ["a"]
    assert completion.carry == (item,)


async def test_an_answer_that_comes_whole_is_heard() -> None:
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Here."}]}
    end = {"type": "response.completed", "response": {"output": [message], "usage": None}}
    async with OpenAIPeer([Stream((end,))]) as peer, model_at(peer, "responses") as model:
        first, last = await collect(model.answer(REQUEST))
    assert first == TextDelta("Here.")
    assert isinstance(last, Completion)
    assert last.text == "Here."


async def test_events_that_nobody_knows_are_passed_over() -> None:
    odd = {"type": "response.telepathy.delta", "delta": {"deep": 1}, "item": 7}
    said = {"type": "response.output_text.delta", "output_index": 0, "delta": "Here."}
    async with OpenAIPeer([Stream((odd, said, DONE))]) as peer, model_at(peer, "responses") as model:
        assert (await ask(model)).completion.text == "Here."


async def test_an_error_event_ends_the_answer() -> None:
    error = {"type": "error", "code": "content_filter", "message": "no", "sequence_number": 1}
    async with OpenAIPeer([Stream((error,))]) as peer, model_at(peer, "responses") as model:
        with pytest.raises(ModelRefused, match="content filter"):
            await ask(model)


async def test_an_unknown_reason_to_stop_is_told() -> None:
    end = {"type": "response.incomplete", "response": {"incomplete_details": {"reason": "max_messages"}}}
    async with OpenAIPeer([Stream((end,))]) as peer, model_at(peer, "responses") as model:
        with pytest.raises(ModelTruncated, match="max_messages"):
            await ask(model)
