"""NETSPY_MODEL_DATA over real HTTP: what a model's server is sent, and what the person who asked gets to read."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.api import Answer, Netspy
from bot.app import open_answering, open_model, open_tools
from bot.domain.message import Notice
from bot.domain.network import Endpoint, Outcome
from bot.domain.turn import Completion
from bot.settings import Settings
from tests.fakes import FakeEbpf, connection
from tests.loopback.openai_peer import KEY, OpenAIPeer
from tests.loopback.openai_script import Call, Say
from tests.wire.llm_requests import REQUEST, Api, ask

SECRETS = ("checkout", "10.2.0.14", "db.internal", "internal", "node-a7", "vault", "192.0.2.7")
QUESTION = "why does `checkout` on node-a7 not reach db.internal? 192.0.2.7 answers, https://vault/ too"


def source() -> FakeEbpf:
    failed = connection("checkout", outcome=Outcome.REFUSED, errno="ECONNREFUSED")
    end = Endpoint("10.2.0.14", 5432, name="db.internal")
    now = datetime.now(UTC)
    return FakeEbpf(
        [replace(failed, time=now - timedelta(seconds=ago), node="node-a7", destination=end) for ago in (2, 3, 4)]
    )


@asynccontextmanager
async def netspy_at(peer: OpenAIPeer, **given: str) -> AsyncGenerator[Netspy, None]:
    settings = Settings.model_validate({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": peer.base_url, **given})
    events = source()
    async with open_answering(settings, events) as answering, open_tools(settings, events, answering) as tools:
        yield Netspy(settings, events, answering, tools)


LOOKS = Say(calls=(Call("find_failures", {"process_name": "process-1", "destination": "host-1.host-2"}),))
TELLS = Say(text="`process-1` on node-1 was refused by **host-1.host-2** (ip-2:5432) 3 times [T1].")


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_no_name_is_on_the_wire_and_every_name_is_in_the_answer(api: Api) -> None:
    async with (
        OpenAIPeer([LOOKS, TELLS, TELLS]) as peer,
        netspy_at(peer, NETSPY_MODEL_DATA="masked", NETSPY_LLM_API=api) as netspy,
    ):
        answer = await netspy.ask(QUESTION)
        again = await netspy.ask("and now?")
    sent = [json.dumps(request.body, ensure_ascii=False) for request in peer.requests]
    assert len(sent) == 3
    assert [secret for secret in SECRETS if any(secret in body for body in sent)] == []
    assert answer.text == "`checkout` on node-a7 was refused by **db.internal** (10.2.0.14:5432) 3 times [T1]."
    assert again.text == answer.text
    assert answer.results[0].call.arguments == {"process_name": "checkout", "destination": "db.internal"}
    assert answer.results[0].tables[0].rows[0][:2] == ("checkout", "10.2.0.14:5432")


async def test_a_model_that_may_be_told_everything_is_told_names() -> None:
    async with OpenAIPeer([Say(text="Fine.")]) as peer, netspy_at(peer) as netspy:
        await netspy.ask(QUESTION)
    assert QUESTION in peer.requests[0].body["messages"][-1]["content"]


def notices(answer: Answer) -> list[str]:
    return [block.text for block in answer.reply.blocks if isinstance(block, Notice)]


async def test_a_model_that_may_be_told_nothing_is_not_asked_and_the_answer_says_so() -> None:
    async with OpenAIPeer([]) as peer, netspy_at(peer, NETSPY_MODEL_DATA="none") as netspy:
        answer = await netspy.ask("what is failing?")
    assert peer.requests == []
    assert notices(answer) == ["No language model was used (NETSPY_MODEL_DATA is none)."]
    assert answer.results[0].tables[0].rows[0][0] == "checkout"


async def test_being_told_nothing_is_no_fault_of_the_model() -> None:
    given = {"OPENAI_API_KEY": KEY, "NETSPY_MODEL_DATA": "none"}
    async with open_model(Settings.model_validate(given)) as model:
        check = await model.check()
    assert (check.state, check.detail) == (
        "ok",
        "off by a setting, the offline planner answers: NETSPY_MODEL_DATA is none",
    )


async def test_the_planner_is_told_real_names_when_a_masked_model_fails() -> None:
    async with OpenAIPeer([Say(refusal="no process-1")]) as peer:
        given = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": peer.base_url, "NETSPY_MODEL_DATA": "masked"}
        async with open_model(Settings.model_validate(given), source()) as model:
            said: Completion = (await ask(model, replace(REQUEST, question="why does checkout fail?"))).completion
    assert said.model == "planner"
    assert said.calls[0].arguments["process_name"] == "checkout"
    assert "it declined: no checkout" in said.notice
