"""What `netspy privacy` says leaves this machine, for each combination of settings that changes it."""

import json
from datetime import UTC
from pathlib import Path

import pytest

from adapters.terminal.render import Look
from bot.domain.errors import InvalidSettings
from bot.modes import dispatch
from bot.privacy import Disclosure, Flow, as_json, disclosure, report, summary
from bot.settings import Settings
from bot.usage import read
from tests.fakes import NOW

UNSET = dict.fromkeys(
    ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SLACK_BOT_TOKEN", "DISCORD_TOKEN", "NETSPY_EBPF_URL", "NETSPY_MODEL_KEYS")
)
KEYS = ("sk-hush", "xoxb-hush", "hush-hush", "discord-hush")


def settings(**given: str) -> Settings:
    return Settings.model_validate({**UNSET, "NETSPY_DATABASE_URL": "/data/netspy.db", **given})


def leaving(**given: str) -> dict[str, str]:
    return {flow.to: flow.what for flow in disclosure(settings(**given)).leaves}


MODEL = {"OPENAI_API_KEY": "sk-hush"}
EVERYTHING = {
    **MODEL,
    "NETSPY_MODELS": "gpt-6-luna,mini,own@http://models.lan:8000/v1/secret-path",
    "SLACK_BOT_TOKEN": "xoxb-hush",
    "DISCORD_TOKEN": "discord-hush",
    "NETSPY_EBPF_URL": "node-a=http://u:hush-hush@a.lan:8080,node-b=http://b.lan:8080",
    "NETSPY_DATABASE_URL": "postgresql://u:hush-hush@db.lan/netspy",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel.lan:4318/hush-hush",
    "NETSPY_ALERTS_TOKEN": "hush-hush",
    "NETSPY_ALERT_CHANNELS": "*=slack/C1",
    "NETSPY_AUDIT_FILE": "/var/log/netspy-audit.jsonl",
    "NETSPY_RETENTION_DAYS": "30",
}


def test_with_nothing_set_nothing_leaves_this_machine() -> None:
    assert leaving() == {}
    assert summary(settings()) == "leaves this machine: nothing; no language model is asked (none is set)"
    stays = [flow.to for flow in disclosure(settings()).stays]
    assert stays == ["source of events at localhost", "database /data/netspy.db", "standard error"]


def test_each_place_that_something_goes_to_is_named_by_its_host() -> None:
    assert list(leaving(**EVERYTHING)) == [
        "language model gpt-6-luna and mini at api.openai.com",
        "language model own at models.lan",
        "Slack at slack.com",
        "Discord at discord.com",
        "source of events at a.lan",
        "source of events at b.lan",
        "database at db.lan",
        "traces at otel.lan",
    ]
    assert summary(settings(**EVERYTHING)) == (
        "leaves this machine: questions, results and attached files to api.openai.com and models.lan; "
        "answers to Slack and Discord; what is asked of events to a.lan and b.lan; threads to db.lan; "
        "traces to otel.lan"
    )


def test_no_key_no_password_and_no_path_is_told() -> None:
    told = as_json(disclosure(settings(**EVERYTHING))) + summary(settings(**EVERYTHING))
    assert [secret for secret in (*KEYS, "secret-path") if secret in told] == []


@pytest.mark.parametrize(
    ("data", "told", "line"),
    [
        ("full", "with their pictures, all with real addresses and names", "questions, results and attached files to"),
        ("masked", "with placeholders for addresses, DNS names", "questions and results, masked, to"),
    ],
)
def test_what_a_language_model_is_told_is_said(data: str, told: str, line: str) -> None:
    given = {**MODEL, "NETSPY_MODEL_DATA": data}
    assert told in leaving(**given)["language model gpt-6-luna at api.openai.com"]
    assert summary(settings(**given)) == f"leaves this machine: {line} api.openai.com"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({**MODEL, "NETSPY_MODEL_DATA": "none"}, "NETSPY_MODEL_DATA is none"),
        ({"NETSPY_MODEL_DATA": "masked"}, "none is set, so that NETSPY_MODEL_DATA changes nothing"),
        ({"NETSPY_MODEL_DATA": "none"}, "none is set, so that NETSPY_MODEL_DATA changes nothing"),
    ],
)
def test_where_no_model_is_asked_it_is_said_why(given: dict[str, str], why: str) -> None:
    assert leaving(**given) == {}
    assert summary(settings(**given)) == f"leaves this machine: nothing; no language model is asked ({why})"
    told = disclosure(settings(**given)).never[-1]
    assert told == f"anything to a language model: none is asked ({why}), the planner answers here"


def test_a_model_on_this_machine_is_nothing_that_leaves() -> None:
    local = settings(OPENAI_BASE_URL="http://127.0.0.1:11434/v1")
    assert disclosure(local).leaves == ()
    assert disclosure(local).stays[0].to == "language model gpt-6-luna at 127.0.0.1"
    assert summary(local) == "leaves this machine: nothing"


SERVERS = {
    "mcpServers": {"tickets": {"url": "https://tickets.example/mcp?key=hush-hush"}, "files": {"command": "/bin/files"}}
}


def test_other_mcp_servers_are_told_what_a_model_makes_of_its_calls(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text(json.dumps(SERVERS))
    masked = {**MODEL, "NETSPY_MODEL_DATA": "masked", "NETSPY_MCP_CONFIG": str(file)}
    asked = "arguments of the calls that a language model makes, with real addresses and names"
    assert leaving(**masked)["MCP server tickets at tickets.example"] == asked
    assert Flow("MCP server files", asked, "arguments of calls") in disclosure(settings(**masked)).stays
    without = {**masked, "NETSPY_MODEL_DATA": "none"}
    assert leaving(**without)["MCP server tickets at tickets.example"].startswith("nothing: only a language model")
    assert "tickets" not in summary(settings(**without))


def test_a_server_that_is_given_takes_the_place_of_the_one_that_is_set() -> None:
    found = disclosure(settings(NETSPY_EBPF_URL="http://a.lan:8080"), server="b.lan:8080")
    assert [flow.to for flow in found.leaves] == ["source of events at b.lan"]
    assert disclosure(settings(), server="recording").stays[0] == Flow("recording", "it is read from a file")


def test_an_address_that_is_none_is_refused_without_what_it_holds() -> None:
    with pytest.raises(InvalidSettings) as caught:
        disclosure(settings(OTEL_EXPORTER_OTLP_ENDPOINT="http://[hush-hush"))
    assert "hush" not in str(caught.value)


def test_alerts_and_the_audit_file_are_told_of() -> None:
    found = disclosure(settings(**EVERYTHING))
    assert found.comes_in[0].to == "alerts on 127.0.0.1:8787"
    assert "/var/log/netspy-audit.jsonl" in [flow.to for flow in found.stays]
    assert "where somebody asked, and what alerts lead to" in leaving(**EVERYTHING)["Slack at slack.com"]


def test_alerts_that_have_no_channel_are_not_told_of() -> None:
    given = {name: value for name, value in EVERYTHING.items() if name != "NETSPY_ALERT_CHANNELS"}
    assert "alerts" not in as_json(disclosure(settings(**given)))


def test_it_is_said_that_forget_does_not_reach_the_audit_log() -> None:
    (kept,) = [flow.what for flow in disclosure(settings()).stays if flow.to == "database /data/netspy.db"]
    assert "until `forget`; the audit log" in kept
    assert kept.endswith("what was decided, for good")
    bounded = leaving(**EVERYTHING)["database at db.lan"]
    assert "until `forget`, or for 30 days; the audit log" in bounded
    assert bounded.endswith("what was decided, for 30 days")


@pytest.mark.parametrize("width", [80, 40])
def test_it_fits_a_terminal(width: int) -> None:
    found = disclosure(settings(**EVERYTHING, NETSPY_MODEL_DATA="masked"))
    text = report(found, Look(width=width, colour=False, zone=UTC, now=NOW))
    assert max(map(len, text.splitlines())) <= width
    assert [line for line in text.splitlines() if line and not line.startswith(" ")] == [
        "leaves this machine",
        "stays on this machine",
        "comes in, or is asked for here",
        "never leaves",
    ]


def test_where_nothing_goes_the_report_says_so() -> None:
    text = report(Disclosure((), (), (), ()), Look(width=80, colour=False, zone=UTC, now=NOW))
    assert text.startswith("leaves this machine\n  nothing\n")


async def test_the_command_prints_it_in_words_or_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in UNSET:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISCORD_TOKEN", "discord-hush")
    assert await dispatch(read(["privacy"])) == 0
    assert "\n  Discord at discord.com: answers" in capsys.readouterr().out
    assert await dispatch(read(["privacy", "--json", "--server", "http://c.lan"])) == 0
    leaves = json.loads(capsys.readouterr().out)["leaves"]
    assert [each["to"] for each in leaves] == ["Discord at discord.com", "source of events at c.lan"]
