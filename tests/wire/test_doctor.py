"""`netspy doctor`: real parts over real sockets, and how their states are told."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC
from pathlib import Path

import pytest

from adapters.terminal.render import Look
from bot.doctor import Diagnosis, as_json, examine, report
from bot.domain.ports import Check
from bot.settings import Settings
from tests.fakes import NOW
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.http_peer import Hang
from tests.loopback.openai_peer import KEY, OpenAIPeer
from tests.loopback.openai_script import Say
from tests.loopback.slack import LoopbackSlack
from tests.wire.test_cli import Shell

UNSET = dict.fromkeys(
    ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")
)
NOWHERE = "http://127.0.0.1:9"
UNREACHABLE = Check(
    "source",
    "fault",
    "GET http://localhost:8080/health: connection refused, nothing listens there",
    "start netspy collect or ebpf-server there (or give another address with --server URL)",
)


def look(width: int) -> Look:
    return Look(width=width, colour=False, zone=UTC, now=NOW)


@pytest.fixture
def ebpf() -> Iterator[EbpfServer]:
    with EbpfServer() as server:
        server.add_connection("curl")
        yield server


@pytest.fixture
async def slack() -> AsyncGenerator[LoopbackSlack, None]:
    async with LoopbackSlack() as running:
        yield running


def settings(folder: Path, **given: str) -> Settings:
    own = {"NETSPY_DATABASE_URL": str(folder / "netspy.db"), "NETSPY_LISTEN": "127.0.0.1:0"}
    return Settings.model_validate({**UNSET, **own, **given})


def of_slack(slack: LoopbackSlack) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.api_url,
    }


def states(found: Diagnosis) -> dict[str, str]:
    return {check.part: check.state for check in found.parts}


async def test_everything_that_is_configured_is_asked(tmp_path: Path, ebpf: EbpfServer, slack: LoopbackSlack) -> None:
    async with OpenAIPeer([Say(text="ok")]) as model:
        given = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": model.base_url}
        found = await examine(settings(tmp_path, **given, **of_slack(slack)), server=ebpf.url)
    assert list(states(found))[:5] == ["source", "model", "storage", "http", "slack"]
    assert set(states(found).values()) == {"ok"}
    assert not found.has_fault
    assert found.off == {"discord": "DISCORD_TOKEN"}


async def test_what_is_not_configured_is_off_and_named_with_its_variables(tmp_path: Path, ebpf: EbpfServer) -> None:
    found = await examine(settings(tmp_path), server=ebpf.url)
    assert states(found) == {"source": "ok", "storage": "ok"}
    assert found.off == {
        "model": "OPENAI_API_KEY or OPENAI_BASE_URL",
        "slack": "SLACK_BOT_TOKEN, and SLACK_APP_TOKEN or SLACK_SIGNING_SECRET",
        "discord": "DISCORD_TOKEN",
    }


async def test_a_part_that_cannot_be_opened_hides_no_other(tmp_path: Path, slack: LoopbackSlack) -> None:
    given = {"NETSPY_DATABASE_URL": "mysql://u:hush@h/n", "NETSPY_EBPF_URL": "http://u:hush@h:x/"}
    found = await examine(settings(tmp_path, **{**given, **of_slack(slack)}))
    assert states(found) == {"source": "fault", "storage": "fault", "http": "ok"} | {
        part: "ok" for part in states(found) if part.startswith("slack")
    }
    assert "slack" in states(found)
    assert "hush" not in as_json(found)


@pytest.mark.parametrize("token", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
async def test_a_token_of_the_wrong_kind_is_a_fault_of_slack_alone(
    token: str, tmp_path: Path, ebpf: EbpfServer, slack: LoopbackSlack
) -> None:
    found = await examine(settings(tmp_path, **{**of_slack(slack), token: "xoxp-hush"}), server=ebpf.url)
    assert states(found) == {"source": "ok", "storage": "ok", "http": "ok", "slack": "fault"}
    assert "it holds a user token" in found.parts[-1].detail
    assert "hush" not in as_json(found)


async def test_an_address_that_serve_would_refuse_is_found(
    tmp_path: Path, ebpf: EbpfServer, slack: LoopbackSlack
) -> None:
    found = await examine(settings(tmp_path, NETSPY_LISTEN="8787", **of_slack(slack)), server=ebpf.url)
    (http,) = (check for check in found.parts if check.part == "http")
    assert (http.state, http.detail) == ("fault", "NETSPY_LISTEN: '8787' is no address to listen on")
    assert http.remedy.startswith("write HOST:PORT")


async def test_without_a_network_nobody_is_told_to_change_a_token(tmp_path: Path, ebpf: EbpfServer) -> None:
    tokens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_API_URL": NOWHERE}
    found = await examine(settings(tmp_path, **tokens), server=ebpf.url)
    of_slack = [check for check in found.parts if check.part.startswith("slack")]
    assert {check.state for check in of_slack} == {"fault"}
    assert {check.remedy for check in of_slack} == {
        "see whether this machine reaches Slack, or what SLACK_API_URL names"
    }


async def test_a_platform_needs_a_live_source_and_a_chat_in_the_terminal_does_not(
    tmp_path: Path, slack: LoopbackSlack
) -> None:
    alone = await examine(settings(tmp_path))
    assert not alone.has_fault
    served = await examine(settings(tmp_path, **of_slack(slack)))
    assert "recording" not in served.parts[0].detail


async def test_a_part_that_hangs_is_told_while_the_others_answer(
    tmp_path: Path, ebpf: EbpfServer, slack: LoopbackSlack
) -> None:
    ebpf.fail(Hang())
    found = await examine(settings(tmp_path, **of_slack(slack)), server=ebpf.url, deadline_s=2)
    assert found.parts[0] == Check("source", "fault", "it does not say within 2 s how it is", finding="no-answer")
    assert states(found)["slack"] == "ok"


def test_the_table_folds_what_is_too_long_and_cuts_nothing() -> None:
    found = Diagnosis((UNREACHABLE, Check("storage", "ok", "/var/lib/netspy/netspy.db", "unsaid")), {"slack": "A or B"})
    assert report(found, look(72)).splitlines() == [
        "netspy doctor",
        "part     state  detail, and what to do",
        "source   fault  GET http://localhost:8080/health: connection refused,",
        "                nothing listens there",
        "                to do: start netspy collect or ebpf-server there (or",
        "                  give another address with --server URL)",
        "storage  ok     /var/lib/netspy/netspy.db",
        "off: slack (set A or B)",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    long = Check("slack scopes", "warning", "without " + "im:history " * 30, "x" * 300)
    said = report(Diagnosis((UNREACHABLE, long), {"slack": "A, and B or C " * 10}), look(width))
    assert max(map(len, said.splitlines())) <= width
    assert said.count("im:history") == 30
    assert said.count("x") >= 300
    assert "…" not in "".join(said.splitlines()[2:])


async def test_a_process_exits_with_1_where_something_has_a_fault(tmp_path: Path, ebpf: EbpfServer) -> None:
    shell = Shell(tmp_path)
    well, broken = await asyncio.gather(
        shell.netspy("doctor", "--server", ebpf.url), shell.netspy("doctor", "--json", "--server", NOWHERE)
    )
    assert (well.status, broken.status) == (0, 1)
    assert well.out.startswith("netspy doctor\n")
    assert "off: slack (set SLACK_BOT_TOKEN, and SLACK_APP_TOKEN or SLACK_SIGNING_SECRET)" in well.out
    said = json.loads(broken.out)
    assert [(part["part"], part["state"]) for part in said["parts"]] == [("source", "fault"), ("storage", "ok")]
    assert said["parts"][0]["finding"] == "connection-refused"
    assert set(said["off"]) == {"model", "slack", "discord"}


async def test_a_process_tells_all_wrong_settings_and_checks_what_it_can(tmp_path: Path, ebpf: EbpfServer) -> None:
    wrong = {"NETSPY_GRACE_S": "soon", "NETSPY_LLM_API": "hush", "NETSPY_EBPF_ULR": "x", "DISCORD_TOKEN": "Bot hush"}
    ran = await Shell(tmp_path).netspy("doctor", "--json", "--server", ebpf.url, **wrong)
    assert ran.status == 1
    told = [(part["part"], part["state"], part["finding"]) for part in json.loads(ran.out)["parts"]]
    assert sorted(told[:2]) == [("settings", "fault", "wrong-setting")] * 2
    assert told[2:5] == [("settings", "warning", "unknown-setting"), ("source", "ok", ""), ("storage", "ok", "")]
    assert told[-1] == ("discord", "fault", "token-malformed")
    assert "hush" not in ran.out + ran.err


async def test_workflows_are_examined_where_there_are_some_of_ones_own(tmp_path: Path, ebpf: EbpfServer) -> None:
    file = tmp_path / "team.toml"
    file.write_text('[one]\nsummary = "s"\nsteps = ["dns"]\n')
    found = await examine(settings(tmp_path, NETSPY_WORKFLOWS=str(file)), server=ebpf.url)
    assert found.parts[-1] == Check("workflows", "ok", "1 of your own: one")
    file.write_text('[one]\nsummary = "s"\nsteps = ["dnz"]\n')
    found = await examine(settings(tmp_path, NETSPY_WORKFLOWS=str(file)), server=ebpf.url)
    told = f"{file}, line 3, workflow 'one': there is no tool 'dnz'"
    assert found.parts[-1] == Check("workflows", "warning", told, "did you mean dns?", "wrong-setting")
    assert not found.has_fault, "netspy works without it"


async def test_no_secret_is_ever_printed(tmp_path: Path, ebpf: EbpfServer) -> None:
    secrets = {
        "SLACK_BOT_TOKEN": "xoxb-hush-1",
        "SLACK_APP_TOKEN": "xapp-hush-2",
        "OPENAI_API_KEY": "sk-hush-3",
        "NETSPY_DATABASE_URL": "postgresql://u:hush-4@127.0.0.1:9/n",
    }
    urls = {"SLACK_API_URL": NOWHERE, "OPENAI_BASE_URL": NOWHERE}
    ran = await Shell(tmp_path).netspy("doctor", "--verbose", "--server", ebpf.url, **secrets, **urls)
    assert ran.status == 1
    assert "hush" not in ran.out + ran.err
