"""The `netspy` command as a process of its own, against real sockets: what a user types and gets to read."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.loopback.ebpf_aggregator import EbpfAggregator
from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.http_peer import Answer, Hang
from tests.loopback.openai_peer import KEY, OpenAIPeer
from tests.loopback.openai_script import Call, Fail, Say

NETSPY = Path(sys.executable).parent / "netspy"
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")


@dataclass(frozen=True, slots=True)
class Ran:
    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Shell:
    """A clean environment in a folder of its own."""

    home: Path

    def environment(self, settings: dict[str, str]) -> dict[str, str]:
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return {**kept, "XDG_DATA_HOME": str(self.home), **settings}

    async def netspy(self, *words: str, said: str = "", **settings: str) -> Ran:
        process = await asyncio.create_subprocess_exec(
            NETSPY,
            *words,
            cwd=self.home,
            env=self.environment(settings),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(said.encode()), 60)
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def server() -> Iterator[EbpfServer]:
    with EbpfServer() as running:
        for number in range(5):
            running.add_connection("curl", "93.184.216.34:443", ago_s=number + 1)
        running.add_connection("nginx", "10.2.0.14:5432", ago_s=3)
        running.add_drop("curl", ago_s=2)
        yield running


async def test_summary_says_the_reference_sentence_from_a_reference_server(shell: Shell, server: EbpfServer) -> None:
    ran = await shell.netspy(
        "--tool", "get_network_summary", "--process", "curl", "--duration", "120", "--server", server.url
    )
    assert ran.status == 0, ran.err
    assert ran.out.startswith("Process 'curl' made 5 outbound connection attempts over the last 120 seconds\n")
    assert f"ebpf-server at {server.url}" in ran.out
    assert "cannot know: outcome" in ran.out
    assert "summary --process curl --duration 120" in ran.out


async def test_an_aggregator_answers_the_same(shell: Shell) -> None:
    with EbpfAggregator() as aggregator:
        aggregator.add_connection("curl", "93.184.216.34:443")
        ran = await shell.netspy("--tool", "list_connections", "--server", aggregator.url)
    assert ran.status == 0, ran.err
    assert "93.184.216.34:443" in ran.out


async def test_json_is_one_object_with_raw_values(shell: Shell, server: EbpfServer) -> None:
    ran = await shell.netspy("--tool", "list_connections", "--max-events", "3", "--json", "--server", server.url)
    result = json.loads(ran.out)
    assert set(result) == {"summary", "tables", "coverage"}
    assert len(result["tables"][0]["rows"]) == 3
    assert result["tables"][0]["total_rows"] == 6
    assert result["coverage"]["unknown"]


async def test_a_workflow_answers_from_the_shell(shell: Shell, server: EbpfServer) -> None:
    ran = await shell.netspy("investigate", "nginx", "--duration", "60", "--server", server.url)
    assert ran.status == 0, ran.err
    assert "summary --process nginx --duration 60 --max-events 5" in ran.out
    told = "`list_connections`, `tcp_health` and `dns_lookups` gave no answer. Ebpf-server at"
    assert told in " ".join(ran.out.split()), "what fails for one reason is told once"
    assert "… find_failures process_name=nginx duration=60 max_events=5" in ran.err


async def test_a_workflow_as_json_is_one_result_with_all_tables(shell: Shell) -> None:
    ran = await shell.netspy("--tool", "incident", "--json", "--server", "recording")
    result = json.loads(ran.out)
    titles = [table["title"] for table in result["tables"]]
    assert titles[:2] == ["Failed connection attempts", "Connection attempts by process"]
    assert result["coverage"]["command"] == "incident"
    assert result["summary"].count("\n") == 5


async def test_a_workflow_of_ones_own_runs_and_a_faulty_one_beside_it_is_told(shell: Shell) -> None:
    (shell.home / "a.toml").write_text('[ours]\nsummary = "s"\nsteps = ["dns --max-events 1"]\n[broken]\n')
    folder = {"NETSPY_WORKFLOWS": str(shell.home)}
    well = await shell.netspy("ours", "--server", "recording", **folder)
    assert well.status == 0, well.err
    assert "dns --duration 3600 --max-events 1" in well.out
    assert "workflow 'broken': summary is missing" in well.err
    broken = await shell.netspy("broken", **folder)
    assert broken.status == 2
    told = f"{shell.home}/a.toml, line 4, workflow 'broken': summary is missing. Write summary = ..."
    assert broken.err == f"netspy: 'broken': there is no such command. See {told}\n"


async def test_the_chat_tells_at_its_start_which_workflow_is_faulty_and_goes_on(shell: Shell) -> None:
    (shell.home / "a.toml").write_text("[broken]\n")
    settings = {"NETSPY_WORKFLOWS": str(shell.home / "a.toml")}
    ran = await shell.netspy("--server", "recording", said="incident\n", **settings)
    assert ran.status == 0, ran.err
    told = f"workflows warning: {shell.home}/a.toml, line 1, workflow 'broken': summary is missing"
    assert "".join(told.split()) in "".join(ran.out.split())  # a long path is folded anywhere
    assert "tcp_health, dns_lookups, compare_periods." in ran.out


async def test_nothing_is_wider_than_80_columns_without_a_terminal(shell: Shell) -> None:
    for tool in ("list_connections", "find_failures", "get_packet_drop_summary", "list_packet_drops"):
        ran = await shell.netspy("--tool", tool)
        assert max(map(len, ran.out.splitlines())) <= 80
        assert "\x1b" not in ran.out


async def test_without_a_server_the_recording_answers_and_is_labelled(shell: Shell) -> None:
    ran = await shell.netspy("--tool", "list_connections", "--max-events", "5")
    assert ran.status == 0
    assert "recording lab-2026-11-26.jsonl" in ran.out
    assert "not live" in ran.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--tool", "list_connections", "--pid", "abc"], "--pid: 'abc' was given"),
        (["--tool", "list_connections", "--duration", "-5"], "--duration: '-5' was given"),
        (["--tool", "list_connections", "--max-events", "0"], "--max-events (max_events): '0' was given"),
        (["--tool", "contextual_analysis"], "--query is missing"),
        (["--tool", "contextual_analysis", "--query", " "], "--query"),
        (["--tool", "ai_insights"], "--summary-text is missing"),
        (["--tool", "ai_insights", "--summary-text", "x" * 100_000], "100000 characters"),
        (["--tool", "list_connections", "--process", "a\x1b[31m"], "--process"),
        (["--tool", "list_conections"], "Did you mean list_connections?"),
        (["--tool", "list_connections", "--proces", "x"], "Did you mean --process?"),
        (["--tool", "list_connections", "--server", "ftp://x"], "http"),
        (["lst"], "no such flag or command"),
    ],
)
async def test_a_usage_error_is_one_line_and_status_2(shell: Shell, words: list[str], told: str) -> None:
    ran = await shell.netspy(*words)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("netspy: ")
    assert ran.err.count("\n") == 1
    assert told.lower() in ran.err.lower()
    assert "\x1b" not in ran.err


async def test_a_server_that_is_down_is_named_with_a_remedy(shell: Shell) -> None:
    ran = await shell.netspy("--tool", "list_connections", "--server", "http://127.0.0.1:9")
    assert (ran.status, ran.out) == (1, "")
    assert "http://127.0.0.1:9" in ran.err
    assert "--server URL" in ran.err
    assert "Traceback" not in ran.err


async def test_a_server_that_is_something_else_is_quoted(shell: Shell, server: EbpfServer) -> None:
    server.fail(Answer(b"<html><body>It works!</body></html>", content_type="text/html"))
    ran = await shell.netspy("--tool", "list_connections", "--server", server.url)
    assert ran.status == 1
    assert "It works!" in ran.err
    assert "Traceback" not in ran.err


async def test_the_command_in_a_footer_makes_the_same_table_from_the_shell(shell: Shell, server: EbpfServer) -> None:
    first = await shell.netspy(
        "--tool", "find_failures", "--max-events", "3", "--duration", "600", "--server", server.url
    )
    assert "records no return codes" in first.err
    listed = await shell.netspy("list", "--process", "curl", "--max-events", "3", "--server", server.url)
    command = listed.out.splitlines()[-1].strip()
    assert command == "list --process curl --duration 3600 --max-events 3"
    again = await shell.netspy(*command.split(), "--server", server.url)
    assert again.out.splitlines()[2:6] == listed.out.splitlines()[2:6]


async def test_without_a_usable_database_the_chat_still_answers_and_remembers(shell: Shell) -> None:
    (shell.home / "netspy").write_text("a file where the folder should be")
    ran = await shell.netspy(said="failures --duration 600\nand for curl?\nquit\n")
    assert ran.status == 0
    assert "nothing said here is kept" in ran.out
    assert "failures --process curl --duration 600" in ran.out


async def test_a_failed_tool_is_json_too(shell: Shell) -> None:
    ran = await shell.netspy("--tool", "list_connections", "--json", "--server", "http://127.0.0.1:9")
    assert ran.status == 1
    assert json.loads(ran.out)["summary"] in ran.err


async def test_verbose_logs_urls_and_timings_to_stderr(shell: Shell, server: EbpfServer) -> None:
    ran = await shell.netspy("--tool", "list_connections", "--verbose", "--server", server.url)
    assert f"source.request url={server.url}/api/events" in ran.err
    assert "tool.ran tool=list_connections failed=False ms=" in ran.err
    assert "source.request" not in ran.out


async def test_a_slow_tool_says_that_it_runs(shell: Shell, server: EbpfServer) -> None:
    server.fail(Hang(), times=1)
    process = await asyncio.create_subprocess_exec(
        NETSPY,
        *("--tool", "list_connections", "--server", server.url),
        env=shell.environment({}),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    assert await asyncio.wait_for(process.stderr.readline(), 30) == b"netspy: list_connections is running\n"
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), 30) == 130


async def test_an_unknown_setting_names_the_nearest_one(shell: Shell) -> None:
    ran = await shell.netspy("--tool", "list_connections", NETSPY_EBPF_URI="http://127.0.0.1:9")
    assert ran.status == 0
    assert "NETSPY_EBPF_URI is not a setting; did you mean NETSPY_EBPF_URL?" in ran.err


async def test_a_question_is_answered_by_the_model_over_the_tools(shell: Shell, server: EbpfServer) -> None:
    script = [
        Say(calls=(Call("get_network_summary", {"process_name": "curl", "duration": 300}),)),
        Say(text="`curl` made **5** attempts [T1]."),
    ]
    async with OpenAIPeer(script) as peer:
        ran = await shell.netspy(
            *("--tool", "contextual_analysis", "--query", "what is happening?", "--server", server.url),
            OPENAI_API_KEY=KEY,
            OPENAI_BASE_URL=peer.base_url,
        )
    assert ran.status == 0, ran.err
    assert ran.out.index("T1  Connection attempts by process") < ran.out.index("made 5 attempts [T1].")
    assert "No language model" not in ran.out
    assert "get_network_summary process_name=curl duration=300" in ran.err
    assert KEY not in ran.out + ran.err


async def test_a_model_that_calls_the_ai_tools_starts_no_other_model(shell: Shell, server: EbpfServer) -> None:
    calls = (
        Call("contextual_analysis", {"query": "list the connections of curl"}),
        Call("ai_insights", {"summary_text": "nginx made 1 connection"}),
    )
    async with OpenAIPeer([Say(calls=calls), Say(text="`curl` and `nginx` [T1].")]) as peer:
        ran = await shell.netspy(
            *("--tool", "contextual_analysis", "--query", "what is happening?", "--server", server.url),
            OPENAI_API_KEY=KEY,
            OPENAI_BASE_URL=peer.base_url,
        )
        assert len(peer.requests) == 2
        offered = {tool["function"]["name"] for tool in peer.requests[0].body["tools"]}
    assert ran.status == 0, ran.err
    assert {"contextual_analysis", "ai_insights", "find_failures"} <= offered
    assert "T1  Newest connection attempts" in ran.out


@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_both_apis_give_json_too(shell: Shell, server: EbpfServer, api: str) -> None:
    script = [Say(calls=(Call("list_connections", {"max_events": 2}),)), Say(text="Two rows [T1].")]
    async with OpenAIPeer(script) as peer:
        ran = await shell.netspy(
            *("--tool", "contextual_analysis", "--query", "list", "--json", "--server", server.url),
            OPENAI_API_KEY=KEY,
            OPENAI_BASE_URL=peer.base_url,
            NETSPY_LLM_API=api,
        )
    assert ran.status == 0, ran.err
    result = json.loads(ran.out)
    assert result["summary"] == "Two rows."
    assert len(result["tables"][0]["rows"]) == 2


async def test_when_the_model_is_down_the_planner_answers_and_says_so(shell: Shell, server: EbpfServer) -> None:
    ran = await shell.netspy(
        *("--tool", "contextual_analysis", "--query", "list the connections of curl", "--server", server.url),
        OPENAI_API_KEY=KEY,
        OPENAI_BASE_URL="http://127.0.0.1:9/v1",
    )
    assert ran.status == 0, ran.err
    assert "93.184.216.34:443" in ran.out
    assert "No language model answered" in ran.out


async def test_the_next_model_answers_when_one_is_not_known(shell: Shell, server: EbpfServer) -> None:
    unknown = Fail(status=404, code="model_not_found", message="The model `nope` does not exist")
    async with OpenAIPeer([unknown, Say(text="All is quiet.")], models=("nope", "gpt-4o-mini")) as peer:
        ran = await shell.netspy(
            *("--tool", "contextual_analysis", "--query", "is it quiet?", "--server", server.url),
            OPENAI_API_KEY=KEY,
            OPENAI_BASE_URL=peer.base_url,
            NETSPY_MODELS="nope,gpt-4o-mini",
        )
        models = [request.body["model"] for request in peer.requests]
    assert models == ["nope", "gpt-4o-mini"]
    assert "All is quiet." in ran.out
    assert "gpt-4o-mini" in ran.out
    assert "No language model" not in ran.out
    assert "gpt-4o-mini answered instead of nope" in " ".join(ran.out.split())


async def test_a_chat_answers_commands_questions_and_follow_ups(shell: Shell) -> None:
    said = (
        "list --max-events 3\n"
        "which processes had failed connections in the last 10 minutes?\n"
        "and for curl only?\n"
        "quit\n"
    )
    ran = await shell.netspy(said=said)
    assert ran.status == 0, ran.err
    first, listed, failed, curl = ran.out.split("netspy-mcp> ")[:4]
    assert "recording" in first
    assert "T1  Newest connection attempts" in listed
    assert "failures --duration 600" in failed
    assert "No language model was used (OPENAI_API_KEY is not set)" in failed
    assert "failures --process curl --duration 600" in curl
    assert max(map(len, ran.out.splitlines())) <= 80


async def test_a_database_that_is_no_database_is_moved_aside_and_told(shell: Shell) -> None:
    folder = shell.home / "netspy"
    folder.mkdir()
    (folder / "netspy.db").write_bytes(b"not a database" * 100)
    ran = await shell.netspy(said="list --max-events 1\nquit\n")
    assert ran.status == 0
    assert "moved" in ran.out + ran.err
    (aside,) = folder.glob("netspy.db.corrupt-*")
    assert aside.read_bytes() == b"not a database" * 100


LIGHT = """
import sys
from bot.cli import run
try:
    status = run({words!r})
except SystemExit as left:
    status = left.code
heavy = {heavy!r} & {{name.partition(".")[0] for name in sys.modules}}
print("heavy:", sorted(heavy), "status:", status, file=sys.stderr)
"""
HEAVY = {"openai", "mcp", "sqlalchemy", "alembic", "slack_bolt", "discord", "rich", "prompt_toolkit"}


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (["--help"], HEAVY | {"pydantic", "httpx", "asyncio"}),
        (
            ["--tool", "list_connections", "--server", "http://127.0.0.1:9"],
            HEAVY - {"rich"},
        ),  # httpx itself imports rich
        (["--tool", "list_connections"], HEAVY | {"httpx"}),
    ],
)
def test_light_commands_import_nothing_heavy(shell: Shell, words: list[str], heavy: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIGHT.format(words=words, heavy=heavy)],
        env=shell.environment({}),
        cwd=shell.home,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "heavy: [] status: " in done.stderr
