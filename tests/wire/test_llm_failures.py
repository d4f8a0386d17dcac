"""Every way in which a provider can fail, over real HTTP: which error it becomes and what that says."""

import logging
from contextlib import aclosing
from dataclasses import dataclass

import pytest

from bot.domain.errors import (
    InvalidSettings,
    ModelBusy,
    ModelError,
    ModelRefused,
    ModelSilent,
    ModelTruncated,
    ModelUnreachable,
)
from bot.domain.turn import TextDelta
from bot.llm.endpoint import PATIENCE, Server
from bot.llm.errors import EmptyAnswer
from bot.llm.opening import open_chat_model
from tests.loopback.openai_peer import KEY, OpenAIPeer
from tests.loopback.openai_script import Fail, Fault, Say, Step, Stream
from tests.wire.llm_requests import REQUEST, SHORT, Api, ask, collect, model_at

pytestmark = pytest.mark.parametrize("api", ["responses", "chat"])


@dataclass(frozen=True)
class Case:
    step: Step
    error: type[ModelError]
    says: str
    remedy: str


REFUSED = [
    Case(Fail(status=401, code="invalid_api_key", message=KEY), ModelRefused, "refused the API key", "OPENAI_API_KEY"),
    Case(Fail(status=403, message="not in your country"), ModelRefused, "not in your country", "OPENAI_API_KEY"),
    Case(Fail(status=404, code="model_not_found"), ModelRefused, "no such model", "NETSPY_MODELS"),
    Case(Fail(status=404, page="<h1>Not Found</h1>"), ModelRefused, "(404)", "OPENAI_BASE_URL"),
    Case(Fail(status=429, code="insufficient_quota"), ModelRefused, "credits are spent", "add credits"),
    Case(Fail(status=429, headers={"retry-after": "20"}), ModelBusy, "asks to wait 20 s", "NETSPY_MODELS"),
    Case(Fail(status=429, headers={"retry-after": "Mon"}), ModelBusy, "rate limit is reached", "NETSPY_MODELS"),
    Case(Fail(status=400, code="context_length_exceeded"), ModelRefused, "too long", "new thread"),
    Case(Fail(status=400, code="content_filter"), ModelRefused, "content filter", "other words"),
    Case(Fail(status=400, message="unknown parameter: {tools}"), ModelRefused, "parameter: {tools}", "NETSPY_MODELS"),
    Case(Fail(status=422), ModelRefused, "(422)", "NETSPY_MODELS"),
    Case(Fail(status=500, page="<html>" + "x" * 900), ModelUnreachable, "status 500", "NETSPY_MODELS"),
    Case(Fail(status=503), ModelUnreachable, "status 503", "NETSPY_MODELS"),
]
ANSWERS = [
    Case(Say(), EmptyAnswer, "empty", "ask again"),
    Case(Say(text=" "), EmptyAnswer, "empty", "ask again"),
    Case(Say(refusal="I can't help."), ModelRefused, "declined: I can't help.", "other words"),
    Case(Say(text="So", finish="length"), ModelError, "output limit", "ask again"),
    Case(Say(text="So", finish="content_filter"), ModelRefused, "content filter", "other words"),
    Case(Say(text="So", failure=("rate_limit_exceeded", "slow")), ModelBusy, "rate limit", "wait"),
    Case(Say(text="So", failure=("insufficient_quota", "pay")), ModelRefused, "credits are spent", "add credits"),
    Case(Say(text="So", failure=("server_error", "oops")), ModelUnreachable, "oops", "ask again"),
    Case(Say(text="So it is then", fault="truncate", after=4), ModelTruncated, "its end never came", "ask again"),
    Case(
        Say(text="So it is then", fault="truncate"),
        ModelTruncated,
        "ended the answer before it began",
        "OPENAI_BASE_URL",
    ),
    Case(Say(text="So it is then", fault="disconnect", after=4), ModelTruncated, "middle of the answer", "ask again"),
    Case(Say(text="So it is then", fault="disconnect"), ModelUnreachable, "connection broke", "ask again"),
    Case(
        Say(text="So it is then", fault="corrupt", after=4),
        ModelTruncated,
        "not what the API promises",
        "OPENAI_BASE_URL",
    ),
    Case(Stream(("[1, 2]",)), ModelTruncated, "no JSON object", "OPENAI_BASE_URL"),
    Case(Stream(('"text"',)), ModelTruncated, "no JSON object", "OPENAI_BASE_URL"),
    Case(Stream(({"choices": 7, "type": "error", "code": []},)), ModelTruncated, "not what the API", "OPENAI_BASE_URL"),
]
SLOW = [
    Case(Say(text="So it", fault="silent"), ModelSilent, "no answer began in time", "NETSPY_MODELS"),
    Case(Say(text="So it", fault="hang"), ModelSilent, "no answer began in time", "NETSPY_MODELS"),
    Case(Say(text="So it is then", fault="hang", after=4), ModelSilent, "fell silent", "NETSPY_MODELS"),
]


@pytest.mark.parametrize("case", [*REFUSED, *ANSWERS, *SLOW], ids=lambda case: str(case.step)[:60])
async def test_a_failure_becomes_an_error_with_a_remedy(api: Api, case: Case) -> None:
    patience = SHORT if case in SLOW else PATIENCE
    async with OpenAIPeer([case.step]) as peer, model_at(peer, api, patience) as model:
        with pytest.raises(ModelError) as caught:
            await ask(model)
        host = peer.base_url.removeprefix("http://").removesuffix("/v1")
    assert type(caught.value) is case.error
    assert caught.value.asked == f"asking gpt-6-luna at {host}"
    assert case.says in caught.value.got
    assert case.remedy in caught.value.remedy
    assert len(str(caught.value)) < 600
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fault", ["truncate", "disconnect", "corrupt"])
async def test_what_was_said_before_a_fault_is_heard(api: Api, fault: Fault) -> None:
    said = Say(text="one two three four", fault=fault, after=4)
    async with OpenAIPeer([said]) as peer, model_at(peer, api) as model, aclosing(model.answer(REQUEST)) as events:
        assert [await anext(events) for _ in range(2)] == [TextDelta("one"), TextDelta(" two")]
        with pytest.raises(ModelTruncated):
            await collect(events)


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "20", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({}, None),
    ],
)
async def test_a_rate_limit_tells_how_long_to_wait(api: Api, headers: dict[str, str], wait_s: float | None) -> None:
    async with OpenAIPeer([Fail(status=429, headers=headers)]) as peer, model_at(peer, api) as model:
        with pytest.raises(ModelBusy) as caught:
            await ask(model)
    assert caught.value.retry_after_s == wait_s
    assert ("asks to wait" in caught.value.got) == (wait_s is not None)


async def test_nothing_at_the_address_is_unreachable(api: Api) -> None:
    async with OpenAIPeer([]) as peer:
        pass
    async with model_at(peer, api) as model:
        with pytest.raises(ModelUnreachable, match="no connection") as caught:
            await ask(model)
    assert "OPENAI_BASE_URL" in caught.value.remedy


async def test_a_model_that_failed_once_is_asked_again_without_delay(api: Api) -> None:
    async with OpenAIPeer([Fail(status=500), Say(text="Here.")]) as peer, model_at(peer, api) as model:
        with pytest.raises(ModelUnreachable):
            await ask(model)
        assert (await ask(model)).completion.text == "Here."


@pytest.mark.parametrize(
    "step",
    [
        Fail(status=401, message=f"Incorrect API key provided: {KEY}"),
        Fail(status=400, message=f"what is {KEY}?"),
        Fail(status=500, page=f"<p>{KEY}</p>"),
        Say(failure=("server_error", f"key {KEY}")),
        Say(text="fine"),
    ],
)
async def test_the_key_is_in_no_error_and_no_log(api: Api, step: Step, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    log = logging.getLogger("test")
    async with OpenAIPeer([step]) as peer, model_at(peer, api) as model:
        try:
            await ask(model)
        except ModelError as error:
            log.exception("failed", extra={"error": repr(error)})
    assert peer.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert "openai" in caplog.text
    assert KEY not in caplog.text
    assert KEY not in str([vars(record) for record in caplog.records])


@pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://host/v1", "http://", "http://h:99999/", "http://u:p@h/v1"])
async def test_an_address_that_is_none_is_a_wrong_setting(api: Api, url: str) -> None:
    with pytest.raises(InvalidSettings, match="OPENAI_BASE_URL"):
        async with open_chat_model("m", api=api, server=Server(api_key=KEY, base_url=url)):
            pass


@pytest.mark.parametrize("key", ["sk-ключ", "sk-a\nb"])
async def test_a_key_that_no_header_can_carry_is_a_wrong_setting(api: Api, key: str) -> None:
    with pytest.raises(InvalidSettings, match="OPENAI_API_KEY") as caught:
        async with open_chat_model("m", api=api, server=Server(api_key=key)):
            pass
    assert key not in str(caught.value)


async def test_a_server_of_ones_own_needs_no_key(api: Api) -> None:
    async with (
        OpenAIPeer([Say(text="Here.")]) as peer,
        open_chat_model("m", api=api, server=Server(api_key=" ", base_url=peer.base_url)) as model,
    ):
        assert (await ask(model)).completion.text == "Here."
