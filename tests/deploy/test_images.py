"""The Dockerfile: what a linter says of it, who runs in it, and what goes into it."""

import asyncio
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.ports import Check
from bot.web import application, serving
from tests.deploy.tools import BOT_UID, DEPLOY, ROOT, program, run

DOCKERFILE = DEPLOY / "Dockerfile"


def stages() -> dict[str, str]:
    """Their instructions by their names, in order."""
    parts = re.split(r"^FROM \S+ AS (\w+)$", DOCKERFILE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def copied() -> Iterator[str]:
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE.read_text(), re.MULTILINE):
        yield from line.split()[:-1]


def pinned() -> Iterator[tuple[str, set[str]]]:
    """What is installed, each with what needs it."""
    for entry in re.split(r"^(?=\w)", (DEPLOY / "requirements.txt").read_text(), flags=re.MULTILINE)[1:]:
        yield entry.partition("==")[0], {line.strip(" #") for line in entry.partition("# via")[2].splitlines()} - {""}


def test_hadolint_finds_nothing_to_blame() -> None:
    done = run([program("hadolint"), "--no-color", str(DOCKERFILE)])
    assert (done.returncode, done.stdout) == (0, "")


def test_the_bot_is_what_is_built_by_default_and_is_not_root() -> None:
    last = list(stages())[-1]
    assert last == "bot"
    assert f"USER {BOT_UID}:{BOT_UID}" in stages()["bot"]
    assert f"--uid {BOT_UID}" in stages()["bot"]


def test_both_targets_say_how_to_see_that_they_are_well() -> None:
    with_check = [name for name, text in stages().items() if "HEALTHCHECK" in text]
    assert with_check == ["collector", "bot"]


def test_only_what_is_copied_is_sent_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[0] == "*"
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == {
        *(name for name in copied() if not name.endswith("/"))
    }
    assert all((ROOT / name).exists() for name in copied())


def test_what_is_taken_out_again_is_what_only_building_needs() -> None:
    removed = re.findall(r"uninstall --yes (.+)$", stages()["build"], re.MULTILINE)[0].split()
    builders = {"netspy (pyproject.toml:build)", "hatchling"}
    assert set(removed) == {name for name, needed_by in pinned() if needed_by <= builders}


async def test_the_health_check_tells_a_server_that_answers_from_one_that_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    check = runpy.run_path(str(Path(DEPLOY / "healthcheck.py")))["main"]

    async def well() -> tuple[Check, ...]:
        return ()

    async with serving(application(well, {}), "127.0.0.1", 0) as url:
        port = url.rpartition(":")[2]
        assert await asyncio.to_thread(check, port, "/healthz") == 0
        assert await asyncio.to_thread(check, port, "/nowhere") == 1
    assert await asyncio.to_thread(check, port, "/healthz") == 1
    told = capsys.readouterr().err.splitlines()
    assert [line.rpartition(": ")[2] for line in told[:2]] == ["status 200", "status 404"]
