# ruff: noqa: ASYNC240 (tests write small files; nothing else waits on their loop)
"""The policy in force: a bad new file changes nothing, and SIGHUP makes netspy read it again."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from bot.domain.errors import InvalidSettings
from bot.policy.rules import DEFAULT
from bot.policy_book import PolicyBook, check_policy

GOOD, OTHER = "[[rules]]\nname = 'first'\n", "[[rules]]\nname = 'second'\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(GOOD)
    return path


def test_without_a_file_the_default_is_in_force() -> None:
    assert PolicyBook(None).current() == DEFAULT
    assert PolicyBook(None).reload()


def test_a_bad_file_is_refused_at_the_start(file: Path) -> None:
    file.write_text("[[rules]]\nrefuse = true\n")
    with pytest.raises(InvalidSettings, match="locks everyone out"):
        PolicyBook(file)


def test_a_bad_new_file_is_refused_in_one_line_and_the_old_policy_stays(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    book = PolicyBook(file)
    file.write_text("[[rules]]\nchanels = []\n")
    assert not book.reload()
    assert book.current().rules[0].name == "first"
    (record,) = caplog.records
    assert (record.message, record.levelname) == ("policy.refused", "ERROR")
    assert "there is no key 'chanels'. Did you mean channels?" in str(record.__dict__["cause"])
    assert record.__dict__["rules_kept"] == 1
    file.unlink()
    assert not book.reload()
    assert book.current().rules[0].name == "first"


async def test_sighup_loads_the_file_again(file: Path) -> None:
    book = PolicyBook(file)
    before = signal.getsignal(signal.SIGHUP)
    file.write_text(OTHER)
    with book.reloading():
        os.kill(os.getpid(), signal.SIGHUP)
        while book.current().rules[0].name == "first":
            await asyncio.sleep(0)
    assert signal.getsignal(signal.SIGHUP) == before


def test_a_check_names_what_does_not_exist(file: Path) -> None:
    file.write_text("[[rules]]\ntools = ['list_conections']\n")
    policy = PolicyBook(file).current()
    check = check_policy(policy, tools=["list_connections"], models=[], has_others=True)
    assert check.state == "warning"
    assert "names the tool list_conections, which does not exist, unless another MCP server has it" in check.detail
    assert check_policy(DEFAULT, tools=[], models=[], has_others=False).state == "ok"
