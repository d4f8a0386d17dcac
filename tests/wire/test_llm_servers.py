"""Several servers with keys of their own, and budgets, as the settings ask for them, over real HTTP."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.app import budgeted, open_model
from bot.domain.ports import ChatModel
from bot.llm.endpoint import Server, open_endpoint
from bot.settings import Settings
from tests.loopback.openai_peer import KEY, OpenAIPeer
from tests.loopback.openai_script import Call, Fail, Say, Step
from tests.unit.test_llm_budget import FixedLedger
from tests.wire.llm_requests import REQUEST, Api, after, ask

OTHER_KEY = "sk-other-0123456789"


@pytest.fixture(autouse=True)
def _other_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_KEY", OTHER_KEY)


def at(peer: OpenAIPeer) -> Server:
    return Server(api_key=KEY, base_url=peer.base_url)


@asynccontextmanager
async def model_of(
    first: OpenAIPeer, second: OpenAIPeer, *, model: str = "gpt-6-luna", api: str = "auto", **more: str
) -> AsyncGenerator[ChatModel]:
    """gpt-6-luna at the first peer, with OPENAI_API_KEY, then a model at the second, with a key of its own."""
    given = {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": first.base_url,
        "NETSPY_MODELS": f"gpt-6-luna,{model}@{second.base_url}",
        "NETSPY_MODEL_KEYS": json.dumps({second.base_url: "OTHER_KEY"}),
        "NETSPY_LLM_API": api,
    }
    async with open_model(Settings.model_validate(given | more)) as opened:
        yield opened


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_each_server_is_sent_its_own_key_even_for_one_name(api: Api) -> None:
    async with (
        OpenAIPeer([Fail(status=401)]) as first,
        OpenAIPeer([Say(calls=(Call("find_failures"),)), Say(text="Here.")]) as second,
        model_of(first, second, api=api) as model,
    ):
        began = (await ask(model)).completion
        ended = (await ask(model, after(REQUEST, began))).completion
    assert first.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert [request.headers["authorization"] for request in second.requests] == [f"Bearer {OTHER_KEY}"] * 2
    assert [request.body["model"] for request in second.requests] == ["gpt-6-luna"] * 2
    host = second.base_url.removeprefix("http://").removesuffix("/v1")
    assert (ended.text, ended.model) == ("Here.", f"gpt-6-luna@{host}")
    assert ended.notice == began.notice
    assert ended.notice.startswith(f"gpt-6-luna@{host} answered instead of gpt-6-luna@")


async def test_each_server_is_asked_by_the_api_that_it_speaks_best() -> None:
    async with (
        OpenAIPeer([Fail(status=401)]) as first,
        OpenAIPeer([Say(text="So.")]) as second,
        model_of(first, second) as model,
    ):
        await ask(model)
    assert [peer.requests[0].path for peer in (first, second)] == ["/v1/chat/completions"] * 2


async def test_an_error_names_the_settings_of_its_own_server() -> None:
    async with (
        OpenAIPeer([Fail(status=401)]) as first,
        OpenAIPeer([Fail(status=401)]) as second,
        model_of(first, second, model="mini") as model,
    ):
        notice = (await ask(model)).completion.notice
    mini, gpt = notice.split("Before that, ")
    assert "Set OTHER_KEY to a key that this server accepts" in mini
    assert "Set OPENAI_API_KEY to a key that this server accepts" in gpt
    assert KEY not in notice
    assert OTHER_KEY not in notice


async def test_check_asks_every_server() -> None:
    first, second = OpenAIPeer([]), OpenAIPeer([], models=["mini"])
    async with first, second, model_of(first, second, model="mini") as model:
        both = await model.check()
    async with first, model_of(first, second, model="mini") as model:
        one = await model.check()
    async with second, model_of(first, second, model="mini") as model:
        other = await model.check()
    assert both.state == "ok"
    assert [detail.split(",")[0] for detail in both.detail.split("; ")] == ["gpt-6-luna", "mini"]
    assert one.state == other.state == "warning"
    assert "asking mini at " in one.detail
    assert one.remedy.startswith("check its address in NETSPY_MODELS")
    assert other.detail.endswith("; mini answers instead")
    assert other.remedy.startswith("check OPENAI_BASE_URL")


async def test_azure_need_not_list_a_deployment() -> None:
    azure = Server(base_url="https://mine.openai.azure.com/openai/v1")
    async with OpenAIPeer([], models=["gpt-6"]) as peer, open_endpoint("mine", server=at(peer)) as endpoint:
        assert (await endpoint.check()).state == "warning"
        assert (await replace(endpoint, server=azure).check()).state == "ok"


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_a_budget_hands_over_to_the_planner(api: Api) -> None:
    ledger = FixedLedger(of_all=970)
    script: list[Step] = [Say(text="So."), Say(calls=(Call("find_failures"),))]
    async with OpenAIPeer(script) as peer:
        given = {"OPENAI_BASE_URL": peer.base_url, "NETSPY_TOKENS_PER_DAY": "1000", "NETSPY_LLM_API": api}
        settings = Settings.model_validate(given)
        async with open_model(settings) as chain:
            model = budgeted(chain, settings, ledger)
            near = (await ask(model)).completion
            ledger.of_all = 982
            began = (await ask(model)).completion
            ended = (await ask(model, after(REQUEST, began))).completion
    assert near.notice == (
        "98 % of netspy's tokens for today are spent (988 of 1,000); once all are, the planner answers until 00:00 UTC"
    )
    assert (began.model, began.notice) == ("gpt-6-luna", "")
    assert ended.model == "planner"
    assert ended.notice.startswith("Netspy's tokens for today are spent (1,000 of 1,000): the planner answered")


async def test_without_a_budget_nothing_is_counted() -> None:
    ledger = FixedLedger(of_all=10**9)
    async with OpenAIPeer([Say(text="One.")]) as peer:
        settings = Settings.model_validate({"OPENAI_BASE_URL": peer.base_url})
        async with open_model(settings) as model:
            assert (await ask(budgeted(model, settings, ledger))).completion.text == "One."
    assert ledger.asked == []
