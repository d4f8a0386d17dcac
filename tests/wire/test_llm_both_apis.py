"""What both APIs have in common, over real HTTP against a strict peer."""

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace

import pytest

from bot.domain.correlation import about, within
from bot.domain.turn import TextDelta, ToolCall, Usage
from bot.llm.calls import UNREADABLE
from tests.loopback.openai_peer import OpenAIPeer
from tests.loopback.openai_script import Call, Say
from tests.wire.llm_requests import FIND_FAILURES, REQUEST, Api, after, ask, model_at, outputs, turn, written_arguments

pytestmark = pytest.mark.parametrize("api", ["responses", "chat"])


async def test_text_streams_and_ends_in_one_completion(api: Api) -> None:
    async with OpenAIPeer([Say(text="curl gets no answer")]) as peer, model_at(peer, api) as model:
        heard = await ask(model)
    assert heard.deltas == ["curl", " gets", " no", " answer"]
    assert heard.completion.model == "gpt-6-luna"
    assert heard.completion.usage == Usage(11, 7)
    assert heard.completion.calls == ()


async def test_calls_come_whole_and_without_nulls(api: Api) -> None:
    said = Say(
        text="Let me look.",
        calls=(
            Call("find_failures", {"pid": None, "process_name": "curl", "duration": 600}),
            Call("ai_insights", {"summary_text": "naïve"}),
        ),
    )
    async with OpenAIPeer([said]) as peer, model_at(peer, api) as model:
        first, second = (await ask(model)).completion.calls
    assert (first.name, first.arguments) == ("find_failures", {"process_name": "curl", "duration": 600})
    assert (second.name, second.arguments) == ("ai_insights", {"summary_text": "naïve"})
    assert first.id != second.id


async def test_a_second_round_brings_calls_and_results_back(api: Api) -> None:
    script = [Say(text="I look.", calls=(Call("find_failures"), Call("find_failures", {"pid": 7}))), Say(text="37.")]
    async with OpenAIPeer(script) as peer, model_at(peer, api) as model:
        completion = (await ask(model)).completion
        await ask(model, after(REQUEST, completion))
    body = peer.requests[1].body
    assert [json.loads(text) for text in written_arguments(body)] == [{}, {"pid": 7}]
    tables = json.loads(outputs(body)[0])["tables"]
    assert tables[0]["label"] == "T1"
    assert tables[0]["rows"] == [["curl", 37]]
    assert "I look." in json.dumps(body)


async def test_earlier_turns_are_sent_although_their_call_ids_repeat(api: Api) -> None:
    call = ToolCall("call_1_0", "find_failures", {"duration": 60})
    history = (
        turn(1, "list --max-events 3", calls=(call,)),
        turn(2, "and now?", calls=(call, replace(call, id="call_1_1")), answer="Better now."),
        turn(3, "thanks"),
    )
    async with OpenAIPeer([Say(text="Yes.")]) as peer, model_at(peer, api) as model:
        await ask(model, replace(REQUEST, history=history))
    body = peer.requests[0].body
    said = [item for item in body.get("input") or body["messages"] if item.get("role") in {"user", "assistant"}]
    texts = [item["content"] for item in said if item["content"]]
    assert texts[0] == "list --max-events 3\n\n(asked at 2026-11-23T14:07:00Z)"
    assert texts[2:4] == ["and now?\n\n(asked at 2026-11-23T14:07:00Z)", "Better now."]
    assert texts[-1] == f"{REQUEST.question}\n\n(asked at 2026-11-23T14:07:00Z)"
    assert len(outputs(body)) == 3


@pytest.mark.parametrize("written", ['{"pid": ', "[1, 2]", "7", '"curl"'])
async def test_arguments_that_are_no_object_make_a_call_that_names_them(api: Api, written: str) -> None:
    script = [Say(calls=(Call("find_failures", written),)), Say(text="Sorry.")]
    async with OpenAIPeer(script) as peer, model_at(peer, api) as model:
        completion = (await ask(model)).completion
        await ask(model, after(REQUEST, completion))
    assert completion.calls[0].arguments == {UNREADABLE: written}


@pytest.mark.parametrize("written", ["", "null", " {} "])
async def test_a_call_without_arguments_may_be_written_in_three_ways(api: Api, written: str) -> None:
    async with OpenAIPeer([Say(calls=(Call("find_failures", written),))]) as peer, model_at(peer, api) as model:
        assert (await ask(model)).completion.calls[0].arguments == {}


async def test_text_that_no_encoding_can_carry_is_mended(api: Api) -> None:
    async with OpenAIPeer([Say(text="odd \ud83d text")]) as peer, model_at(peer, api) as model:
        assert (await ask(model)).completion.text == "odd \ufffd text"


async def test_the_last_round_offers_no_tools(api: Api) -> None:
    async with OpenAIPeer([Say(text="So.")]) as peer, model_at(peer, api) as model:
        await ask(model, replace(REQUEST, tools=()))
    assert "tools" not in peer.requests[0].body


async def test_own_servers_get_tools_as_they_are(api: Api) -> None:
    async with OpenAIPeer([Say(text="So.")]) as peer, model_at(peer, api) as model:
        await ask(model)
    tool = peer.requests[0].body["tools"][1]
    tool = tool.get("function", tool)
    assert not tool.get("strict")
    assert tool["parameters"] == FIND_FAILURES.parameters


async def test_cancelling_the_turn_ends_the_request(api: Api) -> None:
    script = [Say(text="one two three", fault="hang", after=4)]
    began = asyncio.Event()

    async def listen() -> None:
        async for event in model.answer(REQUEST):
            assert isinstance(event, TextDelta)
            began.set()

    async with OpenAIPeer(script) as peer, model_at(peer, api) as model:
        task = asyncio.create_task(listen())
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await peer.abandoned.wait()


async def test_cancelling_before_the_first_byte_ends_the_request(api: Api) -> None:
    async with OpenAIPeer([Say(fault="silent")]) as peer, model_at(peer, api) as model:
        task = asyncio.create_task(ask(model))
        await peer.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await peer.abandoned.wait()


async def test_leaving_in_the_middle_of_an_answer_ends_the_request(api: Api) -> None:
    async with OpenAIPeer([Say(text="one two three", fault="hang", after=4)]) as peer, model_at(peer, api) as model:
        async with aclosing(model.answer(REQUEST)) as events:
            assert isinstance(await anext(events), TextDelta)
        await peer.abandoned.wait()


async def test_check_asks_for_the_list_of_models(api: Api) -> None:
    async with OpenAIPeer([], models=["gpt-6-luna"]) as peer, model_at(peer, api) as model:
        assert (await model.check()).state == "ok"
    async with OpenAIPeer([], models=["smollm2"]) as peer, model_at(peer, api) as model:
        check = await model.check()
    assert check.state == "warning"
    assert "smollm2" in check.detail
    assert "NETSPY_MODELS" in check.remedy


async def test_check_tells_that_nothing_answers(api: Api) -> None:
    async with OpenAIPeer([]) as peer, model_at(peer, api) as model:
        pass
    async with model_at(peer, api) as model:
        check = await model.check()
    assert check.state == "fault"
    assert "OPENAI_BASE_URL" in check.remedy


async def test_a_request_says_whose_turn_it_is_and_the_answer_who_gave_it(api: Api) -> None:
    async with OpenAIPeer([Say(text="So."), Say(text="So.")]) as peer, model_at(peer, api) as model:
        with about("t1"), within("00-1-2-01"):
            heard = await ask(model)
        await ask(model)
    told = [(each.headers.get("x-request-id"), each.headers.get("traceparent")) for each in peer.requests]
    assert told == [("t1", "00-1-2-01"), (None, None)]
    assert heard.completion.served_by == "peer"
