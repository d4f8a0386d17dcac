"""Which models there are, and where."""

import json
from collections.abc import Mapping
from typing import Literal

import pytest
from pydantic import SecretStr

from bot.domain.errors import InvalidSettings
from bot.model_settings import PlacedModel, Written, placed_models

AZURE = "https://mine.openai.azure.com/openai/v1"
LOCAL = "http://127.0.0.1:11434/v1"
KEY = "sk-hush"


def placed(
    models: str,
    *,
    keys: object = None,
    openai_key: str = "sk-openai",
    openai_url: str | None = None,
    variables: Mapping[str, str] | None = None,
    api: Literal["auto", "responses", "chat"] = "auto",
) -> tuple[PlacedModel, ...]:
    written = Written(
        models=models,
        keys="" if keys is None else keys if isinstance(keys, str) else json.dumps(keys),
        openai_key=SecretStr(openai_key) if openai_key else None,
        openai_url=openai_url,
        variables=variables or {},
    )
    return placed_models(written, api=api)


def names(models: str) -> list[str]:
    return [each.name for each in placed(models)]


def test_models_are_a_list_in_order_of_preference_and_each_once() -> None:
    assert names(f" a, b@{LOCAL} ,a, b@{LOCAL}/") == ["a", "b"]


def test_a_model_has_the_key_of_its_own_server_and_no_other() -> None:
    found = placed(f"gpt,gpt4@{AZURE}/,qwen@{LOCAL}", keys={AZURE: "AZURE_KEY"}, variables={"AZURE_KEY": KEY})
    assert [(each.model, each.key.get_secret_value(), each.api) for each in found] == [
        ("gpt", "sk-openai", "responses"),
        ("gpt4", KEY, "responses"),
        ("qwen", "", "chat"),
    ]
    assert [each.key_setting for each in found[:2]] == ["OPENAI_API_KEY", "AZURE_KEY"]
    assert [each.url_setting for each in found] == ["OPENAI_BASE_URL", *["its address in NETSPY_MODELS"] * 2]


def test_the_openai_key_goes_where_openai_base_url_says() -> None:
    found = placed(f"a,b@{LOCAL},c@http://h/v1", openai_url=f"{LOCAL}/")
    assert [each.base_url for each in found] == [LOCAL, LOCAL, "http://h/v1"]
    assert [each.key.get_secret_value() for each in found] == ["sk-openai", "sk-openai", ""]


def test_a_server_that_needs_no_key_has_none() -> None:
    (qwen,) = placed(f"qwen@{LOCAL}", openai_key="")
    assert qwen.key.get_secret_value() == ""


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://api.openai.com/v1", "responses"),
        ("https://eu.api.openai.com/v1", "responses"),
        (AZURE, "responses"),
        ("https://mine.services.ai.azure.com/openai/v1", "responses"),
        (LOCAL, "chat"),
        ("https://api.openai.com.evil.example/v1", "chat"),
    ],
)
def test_auto_picks_the_api_that_each_server_speaks_best(url: str, api: str) -> None:
    assert [each.api for each in placed("m", openai_url=url)] == [api]
    assert [each.api for each in placed("m", openai_url=url, api="chat")] == ["chat"]


def test_one_name_at_two_servers_is_two_models() -> None:
    assert names(f"gpt,gpt@{AZURE}") == ["gpt@api.openai.com", "gpt@mine.openai.azure.com"]
    assert names("m@http://h:1/a,m@http://h:1/b,m@http://i/v1") == ["m@http://h:1/a", "m@http://h:1/b", "m@i"]


def test_no_model_is_called_like_the_planner() -> None:
    assert names(f"planner@{LOCAL}") == ["planner@127.0.0.1:11434"]


def test_a_name_may_hold_what_separates_an_address() -> None:
    assert [each.model for each in placed(f"@cf/qwen,claude@20240620,@cf/qwen@{LOCAL}")] == [
        "@cf/qwen",
        "claude@20240620",
        "@cf/qwen",
    ]


@pytest.mark.parametrize("models", ["", " , "])
def test_no_model_at_all_is_refused(models: str) -> None:
    with pytest.raises(InvalidSettings, match="NETSPY_MODELS: it names no model"):
        placed(models)


@pytest.mark.parametrize(
    "url", ["localhost:1/v1", "ftp://h/v1", "http://", "http://h:x/", "http://h:0/", "http://h?q=1", ""]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettings, match="NETSPY_MODELS: it holds an address that is no base URL"):
        placed(f"m@{url}")
    with pytest.raises(InvalidSettings, match="NETSPY_MODEL_KEYS: it holds an address that is no base URL"):
        placed(f"m@{LOCAL}", keys={url: "SKY_KEY"}, variables={"SKY_KEY": KEY})


def test_a_password_in_an_address_is_refused_and_not_told() -> None:
    with pytest.raises(InvalidSettings, match="without user") as caught:
        placed(f"m@https://me:{KEY}@h/v1")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("keys", ["{", "[]", '"x"', "7", "SKY_KEY"])
def test_keys_that_are_no_json_object_are_refused(keys: str) -> None:
    with pytest.raises(InvalidSettings, match="NETSPY_MODEL_KEYS: it is no JSON object"):
        placed(f"m@{LOCAL}", keys=keys)


@pytest.mark.parametrize("variables", [{}, {"SKY_KEY": " "}])
def test_a_variable_that_is_not_set_is_named(variables: dict[str, str]) -> None:
    with pytest.raises(InvalidSettings, match="the variable SKY_KEY, which is not set"):
        placed(f"m@{LOCAL}", keys={LOCAL: "SKY_KEY"}, variables=variables)


@pytest.mark.parametrize(
    "pasted",
    [KEY, "8f742231b10e8888abcd99e5", "abcdef0123456789abcdef0123456789", "AKIAIOSFODNN7EXAMPLEAKIAIOSF", 7, None, ""],
)
def test_a_key_instead_of_a_name_is_refused_and_not_told(pasted: object) -> None:
    with pytest.raises(InvalidSettings, match="no name of a variable") as caught:
        placed(f"m@{LOCAL}", keys={LOCAL: pasted})
    assert not pasted or str(pasted) not in str(caught.value)


def test_a_key_for_a_server_that_no_model_uses_is_refused() -> None:
    with pytest.raises(InvalidSettings, match=f"a key for {AZURE}, but no model is there"):
        placed(f"m@{LOCAL}", keys={AZURE: "SKY_KEY"}, variables={"SKY_KEY": KEY})


def test_a_model_at_openai_needs_a_key() -> None:
    with pytest.raises(InvalidSettings, match=r"'gpt' is at OpenAI, and has no key for it\. Set OPENAI_API_KEY"):
        placed(f"gpt,m@{LOCAL}", openai_key="")
    with pytest.raises(InvalidSettings, match=r"'gpt' is at OpenAI, .* in NETSPY_MODEL_KEYS"):
        placed("gpt@https://api.openai.com/v1", openai_url=LOCAL)


def test_keys_are_in_no_representation() -> None:
    found = placed(f"m@{LOCAL}", keys={LOCAL: "SKY_KEY"}, variables={"SKY_KEY": KEY})
    assert found[0].key.get_secret_value() == KEY
    assert KEY not in repr(found)
