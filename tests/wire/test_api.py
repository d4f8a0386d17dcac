"""The Python API, from the wheel that a user would install: nothing of the checkout is importable here."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

SCRIPT = """
import asyncio, sys
import bot
from bot.api import open_netspy

async def main():
    assert bot.__file__.startswith(sys.argv[1]), bot.__file__
    async with open_netspy(server=sys.argv[2] or None) as netspy:
        result = await netspy.run_tool("get_network_summary", {"process_name": "curl", "duration": 3600})
        print("tool:", result.failed, result.summary)
        print("coverage:", result.coverage.kind)
        bad = await netspy.run_tool("get_network_summary", {"pid": "abc"})
        print("bad:", bad.failed, bad.summary)
        answer = await netspy.ask("which processes had failed connections in the last 10 minutes?")
        print("ask:", [each.call.name for each in answer.results])
        answer = await netspy.ask("and for curl only?")
        print("follow-up:", [dict(each.call.arguments).get("process_name") for each in answer.results])
        answer = await netspy.analyze_process("nc", pid=0, duration_s=60)
        print("process:", {each.call.arguments["process_name"] for each in answer.results}, bool(answer.text))
        whole = await netspy.run_tool("contextual_analysis", {"query": "what is happening?"})
        print("analysis:", whole.failed, len(whole.tables) > 1)
        await netspy.interactive()

asyncio.run(main())
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out], cwd=ROOT, check=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path) -> Path:
    """The wheel unpacked beside nothing else; its dependencies come from this environment."""
    site = wheel.parent / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def run_script(installed: Path, home: Path, *, said: str = "", **settings: str) -> str:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed), "XDG_DATA_HOME": str(home), **settings}
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", SCRIPT, str(installed), ""],
        cwd=home,
        env=environment,
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_recording_the_migrations_the_kernel_programs_and_the_types(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.endswith(".jsonl") for name in names)
    assert any(name.startswith("bot/storage/migrations/versions/") for name in names)
    programs = {"netspy.bpf.o", "netspy.bpf.c", "kernel_types.h", "events.h", "tcp.h"}
    assert {f"bot/ebpf/collector/{name}" for name in programs} <= set(names)
    assert "bot/py.typed" in names
    assert not [name for name in names if name.startswith("tests")]


def test_tools_questions_follow_ups_and_the_chat_work_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    said = run_script(installed, tmp_path, said="list --max-events 2\nquit\n")
    assert "tool: False process 'curl' made" in said
    assert "coverage: recording" in said
    assert "bad: True --pid" in said
    assert "ask: ['find_failures']" in said
    assert "follow-up: ['curl']" in said
    assert "process: {'nc'} True" in said
    assert "analysis: False True" in said
    assert "netspy-mcp> list --max-events 2" in said
    assert "recording" in said.rpartition("netspy-mcp> list")[2]
    assert (tmp_path / "netspy" / "netspy.db").exists()
