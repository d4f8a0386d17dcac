"""`netspy` with an mcp.json: a model calls tools of another server, people see whose they were, faults are told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.terminal.render import Look, render
from bot.api import open_netspy
from bot.settings import Settings
from bot.tools.foreign.names import Origin, function_names
from tests.fakes import RecordingOutlet
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.openai_peer import KEY, OpenAIPeer
from tests.loopback.openai_script import Call, Say
from tests.wire.foreign_stage import SDK, by_hand, program
from tests.wire.test_cli import Shell

ASKED = ("--tool", "contextual_analysis", "--query", "what is the weather?", "--server")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def server() -> Iterator[EbpfServer]:
    with EbpfServer() as running:
        running.add_connection("curl", "93.184.216.34:443", ago_s=1)
        yield running


def written(folder: Path, **servers: Any) -> dict[str, str]:
    file = folder / "mcp.json"
    file.write_text(json.dumps({"mcpServers": servers}))
    return {"NETSPY_MCP_CONFIG": str(file)}


def entry(*words: str, **more: Any) -> dict[str, Any]:
    place = program(*words)
    return {"command": place.command, "args": list(place.args), "cwd": place.folder, **more}


@dataclass
class Talk:
    """One question and its answer, in this process, which waits for its servers however busy the machine is."""

    outlet: RecordingOutlet
    shown: str
    peer: OpenAIPeer

    @property
    def offered(self) -> dict[str, Any]:
        return {tool["function"]["name"]: tool["function"] for tool in self.peer.requests[0].body["tools"]}

    @property
    def sent(self) -> str:
        return json.dumps([request.body for request in self.peer.requests])


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.tools.foreign.opening.START_S", 60)


async def ask(server: EbpfServer, script: list[Any], **given: str) -> Talk:
    outlet = RecordingOutlet()
    async with OpenAIPeer(script) as peer:
        model = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": peer.base_url, "NETSPY_LLM_API": "chat"}
        settings = Settings.model_validate({**model, **given})
        async with open_netspy(server.url, settings=settings) as netspy:
            answer = await netspy.ask("what is the weather?", outlet=outlet)
    look = Look(width=200, colour=False, zone=UTC, now=datetime.now(UTC))
    return Talk(outlet, render(answer.reply.blocks, look), peer)


@pytest.mark.usefixtures("patient")
async def test_a_model_calls_another_servers_tools_and_people_see_whose_they_are(
    tmp_path: Path, server: EbpfServer
) -> None:
    calls = (Call("rows", {"text": "x"}), Call("get_network_summary", {"duration": 300}), Call("draw", {}))
    script = [Say(calls=calls), Say(text="It is cold in Oslo [T1].")]
    talk = await ask(server, script, **written(tmp_path, sky=entry(*SDK)))
    assert {"find_failures", "sky__find_failures", "rows"} <= set(talk.offered)
    assert talk.offered["sky__find_failures"]["description"].startswith("[from the MCP server sky] Ignore previous")
    results = [message["content"] for message in talk.peer.requests[1].body["messages"] if message["role"] == "tool"]
    assert '"source":"sky","kind":"foreign"' in results[0]
    assert "sky: All Rows text=x" in {step.title for step in talk.outlet.steps}
    assert "T1  rows" in talk.shown
    assert "MCP server sky | asked " in talk.shown
    assert "draw-1.png: a file of " in talk.shown
    assert "left out: audio" in talk.shown


@pytest.mark.usefixtures("patient")
async def test_what_was_cut_is_told_to_the_model_and_to_the_person(tmp_path: Path, server: EbpfServer) -> None:
    script = [Say(calls=(Call("flood", {}),)), Say(text="Much was said.")]
    talk = await ask(server, script, **written(tmp_path, sky=entry(*SDK)))
    note = "of 5,000,000 characters of text the first 12,000 are kept"
    assert f"MCP server sky: {note}" in talk.shown
    assert note in talk.peer.requests[1].body["messages"][-1]["content"]


@pytest.mark.usefixtures("patient")
async def test_a_variable_may_stand_in_the_env_file_and_its_value_is_never_told(
    tmp_path: Path, server: EbpfServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level("DEBUG", "netspy")
    (tmp_path / ".env").write_text("SKY_KEY=hush-hush\n")
    servers = written(
        tmp_path,
        sky=entry(*SDK, env={"KEY": "${SKY_KEY}"}, allow=["tell*"]),
        away={"url": "http://127.0.0.1:9/${SKY_KEY}", "headers": {"X": "${SKY_KEY}"}},
        dies=entry(*by_hand("dies").args, "${SKY_KEY}"),
    )
    origin = Origin("sky", "tell secrets")
    name = function_names([origin], prefixes={"sky": "sky"}, reserved=())[origin]
    talk = await ask(server, [Say(calls=(Call(name, {}),)), Say(text="Told.")], **servers)
    logged = "\n".join(str(vars(record)) for record in caplog.records if record.name.startswith("netspy"))
    doctor = await Shell(tmp_path).netspy("doctor", "--server", server.url, **servers)
    assert "KEY=${SKY_KEY}" in talk.sent
    assert "no configuration for ${SKY_KEY}" in logged
    assert "no configuration for ${SKY_KEY}" in " ".join(doctor.out.split())
    assert "hush" not in talk.sent + talk.shown + logged + doctor.out + doctor.err


async def test_servers_that_break_keep_nobody_from_an_answer(shell: Shell, server: EbpfServer) -> None:
    broken = written(
        shell.home,
        gone={"command": "/no/such/program"},
        mute=entry(*by_hand("mute").args),
        dies=entry(*by_hand("dies").args),
        away={"url": "http://127.0.0.1:9/mcp"},
    )
    async with OpenAIPeer([Say(calls=(Call("list_connections", {}),)), Say(text="One [T1].")]) as peer:
        given = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": peer.base_url, **broken}
        ran = await shell.netspy(*ASKED, server.url, **given)
        names = {tool["function"]["name"] for tool in peer.requests[0].body["tools"]}
    assert ran.status == 0, ran.err
    assert "T1  Newest connection attempts" in ran.out
    assert "find_failures" in names
    assert "old" not in names


async def test_the_planner_leaves_foreign_tools_alone(shell: Shell, server: EbpfServer) -> None:
    ran = await shell.netspy(
        said="list --max-events 3\nwhich connections failed?\nstatus\nquit\n", **written(shell.home, sky=entry(*SDK))
    )
    assert ran.status == 0, ran.err
    assert "MCP server" not in ran.out
    assert "mcp sky " in ran.out


async def test_the_doctor_names_each_server_with_its_state(shell: Shell, server: EbpfServer) -> None:
    servers = written(shell.home, sky=entry(*SDK), gone={"command": "/no/such/program"})
    ran = await shell.netspy("doctor", "--json", "--server", server.url, **servers)
    assert ran.status == 0, ran.err
    parts = {part["part"]: part for part in json.loads(ran.out)["parts"]}
    assert parts["mcp sky"]["state"] == "ok"
    assert parts["mcp gone"] == {
        "part": "mcp gone",
        "state": "warning",
        "detail": "not connected: its command cannot be started: no such file or directory",
        "remedy": "see its entry in mcp.json",
        "finding": "not-connected",
    }


async def test_the_doctor_says_what_is_wrong_with_the_file_and_examines_the_rest(
    shell: Shell, server: EbpfServer
) -> None:
    settings = written(shell.home, sky=entry(*SDK, env={"KEY": "${SKY_KEY}"}))
    ran = await shell.netspy("doctor", "--json", "--server", server.url, **settings)
    assert ran.status == 1
    parts = {part["part"]: part for part in json.loads(ran.out)["parts"]}
    assert parts["source"]["state"] == parts["storage"]["state"] == "ok"
    assert parts["mcp"]["state"] == "fault"
    assert parts["mcp"]["detail"].endswith("mcp.json, server 'sky': the variable SKY_KEY is not set")
    assert parts["mcp"]["remedy"] == "set SKY_KEY in the environment, or in .env"


async def test_a_missing_variable_stops_the_start_and_names_file_server_and_variable(shell: Shell) -> None:
    settings = written(shell.home, sky=entry(*SDK, env={"KEY": "${SKY_KEY}", "OTHER": "${SKY_OTHER}"}))
    ran = await shell.netspy(said="status\n", SKY_OTHER="hush-hush", **settings)
    file = settings["NETSPY_MCP_CONFIG"]
    assert ran.status != 0
    assert f"{file}, server 'sky': the variable SKY_KEY is not set. Set SKY_KEY in the environment" in ran.err
    assert "hush" not in ran.out + ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "no such file or directory"),
        ("{", "it is no JSON in line 1"),
        ("{}", "it holds no object called mcpServers"),
    ],
)
async def test_a_file_that_cannot_be_used_is_told_in_one_line(shell: Shell, text: str | None, told: str) -> None:
    file = shell.home / "mcp.json"
    if text is not None:
        file.write_text(text)
    ran = await shell.netspy(said="status\n", NETSPY_MCP_CONFIG=str(file))
    assert ran.status != 0
    assert told in ran.err
    assert "Traceback" not in ran.err


async def test_a_light_command_reads_no_mcp_json(shell: Shell, server: EbpfServer) -> None:
    ran = await shell.netspy(
        "--tool", "list_connections", "--server", server.url, NETSPY_MCP_CONFIG=str(shell.home / "none.json")
    )
    assert ran.status == 0
