"""What `netspy doctor` says of settings: all that are wrong at once, unknown ones, and those that are at odds."""

from datetime import UTC
from pathlib import Path

import pytest

from adapters.terminal.render import Look
from bot.doctor import Diagnosis, report, source
from bot.doctor.contradictions import contradictions
from bot.doctor.holding import is_in_container, told
from bot.domain.errors import InvalidSettings
from bot.domain.ports import Check
from bot.ebpf.collector.preflight import Obstacle
from bot.ebpf.machine.listening import Listener
from bot.setting_values import discord_secret
from bot.settings import Settings, environment, load, load_usable, unknown_variables, variables
from tests.fakes import NOW

TOKENS = {"SLACK_BOT_TOKEN": "xoxb-hush", "DISCORD_TOKEN": "hush", "OPENAI_API_KEY": "sk-hush"}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in variables():
        monkeypatch.delenv(name, raising=False)


def findings(**given: str) -> list[tuple[str, str]]:
    checks = list(contradictions(Settings.model_validate(given)))
    assert all(check.part == "settings" and check.remedy for check in checks)
    assert not any("hush" in check.detail + check.remedy for check in checks)
    return [(check.state, check.finding) for check in checks]


def test_all_wrong_settings_are_told_at_once_and_the_others_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("NETSPY_GRACE_S=soon\nNETSPY_NODE=node-a\n")
    monkeypatch.setenv("NETSPY_LLM_API", "sk-hush")
    settings, wrong = load_usable()
    assert {error.asked for error in wrong} == {"NETSPY_GRACE_S", "NETSPY_LLM_API"}
    assert {error.finding for error in wrong} == {"wrong-setting"}
    assert not any("hush" in str(error) or "soon" in str(error) for error in wrong)
    assert (settings.grace_s, settings.llm_api, settings.node) == (25, "auto", "node-a")
    with pytest.raises(InvalidSettings, match="netspy doctor names 1 more"):
        load()


def test_an_env_file_that_cannot_be_read_is_told_and_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETSPY_NODE", "node-a")
    monkeypatch.setenv("NETSPY_NOED", "x")
    Path(".env").write_bytes(b"NETSPY_LISTEN=\xff\xfe\n")
    settings, (wrong,) = load_usable()
    assert (settings.node, wrong.asked, wrong.got) == ("node-a", ".env", "it is not written in UTF-8")
    assert unknown_variables() == ("NETSPY_NOED is not a setting; did you mean NETSPY_NODE?",)
    for read in (load, environment):
        with pytest.raises(InvalidSettings, match="it is not written in UTF-8"):
            read()


def test_settings_that_go_together_are_not_at_odds() -> None:
    assert findings() == []
    alerts = {"NETSPY_ALERTS_TOKEN": "hush", "NETSPY_ALERT_CHANNELS": "ops=slack/C1,*=discord/2"}
    budget = {"NETSPY_TOKENS_PER_DAY": "2", "NETSPY_TOKENS_PER_DAY_AND_USER": "1"}
    source = {"NETSPY_EBPF_TOKEN": "hush", "NETSPY_EBPF_URL": "http://h:8080"}
    assert findings(**TOKENS, **alerts, **budget, **source, SLACK_APP_TOKEN="xapp-hush") == []


def test_what_only_serve_would_look_at_is_looked_at_too() -> None:
    for name, value in (
        ("NETSPY_MODEL_PRICES", '{"one": 1}'),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "no url"),
        ("NETSPY_CHANNEL_NODES", "C1"),
    ):
        assert findings(**{name: value}) == [("fault", "wrong-setting")], name
    alerts = {"NETSPY_ALERTS_TOKEN": "hush", "NETSPY_ALERT_CHANNELS": "ops=email/x"}
    assert findings(**alerts) == [("fault", "wrong-setting")]


def test_settings_at_odds_are_warnings_each_with_what_netspy_makes_of_it() -> None:
    cases: tuple[dict[str, str], ...] = (
        {"SLACK_APP_TOKEN": "xapp-hush", "SLACK_SIGNING_SECRET": "hush"},
        {"NETSPY_ALERTS_TOKEN": "hush"},
        {"NETSPY_ALERT_CHANNELS": "*=discord/1", "DISCORD_TOKEN": "hush"},
        {"NETSPY_ALERTS_TOKEN": "hush", "NETSPY_ALERT_CHANNELS": "*=slack/C1"},
        {"OPENAI_API_KEY": "sk-hush", "NETSPY_MODEL_DATA": "none"},
        {"OPENAI_API_KEY": "sk-hush", "NETSPY_TOKENS_PER_DAY": "1", "NETSPY_TOKENS_PER_DAY_AND_USER": "2"},
        {"NETSPY_TOKENS_PER_DAY": "1"},
        {"NETSPY_EBPF_URL": "http://u:hush@h:8080", "NETSPY_EBPF_TOKEN": "hush"},
    )
    for given in cases:
        assert findings(**given) == [("warning", "settings-at-odds")], given


def test_tokens_that_no_header_can_hold_are_faults() -> None:
    for name in ("NETSPY_MCP_TOKEN", "NETSPY_ALERTS_TOKEN"):
        more = (
            {"NETSPY_ALERT_CHANNELS": "*=discord/1", "DISCORD_TOKEN": "hush"} if name == "NETSPY_ALERTS_TOKEN" else {}
        )
        assert findings(**{name: "two hush"}, **more) == [("fault", "token-malformed")]
    assert findings(NETSPY_CHANNEL_NODES="C1") == [("fault", "wrong-setting")]


@pytest.mark.parametrize("token", ["", "Bot hush", "two hush", "hush\nhush", "hüsh"])
def test_a_discord_token_is_what_a_header_can_hold(token: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        discord_secret(token)
    assert (caught.value.finding, "hush" in str(caught.value)) == ("token-malformed", False)
    assert discord_secret(" a.b-c.d \n") == "a.b-c.d"


async def test_what_keeps_the_default_server_and_the_kernel_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    held: tuple[Listener, ...] = ()
    recording = Check("source", "warning", "a recording", "do it", "recording")

    async def holders_of(port: int) -> tuple[Listener, ...]:
        assert port == 8080
        return held

    monkeypatch.setattr(source, "holders_of", holders_of)
    monkeypatch.setattr(source, "preflight", lambda: Obstacle("needs CAP_BPF", "be root", "permission-denied"))
    told = await source._instead_of_a_server(recording)
    assert (told.finding, told.detail) == ("permission-denied", "nothing listens on port 8080; a recording")
    held = (Listener("::", 0, 7, "nginx"),)
    told = await source._instead_of_a_server(recording)
    assert told.finding == "port-held-by-another"
    assert (
        told.detail == "port 8080 is held by nginx (pid 7), which does not answer as an ebpf-server does; a recording"
    )


def test_a_process_that_only_root_may_see_is_told_by_its_user(tmp_path: Path) -> None:
    assert told(Listener("::", 0)) == "a process of the user root, which only root may see"
    assert told(Listener("::", 4_000_000_000)) == "a process of the user 4000000000, which only root may see"
    assert told(Listener("::")) == "a process of another user, which only root may see"
    assert not is_in_container(tmp_path)
    (tmp_path / ".dockerenv").touch()
    assert is_in_container(tmp_path)


def test_the_table_names_the_case_behind_what_it_says() -> None:
    found = Diagnosis((Check("http", "fault", "it is taken", "end it", "port-held-by-another"),), {})
    look = Look(width=80, colour=False, zone=UTC, now=NOW)
    assert "http  fault  it is taken [port-held-by-another]" in report(found, look)
