"""`make conformance`: what the protocol's own suite and inspector, which nobody here wrote, say of `netspy mcp`.

Needs Node 22 or newer and both programs on PATH; the make target installs them.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.commands import Argument, Tool
from bot.domain.json_types import Json
from bot.tools.registry import TOOLS
from tests.agent_stage import agent, parts_over
from tests.mcp_stage import stored

NETSPY = str(Path(sys.executable).parent / "netspy")
SCENARIOS = {
    "2026-07-28": (
        *("tools-list", "resources-list", "prompts-list", "server-sse-multiple-streams", "caching"),
        *("sep-2164-resource-not-found", "dns-rebinding-protection", "http-header-validation"),
    ),
    # server-session-lifecycle and, in this version, server-sse-multiple-streams are about sessions. netspy has none.
    "2025-11-25": (
        *("server-initialize", "ping", "tools-list", "resources-list", "prompts-list", "dns-rebinding-protection"),
    ),
}
"""Those of the suite that fit a server which does not serve the suite's own tools."""
ERAS = ("legacy", "modern")
_COLOUR = re.compile(r"\x1b\[\d*m")
_PASSED = re.compile(r"^Passed: (\d+)/(\d+), 0 failed, 0 warnings", re.MULTILINE)
_WORDS = {"query": "which processes failed to connect?", "summary_text": "curl: 3 refused", "reason": "NO_SOCKET"}


async def main() -> int:
    """Over a collector, which is the one source that can answer every tool."""
    async with agent(parts_over(stored())) as source:
        return await asyncio.to_thread(_run_all, source)


def _run_all(source: str) -> int:
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as home, _served(home, source) as url:
        for name, words in _runs(url, source):
            problem = _problem(words, home=home, of_suite=name.startswith("suite "))
            print(f"{'FAILED' if problem else 'passed'}  {name}", flush=True)
            if problem:
                print(problem)
                failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all passed")
    return 1 if failed else 0


def _runs(url: str, source: str) -> Iterator[tuple[str, Sequence[str]]]:
    for version, scenarios in SCENARIOS.items():
        for scenario in scenarios:
            words = ("conformance", "server", "--url", url, "--scenario", scenario, "--spec-version", version)
            yield f"suite {version} {scenario}", words
    passed_on = ("-e", f"NETSPY_EBPF_URL={source}")
    for era in ERAS:
        inspector = ("mcp-inspector", "--cli", "--protocol-era", era)
        for transport, target in {"http": (url,), "stdio": (*passed_on, NETSPY, "mcp")}.items():
            listing = (*inspector, *target, "--method", "tools/list", "--strict")
            yield f"inspector {era} {transport} tools/list --strict", listing
        for tool in TOOLS:
            given = ("--tool-name", tool.name, "--tool-args-json", json.dumps(_arguments_of(tool)))
            yield f"inspector {era} http {tool.name}", (*inspector, url, "--method", "tools/call", *given)


def _problem(words: Sequence[str], *, home: str, of_suite: bool) -> str:
    """What went wrong. A scenario that was skipped exits with 0, so only what it says counts."""
    environment = {**os.environ, "HOME": home}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
    said = _COLOUR.sub("", f"{done.stdout}\n{done.stderr}")
    if done.returncode != 0:
        return f"exit status {done.returncode}: {said[-2000:]}"
    passed = _PASSED.search(said)
    if of_suite and not (passed and passed[1] == passed[2] != "0"):
        return f"nothing passed, or not all: {said[-2000:]}"
    return ""


def _arguments_of(tool: Tool) -> dict[str, Json]:
    return {argument.name: _value(argument) for argument in tool.arguments if argument.required}


def _value(argument: Argument) -> Json:
    """Raises: KeyError for a required argument that has no value here."""
    if argument.kind == "integer":
        return argument.minimum
    return argument.choices[0] if argument.choices else _WORDS[argument.name]


@contextmanager
def _served(home: str, source: str) -> Iterator[str]:
    """The URL of a netspy that listens until this block ends."""
    words = (NETSPY, "mcp", "--http", "127.0.0.1:0")
    environment = {**os.environ, "NETSPY_EBPF_URL": source, "HOME": home, "XDG_DATA_HOME": home}
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True) as netspy:
        assert netspy.stderr
        try:
            told = netspy.stderr.readline()
            yield next(word for word in told.split() if word.startswith("http://"))
        finally:
            netspy.terminate()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
