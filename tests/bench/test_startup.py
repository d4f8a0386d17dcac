"""How long one `netspy` takes from the shell, against the least that any program with its libraries takes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.pairs import measure

HERE = Path(__file__).parent
NETSPY = Path(sys.executable).parent / "netspy"
STORED = 10_000
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(*words: str | Path) -> str:
    done = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def server() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.loopback.ebpf_server", "--port", "0", "--events", str(STORED)]
    root = HERE.parent.parent
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def test_one_tool_against_a_bare_request(server: str, pytestconfig: pytest.Config) -> None:
    ratio = measure(
        lambda: run(NETSPY, "--tool", "list_connections", "--server", server),
        lambda: run(sys.executable, HERE / "bare_request.py", server),
        rounds=pytestconfig.getoption("--bench-rounds"),
    )
    print("\n" + ratio.line(f"netspy --tool list_connections over {STORED:,} events : bare request", 1.3))


def test_help_against_importing_httpx(pytestconfig: pytest.Config) -> None:
    ratio = measure(
        lambda: run(NETSPY, "--help"),
        lambda: run(sys.executable, "-c", "import httpx"),
        rounds=pytestconfig.getoption("--bench-rounds"),
    )
    print("\n" + ratio.line("netspy --help : python -c 'import httpx'", 0.5))
