"""Images, remarks and what is remembered in a request, over real HTTP against a strict peer."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.errors import ImagesRefused
from bot.domain.message import Attachment
from bot.domain.turn import Completion, Round, ToolCall
from bot.llm.dialog import SUMMARY
from bot.llm.errors import TakesNoImages
from tests.loopback.openai_peer import OpenAIPeer, Request
from tests.loopback.openai_script import Call, Fail, Say, Step
from tests.wire.llm_requests import MODEL, REQUEST, Api, after, ask, model_at, outputs, result_of, turn
from tests.wire.test_llm_chain import chain_at

pytestmark = pytest.mark.parametrize("api", ["responses", "chat"])

PIXEL = "iVBORw0KGgo="
SHOWN = replace(REQUEST, images=(Attachment("shot.PNG", PIXEL, "base64"), Attachment("b.jpeg", "/9j/", "base64")))
NO_IMAGES = Fail(status=400, message="this model does not support image input")
ODD_IDS = ("list --max-events 3", "x" * 90, "")


def items_of(request: Request) -> list[dict[str, Any]]:
    """All messages and items but the instructions."""
    messages: list[dict[str, Any]] = request.body.get("input") or request.body["messages"][1:]
    return messages


def images_in(request: Request) -> int:
    return json.dumps(request.body).count("data:image/")


async def test_images_stand_in_the_question_as_data_urls(api: Api) -> None:
    async with OpenAIPeer([Say(text="A chart.")]) as peer, model_at(peer, api) as model:
        await ask(model, SHOWN)
    text, first, second = items_of(peer.requests[0])[-1]["content"]
    urls = [part["image_url"] if api == "responses" else part["image_url"]["url"] for part in (first, second)]
    assert text["text"].startswith(REQUEST.question)
    assert urls == [f"data:image/png;base64,{PIXEL}", "data:image/jpeg;base64,/9j/"]


async def test_images_stay_in_the_question_in_later_rounds(api: Api) -> None:
    async with OpenAIPeer([Say(calls=(Call("find_failures"),)), Say(text="So.")]) as peer, model_at(peer, api) as model:
        await ask(model, after(SHOWN, (await ask(model, SHOWN)).completion))
    assert [images_in(request) for request in peer.requests] == [2, 2]


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (NO_IMAGES, TakesNoImages),
        (Fail(status=500, message="image input is not supported - hint: provide the mmproj"), TakesNoImages),
        (Fail(status=404, message="No endpoints found that support image input"), TakesNoImages),
        (Fail(status=400, code="invalid_image_format", message="no"), ImagesRefused),
        (Fail(status=413, page="<h1>too large</h1>"), ImagesRefused),
        (Say(failure=("invalid_image", "it is broken")), ImagesRefused),
    ],
)
async def test_a_refusal_of_images_is_told_apart(api: Api, step: Step, error: type[ImagesRefused]) -> None:
    async with OpenAIPeer([step]) as peer, model_at(peer, api) as model:
        with pytest.raises(ImagesRefused, match="refused the images: ") as caught:
            await ask(model, SHOWN)
    assert type(caught.value) is error
    assert "NETSPY_MODELS" in caught.value.remedy


async def test_a_model_that_takes_no_images_answers_without_them_and_says_so(api: Api) -> None:
    script: list[Step] = [NO_IMAGES, Say(calls=(Call("find_failures"),)), Say(text="37."), Say(text="Again.")]
    async with OpenAIPeer(script) as peer, chain_at(peer, api=api) as model:
        first = (await ask(model, SHOWN)).completion
        second = (await ask(model, after(SHOWN, first))).completion
        third = (await ask(model, SHOWN)).completion
    assert [images_in(request) for request in peer.requests] == [2, 0, 0, 0]
    assert [second.text, second.model] == ["37.", MODEL]
    told = "gpt-6-luna takes no images: answered without shot.PNG, b.jpeg"
    assert [each.notice for each in (first, second, third)] == [told] * 3


async def test_a_model_that_then_fails_leaves_the_images_to_the_next(api: Api) -> None:
    async with (
        OpenAIPeer([NO_IMAGES, Fail(status=401)]) as first,
        OpenAIPeer([Say(text="A chart.")]) as second,
        chain_at(first, second, api=api) as model,
    ):
        completion = (await ask(model, SHOWN)).completion
    assert images_in(second.requests[0]) == 2
    assert completion.notice.startswith("mini answered instead of gpt-6-luna: ")
    assert "takes no images" not in completion.notice


async def test_the_planner_says_that_it_did_not_look(api: Api) -> None:
    async with OpenAIPeer([Fail(status=401)]) as peer, chain_at(peer, api=api) as model:
        notice = (await ask(model, SHOWN)).completion.notice
    assert notice.startswith("No language model answered, the planner did: ")
    assert notice.endswith(". The planner takes no images: answered without shot.PNG, b.jpeg")


async def test_what_is_remembered_stands_before_the_history_as_data(api: Api) -> None:
    request = replace(REQUEST, summary="turn 3, dana: we fail over at 22:00", history=(turn(9, "and now?"),))
    async with OpenAIPeer([Say(text="So.")]) as peer, model_at(peer, api) as model:
        await ask(model, request)
    items = items_of(peer.requests[0])
    assert [item["role"] for item in items] == ["user", "assistant"] * 2 + ["user"]
    assert items[0]["content"] == f"{SUMMARY}\n\n{request.summary}"


@pytest.mark.parametrize("thinks", [False, True])
async def test_a_remark_stands_behind_the_answer_that_it_is_about(api: Api, *, thinks: bool) -> None:
    script = [
        Say(calls=(Call("find_failures"),), thinks=thinks),
        Say(text="38 failed.", thinks=thinks),
        Say(text="37 failed [T1]."),
    ]
    async with OpenAIPeer(script) as peer, model_at(peer, api) as model:
        request = after(REQUEST, (await ask(model)).completion)
        request = after(request, (await ask(model, request)).completion)
        heard = await ask(model, replace(request, remark="38 stands in no table. Correct it."))
    assert heard.completion.text == "37 failed [T1]."
    answered, remark = items_of(peer.requests[2])[-2:]
    assert "38 failed." in json.dumps(answered)
    assert remark["content"] == "38 stands in no table. Correct it."


async def test_the_answer_of_another_model_can_be_remarked_on(api: Api) -> None:
    rounds = (Round(Completion("38 failed.", (), "mini", carry=({"type": "reasoning", "id": "rs_x"},)), ()),)
    async with OpenAIPeer([Say(text="37.")]) as peer, model_at(peer, api) as model:
        await ask(model, replace(REQUEST, rounds=rounds, remark="Correct it."))
    assert [item["content"] for item in items_of(peer.requests[0])[-2:]] == ["38 failed.", "Correct it."]


async def test_a_round_that_said_nothing_is_left_out(api: Api) -> None:
    async with OpenAIPeer([Say(text="37.")]) as peer, model_at(peer, api) as model:
        await ask(model, replace(REQUEST, rounds=(Round(Completion("", (), "mini"), ()),), remark="Correct it."))
    assert [item["role"] for item in items_of(peer.requests[0])] == ["user", "user"]


async def test_calls_that_netspy_made_itself_may_have_any_id(api: Api) -> None:
    results = tuple(result_of(ToolCall(call_id, "find_failures")) for call_id in ODD_IDS)
    own = Round(Completion("", tuple(result.call for result in results), ""), results)
    request = replace(REQUEST, rounds=(own,))
    async with OpenAIPeer([Say(calls=(Call("find_failures"),)), Say(text="37.")]) as peer, model_at(peer, api) as model:
        await ask(model, after(request, (await ask(model, request)).completion))
    assert [len(outputs(each.body)) for each in peer.requests] == [3, 4]
    assert ODD_IDS[1] not in json.dumps(peer.requests[1].body)


async def test_a_summary_is_asked_for_without_tools(api: Api) -> None:
    request = replace(REQUEST, task="summarise", tools=(), instructions="Shorten.", history=(turn(1, "we moved db"),))
    async with OpenAIPeer([Say(text="turn 1: db moved")]) as peer, model_at(peer, api) as model:
        assert (await ask(model, request)).completion.text == "turn 1: db moved"
    assert "tools" not in peer.requests[0].body
