"""Language models that do not answer: key, credits, rate, name and country are told apart, over both APIs."""

from pathlib import Path

import pytest

from bot.doctor import examine
from bot.doctor import models as doctor_models
from bot.domain.ports import Check
from bot.settings import Settings
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.http_peer import Answer, HttpPeer
from tests.loopback.openai_peer import KEY, OpenAIPeer
from tests.loopback.openai_script import Fail, Say, Step


async def models(folder: Path, **given: str) -> list[Check]:
    own = {"NETSPY_DATABASE_URL": str(folder / "netspy.db"), "NETSPY_LISTEN": "127.0.0.1:0"}
    with EbpfServer() as source:
        found = await examine(Settings.model_validate({**own, **given}), server=source.url)
    return [check for check in found.parts if check.part == "model"]


async def one(folder: Path, step: Step, api: str, listed: tuple[str, ...] = ("gpt-6-luna",)) -> Check:
    async with OpenAIPeer([step], models=listed) as peer:
        given = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": peer.base_url, "NETSPY_LLM_API": api}
        (check,) = await models(folder, **given)
    return check


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_what_keeps_a_model_from_answering_is_told_by_name(api: str, tmp_path: Path) -> None:
    cases = {
        "model-key": Fail(status=401, code="invalid_api_key"),
        "model-credits": Fail(status=429, code="insufficient_quota"),
        "model-rate-limit": Fail(status=429, code="rate_limit_exceeded"),
        "model-unknown": Fail(status=404, code="model_not_found"),
        "model-region": Fail(status=403, code="unsupported_country_region_territory"),
        "model-permission": Fail(status=403, code=""),
        "model-unreachable": Fail(status=500, code=""),
    }
    for finding, step in cases.items():
        check = await one(tmp_path, step, api)
        assert (check.finding, bool(check.remedy)) == (finding, True), check
        assert check.state == ("warning" if finding == "model-rate-limit" else "fault"), "a rate limit passes"
        assert KEY not in check.detail


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_a_model_that_answers_says_what_asking_it_took(api: str, tmp_path: Path) -> None:
    check = await one(tmp_path, Say(text="ok"), api)
    assert (check.state, check.finding) == ("ok", "")
    assert check.detail.startswith("gpt-6-luna, ")
    assert check.detail.partition("; a trial took ")[2].removesuffix(" tokens").isdecimal()


async def test_a_model_that_is_not_listed_and_refused_is_named_with_those_near_it(tmp_path: Path) -> None:
    listed = ("whisper", "gpt-6-luna-mini", "gpt-5-luna", "embeddings")
    check = await one(tmp_path, Fail(status=404, code="model_not_found"), "chat", listed)
    assert check.detail.endswith("it has no such model; it lists other models (gpt-5-luna, gpt-6-luna-mini)")
    assert "NETSPY_MODELS" in check.remedy


async def test_a_model_that_is_not_listed_and_answers_is_well(tmp_path: Path) -> None:
    check = await one(tmp_path, Say(text="ok"), "chat", ("another",))
    assert check.state == "ok"


async def test_what_fails_behind_a_model_that_answers_is_no_fault(tmp_path: Path) -> None:
    async with OpenAIPeer([Say(text="ok")], models=["gpt-6-luna"]) as peer:
        placed = f"away@http://127.0.0.1:9/v1,gpt-6-luna@{peer.base_url}"
        first, second = await models(tmp_path, NETSPY_MODELS=placed)
    assert (first.state, first.finding, second.state) == ("warning", "model-unreachable", "ok")


async def test_a_server_of_another_kind_is_no_model(tmp_path: Path) -> None:
    with HttpPeer(lambda _: Answer(b"<html>hello</html>", content_type="text/html")) as peer:
        (check,) = await models(tmp_path, OPENAI_BASE_URL=peer.url)
    assert check.state == "fault"


async def test_a_model_that_keeps_silent_is_slow_and_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_models, "ANSWER_S", 0.05)
    check = await one(tmp_path, Say(fault="silent"), "chat")
    assert (check.state, check.finding) == ("warning", "model-slow")


async def test_a_model_that_is_to_be_told_nothing_is_asked_nothing(tmp_path: Path) -> None:
    async with OpenAIPeer([]) as peer:
        given = {"OPENAI_BASE_URL": peer.base_url, "NETSPY_MODEL_DATA": "none"}
        assert await models(tmp_path, **given) == []
