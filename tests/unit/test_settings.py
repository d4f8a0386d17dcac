from pathlib import Path

import pytest

from bot.domain.errors import InvalidSettings
from bot.mcp_json import servers_of
from bot.settings import Settings, environment, load, unknown_variables, variables
from bot.tools.foreign.servers import Program


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in variables():
        monkeypatch.delenv(name, raising=False)


def test_nothing_needs_to_be_set() -> None:
    settings = load()
    assert not settings.wants_model
    assert settings.ebpf_url is None
    assert settings.model_patience_s == 15
    assert settings.listen_address == ("127.0.0.1", 8787)
    assert settings.slack_url == "https://slack.com/api/"
    assert settings.thread_replies == "auto"


def test_an_env_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("NETSPY_EBPF_URL=http://a:1\nNETSPY_LOG_LEVEL=info\n")
    monkeypatch.setenv("NETSPY_EBPF_URL", "http://b:2")
    settings = load()
    assert (settings.ebpf_url, settings.log_level) == ("http://b:2", "info")


def test_serve_tells_more_than_a_chat_unless_a_level_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [load().log_level_of(mode) for mode in ("serve", "chat", "doctor")] == ["info", "warning", "warning"]
    monkeypatch.setenv("NETSPY_LOG_LEVEL", "error")
    assert load().log_level_of("serve") == "error"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert load().openai_api_key is None


def test_a_wrong_value_names_the_variable_but_never_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSPY_LLM_API", "sk-secret")
    with pytest.raises(InvalidSettings) as caught:
        load()
    assert "NETSPY_LLM_API" in str(caught.value)
    assert "'auto', 'responses' or 'chat'" in str(caught.value)
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "soon"])
def test_a_patience_is_a_number_of_seconds(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSPY_MODEL_PATIENCE_S", value)
    with pytest.raises(InvalidSettings, match="NETSPY_MODEL_PATIENCE_S"):
        load()


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "NETSPY_MODEL_KEYS", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"]
)
def test_a_key_is_not_printed_with_the_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "sk-secret")
    assert "sk-secret" not in repr(load())


def test_models_are_at_openai_unless_they_are_placed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hush")
    monkeypatch.setenv("NETSPY_MODELS", "gpt-6-luna,qwen@http://127.0.0.1:11434/v1")
    assert [(each.name, each.base_url, each.api) for each in load().language_models] == [
        ("gpt-6-luna", "https://api.openai.com/v1", "responses"),
        ("qwen", "http://127.0.0.1:11434/v1", "chat"),
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"OPENAI_API_KEY": "sk-hush"},
        {"OPENAI_BASE_URL": "http://h/v1"},
        {"NETSPY_MODELS": "gpt,qwen@http://h/v1"},
        {"NETSPY_MODEL_KEYS": "{}"},
    ],
)
def test_whatever_names_a_server_or_a_key_asks_for_a_model(given: dict[str, str]) -> None:
    assert Settings.model_validate(given).wants_model


def test_models_without_a_server_ask_for_none() -> None:
    assert not Settings.model_validate({"NETSPY_MODELS": "gpt-6-luna,@cf/qwen"}).wants_model


def test_the_key_of_another_server_may_stand_in_the_env_file() -> None:
    Path(".env").write_text(
        "NETSPY_MODELS=qwen@https://sky.example/v1\n"
        'NETSPY_MODEL_KEYS={"https://sky.example/v1": "SKY_KEY"}\n'
        "SKY_KEY=sk-hush\n"
    )
    (qwen,) = load().language_models
    assert qwen.key.get_secret_value() == "sk-hush"


@pytest.mark.parametrize("name", ["NETSPY_TOKENS_PER_DAY", "NETSPY_TOKENS_PER_DAY_AND_USER"])
@pytest.mark.parametrize("value", ["0", "-5", "1.5", "many"])
def test_a_budget_is_a_number_of_tokens(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings, match=name):
        load()


def test_an_unknown_variable_names_the_nearest_one() -> None:
    assert unknown_variables({"NETSPY_EBPF_URI": "x", "PATH": "y", "NETSPY_MODELS": "z"}) == (
        "NETSPY_EBPF_URI is not a setting; did you mean NETSPY_EBPF_URL?",
    )


def test_an_unknown_variable_is_near_no_other_one_for_its_prefix_alone() -> None:
    assert unknown_variables({"NETSPY_DB": "x", "NETSPY_PORT": "y"}) == (
        "NETSPY_DB is not a setting",
        "NETSPY_PORT is not a setting",
    )


def test_an_unknown_variable_in_the_env_file_is_found_too() -> None:
    Path(".env").write_text("NETSPY_LOGLEVEL=info\n")
    assert "NETSPY_LOGLEVEL is not a setting; did you mean NETSPY_LOG_LEVEL?" in unknown_variables()


def test_variables_of_a_files_own_choice_are_found_in_the_env_file_too_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("SKY_A=file\nSKY_B=file\nSKY_EMPTY\n")
    monkeypatch.setenv("SKY_B", "environment")
    found = environment()
    assert (found["SKY_A"], found["SKY_B"], found.get("SKY_EMPTY")) == ("file", "environment", None)


def test_an_mcp_json_is_read_where_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert servers_of(load()) == ()
    file = tmp_path / "mcp.json"
    file.write_text('{"mcpServers": {"sky": {"command": "${SKY_PROGRAM}"}}}')
    monkeypatch.setenv("NETSPY_MCP_CONFIG", str(file))
    monkeypatch.setenv("SKY_PROGRAM", "sky-mcp")
    (server,) = servers_of(load())
    assert (server.name, server.place) == ("sky", Program("sky-mcp"))


@pytest.mark.parametrize(
    ("made", "told"),
    [(None, "no such file or directory"), (b"", "is a directory"), (b" " * 2_000_000, "is larger than")],
)
def test_an_mcp_json_that_cannot_be_read_is_told(
    made: bytes | None, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "mcp.json"
    if made:
        file.write_bytes(made)
    elif made is not None:
        file.mkdir()
    monkeypatch.setenv("NETSPY_MCP_CONFIG", str(file))
    with pytest.raises(InvalidSettings, match=rf"^NETSPY_MCP_CONFIG: .*mcp.json.*{told}"):
        servers_of(load())


def test_prices_are_those_of_models_and_a_name_of_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("NETSPY_MODELS", "gpt-6-luna,local@http://127.0.0.1:1/v1,local@http://127.0.0.1:2/v1")
    monkeypatch.setenv("NETSPY_MODEL_PRICES", '{"gpt-6-luna": [1, 2], "local": [0, 0], "local@127.0.0.1:2": [3, 4]}')
    prices = {"gpt-6-luna": (1.0, 2.0), "local@127.0.0.1:1": (0.0, 0.0), "local@127.0.0.1:2": (3.0, 4.0)}
    assert load().prices_of_models == prices
    monkeypatch.setenv("NETSPY_MODEL_PRICES", '{"gpt-6-lun": [1, 2]}')
    with pytest.raises(InvalidSettings, match="'gpt-6-lun', which is none of the models; did you mean gpt-6-luna"):
        _ = load().prices_of_models


def test_traces_are_made_only_where_an_endpoint_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/x")
    assert load().traces_url is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:4318")
    assert load().traces_url == "http://t/x"
