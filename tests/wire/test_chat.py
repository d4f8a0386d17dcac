"""The whole chat on a real pseudo-terminal: threads over restarts, Ctrl-C, completion of what was really seen."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pexpect
import pytest

from tests.loopback.ebpf_server import EbpfServer
from tests.loopback.http_peer import Hang

NETSPY = str(Path(sys.executable).parent / "netspy")
PROMPT = "netspy-mcp>"
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL")

Terminal: TypeAlias = "pexpect.spawn[str]"
Opener: TypeAlias = Callable[..., Terminal]


@pytest.fixture
def server() -> Iterator[EbpfServer]:
    with EbpfServer() as running:
        running.add_connection("curl", "93.184.216.34:443", ago_s=5)
        running.add_connection("nginx", "10.2.0.14:5432", ago_s=5)
        yield running


@pytest.fixture
def open_chat(tmp_path: Path) -> Iterator[Opener]:
    """Opens `netspy` in a folder of its own, at its first prompt."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment = {
        **kept,
        "TERM": "xterm",
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "XDG_DATA_HOME": str(tmp_path),
        "NETSPY_EBPF_URL": "recording",
    }
    opened: list[Terminal] = []

    def open_one(*words: str) -> Terminal:
        terminal: Terminal = pexpect.spawn(
            NETSPY, list(words), cwd=tmp_path, env=environment, encoding="utf-8", timeout=30, dimensions=(40, 80)
        )
        opened.append(terminal)
        terminal.expect_exact(PROMPT)
        return terminal

    yield open_one
    for terminal in opened:
        terminal.close(force=True)


def ask(terminal: Terminal, line: str, answer: str) -> None:
    terminal.send(f"{line}\r")
    terminal.expect_exact(answer)
    terminal.expect_exact(PROMPT)


def leave(terminal: Terminal) -> None:
    terminal.send("quit\r")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_a_follow_up_after_a_restart_still_knows_its_thread(open_chat: Opener) -> None:
    first = open_chat()
    ask(first, "which processes had failed connections in the last 10 minutes?", "failures --duration 600")
    leave(first)

    ask(open_chat(), "and for curl only?", "failures --process curl --duration 600")


def test_a_new_thread_does_not_know_the_old_one(open_chat: Opener) -> None:
    first = open_chat()
    ask(first, "which processes had failed connections in the last 10 minutes?", "failures --duration 600")
    leave(first)

    second = open_chat("--new")
    second.send("and for curl only?\r")
    second.expect_exact("I did not understand that")


def test_a_follow_up_changes_what_a_command_showed(open_chat: Opener, server: EbpfServer) -> None:
    chat = open_chat("--server", server.url)
    ask(chat, "list --process curl --duration 120", "list --process curl --duration 120")
    ask(chat, "and for nginx?", "list --process nginx --duration 120")


def test_ctrl_c_ends_an_answer_and_the_chat_goes_on(open_chat: Opener, server: EbpfServer) -> None:
    chat = open_chat("--server", server.url)
    server.asked.clear()
    server.fail(Hang(), times=1)
    chat.send("list\r")
    assert server.asked.wait(30)
    chat.sendintr()
    chat.expect_exact("Stopped.")
    assert server.hung_up.wait(30)  # the stop reached the request itself
    chat.expect_exact(PROMPT)
    ask(chat, "list", "10.2.0.14:5432")


def test_ctrl_c_twice_leaves(open_chat: Opener, server: EbpfServer) -> None:
    chat = open_chat("--server", server.url)
    chat.sendintr()
    chat.expect(pexpect.EOF)
    chat.close()
    assert chat.exitstatus == 0


def test_tab_completes_process_names_that_were_seen(open_chat: Opener, server: EbpfServer) -> None:
    chat = open_chat("--server", server.url)
    chat.send("summary --process ngi\t")
    chat.expect_exact("nx")
    chat.send("\r")
    chat.expect_exact("Process 'nginx' made 1 outbound connection attempt over the last 60 seconds")


def test_a_question_cut_off_by_a_kill_is_answered_when_its_thread_is_resumed(
    open_chat: Opener, server: EbpfServer
) -> None:
    killed = open_chat("--server", server.url)
    server.asked.clear()
    server.fail(Hang(), times=1)
    killed.send("list\r")
    assert server.asked.wait(30)
    killed.kill(signal.SIGKILL)
    killed.expect(pexpect.EOF)

    resumed = open_chat("--server", server.url)  # up to the question, which stands there as it was typed
    assert "the last question was cut off; it is answered now" in (resumed.before or "")
    resumed.expect_exact("10.2.0.14:5432")
    resumed.expect_exact(PROMPT)
    ask(resumed, "tools", "list_connections")
    leave(resumed)

    assert "cut off" not in (open_chat("--server", server.url).before or "")
